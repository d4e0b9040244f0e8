//! The order of a conversation with tools, as OpenAI wants it.

use serde_json::Value;

use super::ask::Fault;

/// Refuses tool messages without a call and calls without a tool message.
pub(super) fn check(messages: &[Value]) -> Result<(), Fault> {
    let mut open: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        if role == "tool" {
            let id = message.get("tool_call_id").and_then(Value::as_str).unwrap_or_default();
            let Some(place) = open.iter().position(|call| *call == id) else {
                let text = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message \
                            with 'tool_calls'.";
                return Err(
                    Fault::new(400, text).coded(Some(&format!("messages.[{index}].role")), "invalid_value")
                );
            };
            open.remove(place);
            continue;
        }
        if !open.is_empty() {
            return Err(unanswered(&open));
        }
        let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
        open = calls.filter_map(|call| call.get("id")?.as_str()).collect();
        if open.iter().any(|id| id.len() > 40 + 24) {
            return Err(Fault::new(400, "Invalid 'messages.tool_calls.id': string too long."));
        }
    }
    if open.is_empty() { Ok(()) } else { Err(unanswered(&open)) }
}

fn unanswered(open: &[&str]) -> Fault {
    let text = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. \
         The following tool_call_ids did not have response messages: {}",
        open.join(", ")
    );
    Fault::new(400, text)
}
