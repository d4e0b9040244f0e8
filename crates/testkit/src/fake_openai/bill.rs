//! The fake's own bill: what it would charge, to be held against what a gateway booked.

use weighhouse_types::{Nanos, Picos};

/// Every finished call, in the order in which they ended, and their sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// The calls that the fake did some work for; refused ones are free and not listed.
    pub calls: Vec<BilledCall>,
    /// The sum of the calls' prices.
    pub total: Nanos,
}

/// What one call costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BilledCall {
    /// Tokens of the prompt, the cached ones included.
    pub prompt_tokens: u64,
    /// Tokens of the answer, the thought ones included.
    pub completion_tokens: u64,
    /// Prompt tokens that came from a cache.
    pub cached_tokens: u64,
    /// Thought tokens.
    pub reasoning_tokens: u64,
    /// The price, rounded half up once.
    pub nanos: Nanos,
    /// Whether the answer broke off, by the peer or by a scripted fault.
    pub aborted: bool,
}

/// What a token costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prices {
    pub(super) input: Picos,
    pub(super) cached: Picos,
    pub(super) output: Picos,
}

impl Default for Prices {
    /// One and two micro-dollars, as the bench's configuration says.
    fn default() -> Self {
        Self { input: Picos::new(1_000_000), cached: Picos::new(1_000_000), output: Picos::new(2_000_000) }
    }
}

/// A call's tokens while it is being answered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) prompt: u64,
    pub(super) cached: u64,
    pub(super) reasoning: u64,
    /// Tokens of the answer that were handed to the connection, thought ones included.
    pub(super) handed: u64,
    /// All tokens that the answer would have, thought ones included.
    pub(super) planned: u64,
}

impl Tally {
    /// The call's line on the bill.
    pub(super) fn close(self, prices: Prices, aborted: bool, whole: bool) -> BilledCall {
        let completion = if whole { self.planned } else { self.handed };
        let cost = prices.input * (self.prompt - self.cached)
            + prices.cached * self.cached
            + prices.output * completion;
        BilledCall {
            prompt_tokens: self.prompt,
            completion_tokens: completion,
            cached_tokens: self.cached,
            reasoning_tokens: self.reasoning.min(completion),
            nanos: cost.to_nanos(),
            aborted,
        }
    }
}
