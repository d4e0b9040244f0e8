//! Errors as clients of this dialect know them: `{"error":{"code","message","status"}}` with the names of
//! google.rpc (<https://cloud.google.com/apis/design/errors#error_model>).

use bytes::Bytes;
use serde_json::value::RawValue;
use weighhouse_types::{Bound, Error, Kind};

use crate::limit_object;
use crate::wire::{Array, object};

/// An error as a client of this dialect expects it: status and JSON body.
#[must_use]
pub fn write_error(error: &Error) -> (u16, Bytes) {
    let status = error.status();
    let provider = error.provider.as_ref().filter(|_| error.kind == Kind::UpstreamStatus);
    let theirs = provider.map(|reply| Theirs::read(&reply.body)).unwrap_or_default();
    if let Theirs::Own(body) = theirs {
        return (status, body);
    }
    let message = match &theirs {
        Theirs::Message(message) if !message.is_empty() => message.clone(),
        Theirs::Own(_) | Theirs::Message(_) => error.to_string(),
    };
    let body = object(|body| {
        body.object("error", |members| {
            members.number("code", u64::from(status));
            members.text("message", &message);
            members.text("status", status_name(status));
            if error.retry_after.is_some() || error.limited.is_some() {
                members.array("details", |details| write_details(details, error));
            }
        });
    });
    (status, body.into())
}

fn write_details(details: &mut Array<'_>, error: &Error) {
    if let Some(after) = error.retry_after {
        details.object(|detail| {
            detail.text("@type", "type.googleapis.com/google.rpc.RetryInfo");
            detail.text("retryDelay", &format!("{}s", after.as_secs().max(1)));
        });
    }
    if let Some(limited) = error.limited.as_deref() {
        details.object(|detail| {
            detail.text("@type", "type.googleapis.com/google.rpc.ErrorInfo");
            let is_money = matches!(limited.bound, Bound::Budget { .. });
            detail.text("reason", if is_money { "BUDGET_EXCEEDED" } else { "RATE_LIMIT_EXCEEDED" });
            detail.text("domain", limit_object::NAME);
            detail.object("metadata", |metadata| limit_object::write_texts(metadata, limited));
        });
    }
}

/// What a provider said.
enum Theirs {
    /// An error of this dialect, as it came.
    Own(Bytes),
    /// The words of another's; empty where none are found.
    Message(String),
}

impl Default for Theirs {
    fn default() -> Self {
        Self::Message(String::new())
    }
}

impl Theirs {
    fn read(body: &Bytes) -> Self {
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Envelope<'a> {
            #[serde(borrow)]
            error: Option<&'a RawValue>,
            message: Option<String>,
        }
        #[derive(serde::Deserialize)]
        struct Google<'a> {
            #[serde(rename = "code")]
            _code: u16,
            #[serde(rename = "status")]
            _status: String,
            #[serde(borrow, rename = "message")]
            _message: &'a RawValue,
        }
        #[derive(serde::Deserialize)]
        struct Said {
            message: String,
        }
        // The route of streams gives its errors in a list.
        let listed =
            serde_json::from_slice::<Vec<&RawValue>>(body).ok().and_then(|list| list.first().copied());
        let body = listed.map_or_else(|| body.clone(), |one| body.slice_ref(one.get().as_bytes()));
        let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(&body) else { return Self::default() };
        let Some(error) = envelope.error else { return Self::Message(envelope.message.unwrap_or_default()) };
        if serde_json::from_str::<Google<'_>>(error.get()).is_ok() {
            return Self::Own(body.clone());
        }
        let said = serde_json::from_str::<Said>(error.get()).map(|said| said.message);
        Self::Message(said.or_else(|_| serde_json::from_str::<String>(error.get())).unwrap_or_default())
    }
}

/// The name that google.rpc has for a status.
const fn status_name(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        408 | 504 => "DEADLINE_EXCEEDED",
        409 => "ABORTED",
        422 => "FAILED_PRECONDITION",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        501 => "UNIMPLEMENTED",
        502 | 503 | 529 => "UNAVAILABLE",
        400..=499 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use weighhouse_types::{Limited, Nanos, ProviderReply, ScopeKind};

    use super::*;

    fn upstream(status: u16, body: &str) -> Error {
        let reply =
            ProviderReply { provider: "x".into(), status, body: Bytes::copy_from_slice(body.as_bytes()) };
        Error::new(Kind::UpstreamStatus, "ours").provider(reply)
    }

    fn limited() -> Limited {
        let (limit, settled) = (Nanos::dollars(1), Nanos::dollars(1));
        let needed = Some(Nanos::new(200_000_000));
        let bound = Bound::Budget { limit, settled, held: Nanos::ZERO, needed };
        Limited { scope: ScopeKind::Team, id: "crew".into(), bound, reset: None }
    }

    #[test]
    fn our_errors_have_googles_names() {
        for (error, status, body) in [
            (
                Error::new(Kind::InvalidRequest, "`contents` is required").at("contents"),
                400,
                r#"{"error":{"code":400,"message":"`contents` is required (at contents)","status":"INVALID_ARGUMENT"}}"#,
            ),
            (
                Error::new(Kind::RateLimited, "too fast").retry_after(Duration::from_secs(7)),
                429,
                r#"{"error":{"code":429,"message":"too fast","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}]}}"#,
            ),
            (
                Error::new(Kind::BudgetExceeded, "spent"),
                422,
                r#"{"error":{"code":422,"message":"spent","status":"FAILED_PRECONDITION"}}"#,
            ),
            (
                Error::new(Kind::BudgetExceeded, "spent").limited(limited()),
                422,
                r#"{"error":{"code":422,"message":"spent","status":"FAILED_PRECONDITION","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"BUDGET_EXCEEDED","domain":"weighhouse","metadata":{"scope":"team","id":"crew","limit_type":"budget","limit":"1","settled":"1","held":"0","needed":"0.2"}}]}}"#,
            ),
        ] {
            assert_eq!(write_error(&error), (status, Bytes::from(body)));
        }
    }

    #[test]
    fn a_providers_own_words_are_kept() {
        let own =
            r#"{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[{"x":1}]}}"#;
        assert_eq!(write_error(&upstream(429, own)), (429, Bytes::from(own)));
        assert_eq!(write_error(&upstream(429, &format!("[{own}]"))), (429, Bytes::from(own)));
        for (body, message) in [
            (r#"{"error":{"message":"prompt is too long","type":"x"}}"#, "prompt is too long"),
            (r#"{"message":"no"}"#, "no"),
            (r#"{"error":"plain"}"#, "plain"),
            ("<html>", "ours"),
        ] {
            let expected =
                format!(r#"{{"error":{{"code":400,"message":"{message}","status":"INVALID_ARGUMENT"}}}}"#);
            assert_eq!(write_error(&upstream(400, body)), (400, Bytes::from(expected)));
        }
    }
}
