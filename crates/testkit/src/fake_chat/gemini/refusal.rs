//! Google's error envelope.

use serde_json::{Value, json};

use super::super::asked::Refused;

/// A request that is not in order.
pub(super) fn invalid(message: impl Into<String>) -> Refused {
    Refused::new(400, "INVALID_ARGUMENT", message)
}

/// Several faults that Google's validators found, a line each.
pub(super) fn invalid_fields(faults: &[String]) -> Refused {
    invalid(faults.iter().map(|fault| format!("* {fault}\n")).collect::<String>())
}

/// `{"error":{code, message, status, details}}`, over several lines as Google writes it.
pub(super) fn envelope(refused: &Refused) -> Value {
    let mut error = json!({"code": refused.status, "message": refused.message, "status": refused.kind});
    if let Some(details) = details(&refused.message) {
        error["details"] = details;
    }
    json!({"error": error})
}

/// Where the front end refuses, it tells the places apart.
fn details(message: &str) -> Option<Value> {
    if message.starts_with("API key not valid") {
        return Some(json!([{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"},
        }]));
    }
    let from_front_end = |line: &str| {
        line.starts_with("Invalid JSON payload received. Unknown name")
            || line.starts_with("Invalid value at")
    };
    if !message.lines().any(from_front_end) {
        return None;
    }
    let violations = message.lines().map(|line| {
        let place = line.split_once(" at '").and_then(|(_, rest)| rest.split_once('\''));
        match place {
            Some((field, _)) => json!({"field": field, "description": line}),
            None => json!({"description": line}),
        }
    });
    Some(json!([{
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": violations.collect::<Vec<_>>(),
    }]))
}
