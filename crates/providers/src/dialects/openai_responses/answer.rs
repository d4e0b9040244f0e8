//! Whole answers of this dialect, read into the canonical form and written from it.

use weighhouse_types::chat::ChatAnswer;
use weighhouse_types::{Error, Kind};

use crate::registry::UsageRules;
use crate::translation::{ReplyNotes, Shown};

/// Reads a provider's whole answer.
///
/// # Errors
/// `UpstreamGarbled`: not what the dialect allows.
pub fn read_answer(_body: &[u8], _notes: &ReplyNotes, _rules: UsageRules) -> Result<ChatAnswer, Error> {
    Err(Error::new(Kind::Internal, "not there yet"))
}

/// Writes a whole answer for a client.
#[must_use]
pub fn write_answer(_answer: &ChatAnswer, _shown: &Shown) -> Vec<u8> {
    Vec::new()
}
