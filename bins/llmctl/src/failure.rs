//! Why the program ends without success, and with which status.

use weighhouse_client::ClientError;

/// Something unexpected: the gateway failed, or its answer was not understood, or a file could not be read.
const FAILED: u8 = 1;
/// The command line cannot be meant so.
const USAGE: u8 = 2;
const NOT_FOUND: u8 = 3;
/// The key that asks was refused, or may not do this.
const KEY_REFUSED: u8 = 4;
/// The gateway found something wrong with what was asked.
const REFUSED: u8 = 5;
/// A limit or budget was reached.
const LIMITED: u8 = 6;
/// No gateway answers at the address, or not in time.
const UNREACHABLE: u8 = 7;
/// Ctrl-C, as shells count.
const INTERRUPTED: u8 = 130;

/// The statuses as `--help` and the reference show them.
pub(crate) const STATUSES: &str = "\
Exit status:
    0  done
    1  failed: the gateway's error, an answer that is not understood, a file that cannot be read
    2  wrong usage
    3  not found
    4  the key was refused, or may not do this
    5  refused: something is wrong with what was asked
    6  over a limit or budget
    7  no gateway answers at the address, or not in time
  130  stopped with Ctrl-C";

/// Why the program ends without success.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The process's exit status.
    pub(crate) code: u8,
    /// For people: what, and where.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

impl Failure {
    fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    /// Something that has no status of its own.
    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self::new(FAILED, message)
    }

    /// The command line contradicts itself.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(NOT_FOUND, message)
    }

    /// Something is wrong with what was asked.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(REFUSED, message)
    }

    pub(crate) fn interrupted() -> Self {
        Self::new(INTERRUPTED, "stopped")
    }

    pub(crate) fn no_key() -> Self {
        Self::new(KEY_REFUSED, "no key to ask with").hint(
            "keep one with `llmctl context add`, set LLMCTL_KEY (or LITELLM_PROXY_API_KEY), or use --key-stdin",
        )
    }

    /// Says what to do.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let code = code(&error);
        let place = match &error {
            ClientError::Refused { param: Some(param), .. } => format!(" (at {param})"),
            _ => String::new(),
        };
        let hint = match &error {
            ClientError::Refused { status: 401, .. } => Some(
                "which key asks: --key-stdin, LLMCTL_KEY, then the context in use (`llmctl context show`)",
            ),
            ClientError::Unreachable { .. } => {
                Some("start the gateway, or name another with --url, LLMCTL_URL or `llmctl context use`")
            }
            ClientError::TimedOut { .. } => Some("wait longer with --timeout SECONDS"),
            _ => None,
        };
        Self { code, message: format!("{error}{place}"), hint: hint.map(str::to_owned) }
    }
}

fn code(error: &ClientError) -> u8 {
    match error {
        ClientError::Refused { kind, .. } if kind == "budget_exceeded" => LIMITED,
        ClientError::Refused { status, .. } => match status {
            401 | 403 => KEY_REFUSED,
            404 => NOT_FOUND,
            429 => LIMITED,
            400..=499 => REFUSED,
            _ => FAILED,
        },
        ClientError::Address(_) | ClientError::Key => USAGE,
        ClientError::Unreachable { .. } | ClientError::TimedOut { .. } => UNREACHABLE,
        _ => FAILED,
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
            (refused(500, "internal_server_error"), 1),
            (ClientError::Garbled(String::new()), 1),
            (ClientError::Key, 2),
            (refused(404, "not_found_error"), 3),
            (refused(401, "auth_error"), 4),
            (refused(403, "auth_error"), 4),
            (refused(400, "bad_request_error"), 5),
            (refused(409, "bad_request_error"), 5),
            (refused(422, "bad_request_error"), 5),
            (refused(400, "budget_exceeded"), 6),
            (refused(429, "throttling_error"), 6),
            (ClientError::Unreachable { address: String::new(), reason: String::new() }, 7),
        ] {
            let words = format!("{error:?}");
            assert_eq!(Failure::from(error).code, code, "{words}");
        }
    }
}
