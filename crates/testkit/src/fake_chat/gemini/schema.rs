//! What Google demands of a schema beyond its form. Its wordings are those of its answers to real clients.

use serde_json::Value;

use super::shape::list;

/// Notes what is wrong with a schema that was read by its form; `path` begins with the request's name.
pub(super) fn check(schema: &Value, path: &str, faults: &mut Vec<String>) {
    let kind = schema.get("type").and_then(Value::as_str);
    let choices = list(schema, "anyOf");
    if kind.is_none() && choices.is_empty() {
        faults.push(format!("{path}.type: must be specified when not using one_of, any_of or all_of fields"));
    }
    for (at, choice) in choices.iter().enumerate() {
        check(choice, &format!("{path}.any_of[{at}]"), faults);
    }
    check_properties(schema, kind, path, faults);
    check_strings(schema, kind, path, faults);
    match (kind, schema.get("items")) {
        (Some("ARRAY"), None) => faults.push(format!("{path}.items: missing field.")),
        (Some("ARRAY"), Some(items)) => check(items, &format!("{path}.items"), faults),
        (_, Some(_)) => faults.push(format!("{path}.items: field predicate failed: $type == Type.ARRAY")),
        (_, None) => {}
    }
}

fn check_properties(schema: &Value, kind: Option<&str>, path: &str, faults: &mut Vec<String>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    let required = list(schema, "required");
    if kind != Some("OBJECT") {
        if properties.is_some_and(|properties| !properties.is_empty()) {
            faults.push(format!("{path}.properties: only allowed for OBJECT type"));
        }
        if !required.is_empty() {
            faults.push(format!("{path}.required: only allowed for OBJECT type"));
        }
        return;
    }
    if properties.is_none_or(serde_json::Map::is_empty) {
        faults.push(format!("{path}.properties: should be non-empty for OBJECT type"));
    }
    for (name, property) in properties.into_iter().flatten() {
        check(property, &format!("{path}.properties[{name}]"), faults);
    }
    for (at, name) in required.iter().enumerate() {
        let defined = name.as_str().zip(properties).is_some_and(|(name, known)| known.contains_key(name));
        if !defined {
            faults.push(format!("{path}.required[{at}]: property is not defined"));
        }
    }
}

fn check_strings(schema: &Value, kind: Option<&str>, path: &str, faults: &mut Vec<String>) {
    let words = list(schema, "enum");
    if !words.is_empty() && kind != Some("STRING") {
        faults.push(format!("{path}.enum: only allowed for STRING type"));
    }
    for (at, word) in words.iter().enumerate() {
        if word.as_str() == Some("") {
            faults.push(format!("{path}.enum[{at}]: cannot be empty"));
        }
    }
    let format = schema.get("format").and_then(Value::as_str);
    if kind == Some("STRING") && format.is_some_and(|format| !matches!(format, "enum" | "date-time")) {
        faults.push(format!("{path}.format: only 'enum' and 'date-time' are supported for STRING type"));
    }
    if kind == Some("STRING") && format == Some("enum") && words.is_empty() {
        faults.push(format!("{path}.enum: should be non-empty for STRING type with enum format"));
    }
}
