//! Every limit of the data plane, with its default.

use std::time::Duration;

/// Limits of the edge and of calls. None of them is infinite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest request body.
    pub body_bytes: usize,
    /// Largest whole answer of a provider.
    pub answer_bytes: usize,
    /// Largest head of a request: line and headers.
    pub head_bytes: usize,
    /// Most headers of a request.
    pub headers: usize,
    /// Open connections of one worker.
    pub connections: usize,
    /// From accepting a connection to its first byte.
    pub first_byte: Duration,
    /// From the first byte of a head to its last.
    pub head: Duration,
    /// Silence within a body.
    pub body_silence: Duration,
    /// Slowest body, in bytes a second, after the first silence's length.
    pub body_rate: u64,
    /// Silence between requests of one connection.
    pub idle: Duration,
    /// A client that takes nothing of what is sent to it.
    pub write_silence: Duration,
    /// Time for calls in flight when the process is told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 32 * 1024 * 1024,
            answer_bytes: 64 * 1024 * 1024,
            head_bytes: 64 * 1024,
            headers: 100,
            connections: 8_192,
            first_byte: Duration::from_secs(15),
            head: Duration::from_secs(15),
            body_silence: Duration::from_secs(30),
            body_rate: 1_024,
            idle: Duration::from_secs(75),
            write_silence: Duration::from_secs(60),
            drain: Duration::from_secs(30),
        }
    }
}

/// How long a provider may take over what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From sending a call to the answer's first byte (for streams: to the first frame).
    pub first_byte: Duration,
    /// Silence within an answer.
    pub silence: Duration,
    /// A whole answer, from sending the call to its last byte.
    pub total: Duration,
}

impl Default for Patience {
    /// LiteLLM waits 6,000 seconds for everything; silence is cut much earlier here.
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(600),
            silence: Duration::from_secs(120),
            total: Duration::from_secs(6_000),
        }
    }
}
