//! What an error object in the middle of a stream stands for: its status was sent long ago and said success.

use serde_json::Value;

/// A bad gateway: the provider failed and did not say how.
const UNKNOWN: u16 = 502;

/// Words of providers for kinds of failures: Anthropic's `type`, OpenAI's `code` and `type`, Google's `status`.
const WORDS: &[(&str, u16)] = &[
    ("invalid_request_error", 400),
    ("INVALID_ARGUMENT", 400),
    ("FAILED_PRECONDITION", 400),
    ("invalid_prompt", 400),
    ("context_length_exceeded", 400),
    ("authentication_error", 401),
    ("UNAUTHENTICATED", 401),
    ("billing_error", 402),
    ("insufficient_quota", 429),
    ("permission_error", 403),
    ("PERMISSION_DENIED", 403),
    ("not_found_error", 404),
    ("NOT_FOUND", 404),
    ("request_too_large", 413),
    ("rate_limit_error", 429),
    ("rate_limit_exceeded", 429),
    ("RESOURCE_EXHAUSTED", 429),
    ("api_error", 500),
    ("server_error", 500),
    ("INTERNAL", 500),
    ("UNAVAILABLE", 503),
    ("server_is_overloaded", 503),
    ("timeout_error", 504),
    ("DEADLINE_EXCEEDED", 504),
    ("overloaded_error", 529),
];

/// The status that an error object stands for: its own code, or what its words mean.
#[must_use]
pub fn status(object: &[u8]) -> u16 {
    let Ok(object) = serde_json::from_slice::<Value>(object) else { return UNKNOWN };
    let of_number = object.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    if let Some(code) = of_number.filter(|code| (400..600).contains(code)) {
        return code;
    }
    let words = ["code", "type", "status"].iter().filter_map(|name| object.get(*name)?.as_str());
    words
        .filter_map(|word| WORDS.iter().find(|(known, _)| *known == word))
        .map(|(_, status)| *status)
        .next()
        .unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_words_are_understood() {
        for (object, expected) in [
            (r#"{"code":503,"status":"UNAVAILABLE"}"#, 503),
            (r#"{"type":"overloaded_error","message":"Overloaded"}"#, 529),
            (r#"{"code":"rate_limit_exceeded","type":"tokens"}"#, 429),
            (r#"{"code":"odd","type":"server_error"}"#, 500),
            (r#"{"code":200}"#, 502),
            (r#""plain""#, 502),
            ("no json", 502),
        ] {
            assert_eq!(status(object.as_bytes()), expected, "{object}");
        }
    }
}
