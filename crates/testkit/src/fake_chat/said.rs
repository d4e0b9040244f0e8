//! What a fake says to one call, written down by the test as a sentence.

use std::time::Duration;

use serde_json::Value;

/// What a fake says to one call. Setters take and give it, so that a test reads as a sentence.
///
/// With no block it says what a small model would, the same on every run:
/// what the tools' results said, if the last turn brought any; a call for each tool that the user's last text names
/// behind the word `call`; the least JSON that satisfies the schema that was asked for; else `You said: ` and the
/// user's last text. Where thinking was asked for, it thinks `Let me think.` before.
/// Its tokens: a fourth of the request's text in bytes, rounded up; of the answer the pieces between blanks.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub(super) blocks: Vec<SaidBlock>,
    pub(super) stop: Option<String>,
    pub(super) usage: SaidUsage,
    pub(super) refusal: Option<(u16, String, String)>,
    pub(super) extra_headers: Vec<(String, String)>,
    pub(super) error_after: Option<usize>,
    pub(super) cut_after: Option<usize>,
    pub(super) stall_after: Option<usize>,
    pub(super) latency: Duration,
    pub(super) pace: Duration,
    pub(super) unknown_members: bool,
}

/// A block of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum SaidBlock {
    /// A thought; it gets a signature that is checked when it comes back.
    Thinking(String),
    /// A thought that the provider does not show.
    Redacted(String),
    /// Text.
    Text(String),
    /// A call of a tool.
    Call {
        /// The tool's name.
        name: String,
        /// Its arguments, an object.
        arguments: Value,
    },
}

/// What the answer's usage says. No token is counted twice: each wire adds up what its own members include.
#[derive(Clone, Debug, Default)]
pub struct SaidUsage {
    /// Tokens of the request beside those of the cache; without it they are counted.
    pub input: Option<u64>,
    /// Tokens that were read from the cache.
    pub cache_read: u64,
    /// Tokens that were written to the cache.
    pub cache_write: u64,
    /// Tokens of the answer beside the thoughts; without it they are counted.
    pub output: Option<u64>,
    /// Tokens of the thoughts; with 0 they are counted.
    pub reasoning: u64,
}

impl Said {
    /// Says a text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::default().and_text(text)
    }

    /// Thinks.
    #[must_use]
    pub fn thinking(thought: &str) -> Self {
        Self::default().and(SaidBlock::Thinking(thought.into()))
    }

    /// Calls a tool.
    #[must_use]
    pub fn call(name: &str, arguments: Value) -> Self {
        Self::default().and_call(name, arguments)
    }

    /// Refuses with a status, the provider's word for the error, and a message.
    #[must_use]
    pub fn refused(status: u16, kind: &str, message: &str) -> Self {
        Self { refusal: Some((status, kind.into(), message.into())), ..Self::default() }
    }

    /// One more block.
    #[must_use]
    pub fn and(mut self, block: SaidBlock) -> Self {
        self.blocks.push(block);
        self
    }

    /// One more text.
    #[must_use]
    pub fn and_text(self, text: &str) -> Self {
        self.and(SaidBlock::Text(text.into()))
    }

    /// One more call.
    #[must_use]
    pub fn and_call(self, name: &str, arguments: Value) -> Self {
        self.and(SaidBlock::Call { name: name.into(), arguments })
    }

    /// Ends for this reason, in the provider's own word for it.
    #[must_use]
    pub fn stop(mut self, reason: &str) -> Self {
        self.stop = Some(reason.into());
        self
    }

    /// Reports so many tokens of the request beside those of the cache.
    #[must_use]
    pub fn input(mut self, tokens: u64) -> Self {
        self.usage.input = Some(tokens);
        self
    }

    /// Reports so many tokens that were read from and written to the cache.
    #[must_use]
    pub fn cache(mut self, read: u64, written: u64) -> Self {
        self.usage.cache_read = read;
        self.usage.cache_write = written;
        self
    }

    /// Reports so many tokens of the answer beside its thoughts.
    #[must_use]
    pub fn output(mut self, tokens: u64) -> Self {
        self.usage.output = Some(tokens);
        self
    }

    /// Reports so many tokens of thought, instead of those that are counted.
    #[must_use]
    pub fn reasoning(mut self, tokens: u64) -> Self {
        self.usage.reasoning = tokens;
        self
    }

    /// Sends a header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.extra_headers.push((name.into(), value.into()));
        self
    }

    /// Says an error after so many events of a stream: that of [`Said::refused`], or that it is overloaded.
    /// A whole answer is that error.
    #[must_use]
    pub fn error_after(mut self, events: usize) -> Self {
        self.error_after = Some(events);
        self
    }

    /// Cuts the connection after so many events of a stream, or in the middle of a whole answer.
    #[must_use]
    pub fn cut_after(mut self, events: usize) -> Self {
        self.cut_after = Some(events);
        self
    }

    /// Says nothing more after so many events of a stream, or nothing at all instead of a whole answer, until its peer
    /// leaves.
    #[must_use]
    pub fn stall_after(mut self, events: usize) -> Self {
        self.stall_after = Some(events);
        self
    }

    /// Waits so long before it answers.
    #[must_use]
    pub fn latency(mut self, time: Duration) -> Self {
        self.latency = time;
        self
    }

    /// Waits so long between two events of a stream.
    #[must_use]
    pub fn pace(mut self, time: Duration) -> Self {
        self.pace = time;
        self
    }

    /// Strews in members and events that no SDK knows, so that a test can tell whether bytes pass as they are.
    #[must_use]
    pub fn unknown_members(mut self) -> Self {
        self.unknown_members = true;
        self
    }
}
