//! The limit that refused a call, as facts for programs; its words stand in the error's message.

use std::sync::Arc;

use crate::money::Nanos;
use crate::scope::ScopeKind;

/// What a limit of rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateKind {
    /// Calls in a minute.
    Requests,
    /// Calls in a day.
    RequestsPerDay,
    /// Tokens in a minute.
    Tokens,
    /// Tokens in a day.
    TokensPerDay,
    /// Tokens of prompts in a minute.
    InputTokens,
    /// Generated tokens in a minute.
    OutputTokens,
    /// Calls at once.
    ParallelRequests,
}

impl RateKind {
    /// Every kind, in the order of their declaration.
    pub const ALL: [Self; 7] = [
        Self::Requests,
        Self::RequestsPerDay,
        Self::Tokens,
        Self::TokensPerDay,
        Self::InputTokens,
        Self::OutputTokens,
        Self::ParallelRequests,
    ];

    /// LiteLLM's `rate_limit_type`; what it has no word for is named alike.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::RequestsPerDay => "requests_per_day",
            Self::Tokens => "tokens",
            Self::TokensPerDay => "tokens_per_day",
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
            Self::ParallelRequests => "max_parallel_requests",
        }
    }
}

/// How far a limit of rate is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// What it counts.
    pub kind: RateKind,
    /// The limit.
    pub limit: u64,
    /// Units left.
    pub remaining: u64,
    /// Seconds until all of it is left again, where nothing more is used.
    pub refills_s: u64,
}

/// The limit that refused a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limited {
    /// What kind of thing has the limit.
    pub scope: ScopeKind,
    /// How that one is shown: a key's `sk-...abcd`, a team's id.
    pub id: Arc<str>,
    /// What it bounds, and how far that is used.
    pub bound: Bound,
    /// When the call would be let in; none where waiting does not help.
    pub reset: Option<Reset>,
}

/// A moment at which a limit bears more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reset {
    /// Milliseconds since 1970.
    pub unix_ms: i64,
    /// The same by RFC 3339: who writes errors knows no calendar.
    pub text: String,
}

/// What a limit bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Money.
    Budget {
        /// The budget.
        limit: Nanos,
        /// Spent of it.
        settled: Nanos,
        /// Held by calls in flight.
        held: Nanos,
        /// The most that the call may cost, where that is known.
        needed: Option<Nanos>,
    },
    /// Calls or tokens.
    Rate(Pace),
}

impl Bound {
    /// `budget`, or what the rate counts.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Budget { .. } => "budget",
            Self::Rate(pace) => pace.kind.name(),
        }
    }
}
