//! Errors: a provider's read, ours written as LiteLLM's clients know them (contract §4f, §9c).

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use weighhouse_types::{Error, Kind, ProviderReply};

use crate::limit_object;

/// Longest provider error that is kept; the rest says nothing new.
const MAX_KEPT_BYTES: usize = 16 * 1024;
/// Longest message that is passed on.
const MAX_MESSAGE_CHARS: usize = 4_000;

/// LiteLLM's exception class for a provider's status; users search their logs for it.
const fn class_of(status: u16) -> &'static str {
    match status {
        400 | 413 | 422 => "BadRequestError",
        401 => "AuthenticationError",
        402 => "PaymentRequired",
        403 => "PermissionDeniedError",
        404 => "NotFoundError",
        408 | 504 => "Timeout",
        429 => "RateLimitError",
        502 => "BadGatewayError",
        503 => "ServiceUnavailableError",
        _ => "InternalServerError",
    }
}

/// A provider's error: its status and body kept, its message found and named as LiteLLM names it.
#[must_use]
pub fn read_error(provider: &str, status: u16, body: &Bytes) -> Error {
    let message = provider_message(body).unwrap_or_else(|| format!("status {status} without a message"));
    let class = class_of(status);
    let words = format!("litellm.{class}: {class}: {}Exception - {message}", title(provider));
    let kept = body.slice(..body.len().min(MAX_KEPT_BYTES));
    Error::new(Kind::UpstreamStatus, words).provider(ProviderReply {
        provider: provider.into(),
        status,
        body: kept,
    })
}

/// `OpenAI` for `openai`, as LiteLLM writes it; others with a capital letter.
fn title(provider: &str) -> String {
    if provider == "openai" {
        return "OpenAI".into();
    }
    let mut letters = provider.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The message in the shapes that providers use: `error.message`, `error`, `message`, `detail`, or plain text.
fn provider_message(body: &Bytes) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let found = serde_json::from_str::<serde_json::Value>(text).ok().and_then(|value| {
        let error = value.get("error");
        let candidates =
            [error.and_then(|error| error.get("message")), error, value.get("message"), value.get("detail")];
        candidates.into_iter().flatten().find_map(|candidate| candidate.as_str().map(str::to_owned))
    });
    let message = found.or_else(|| (!text.is_empty()).then(|| text.to_owned()))?;
    Some(
        message
            .chars()
            .filter(|letter| !letter.is_control() || *letter == '\n')
            .take(MAX_MESSAGE_CHARS)
            .collect(),
    )
}

/// LiteLLM's `type` of a refusal.
const fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::NoKey | Kind::MalformedKey | Kind::BlockedKey | Kind::RouteDenied => "auth_error",
        Kind::UnknownKey => "token_not_found_in_db",
        Kind::ExpiredKey => "expired_key",
        Kind::ModelDenied => "key_model_access_denied",
        Kind::BudgetExceeded => "budget_exceeded",
        Kind::RateLimited => "throttling_error",
        Kind::AllCooling => "all_deployments_in_cooldown",
        Kind::UnknownModel | Kind::Unsupported | Kind::InvalidRequest | Kind::TooLarge | Kind::Conflict => {
            "invalid_request_error"
        }
        Kind::NotFound => "not_found_error",
        Kind::UpstreamTimeout => "timeout_error",
        Kind::Overloaded => "service_unavailable",
        Kind::UpstreamUnreachable
        | Kind::UpstreamBroken
        | Kind::UpstreamStatus
        | Kind::UpstreamGarbled
        | Kind::ClientGone
        | Kind::Internal => "internal_server_error",
    }
}

/// The `type` of a provider's status, as OpenAI's clients know it.
const fn type_of_status(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "throttling_error",
        400..=499 => "invalid_request_error",
        _ => "internal_server_error",
    }
}

#[derive(Serialize)]
struct Envelope<'error> {
    error: Body<'error>,
}

#[derive(Serialize)]
struct Body<'error> {
    message: &'error str,
    r#type: &'error str,
    param: Option<&'error str>,
    /// The status as a string: LiteLLM's clients compare it so.
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_specific_fields: Option<&'error RawValue>,
    /// The limit that refused the call: ours, beside LiteLLM's members.
    #[serde(skip_serializing_if = "Option::is_none")]
    weighhouse: Option<&'error RawValue>,
}

/// An error as a client of this dialect expects it: status and JSON body.
#[must_use]
pub fn write_error(error: &Error) -> (u16, Bytes) {
    let status = error.status();
    let provider = error.provider.as_deref();
    let fields = provider.and_then(|reply| provider_fields(&reply.body));
    let limit = error.limited.as_deref().and_then(limit_object::raw);
    let r#type =
        if error.kind == Kind::UpstreamStatus { type_of_status(status) } else { type_of(error.kind) };
    let body = Body {
        message: &error.message,
        r#type,
        param: error.at.as_deref(),
        code: status.to_string(),
        provider_specific_fields: fields.as_deref(),
        weighhouse: limit.as_deref(),
    };
    let text = serde_json::to_vec(&Envelope { error: body }).unwrap_or_default();
    (status, text.into())
}

/// The provider's own error object, so that its codes are not lost behind ours.
fn provider_fields(body: &Bytes) -> Option<Box<RawValue>> {
    #[derive(serde::Deserialize)]
    struct Reply {
        error: Box<RawValue>,
    }
    let reply: Reply = serde_json::from_slice(body).ok()?;
    reply.error.get().starts_with('{').then_some(reply.error)
}

#[cfg(test)]
mod tests {
    use weighhouse_types::{Bound, Limited, Nanos, Pace, RateKind, Reset, ScopeKind};

    use super::*;

    #[test]
    fn a_providers_words_and_codes_come_through() {
        let body = Bytes::from_static(br#"{"error":{"message":"too long","code":"context_length_exceeded","type":"invalid_request_error"}}"#);
        let (status, text) = write_error(&read_error("openai", 400, &body));
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(status, 400);
        let error = &value["error"];
        assert_eq!(error["message"], "litellm.BadRequestError: BadRequestError: OpenAIException - too long");
        assert_eq!(error["code"], "400");
        assert_eq!(error["provider_specific_fields"]["code"], "context_length_exceeded");
    }

    #[test]
    fn messages_are_found_in_every_shape() {
        for (body, expected) in [
            (r#"{"error":"plain"}"#, Some("plain")),
            (r#"{"message":"top"}"#, Some("top")),
            (r#"{"detail":"fastapi"}"#, Some("fastapi")),
            ("upstream connect error", Some("upstream connect error")),
            ("bell\u{7}", Some("bell")),
            ("", None),
        ] {
            assert_eq!(
                provider_message(&Bytes::copy_from_slice(body.as_bytes())).as_deref(),
                expected,
                "{body}"
            );
        }
    }

    #[test]
    fn a_refusal_has_litellms_shape() {
        let (status, text) = write_error(&Error::new(Kind::BudgetExceeded, "spent").at("key"));
        assert_eq!(status, 422);
        let expected = r#"{"error":{"message":"spent","type":"budget_exceeded","param":"key","code":"422"}}"#;
        assert_eq!(std::str::from_utf8(&text).unwrap(), expected);
    }

    #[test]
    fn the_limit_that_refused_is_told_to_programs() {
        let amounts = |needed| Bound::Budget {
            limit: Nanos::dollars(1),
            settled: Nanos::new(900_000_000),
            held: Nanos::new(50),
            needed,
        };
        let pace = Pace { kind: RateKind::Requests, limit: 3, remaining: 0, refills_s: 61 };
        let reset = Reset { unix_ms: 0, text: "1970-01-01T00:00:00Z".into() };
        for (bound, reset, expected) in [
            (
                amounts(Some(Nanos::new(200_000_000))),
                None,
                r#""limit_type":"budget","limit":1,"settled":0.9,"held":0.00000005,"needed":0.2}"#,
            ),
            (
                amounts(None),
                Some(reset.clone()),
                r#""limit_type":"budget","limit":1,"settled":0.9,"held":0.00000005,"reset_at":"1970-01-01T00:00:00Z"}"#,
            ),
            (
                Bound::Rate(pace),
                Some(reset),
                r#""limit_type":"requests","limit":3,"remaining":0,"reset_at":"1970-01-01T00:00:00Z"}"#,
            ),
        ] {
            let limited = Limited { scope: ScopeKind::Team, id: "crew".into(), bound, reset };
            let (_, text) = write_error(&Error::new(Kind::BudgetExceeded, "spent").limited(limited));
            let expected = format!(
                r#"{{"error":{{"message":"spent","type":"budget_exceeded","param":null,"code":"422","weighhouse":{{"scope":"team","id":"crew",{expected}}}}}"#
            );
            assert_eq!(std::str::from_utf8(&text).unwrap(), expected);
        }
    }
}
