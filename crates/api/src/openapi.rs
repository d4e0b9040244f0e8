//! The API, described: an OpenAPI 3.1 document made of the route table and the types themselves.

mod entities;
mod keys;
mod spend;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::refusal::Refusal;
use crate::route::{Endpoint, ROUTES, Route, Verb};

/// The name of the security scheme.
const KEY_SCHEME: &str = "key";

/// What a route takes and answers.
struct Shape {
    /// Schema of the body.
    request: Option<Value>,
    /// Parameters of the query.
    query: Vec<Value>,
    /// Media type and schema of the answer.
    answer: (&'static str, Value),
}

/// Describes every route of [`ROUTES`]. `version` is the gateway's.
#[must_use]
pub fn openapi(version: &str) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let refusal = schema::<Refusal>(&mut generator);
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let operation = operation(route, &mut generator, &refusal);
        let verb = match route.verb {
            Verb::Get => "get",
            Verb::Post => "post",
            Verb::Delete => "delete",
        };
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(verb.to_owned(), operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Weighhouse",
            "version": version,
            "description": "LLM gateway with LiteLLM's API and exact money.",
        },
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { KEY_SCHEME: { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator, refusal: &Value) -> Value {
    let shape = shape_of(route.endpoint, generator);
    let mut parameters = shape.query;
    if let Some(name) = captured(route.path) {
        parameters
            .push(json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    }
    let (media, answer) = shape.answer;
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "responses": {
            "200": { "description": "Done.", "content": { media: { "schema": answer } } },
            "default": { "description": "Refused.", "content": { "application/json": { "schema": refusal } } },
        },
    });
    let Some(fields) = operation.as_object_mut() else { return operation };
    if !parameters.is_empty() {
        fields.insert("parameters".into(), parameters.into());
    }
    if let Some(request) = shape.request {
        let is_required = route.endpoint != Endpoint::KeyRegenerate;
        let body =
            json!({ "required": is_required, "content": { "application/json": { "schema": request } } });
        fields.insert("requestBody".into(), body);
    }
    if route.permission.needs_key() {
        fields.insert("security".into(), json!([{ KEY_SCHEME: [] }]));
    }
    operation
}

fn shape_of(endpoint: Endpoint, generator: &mut SchemaGenerator) -> Shape {
    let object = || json!({ "type": "object" });
    let body = |request: Value, answer: Value| Shape {
        request: Some(request),
        query: Vec::new(),
        answer: ("application/json", answer),
    };
    let read = |query: Vec<Value>, answer: Value| Shape {
        request: None,
        query,
        answer: ("application/json", answer),
    };
    match endpoint {
        // The providers' own documents describe these in full.
        Endpoint::Chat
        | Endpoint::Responses
        | Endpoint::Messages
        | Endpoint::Gemini
        | Endpoint::CountMessages
        | Endpoint::CountResponses
        | Endpoint::CompactResponse
        | Endpoint::EventSink
        | Endpoint::Completion
        | Endpoint::Embedding => body(object(), object()),
        Endpoint::Metrics => {
            Shape { request: None, query: Vec::new(), answer: ("text/plain", json!({ "type": "string" })) }
        }
        Endpoint::Models
        | Endpoint::Model
        | Endpoint::GeminiModels
        | Endpoint::GeminiModel
        | Endpoint::ModelInfo
        | Endpoint::Health
        | Endpoint::Readiness
        | Endpoint::Hello
        | Endpoint::StoredResponse
        | Endpoint::StoredResponseInput
        | Endpoint::DeleteResponse
        | Endpoint::CancelResponse
        | Endpoint::ResponsesSocket
        | Endpoint::OpenApi => read(Vec::new(), object()),
        Endpoint::Liveness => read(Vec::new(), json!({ "type": "string" })),
        other => spend::shape_of(other, generator).unwrap_or_else(|| keys::shape_of(other, generator)),
    }
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// The fields of a query's type as parameters, none of them required.
fn parameters<T: JsonSchema>() -> Vec<Value> {
    let schema = SchemaGenerator::default().into_root_schema_for::<T>();
    let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    fields.map(|(name, schema)| json!({ "name": name, "in": "query", "schema": schema })).collect()
}

/// The name in a path's braces.
fn captured(path: &str) -> Option<&str> {
    let (_, rest) = path.split_once('{')?;
    rest.split_once('}').map(|(name, _)| name)
}

/// An id of its own for every path: `post_key_regenerate`.
fn operation_id(route: &Route) -> String {
    let verb = match route.verb {
        Verb::Get => "get",
        Verb::Post => "post",
        Verb::Delete => "delete",
    };
    let words =
        route.path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(verb.to_owned(), |id, word| format!("{id}_{word}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_route_is_described_once_and_every_reference_leads_somewhere() {
        let document = openapi("0.1.0");
        let mut ids = BTreeSet::new();
        for route in ROUTES {
            assert!(ids.insert(operation_id(route)), "{}", route.path);
            assert!(
                document.pointer(&format!("/paths/{}", route.path.replace('/', "~1"))).is_some(),
                "{}",
                route.path
            );
        }
        let text = document.to_string();
        let mut references = 0;
        for part in text.split("\"$ref\":\"#").skip(1) {
            let (reference, _) = part.split_once('"').unwrap();
            assert!(document.pointer(reference).is_some(), "{reference}");
            references += 1;
        }
        assert!(references > 20);
    }

    #[test]
    fn fields_bodies_and_parameters_come_from_the_types() {
        let document = openapi("0.1.0");
        let at = |pointer: &str| document.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(
            at("/components/schemas/GenerateKeyRequest/properties/max_budget/type/0"),
            json!("number")
        );
        assert_eq!(at("/paths/~1key~1list/get/parameters/0/in"), json!("query"));
        assert_eq!(at("/paths/~1key~1{key}~1regenerate/post/parameters/0/name"), json!("key"));
        assert_eq!(at("/paths/~1key~1generate/post/security/0"), json!({ "key": [] }));
        assert_eq!(at("/paths/~1livez/get/security"), Value::Null);
    }
}
