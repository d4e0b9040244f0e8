//! Anthropic's Messages API: `POST /v1/messages` and `POST /v1/messages/count_tokens`.
//!
//! Members are those of the official SDK's `types/*_param.py` (2.12), the words of refusals those that users of the real
//! API have reported; where no report was found (a version that is not known, base64 that is none, a choice of a tool
//! that is not there) the words are ours.
//! What depends on the model alone (which one thinks in which way, or takes no temperature) is not judged, since the
//! models of tests have names of their own.

mod answer;
mod blocks;
mod body;
mod demands;
mod schema;
mod shape;
#[cfg(test)]
mod tests;
mod tools;
mod turns;

use serde_json::{Value, json};

use super::asked::{Asked, AskedKind, Refused, ToolDemand};
use super::{SeenRequest, Wire, key};

pub(super) use answer::{frames, whole};
use shape::Terms;

/// Checks a request to the last member.
pub(super) fn take(request: &SeenRequest) -> Result<Asked, Refused> {
    let counts = route(request)?;
    if key::presented(Wire::Anthropic, request).is_none() {
        return Err(Refused::new(401, "authentication_error", "x-api-key header is required"));
    }
    let terms = Terms { recent: is_recent(request)?, betas: betas(request), counts };
    let body: Value = serde_json::from_slice(&request.body)
        .map_err(|error| bad(format!("The request body is not valid JSON: {error}")))?;
    body::check(&terms, &body)?;
    demands::check(&terms, &body)?;
    turns::check(&terms, &body)?;
    Ok(understand(&body, counts))
}

/// A refusal of what was asked.
fn bad(message: impl Into<String>) -> Refused {
    Refused::new(400, "invalid_request_error", message)
}

/// Whether tokens are to be counted only.
fn route(request: &SeenRequest) -> Result<bool, Refused> {
    let counts = match request.path.split('?').next() {
        Some("/v1/messages") => false,
        Some("/v1/messages/count_tokens") => true,
        _ => return Err(Refused::new(404, "not_found_error", "Not found")),
    };
    match request.method.as_str() {
        "POST" => Ok(counts),
        _ => Err(Refused::new(405, "invalid_request_error", "Method Not Allowed")),
    }
}

/// Whether the request is of version 2026-10-21 rather than of 2023-06-01.
fn is_recent(request: &SeenRequest) -> Result<bool, Refused> {
    match request.header("anthropic-version") {
        Some("2026-10-21") => Ok(true),
        Some("2023-06-01") => Ok(false),
        Some(other) => Err(bad(format!("anthropic-version: \"{other}\" is not a valid version"))),
        None => Err(bad("anthropic-version: header is required")),
    }
}

fn betas(request: &SeenRequest) -> Vec<String> {
    let headers = request.headers.iter().filter(|(name, _)| name == "anthropic-beta");
    headers.flat_map(|(_, value)| value.split(',')).map(|beta| beta.trim().to_owned()).collect()
}

/// What the answer depends on, of a body that is in order.
fn understand(body: &Value, counts: bool) -> Asked {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = |name: &str| body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let thinking = body.pointer("/thinking/type").and_then(Value::as_str).unwrap_or_default();
    let tools = list("tools").into_iter().filter_map(|tool| {
        let name = tool.get("name")?.as_str()?.to_owned();
        Some((name, tool.get("input_schema")?.clone()))
    });
    let choice = body.get("tool_choice").cloned().unwrap_or_default();
    let (last_text, tool_results) = turns::last(body);
    Asked {
        kind: if counts { AskedKind::CountTokens } else { AskedKind::Generate },
        model: text("model"),
        stream: body.get("stream").and_then(Value::as_bool).unwrap_or(false),
        input_bytes: turns::bytes(body),
        wants_thinking: matches!(thinking, "enabled" | "adaptive"),
        tools: tools.collect(),
        tool_demand: match choice.get("type").and_then(Value::as_str) {
            Some("none") => ToolDemand::Never,
            Some("any") => ToolDemand::Any,
            Some("tool") => {
                ToolDemand::Named(choice.get("name").and_then(Value::as_str).unwrap_or_default().to_owned())
            }
            _ => ToolDemand::Free,
        },
        one_call: choice.get("disable_parallel_tool_use") == Some(&json!(true)),
        last_text,
        tool_results,
        output_schema: body
            .pointer("/output_config/format/schema")
            .or_else(|| body.pointer("/output_format/schema"))
            .cloned(),
        max_output: body.get("max_tokens").and_then(Value::as_u64),
        stops: list("stop_sequences").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        extra: json!({
            "hides_thinking": body.pointer("/thinking/display") == Some(&json!("omitted")),
            "hour": body.to_string().contains(r#""ttl":"1h""#),
        }),
        array: false,
    }
}

/// The error envelope.
pub(super) fn refuse(refused: &Refused) -> Vec<u8> {
    envelope(refused).to_string().into_bytes()
}

/// An error in the middle of a stream.
pub(super) fn error_frame(refused: &Refused) -> Vec<u8> {
    format!("event: error\ndata: {}\n\n", envelope(refused)).into_bytes()
}

fn envelope(refused: &Refused) -> Value {
    json!({
        "type": "error",
        "error": {"type": refused.kind, "message": refused.message},
        "request_id": "req_fake",
    })
}
