//! The part of JSON Schema that structured outputs and strict tools take.
//!
//! The rules and their words are those that users have collected from refusals of the real API.

use serde_json::{Map, Value};

use super::bad;
use crate::fake_chat::asked::Refused;

const EVERYWHERE: &[&str] = &[
    "type",
    "title",
    "description",
    "default",
    "enum",
    "const",
    "examples",
    "$schema",
    "$id",
    "$comment",
    "$defs",
    "definitions",
];
const BESIDE_ANY_OF: &[&str] =
    &["anyOf", "title", "description", "default", "$schema", "$id", "$comment", "$defs", "definitions"];

/// Checks a schema; `place` is what a refusal names.
pub(super) fn check(schema: &Value, place: &str) -> Result<(), Refused> {
    walk(schema, schema, &mut Vec::new()).map_err(|why| bad(format!("{place}: {why}")))
}

fn walk<'a>(schema: &'a Value, root: &'a Value, within: &mut Vec<&'a str>) -> Result<(), String> {
    let Some(object) = schema.as_object() else {
        return Err("Empty schema ({}) that accepts any JSON value is not supported.".into());
    };
    if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
        return follow(reference, root, within);
    }
    if object.contains_key("oneOf") {
        return Err("Schema type 'oneOf' is not supported".into());
    }
    if object.contains_key("not") {
        return Err("Schema keyword 'not' is not supported".into());
    }
    for definitions in ["$defs", "definitions"] {
        for definition in object.get(definitions).and_then(Value::as_object).into_iter().flat_map(Map::values)
        {
            walk(definition, root, within)?;
        }
    }
    if let Some(choices) = object.get("anyOf").and_then(Value::as_array) {
        let mut beside: Vec<&str> = object.keys().map(String::as_str).collect();
        beside.retain(|name| !BESIDE_ANY_OF.contains(name));
        beside.sort_unstable();
        if !beside.is_empty() {
            return Err(format!("For 'anyOf', '{}' is not supported", beside.join(", ")));
        }
        return choices.iter().try_for_each(|choice| walk(choice, root, within));
    }
    if let Some(parts) = object.get("allOf").and_then(Value::as_array) {
        return parts.iter().try_for_each(|part| walk(part, root, within));
    }
    typed(object, root, within)
}

/// A definition may be used anywhere but in itself.
fn follow<'a>(reference: &'a str, root: &'a Value, within: &mut Vec<&'a str>) -> Result<(), String> {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    if within.contains(&reference) {
        return Err(format!("Circular reference detected in schema definitions: {name} -> {name}"));
    }
    let target = reference.strip_prefix('#').and_then(|path| root.pointer(path));
    let target = target.ok_or_else(|| format!("Invalid reference '{reference}'"))?;
    within.push(reference);
    let walked = walk(target, root, within);
    within.pop();
    walked
}

fn typed<'a>(
    object: &'a Map<String, Value>,
    root: &'a Value,
    within: &mut Vec<&'a str>,
) -> Result<(), String> {
    let Some(kind) = object.get("type") else {
        let chosen = object.contains_key("enum") || object.contains_key("const");
        let empty = "Empty schema ({}) that accepts any JSON value is not supported.";
        return if chosen { Ok(()) } else { Err(empty.into()) };
    };
    let first = kind.as_array().into_iter().flatten().find(|kind| *kind != "null");
    let kind = first.unwrap_or(kind).as_str().unwrap_or_default();
    let own: &[&str] = match kind {
        "object" => &["properties", "required", "additionalProperties"],
        "array" => &["items", "minItems"],
        "string" => &["format", "pattern"],
        "number" | "integer" | "boolean" | "null" => &[],
        _ => return Err(format!("Schema type '{kind}' is not supported")),
    };
    let known = |name: &str| EVERYWHERE.contains(&name) || own.contains(&name);
    if let Some(name) = object.keys().find(|name| !known(name)) {
        return Err(format!("For '{kind}' type, property '{name}' is not supported"));
    }
    if kind == "object" && object.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Err("For 'object' type, 'additionalProperties' must be explicitly set to false".into());
    }
    if object.get("minItems").and_then(Value::as_u64).is_some_and(|least| least > 1) {
        return Err("For 'array' type, 'minItems' values other than 0 or 1 are not supported".into());
    }
    if let Some(items) = object.get("items") {
        if !items.is_object() {
            return Err(
                "Invalid schema: Array types must be specified with a single object schema for 'items'."
                    .into(),
            );
        }
        walk(items, root, within)?;
    }
    let properties = object.get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(Map::values).try_for_each(|inner| walk(inner, root, within))
}
