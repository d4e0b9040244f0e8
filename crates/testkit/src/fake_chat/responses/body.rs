//! The members of a request.

use serde_json::Value;

use super::super::asked::Refused;
use super::{bad, missing};

#[rustfmt::skip]
const PARAMETERS: &[&str] = &[
    "background", "context_management", "conversation", "include", "input", "instructions", "max_output_tokens",
    "max_tool_calls", "metadata", "model", "parallel_tool_calls", "previous_response_id", "prompt",
    "prompt_cache_key", "prompt_cache_retention", "reasoning", "safety_identifier", "service_tier", "store", "stream",
    "stream_options", "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p", "truncation", "user",
];
#[rustfmt::skip]
const COUNT_PARAMETERS: &[&str] = &[
    "conversation", "input", "instructions", "model", "parallel_tool_calls", "personality", "previous_response_id",
    "reasoning", "text", "tool_choice", "tools", "truncation",
];
#[rustfmt::skip]
const INCLUDES: &[&str] = &[
    "file_search_call.results", "web_search_call.results", "web_search_call.action.sources",
    "message.input_image.image_url", "computer_call_output.output.image_url", "code_interpreter_call.outputs",
    "reasoning.encrypted_content", "message.output_text.logprobs",
];
const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];
const SUMMARIES: &[&str] = &["auto", "concise", "detailed"];
/// The least bound that is taken.
const LEAST_OUTPUT: u64 = 16;

/// Checks all members but the items and tools.
pub(super) fn check(body: &Value, counts: bool) -> Result<(), Refused> {
    let members = body.as_object().ok_or_else(|| bad("We could not parse the JSON body of your request."))?;
    let known = if counts { COUNT_PARAMETERS } else { PARAMETERS };
    if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(unknown(name));
    }
    if body.get("model").is_none_or(|model| model.as_str().is_none_or(|model| model.is_empty())) {
        return Err(missing("model"));
    }
    let model = body["model"].as_str().unwrap_or_default();
    let reasons = ["o1", "o3", "o4", "gpt-5"].iter().any(|start| model.starts_with(start));
    for name in ["temperature", "top_p"] {
        if reasons && body.get(name).is_some_and(|value| !value.is_null()) {
            let text = format!("Unsupported parameter: '{name}' is not supported with this model.");
            return Err(bad(text).param(name));
        }
    }
    if let Some(bound) = body.get("max_output_tokens").filter(|value| !value.is_null()) {
        let bound = bound.as_u64().ok_or_else(|| wrong_type("max_output_tokens", "an integer"))?;
        if bound < LEAST_OUTPUT {
            let text = format!(
                "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= {LEAST_OUTPUT}, but got \
                 {bound} instead."
            );
            return Err(bad(text).param("max_output_tokens").code("integer_below_min_value"));
        }
    }
    for (at, include) in body.get("include").and_then(Value::as_array).into_iter().flatten().enumerate() {
        one_of(include, &format!("include[{at}]"), INCLUDES)?;
    }
    check_reasoning(body)?;
    check_format(body)?;
    check_metadata(body)
}

pub(super) fn unknown(name: &str) -> Refused {
    bad(format!("Unknown parameter: '{name}'.")).param(name).code("unknown_parameter")
}

pub(super) fn wrong_type(param: &str, expected: &str) -> Refused {
    bad(format!("Invalid type for '{param}': expected {expected}.")).param(param).code("invalid_type")
}

pub(super) fn one_of(value: &Value, param: &str, allowed: &[&str]) -> Result<(), Refused> {
    let text = value.as_str().ok_or_else(|| wrong_type(param, "a string"))?;
    if allowed.contains(&text) {
        return Ok(());
    }
    let names: Vec<String> = allowed.iter().map(|name| format!("'{name}'")).collect();
    let text = format!("Invalid value: '{text}'. Supported values are: {}.", names.join(", "));
    Err(bad(text).param(param).code("invalid_value"))
}

fn check_reasoning(body: &Value) -> Result<(), Refused> {
    let Some(reasoning) = body.get("reasoning").and_then(Value::as_object) else { return Ok(()) };
    for (name, value) in reasoning.iter().filter(|(_, value)| !value.is_null()) {
        let param = format!("reasoning.{name}");
        match name.as_str() {
            "effort" => one_of(value, &param, EFFORTS)?,
            "summary" | "generate_summary" => one_of(value, &param, SUMMARIES)?,
            _ => return Err(unknown(&param)),
        }
    }
    Ok(())
}

fn check_format(body: &Value) -> Result<(), Refused> {
    let Some(text) = body.get("text").and_then(Value::as_object) else { return Ok(()) };
    if let Some(name) = text.keys().find(|name| !matches!(name.as_str(), "format" | "verbosity")) {
        return Err(unknown(&format!("text.{name}")));
    }
    if let Some(verbosity) = text.get("verbosity").filter(|value| !value.is_null()) {
        one_of(verbosity, "text.verbosity", &["low", "medium", "high"])?;
    }
    let Some(format) = text.get("format").filter(|value| !value.is_null()) else { return Ok(()) };
    one_of(&format["type"], "text.format.type", &["text", "json_object", "json_schema"])?;
    if format["type"] != "json_schema" {
        return Ok(());
    }
    for name in ["name", "schema"] {
        if format.get(name).is_none() {
            return Err(missing(&format!("text.format.{name}")));
        }
    }
    if format["strict"] == true {
        closed(&format["schema"], "response_format", &format["name"])?;
    }
    Ok(())
}

/// A strict schema names every property as required and allows no others.
pub(super) fn closed(schema: &Value, what: &str, name: &Value) -> Result<(), Refused> {
    let name = name.as_str().unwrap_or_default();
    let broken = |why: &str| {
        let text = format!("Invalid schema for {what} '{name}': {why}");
        Err(bad(text).param("text.format.schema").code("invalid_json_schema"))
    };
    if schema["type"] == "object" {
        if schema["additionalProperties"] != false {
            return broken(
                "In context=(), 'additionalProperties' is required to be supplied and to be false.",
            );
        }
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let properties = schema["properties"].as_object().cloned().unwrap_or_default();
        if properties.keys().any(|key| !required.iter().any(|name| name == key)) {
            return broken(
                "In context=(), 'required' is required to be supplied and to be an array including every key in \
                 properties.",
            );
        }
        return properties.values().try_for_each(|inner| closed(inner, what, &Value::from(name)));
    }
    Ok(())
}

fn check_metadata(body: &Value) -> Result<(), Refused> {
    let Some(metadata) = body.get("metadata").filter(|value| !value.is_null()) else { return Ok(()) };
    let pairs = metadata.as_object().ok_or_else(|| wrong_type("metadata", "an object"))?;
    if pairs.len() > 16 {
        return Err(bad("Invalid 'metadata': too many properties.").param("metadata"));
    }
    match pairs.iter().find(|(_, value)| !value.is_string()) {
        Some((name, _)) => Err(wrong_type(&format!("metadata.{name}"), "a string")),
        None => Ok(()),
    }
}
