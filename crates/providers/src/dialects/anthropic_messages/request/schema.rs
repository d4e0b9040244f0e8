//! JSON schemas as the API takes them, their members in the order in which the client wrote them.
//!
//! Source: <https://docs.claude.com/en/docs/build-with-claude/structured-outputs> and the SDK's
//! `transform_schema`: objects are closed, bounds of numbers, texts and lists are only said in words.

use serde_json::value::RawValue;
use weighhouse_types::chat::Json;

use crate::wire::{Members, Object, object, wire_object};

/// Keywords that the API refuses.
const REFUSED: [&str; 13] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "contains",
    "not",
];

wire_object! {
    /// Any object, its members in their order.
    struct AnyObject<'a> {}
}

fn members(raw: &RawValue) -> Option<Members<'_>> {
    serde_json::from_str::<AnyObject<'_>>(raw.get()).ok().map(|object| object.unknown)
}

fn to_json(text: Vec<u8>) -> Option<Json> {
    Json::parse(std::str::from_utf8(&text).ok()?)
}

/// The schema of a tool's input: an object, whatever the client left unsaid.
pub(super) fn input_schema(schema: Option<&Json>) -> Json {
    let raw = schema.and_then(Json::read::<&RawValue>);
    let found = raw.and_then(members).unwrap_or_default();
    let is_object = |(name, value): &(_, &RawValue)| -> bool {
        let name: &crate::wire::Text<'_> = name;
        name.as_str() == "type" && value.get() == "\"object\""
    };
    if let (Some(schema), true) = (schema, found.iter().any(is_object)) {
        return schema.clone();
    }
    let text = object(|body| {
        body.text("type", "object");
        if !found.iter().any(|(name, _)| name.as_str() == "properties") {
            body.object("properties", |_| {});
        }
        for (name, value) in found.iter().filter(|(name, _)| name.as_str() != "type") {
            body.raw(name.as_str(), value.get().as_bytes());
        }
    });
    to_json(text).unwrap_or_else(Json::empty_object)
}

/// A schema for the answer, with what the API refuses taken out.
pub(super) fn output_schema(schema: &Json) -> Json {
    schema.read::<&RawValue>().and_then(|raw| to_json(closed(raw))).unwrap_or_else(|| schema.clone())
}

/// One schema of the tree.
fn closed(raw: &RawValue) -> Vec<u8> {
    let Some(found) = members(raw) else { return raw.get().as_bytes().to_vec() };
    let named = |name: &str| found.iter().find(|(known, _)| known.as_str() == name).map(|(_, value)| *value);
    let is_object =
        named("properties").is_some() || named("type").is_some_and(|kind| kind.get().contains("\"object\""));
    let refused: Vec<String> = found
        .iter()
        .filter(|(name, value)| is_refused(name.as_str(), value))
        .map(|(name, value)| format!("{}: {}", name.as_str(), value.get()))
        .collect();
    object(|body| {
        for (name, value) in &found {
            write_member(name.as_str(), value, &refused, body);
        }
        if !refused.is_empty() && named("description").is_none() {
            body.text("description", &in_words(&refused));
        }
        if is_object {
            body.flag("additionalProperties", false);
        }
    })
}

fn is_refused(name: &str, value: &RawValue) -> bool {
    REFUSED.contains(&name) || (name == "minItems" && !matches!(value.get(), "0" | "1"))
}

fn in_words(refused: &[String]) -> String {
    format!("{{{}}}", refused.join(", "))
}

fn write_member(name: &str, value: &RawValue, refused: &[String], body: &mut Object<'_>) {
    match name {
        "additionalProperties" => {}
        _ if is_refused(name, value) => {}
        "description" if !refused.is_empty() => {
            let text: String = serde_json::from_str(value.get()).unwrap_or_default();
            body.text(name, &format!("{text}\n\n{}", in_words(refused)));
        }
        "properties" | "$defs" | "definitions" => body.object(name, |map| {
            for (name, schema) in members(value).unwrap_or_default() {
                map.raw(name.as_str(), &closed(schema));
            }
        }),
        "items" => body.raw(name, &closed(value)),
        "anyOf" | "oneOf" | "allOf" => {
            let list: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
            let name = if name == "oneOf" { "anyOf" } else { name };
            body.array(name, |items| list.iter().for_each(|schema| items.raw(&closed(schema))));
        }
        _ => body.raw(name, value.get().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_input_of_a_tool_is_an_object() {
        for (schema, expected) in [
            (None, r#"{"type":"object","properties":{}}"#),
            (Some("{}"), r#"{"type":"object","properties":{}}"#),
            (Some(r#"{"properties":{"b":1,"a":2}}"#), r#"{"type":"object","properties":{"b":1,"a":2}}"#),
            (Some(r#"{"type":null,"x":1}"#), r#"{"type":"object","properties":{},"x":1}"#),
            (Some(r#"{"x": 1,"type":"object"}"#), r#"{"x": 1,"type":"object"}"#),
        ] {
            let schema = schema.and_then(Json::parse);
            assert_eq!(input_schema(schema.as_ref()).text(), expected);
        }
    }

    #[test]
    fn objects_are_closed_and_bounds_become_words() {
        let schema = r#"{"type":"object","properties":{"n":{"type":"integer","minimum":1,"description":"count"},"l":{"type":"array","minItems":3,"items":{"oneOf":[{"properties":{}},{"type":"null"}]}}},"required":["n"],"additionalProperties":true}"#;
        let expected = r#"{"type":"object","properties":{"n":{"type":"integer","description":"count\n\n{minimum: 1}"},"l":{"type":"array","items":{"anyOf":[{"properties":{},"additionalProperties":false},{"type":"null"}]},"description":"{minItems: 3}"}},"required":["n"],"additionalProperties":false}"#;
        assert_eq!(output_schema(&Json::parse(schema).unwrap()).text(), expected);
    }
}
