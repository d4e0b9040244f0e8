//! Streams of this dialect, read into canonical events and written from them.

use weighhouse_types::Error;
use weighhouse_types::chat::Event;

use crate::registry::UsageRules;
use crate::translation::{ReplyNotes, Shown};

/// Reads a provider's stream.
#[derive(Clone, Debug)]
pub struct StreamReader {
    _notes: ReplyNotes,
}

impl StreamReader {
    /// A stream that begins.
    #[must_use]
    pub const fn new(notes: ReplyNotes, _rules: UsageRules) -> Self {
        Self { _notes: notes }
    }

    /// Takes a frame (one server-sent event with its blank line) and adds what it says to `events`.
    ///
    /// # Errors
    /// `UpstreamGarbled`: not what the dialect allows.
    pub fn frame(&mut self, _frame: &[u8], _events: &mut Vec<Event>) -> Result<(), Error> {
        Ok(())
    }

    /// The bytes are over: what is still open is closed, if the stream came to its own end.
    pub fn finish(&mut self, _events: &mut Vec<Event>) {}
}

/// Writes a stream for a client.
#[derive(Clone, Debug)]
pub struct StreamWriter {
    _shown: Shown,
}

impl StreamWriter {
    /// A stream that begins.
    #[must_use]
    pub const fn new(shown: Shown) -> Self {
        Self { _shown: shown }
    }

    /// Adds what an event becomes to `out`: no frame, one, or several.
    pub fn event(&mut self, _event: &Event, _out: &mut Vec<u8>) {}

    /// Says that the stream breaks off.
    pub fn fail(&mut self, _error: &Error, _out: &mut Vec<u8>) {}
}
