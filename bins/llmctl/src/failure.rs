//! Why the program ends without success, and with which status.

use weighhouse_client::ClientError;

/// The request was refused, or its answer not understood.
const FAILED: u8 = 1;
/// The command line cannot be meant so.
const USAGE: u8 = 2;
const NOT_FOUND: u8 = 3;
/// The key that asks was refused.
const KEY_REFUSED: u8 = 4;
/// A limit or budget was reached.
const LIMITED: u8 = 6;
/// No gateway answers at the address.
const UNREACHABLE: u8 = 7;

/// Why the program ends without success.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The process's exit status.
    pub(crate) code: u8,
    /// For people.
    pub(crate) message: String,
}

impl Failure {
    /// Something that has no status of its own.
    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self { code: FAILED, message: message.into() }
    }

    /// The command line contradicts itself.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, message: message.into() }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self { code: NOT_FOUND, message: message.into() }
    }

    pub(crate) fn no_key() -> Self {
        let message = "no key to ask with: set LLMCTL_API_KEY (or LITELLM_PROXY_API_KEY), or pass --key";
        Self { code: KEY_REFUSED, message: message.into() }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let code = match &error {
            ClientError::Refused { kind, .. } if kind == "budget_exceeded" => LIMITED,
            ClientError::Refused { status: 404, .. } => NOT_FOUND,
            ClientError::Refused { status: 401 | 403, .. } => KEY_REFUSED,
            ClientError::Refused { status: 429, .. } => LIMITED,
            ClientError::Address(_) | ClientError::Https(_) | ClientError::Key => USAGE,
            ClientError::Unreachable { .. } | ClientError::TimedOut { .. } => UNREACHABLE,
            _ => FAILED,
        };
        let place = match &error {
            ClientError::Refused { param: Some(param), .. } => format!(" (at {param})"),
            _ => String::new(),
        };
        Self { code, message: format!("{error}{place}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_decides_the_exit_status() {
        let refused = |status, kind: &str| ClientError::Refused {
            status,
            message: String::new(),
            kind: kind.to_owned(),
            param: None,
        };
        for (error, code) in [
            (refused(400, "bad_request_error"), 1),
            (refused(422, "bad_request_error"), 1),
            (refused(500, "internal_server_error"), 1),
            (ClientError::Garbled(String::new()), 1),
            (ClientError::Https(String::new()), 2),
            (refused(404, "not_found_error"), 3),
            (refused(401, "auth_error"), 4),
            (refused(403, "auth_error"), 4),
            (refused(422, "budget_exceeded"), 6),
            (refused(429, "throttling_error"), 6),
            (ClientError::Unreachable { address: String::new(), reason: String::new() }, 7),
        ] {
            let words = format!("{error:?}");
            assert_eq!(Failure::from(error).code, code, "{words}");
        }
    }
}
