//! The items of an input: what each may hold, and in which order they may stand.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::asked::Refused;
use super::super::spoken::signature;
use super::body::{one_of, unknown, wrong_type};
use super::{bad, missing};

/// Longest id of a call.
const MOST_CALL_ID: usize = 64;

/// Kinds of items that are taken, with their members.
#[rustfmt::skip]
const ITEMS: &[(&str, &[&str])] = &[
    ("message", &["type", "role", "content", "id", "status", "phase"]),
    ("function_call", &["type", "call_id", "name", "arguments", "id", "status", "namespace"]),
    ("function_call_output", &["type", "call_id", "output", "id", "status"]),
    ("custom_tool_call", &["type", "call_id", "name", "input", "id", "namespace", "status"]),
    ("custom_tool_call_output", &["type", "call_id", "output", "id"]),
    ("reasoning", &["type", "id", "summary", "content", "encrypted_content", "status"]),
    ("item_reference", &["type", "id"]),
    ("web_search_call", &["type", "id", "status", "action"]),
];
/// Kinds of parts that a user's content has, with their members.
#[rustfmt::skip]
const PARTS: &[(&str, &[&str])] = &[
    ("input_text", &["type", "text"]),
    ("input_image", &["type", "image_url", "file_id", "detail"]),
    ("input_file", &["type", "file_data", "file_id", "file_url", "filename", "detail"]),
    ("input_audio", &["type", "input_audio"]),
];
/// Kinds of parts that an assistant's content has.
const SAID: &[(&str, &[&str])] =
    &[("output_text", &["type", "text", "annotations", "logprobs"]), ("refusal", &["type", "refusal"])];

/// The items of a request's input.
pub(super) fn of(body: &Value) -> Result<Vec<Value>, Refused> {
    match body.get("input") {
        Some(Value::String(text)) => Ok(vec![
            json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}),
        ]),
        Some(Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                check_item(item, &format!("input[{index}]"))?;
            }
            Ok(items.clone())
        }
        None | Some(Value::Null) if body.get("previous_response_id").is_some() => Ok(Vec::new()),
        None | Some(Value::Null) => Err(missing("input")),
        Some(_) => Err(wrong_type("input", "one of a string or array of input items")),
    }
}

fn kind(item: &Value) -> &str {
    // A message may leave its type out.
    item.get("type").and_then(Value::as_str).unwrap_or("message")
}

fn check_item(item: &Value, at: &str) -> Result<(), Refused> {
    let object = item.as_object().ok_or_else(|| wrong_type(at, "an object"))?;
    let names: Vec<&str> = ITEMS.iter().map(|(name, _)| *name).collect();
    one_of(&Value::from(kind(item)), &format!("{at}.type"), &names)?;
    let members = ITEMS.iter().find(|(name, _)| *name == kind(item)).map_or(&[][..], |(_, members)| members);
    if let Some(name) = object.keys().find(|name| !members.contains(&name.as_str())) {
        return Err(unknown(&format!("{at}.{name}")));
    }
    match kind(item) {
        "message" => check_message(item, at),
        "function_call" => need(item, at, &["call_id", "name", "arguments"]),
        "custom_tool_call" => need(item, at, &["call_id", "name", "input"]),
        "function_call_output" | "custom_tool_call_output" => {
            need(item, at, &["call_id"])?;
            match &item["output"] {
                Value::String(_) => Ok(()),
                Value::Array(parts) => check_parts(parts, PARTS, &format!("{at}.output")),
                _ => Err(missing(&format!("{at}.output"))),
            }
        }
        "reasoning" => check_reasoning(item, at),
        _ => Ok(()),
    }
}

fn need(item: &Value, at: &str, names: &[&str]) -> Result<(), Refused> {
    match names.iter().find(|name| !item[**name].is_string()) {
        Some(name) => Err(missing(&format!("{at}.{name}"))),
        None if item["call_id"].as_str().is_some_and(|id| id.len() > MOST_CALL_ID) => {
            let text = format!(
                "Invalid '{at}.call_id': string too long. Expected a string with maximum length {MOST_CALL_ID}."
            );
            Err(bad(text).param(format!("{at}.call_id")).code("string_above_max_length"))
        }
        None => Ok(()),
    }
}

fn check_message(item: &Value, at: &str) -> Result<(), Refused> {
    let role = item.get("role").ok_or_else(|| missing(&format!("{at}.role")))?;
    one_of(role, &format!("{at}.role"), &["assistant", "system", "developer", "user"])?;
    match &item["content"] {
        Value::String(_) => Ok(()),
        Value::Array(parts) if *role == "assistant" => check_parts(parts, SAID, &format!("{at}.content")),
        Value::Array(parts) => check_parts(parts, PARTS, &format!("{at}.content")),
        _ => Err(missing(&format!("{at}.content"))),
    }
}

fn check_parts(parts: &[Value], allowed: &[(&str, &[&str])], at: &str) -> Result<(), Refused> {
    for (index, part) in parts.iter().enumerate() {
        let at = format!("{at}[{index}]");
        let names: Vec<&str> = allowed.iter().map(|(name, _)| *name).collect();
        one_of(&part["type"], &format!("{at}.type"), &names)?;
        let members =
            allowed.iter().find(|(name, _)| part["type"] == *name).map_or(&[][..], |(_, members)| members);
        let object = part.as_object().ok_or_else(|| wrong_type(&at, "an object"))?;
        if let Some(name) = object.keys().find(|name| !members.contains(&name.as_str())) {
            return Err(unknown(&format!("{at}.{name}")));
        }
        match part["type"].as_str().unwrap_or_default() {
            "input_text" | "output_text" if !part["text"].is_string() => {
                return Err(missing(&format!("{at}.text")));
            }
            "input_image" if part["image_url"].is_null() && part["file_id"].is_null() => {
                return Err(missing(&format!("{at}.image_url")));
            }
            "input_file" if part["file_data"].is_string() && !part["filename"].is_string() => {
                return Err(missing(&format!("{at}.filename")));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_reasoning(item: &Value, at: &str) -> Result<(), Refused> {
    if !item["summary"].is_array() {
        return Err(missing(&format!("{at}.summary")));
    }
    let Some(proof) = item["encrypted_content"].as_str() else { return Ok(()) };
    let texts = item["summary"].as_array().into_iter().flatten().filter_map(|part| part["text"].as_str());
    let shown: String = texts.collect::<Vec<_>>().join("");
    // A proof of what is hidden is one of the model's usual thought.
    let is_known = proof == signature(&shown) || proof == signature("Let me think.");
    if is_known {
        return Ok(());
    }
    let text = format!(
        "The encrypted content {proof} could not be verified. Reason: Encrypted content could not be decrypted or parsed."
    );
    Err(bad(text).code("invalid_encrypted_content"))
}

/// The order of a whole conversation: calls and outputs belong together.
pub(super) fn check(conversation: &[Value]) -> Result<(), Refused> {
    let id = |item: &Value| item["call_id"].as_str().unwrap_or_default().to_owned();
    let of_kind = |kinds: [&str; 2]| -> BTreeSet<String> {
        conversation.iter().filter(|item| kinds.contains(&kind(item))).map(id).collect()
    };
    let calls = of_kind(["function_call", "custom_tool_call"]);
    let outputs = of_kind(["function_call_output", "custom_tool_call_output"]);
    if let Some(orphan) = outputs.difference(&calls).next() {
        let text = format!("No tool call found for function call output with call_id {orphan}.");
        return Err(bad(text).param("input"));
    }
    match calls.difference(&outputs).next() {
        Some(open) => Err(bad(format!("No tool output found for function call {open}.")).param("input")),
        None => Ok(()),
    }
}

/// The user's last text, and what the tools said since the model spoke last.
pub(super) fn last(conversation: &[Value]) -> (String, Vec<String>) {
    let since =
        conversation.iter().rposition(|item| !kind(item).ends_with("_output")).map_or(0, |place| place + 1);
    let results = conversation.iter().skip(since).map(|item| text_of(&item["output"])).collect();
    let spoken = conversation.iter().rev().find(|item| kind(item) == "message" && item["role"] == "user");
    (spoken.map(|item| text_of(&item["content"])).unwrap_or_default(), results)
}

fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("")
        }
        _ => String::new(),
    }
}

/// Bytes of the texts of an item.
pub(super) fn bytes(item: Option<&Value>) -> u64 {
    let Some(item) = item else { return 0 };
    let texts = [item, &item["content"], &item["output"], &item["arguments"], &item["input"]];
    texts.iter().map(|value| text_of(value).len() as u64).sum()
}
