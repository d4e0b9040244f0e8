//! Schemas: JSON schema as clients and other providers know it, and what Gemini takes.
//!
//! Models from 2.5 on take JSON schema under `parametersJsonSchema` and `responseJsonSchema`
//! (<https://ai.google.dev/api/caching#FunctionDeclaration>); Google's own command line sends all tools that way.
//! A `$ref` beside other members is refused even there, so references are written out where they end.
//! Older models take a subset of OpenAPI's schema and refuse every word outside of it.

mod openapi;
mod references;
mod tree;

use weighhouse_types::chat::Json;

use tree::Node;

/// A schema for a member that takes JSON schema.
pub(super) fn for_json_schema(schema: &Json) -> Json {
    let text = schema.text();
    if !text.contains("\"$ref\"") && !text.contains("\"$schema\"") {
        return schema.clone();
    }
    let mut root = Node::parse(text);
    drop(root.take("$schema"));
    references::write_out(&root, text.len()).json()
}

/// A schema for a member that takes OpenAPI's subset; none where nothing is left to say.
pub(super) fn for_openapi(schema: &Json) -> Option<Json> {
    let mut root = references::write_out(&Node::parse(schema.text()), schema.text().len());
    openapi::narrow(&mut root);
    let says_nothing = root.members().is_none_or(Vec::is_empty);
    let is_empty_object = root.get("type").and_then(Node::as_str).as_deref() == Some("object")
        && root.get("properties").is_none();
    (!says_nothing && !is_empty_object).then(|| root.json())
}

/// Whether a schema is `{}`.
pub(super) fn says_nothing(schema: &Json) -> bool {
    Node::parse(schema.text()).members().is_some_and(Vec::is_empty)
}

/// A client's schema in OpenAPI's words as JSON schema.
pub(super) fn from_openapi(schema: &Json) -> Json {
    let read = Node::parse(schema.text());
    let mut widened = read.clone();
    openapi::widen(&mut widened);
    if widened == read { schema.clone() } else { widened.json() }
}

#[cfg(test)]
mod tests;
