//! Why a request came to nothing.

use std::time::Duration;

/// Why a request came to nothing. No variant holds the key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address cannot be one of a gateway.
    #[error("{0:?} is no address of a gateway: write http://HOST:PORT or https://HOST")]
    Address(String),
    /// The key cannot stand in a header.
    #[error("the key holds characters that cannot stand in a header")]
    Key,
    /// Nobody answers at the address.
    #[error("no gateway answers at {address}: {reason}")]
    Unreachable {
        /// Where it was sought.
        address: String,
        /// What the network said.
        reason: String,
    },
    /// No whole answer in time.
    #[error("no answer from {address} within {} s", .after.as_secs_f32())]
    TimedOut {
        /// Who was asked.
        address: String,
        /// How long was waited.
        after: Duration,
    },
    /// The gateway said no.
    #[error("{message}")]
    Refused {
        /// Its status.
        status: u16,
        /// Its words.
        message: String,
        /// Its word for programs, such as `not_found_error`.
        kind: String,
        /// The field or parameter that it meant.
        param: Option<String>,
    },
    /// The answer is not what this API gives.
    #[error("the answer is not one of this API ({0}): is this the address of a Weighhouse gateway?")]
    Garbled(String),
    /// The request cannot be written.
    #[error("the request cannot be written")]
    Request(#[source] serde_json::Error),
}

impl ClientError {
    /// The gateway's status, where it said no.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}
