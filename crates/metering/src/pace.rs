//! A limit of rate that is reached.

use weighhouse_types::{Pace, RateKind};

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
    pub(crate) fn of(rate: &mut Rate, kind: RateKind, second: u64, wait_s: u64) -> Self {
        // What is reached is there.
        let gone = Pace { kind, limit: 0, remaining: 0, refills_s: wait_s };
        Self { pace: rate.pace(kind, second).unwrap_or(gone), wait_s }
    }

    pub(crate) fn slots(slots: &Slots) -> Self {
        let limit = slots.limit().unwrap_or_default();
        let pace = Pace { kind: RateKind::ParallelRequests, limit, remaining: 0, refills_s: SLOT_WAIT_S };
        Self { pace, wait_s: SLOT_WAIT_S }
    }
}
