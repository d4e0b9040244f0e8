//! Errors as clients of this dialect know them (<https://docs.claude.com/en/api/errors>).

use bytes::Bytes;
use serde_json::Value;
use weighhouse_types::{Error, Kind, ProviderReply};

use super::super::openai_chat::read_error;
use crate::limit_object;
use crate::wire::{Text, object, wire_object};

wire_object! {
    /// An error event or body.
    struct ErrorEnvelope<'a> { "type" => kind: Text<'a>, "error" => error: ErrorObject<'a>, }
}

wire_object! {
    /// What is wrong.
    struct ErrorObject<'a> { "type" => kind: Text<'a>, "message" => message: Text<'a>, }
}

/// The `type` of a status.
const fn type_of(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

/// The status of a `type`; a stream's error event comes without one.
const fn status_of(kind: &str) -> u16 {
    match kind.as_bytes() {
        b"invalid_request_error" => 400,
        b"authentication_error" => 401,
        b"billing_error" => 402,
        b"permission_error" => 403,
        b"not_found_error" => 404,
        b"conflict_error" => 409,
        b"request_too_large" => 413,
        b"rate_limit_error" => 429,
        b"timeout_error" => 504,
        b"overloaded_error" => 529,
        _ => 500,
    }
}

/// Words by which other providers say that a prompt is longer than the window.
const TOO_LONG: [&str; 5] = [
    "context_length_exceeded",
    "maximum context length",
    "context window",
    "input token count",
    "exceeds the maximum number of tokens",
];

/// Claude Code shortens its history when it reads these words of Anthropic's.
const PROMPT_IS_TOO_LONG: &str = "prompt is too long";

/// A provider's error that came without a status: in a stream, or behind a status of success.
pub(super) fn read_error_object(body: &Bytes) -> Error {
    let envelope: ErrorEnvelope<'_> = serde_json::from_slice(body).unwrap_or_default();
    let kind = envelope.error.and_then(|error| error.kind);
    read_error("anthropic", kind.map_or(500, |kind| status_of(kind.as_str())), body)
}

/// An error as a client of this dialect expects it: status and JSON body.
///
/// A provider's error in this dialect's envelope goes out unchanged: clients match its words to recover.
/// A spent budget is 429 `billing_error`, the one refusal of money that Claude Code explains to its user. A model
/// that does not exist is 404 as at Anthropic: behind a 400 that client looks for the fault in its own request and
/// tries six times (`real-clients.md`).
#[must_use]
pub fn write_error(error: &Error) -> (u16, Bytes) {
    let (status, kind) = match error.kind {
        Kind::BudgetExceeded => (429, "billing_error"),
        Kind::UnknownModel => (404, "not_found_error"),
        _ => (error.status(), type_of(error.status())),
    };
    if let Some(body) = own_envelope(error) {
        return (status, body);
    }
    let message = error.provider.as_deref().and_then(plain_message).unwrap_or_else(|| error.message.clone());
    let body = object(|body| {
        body.text("type", "error");
        body.object("error", |members| {
            members.text("type", kind);
            members.text("message", &message);
            if let Some(limited) = error.limited.as_deref() {
                members.object(limit_object::NAME, |limit| limit_object::write(limit, limited));
            }
        });
    });
    (status, body.into())
}

/// The provider's body, if it already is what the client expects.
fn own_envelope(error: &Error) -> Option<Bytes> {
    let reply = error.provider.as_deref().filter(|_| error.kind == Kind::UpstreamStatus)?;
    let envelope: ErrorEnvelope<'_> = serde_json::from_slice(&reply.body).ok()?;
    let is_error = envelope.kind.is_some_and(|kind| kind.as_str() == "error");
    let inner = envelope.error?;
    (is_error && inner.kind.is_some() && inner.message.is_some()).then(|| reply.body.clone())
}

/// The words of another provider, in the shapes that providers use, without the prefix that LiteLLM's OpenAI
/// clients look for.
fn plain_message(reply: &ProviderReply) -> Option<String> {
    let value: Value = serde_json::from_slice(&reply.body).ok()?;
    // Gemini puts its error into a list when it streams.
    let value = value.get(0).unwrap_or(&value);
    let error = value.get("error");
    let candidates =
        [error.and_then(|error| error.get("message")), error, value.get("message"), value.get("detail")];
    let message = candidates.into_iter().flatten().find_map(Value::as_str)?;
    let body = String::from_utf8_lossy(&reply.body).to_ascii_lowercase();
    let is_too_long = matches!(reply.status, 400 | 413)
        && !body.contains(PROMPT_IS_TOO_LONG)
        && TOO_LONG.iter().any(|words| body.contains(words));
    Some(if is_too_long { format!("{PROMPT_IS_TOO_LONG}: {message}") } else { message.to_owned() })
}

#[cfg(test)]
mod tests {
    use weighhouse_types::{Bound, Limited, Pace, RateKind, Reset, ScopeKind};

    use super::*;

    fn upstream(status: u16, body: &'static str) -> Error {
        read_error("openai", status, &Bytes::from_static(body.as_bytes()))
    }

    fn written(error: &Error) -> (u16, String) {
        let (status, body) = write_error(error);
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn an_envelope_of_this_dialect_goes_out_unchanged() {
        let body = r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 200001 tokens > 200000 maximum"},"request_id":"req_1"}"#;
        assert_eq!(written(&upstream(400, body)), (400, body.to_owned()));
    }

    #[test]
    fn another_providers_words_come_without_a_prefix() {
        for body in [
            r#"{"error":{"message":"no such model","code":"x"}}"#,
            r#"[{"error":{"message":"no such model"}}]"#,
            r#"{"detail":"no such model"}"#,
        ] {
            let expected =
                r#"{"type":"error","error":{"type":"not_found_error","message":"no such model"}}"#.to_owned();
            assert_eq!(written(&upstream(404, body)), (404, expected), "{body}");
        }
    }

    #[test]
    fn a_full_window_is_said_in_the_words_that_clients_look_for() {
        let body = r#"{"error":{"message":"too many tokens","code":"context_length_exceeded"}}"#;
        let expected = r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: too many tokens"}}"#;
        assert_eq!(written(&upstream(400, body)), (400, expected.to_owned()));
    }

    #[test]
    fn refusals_of_the_house_have_their_types() {
        for (kind, status, word) in [
            (Kind::BudgetExceeded, 429, "billing_error"),
            (Kind::RateLimited, 429, "rate_limit_error"),
            (Kind::UnknownKey, 401, "authentication_error"),
            (Kind::UnknownModel, 404, "not_found_error"),
            (Kind::ModelDenied, 403, "permission_error"),
            (Kind::TooLarge, 413, "request_too_large"),
            (Kind::InvalidRequest, 400, "invalid_request_error"),
            (Kind::Overloaded, 503, "overloaded_error"),
            (Kind::Internal, 500, "api_error"),
        ] {
            let expected = format!(r#"{{"type":"error","error":{{"type":"{word}","message":"m"}}}}"#);
            assert_eq!(written(&Error::new(kind, "m")), (status, expected));
        }
    }

    #[test]
    fn the_limit_that_refused_is_told_to_programs() {
        let pace = Pace { kind: RateKind::Tokens, limit: 9, remaining: 4, refills_s: 61 };
        let reset = Some(Reset { unix_ms: 0, text: "1970-01-01T00:00:00Z".into() });
        let limited = Limited { scope: ScopeKind::Team, id: "crew".into(), bound: Bound::Rate(pace), reset };
        let expected = r#"{"type":"error","error":{"type":"rate_limit_error","message":"m","weighhouse":{"scope":"team","id":"crew","limit_type":"tokens","limit":9,"remaining":4,"reset_at":"1970-01-01T00:00:00Z"}}}"#;
        assert_eq!(written(&Error::new(Kind::RateLimited, "m").limited(limited)), (429, expected.to_owned()));
    }

    #[test]
    fn an_error_of_a_stream_has_the_status_of_its_type() {
        let body = br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        assert_eq!(read_error_object(&Bytes::from_static(body)).status(), 529);
    }
}
