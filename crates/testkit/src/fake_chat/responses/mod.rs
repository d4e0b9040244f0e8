//! OpenAI's Responses API: create, retrieve, delete, cancel, list the input, count tokens.
//!
//! Parameters, items and their members are those of the official SDK's `types/responses` (3.54); the words of refusals
//! are those that users of the real API have reported. Answers are kept unless `store` is false, so a conversation can
//! go on from one.

mod answer;
mod body;
mod items;
#[cfg(test)]
mod tests;
mod tools;

use serde_json::{Value, json};

use super::asked::{Asked, AskedKind, Refused, ToolDemand};
use super::spoken::Spoken;
use super::wires::Memory;
use super::{SeenRequest, Wire, key};

pub(super) use answer::{frames, whole};

/// Checks a request to the last member.
pub(super) fn take(request: &SeenRequest, memory: &mut Memory) -> Result<Asked, Refused> {
    if key::presented(Wire::Responses, request).is_none() {
        let text = "You didn't provide an API key. You need to provide your API key in an Authorization header using \
                    Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";
        return Err(Refused::new(401, "invalid_request_error", text));
    }
    let path = request.path.split('?').next().unwrap_or_default();
    let Some(rest) = path.strip_prefix("/v1/responses") else { return Err(no_url(request)) };
    match (request.method.as_str(), rest) {
        ("POST", "") => create(request, memory, false),
        ("POST", "/input_tokens") => create(request, memory, true),
        (method, rest) => stored(method, rest, memory).unwrap_or_else(|| Err(no_url(request))),
    }
}

fn no_url(request: &SeenRequest) -> Refused {
    let text = format!("Invalid URL ({} {})", request.method, request.path);
    Refused::new(404, "invalid_request_error", text)
}

/// A refusal of what was asked.
fn bad(message: impl Into<String>) -> Refused {
    Refused::new(400, "invalid_request_error", message)
}

fn missing(param: &str) -> Refused {
    bad(format!("Missing required parameter: '{param}'.")).param(param).code("missing_required_parameter")
}

fn create(request: &SeenRequest, memory: &Memory, counts: bool) -> Result<Asked, Refused> {
    let body: Value = serde_json::from_slice(&request.body)
        .map_err(|_| bad("We could not parse the JSON body of your request."))?;
    body::check(&body, counts)?;
    tools::check(&body)?;
    let mut input = before(&body, memory)?;
    input.extend(items::of(&body)?);
    items::check(&input)?;
    Ok(understand(&body, &input, counts))
}

/// The conversation so far, where one goes on.
fn before(body: &Value, memory: &Memory) -> Result<Vec<Value>, Refused> {
    let Some(id) = body.get("previous_response_id").and_then(Value::as_str) else { return Ok(Vec::new()) };
    let Some(kept) = memory.get(id) else {
        return Err(bad(format!("Previous response with id '{id}' not found."))
            .param("previous_response_id")
            .code("previous_response_not_found"));
    };
    Ok(kept.get("conversation").and_then(Value::as_array).cloned().unwrap_or_default())
}

/// What is asked about a stored answer; none where there is no such path.
fn stored(method: &str, rest: &str, memory: &mut Memory) -> Option<Result<Asked, Refused>> {
    let rest = rest.strip_prefix('/')?;
    let (id, tail) = rest.split_once('/').unwrap_or((rest, ""));
    let not_found =
        || Refused::new(404, "invalid_request_error", format!("Response with id '{id}' not found."));
    let ready = |value: &Value| Asked {
        kind: AskedKind::Ready(200, value.to_string().into_bytes()),
        ..Asked::default()
    };
    let kept = memory.get(id).cloned();
    let answered = match (method, tail) {
        ("GET", "") => kept.map(|kept| kept["response"].clone()),
        ("POST", "cancel") => {
            let text = "Only responses with background=true can be cancelled.";
            return Some(Err(kept.map_or_else(not_found, |_| bad(text))));
        }
        ("GET", "input_items") => kept.map(|kept| {
            json!({"object": "list", "data": kept["input"], "first_id": null, "last_id": null, "has_more": false})
        }),
        ("DELETE", "") => memory
            .remove(id)
            .map(|_| json!({"id": id, "object": "response.deleted", "deleted": true})),
        _ => return None,
    };
    Some(answered.as_ref().map(ready).ok_or_else(not_found))
}

/// What the answer depends on, of a body that is in order.
fn understand(body: &Value, input: &[Value], counts: bool) -> Asked {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let choice = body.get("tool_choice").cloned().unwrap_or_default();
    let (last_text, tool_results) = items::last(input);
    let includes = |what: &str| {
        body.get("include").and_then(Value::as_array).is_some_and(|list| list.contains(&json!(what)))
    };
    Asked {
        kind: if counts { AskedKind::CountTokens } else { AskedKind::Generate },
        model: text("model"),
        stream: body.get("stream") == Some(&json!(true)),
        input_bytes: items::bytes(body.get("instructions"))
            + input.iter().map(|item| items::bytes(Some(item))).sum::<u64>(),
        wants_thinking: body.get("reasoning").is_some_and(Value::is_object),
        tools: tools::callable(body),
        tool_demand: match (choice.as_str(), choice.get("name").and_then(Value::as_str)) {
            (Some("none"), _) => ToolDemand::Never,
            (Some("required"), _) => ToolDemand::Any,
            (_, Some(name)) => ToolDemand::Named(name.to_owned()),
            _ => ToolDemand::Free,
        },
        one_call: body.get("parallel_tool_calls") == Some(&json!(false)),
        last_text,
        tool_results,
        output_schema: body.pointer("/text/format/schema").cloned(),
        max_output: body.get("max_output_tokens").and_then(Value::as_u64),
        extra: json!({
            "body": body, "conversation": input,
            "encrypted": includes("reasoning.encrypted_content"),
            "shows_summary": body.pointer("/reasoning/summary").is_some_and(Value::is_string),
        }),
        ..Asked::default()
    }
}

/// Remembers an answer, unless the request said not to.
pub(super) fn keep(asked: &Asked, said: &Spoken, memory: &mut Memory) {
    let body = &asked.extra["body"];
    if !matches!(asked.kind, AskedKind::Generate) || body.get("store") == Some(&json!(false)) {
        return;
    }
    let response = answer::response(asked, said);
    let mut conversation = asked.extra["conversation"].as_array().cloned().unwrap_or_default();
    conversation.extend(response["output"].as_array().cloned().unwrap_or_default());
    let input = items::of(body).unwrap_or_default();
    let id = response["id"].as_str().unwrap_or_default().to_owned();
    memory.insert(id, json!({"response": response, "conversation": conversation, "input": input}));
}

/// The error envelope.
pub(super) fn refuse(refused: &Refused) -> Vec<u8> {
    json!({"error": error(refused)}).to_string().into_bytes()
}

fn error(refused: &Refused) -> Value {
    json!({
        "message": refused.message, "type": refused.kind, "param": refused.param, "code": refused.code,
    })
}

/// An error in the middle of a stream.
pub(super) fn error_frame(refused: &Refused) -> Vec<u8> {
    let event = json!({
        "type": "error", "sequence_number": 99, "code": refused.kind, "message": refused.message, "param": null,
    });
    format!("event: error\ndata: {event}\n\n").into_bytes()
}
