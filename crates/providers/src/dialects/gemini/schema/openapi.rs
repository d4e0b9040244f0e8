//! OpenAPI's subset of schemas (<https://ai.google.dev/api/caching#Schema>) and JSON schema.

use super::tree::Node;

/// Words that the subset knows.
const KNOWN: [&str; 21] = [
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "maxItems",
    "minItems",
    "properties",
    "required",
    "minProperties",
    "maxProperties",
    "minLength",
    "maxLength",
    "pattern",
    "example",
    "anyOf",
    "propertyOrdering",
    "default",
    "items",
    "minimum",
];

/// Formats that are not refused.
const FORMATS: [&str; 6] = ["enum", "date-time", "float", "double", "int32", "int64"];

/// Says a JSON schema in the subset.
pub(super) fn narrow(schema: &mut Node) {
    if schema.members().is_none() {
        // `true` and `false` are schemas too.
        *schema = Node::Object(Vec::new());
        return;
    }
    merge_all_of(schema);
    if let Some(choices) = schema.take("oneOf") {
        schema.put("anyOf", choices);
    }
    if let Some(only) = schema.take("const") {
        schema.put("enum", Node::List(vec![only]));
    }
    narrow_type(schema);
    narrow_any_of(schema);
    narrow_enum(schema);
    if schema.get("format").and_then(Node::as_str).is_some_and(|format| !FORMATS.contains(&format.as_str())) {
        drop(schema.take("format"));
    }
    if let Some(members) = schema.members_mut() {
        members.retain(|(name, _)| KNOWN.contains(&name.as_str()) || name == "maximum");
    }
    schema.each_schema(narrow);
    if schema.get("properties").and_then(Node::members).is_some_and(Vec::is_empty) {
        drop(schema.take("properties"));
    }
    narrow_required(schema);
}

/// The parts of an `allOf` as members of the whole.
fn merge_all_of(schema: &mut Node) {
    let Some(Node::List(parts)) = schema.take("allOf") else { return };
    for part in parts {
        let Node::Object(members) = part else { continue };
        for (name, value) in members {
            let merged = match (schema.get(&name).cloned(), value) {
                (Some(Node::Object(mut before)), Node::Object(more)) => {
                    before.extend(more);
                    Node::Object(before)
                }
                (Some(Node::List(mut before)), Node::List(more)) => {
                    before.extend(more);
                    Node::List(before)
                }
                (_, value) => value,
            };
            schema.put(&name, merged);
        }
    }
}

/// A list of types: null becomes `nullable`, several others a choice.
fn narrow_type(schema: &mut Node) {
    let Some(Node::List(types)) = schema.get("type").cloned() else { return };
    let (nulls, others): (Vec<Node>, Vec<Node>) = types.into_iter().partition(|name| name.is("\"null\""));
    if !nulls.is_empty() {
        schema.put("nullable", Node::Leaf("true".into()));
    }
    match others.as_slice() {
        [] => drop(schema.take("type")),
        [one] => schema.put("type", one.clone()),
        [..] => {
            drop(schema.take("type"));
            let choice = |name: Node| Node::Object(vec![("type".into(), name)]);
            schema.put("anyOf", Node::List(others.into_iter().map(choice).collect()));
        }
    }
}

/// A choice with null is the other, nullable.
fn narrow_any_of(schema: &mut Node) {
    let Some(Node::List(choices)) = schema.take("anyOf") else { return };
    let is_null = |choice: &Node| choice.get("type").is_some_and(|name| name.is("\"null\""));
    let count = choices.len();
    let mut others: Vec<Node> = choices.into_iter().filter(|choice| !is_null(choice)).collect();
    if others.len() < count {
        schema.put("nullable", Node::Leaf("true".into()));
    }
    match (others.len(), others.pop()) {
        (1, Some(Node::Object(members))) => {
            for (name, value) in members {
                if schema.get(&name).is_none() {
                    schema.put(&name, value);
                }
            }
            // What came in may be a choice, a list of types or a constant itself.
            if let Some(only) = schema.take("const") {
                schema.put("enum", Node::List(vec![only]));
            }
            narrow_type(schema);
        }
        (_, Some(last)) => {
            others.push(last);
            schema.put("anyOf", Node::List(others));
        }
        (_, None) => {}
    }
}

/// Only texts can be listed.
fn narrow_enum(schema: &mut Node) {
    let Some(Node::List(values)) = schema.get("enum").cloned() else { return };
    let has_null = values.iter().any(|value| value.is("null"));
    let texts = values.into_iter().filter(|value| !value.is("null")).map(|value| match &value {
        Node::Leaf(text) if !text.starts_with('"') => Node::string(text),
        Node::Leaf(_) | Node::Object(_) | Node::List(_) => value,
    });
    schema.put("enum", Node::List(texts.collect()));
    schema.put("type", Node::string("string"));
    if has_null {
        schema.put("nullable", Node::Leaf("true".into()));
    }
}

/// What is required must be a property.
fn narrow_required(schema: &mut Node) {
    let Some(Node::List(names)) = schema.get("required").cloned() else { return };
    let has = |name: &Node| {
        let name = name.as_str().unwrap_or_default();
        schema.get("properties").is_some_and(|properties| properties.get(&name).is_some())
    };
    let kept: Vec<Node> = names.into_iter().filter(has).collect();
    if kept.is_empty() {
        drop(schema.take("required"));
    } else {
        schema.put("required", Node::List(kept));
    }
}

/// Says a schema of the subset as JSON schema.
pub(super) fn widen(schema: &mut Node) {
    if let Some(members) = schema.members_mut() {
        for (name, value) in members.iter_mut() {
            if let Some(spelled) = camel_case(name) {
                *name = spelled.to_owned();
            }
            // Counts are 64 bits wide, which proto JSON writes as texts.
            let is_count = name.starts_with("min") || name.starts_with("max");
            if let Some(count) = value.as_str().filter(|_| is_count).and_then(|text| text.parse::<u64>().ok())
            {
                *value = Node::Leaf(count.to_string());
            }
        }
    }
    if let Some(name) = schema.get("type").and_then(Node::as_str) {
        if name == "TYPE_UNSPECIFIED" {
            drop(schema.take("type"));
        } else if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            schema.put("type", Node::string(&name.to_ascii_lowercase()));
        }
    }
    if schema.take("nullable").is_some_and(|nullable| nullable.is("true")) {
        if let Some(name) = schema.get("type").cloned() {
            schema.put("type", Node::List(vec![name, Node::string("null")]));
        } else if let Some(Node::List(mut choices)) = schema.get("anyOf").cloned() {
            choices.push(Node::Object(vec![("type".into(), Node::string("null"))]));
            schema.put("anyOf", Node::List(choices));
        }
    }
    schema.each_schema(widen);
}

fn camel_case(name: &str) -> Option<&'static str> {
    Some(match name {
        "any_of" => "anyOf",
        "max_items" => "maxItems",
        "min_items" => "minItems",
        "min_properties" => "minProperties",
        "max_properties" => "maxProperties",
        "min_length" => "minLength",
        "max_length" => "maxLength",
        "property_ordering" => "propertyOrdering",
        "additional_properties" => "additionalProperties",
        _ => return None,
    })
}
