//! The shape of every error that leaves the house on this API (contract §4f).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weighhouse_types::{Error, Kind};

/// `{"error": {…}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// What was wrong.
    pub error: RefusalDetail,
}

/// What was wrong, where, and with which status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusalDetail {
    /// What was wrong and what to do.
    pub message: String,
    /// A word for programs.
    #[serde(rename = "type")]
    pub kind: String,
    /// The field or parameter that is meant.
    #[serde(default)]
    pub param: Option<String>,
    /// The status as a text, as LiteLLM writes it.
    pub code: String,
}

impl Refusal {
    /// Writes an error for a caller; its cause stays inside.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        Self {
            error: RefusalDetail {
                message: error.message.clone(),
                kind: kind_name(error.kind).to_owned(),
                param: error.at.clone(),
                code: error.status().to_string(),
            },
        }
    }
}

/// LiteLLM's `ProxyErrorTypes` for what the control plane can refuse.
const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::NotFound => "not_found_error",
        Kind::RouteDenied | Kind::ModelDenied | Kind::NoKey | Kind::MalformedKey | Kind::BlockedKey => {
            "auth_error"
        }
        Kind::UnknownKey => "token_not_found_in_db",
        Kind::ExpiredKey => "expired_key",
        Kind::Overloaded => "no_db_connection",
        Kind::Internal => "internal_server_error",
        _ => "bad_request_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_written_as_litellm_writes_it() {
        let refusal =
            Refusal::of(&Error::new(Kind::NotFound, "Key not found.").at("key").source("secret cause"));
        assert_eq!(
            serde_json::to_string(&refusal).unwrap(),
            r#"{"error":{"message":"Key not found.","type":"not_found_error","param":"key","code":"404"}}"#
        );
    }
}
