//! Answers of a provider that speaks the client's own dialect: passed on as they came but for the model's name,
//! and weighed in passing.

use bytes::Bytes;
use weighhouse_types::{Error, Kind};

use crate::registry::UsageRules;
use crate::weight::{StreamEnd, Whole};

/// Weighs a whole answer; `model` is the name that the client is shown, none to leave the provider's.
///
/// # Errors
/// `UpstreamGarbled`: not a JSON object. `UpstreamStatus`: an error object behind a status of success.
pub fn weigh_answer(_body: &Bytes, _model: Option<&str>, _rules: UsageRules) -> Result<Whole, Error> {
    Err(Error::new(Kind::Internal, "not there yet"))
}

/// The state of one relayed stream.
#[derive(Clone, Debug)]
pub struct StreamRelay {
    end: StreamEnd,
}

impl StreamRelay {
    /// A stream whose frames show `model` (none: the provider's name stays).
    #[must_use]
    pub fn new(_model: Option<&str>, _rules: UsageRules) -> Self {
        Self { end: StreamEnd::default() }
    }

    /// Takes a frame and gives what the client gets in its place; none where it is hidden.
    pub fn frame(&mut self, frame: Bytes) -> Option<Bytes> {
        Some(frame)
    }

    /// What the stream came to, when it ended or was given up.
    #[must_use]
    pub fn end(&mut self) -> StreamEnd {
        std::mem::take(&mut self.end)
    }

    /// The stream has said that it is complete.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.end.complete
    }

    /// The error object that the provider put into the stream.
    #[must_use]
    pub const fn error(&self) -> Option<&Bytes> {
        self.end.error.as_ref()
    }
}
