//! The small model that a fake can be: it repeats what was said, calls the tools that it is told to call, says
//! what the tools said, and keeps to a schema. The other fakes of chat behave alike (`fake_chat`).

use serde_json::{Map, Value, json};

use super::script::Script;

/// What the model says to a request that is in order.
pub(super) fn said(body: &[u8]) -> Script {
    let ask: Value = serde_json::from_slice(body).unwrap_or_default();
    let messages = ask.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
    let results = last_results(&messages);
    if !results.is_empty() {
        return Script::default().text(&format!("The tool said: {}", results.join(" | ")));
    }
    let last = messages.iter().rev().find(|message| role(message) == "user").map(text_of).unwrap_or_default();
    let calls = called(&ask, &last);
    if !calls.is_empty() {
        let call = |script: Script, (index, (name, arguments)): (usize, (String, Value))| {
            script.tool_call(&format!("call_{index}"), &name, &arguments.to_string())
        };
        return calls.into_iter().enumerate().fold(Script::default(), call);
    }
    if let Some(schema) = ask.pointer("/response_format/json_schema/schema") {
        return Script::default().text(&least(schema).to_string());
    }
    Script::default().text(&format!("You said: {last}"))
}

fn role(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

/// Texts of a message, parts joined.
fn text_of(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<Vec<_>>().join("")
        }
        _ => String::new(),
    }
}

/// What tools said since the model spoke last.
fn last_results(messages: &[Value]) -> Vec<String> {
    let mut results: Vec<String> =
        messages.iter().rev().take_while(|message| role(message) == "tool").map(text_of).collect();
    results.reverse();
    results
}

/// The tools that the text tells to call, each with the least arguments that its schema takes.
fn called(ask: &Value, text: &str) -> Vec<(String, Value)> {
    let Some((_, told)) = text.split_once("call ") else { return Vec::new() };
    let tools = ask.get("tools").and_then(Value::as_array).cloned().unwrap_or_default();
    let functions = tools.iter().filter_map(|tool| tool.get("function"));
    let named = functions.filter_map(|function| {
        let name = function.get("name")?.as_str()?;
        let place = told.find(name)?;
        Some((place, name.to_owned(), least(function.get("parameters").unwrap_or(&Value::Null))))
    });
    let mut named: Vec<_> = named.collect();
    named.sort_by_key(|(place, ..)| *place);
    named.into_iter().map(|(_, name, arguments)| (name, arguments)).collect()
}

/// The least value that satisfies a schema.
fn least(schema: &Value) -> Value {
    if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|values| values.first()) {
        return first.clone();
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => json!("x"),
        Some("number" | "integer") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        _ => {
            let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
            let member = |name: &Value| {
                let name = name.as_str()?;
                Some((name.to_owned(), least(schema.get("properties")?.get(name)?)))
            };
            Value::Object(required.iter().filter_map(member).collect::<Map<_, _>>())
        }
    }
}
