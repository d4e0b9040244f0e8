//! Limits of rate: which of them hold for a scope, and how far each is used.

use weighhouse_types::{Pace, RateKind};

use crate::scope_meter::ScopeMeter;
use crate::slots::Slots;
use crate::window::Rate;

/// Nobody knows when a call in flight ends.
const SLOT_WAIT_S: u64 = 1;

/// A limit that does not bear a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) pace: Pace,
    /// Seconds until the call would be let in.
    pub(crate) wait_s: u64,
}

impl Reached {
    pub(crate) fn of(rate: &Rate, kind: RateKind, second: u64, wait_s: u64) -> Self {
        // Somebody may have taken the limit away meanwhile.
        let gone = Pace { kind, limit: 0, remaining: 0, refills_s: wait_s };
        Self { pace: rate.pace(kind, second).unwrap_or(gone), wait_s }
    }

    pub(crate) fn slots(slots: &Slots) -> Self {
        let limit = slots.limit().unwrap_or_default();
        let pace = Pace { kind: RateKind::ParallelRequests, limit, remaining: 0, refills_s: SLOT_WAIT_S };
        Self { pace, wait_s: SLOT_WAIT_S }
    }
}

impl ScopeMeter {
    /// Whether calls or tokens in a minute or a day are limited.
    #[must_use]
    pub fn is_paced(&self) -> bool {
        self.request_rates().iter().any(|(_, rate)| rate.limit().is_some())
            || self.token_rates().iter().any(|(_, rate, _)| rate.limit().is_some())
    }

    /// The limits of calls and tokens, and how far each is used at a second.
    #[must_use]
    pub fn paces(&self, second: u64) -> Vec<Pace> {
        let requests = self.request_rates().map(|(kind, rate)| rate.pace(kind, second));
        let tokens = self.token_rates().map(|(kind, rate, _)| rate.pace(kind, second));
        requests.into_iter().chain(tokens).flatten().collect()
    }
}
