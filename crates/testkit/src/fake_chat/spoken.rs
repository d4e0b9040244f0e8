//! An answer before a wire writes it down.

use serde_json::Value;

/// An answer before a wire writes it down.
#[derive(Clone, Debug, Default)]
pub(super) struct Spoken {
    /// Counts the calls of one fake, from 1; ids are made of it.
    pub(super) number: u64,
    pub(super) blocks: Vec<SpokenBlock>,
    /// The reason for the end in the provider's word, where the test chose it.
    pub(super) stop: Option<String>,
    /// Whether the most tokens of the request cut it short.
    pub(super) cut_short: bool,
    /// The text of the request that ended it.
    pub(super) stopped_at: Option<String>,
    pub(super) usage: SpokenUsage,
    /// Whether to strew in members and events that no SDK knows.
    pub(super) unknown_members: bool,
}

/// A block of an answer. Ids and the place of signatures are the wire's own matter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SpokenBlock {
    Thinking { text: String, signature: String },
    Redacted(String),
    Text(String),
    Call { name: String, arguments: Value },
}

/// The tokens of an answer, none counted twice.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SpokenUsage {
    pub(super) input: u64,
    pub(super) cache_read: u64,
    pub(super) cache_write: u64,
    /// Without those of thoughts.
    pub(super) output: u64,
    pub(super) reasoning: u64,
}

impl Spoken {
    /// Whether the answer calls a tool.
    pub(super) fn calls(&self) -> bool {
        self.blocks.iter().any(|block| matches!(block, SpokenBlock::Call { .. }))
    }
}

/// The signature of a thought, by which a fake knows that it came back untouched: `sig_` and sixteen hex digits.
pub(super) fn signature(text: &str) -> String {
    // FNV-1a of 64 bits: short, and the same on every run.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("sig_{hash:016x}")
}

/// The pieces of a text that make an event each: every word with the blank that follows it.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    text.split_inclusive(' ').collect()
}
