//! Calls at once.

use crate::atomics::{AtomicU64, Ordering};

/// A bound on calls in flight.
#[derive(Debug)]
pub struct Slots {
    limit: AtomicU64,
    used: AtomicU64,
}

impl Slots {
    /// A bound; none is no bound.
    #[must_use]
    pub fn new(limit: Option<u64>) -> Self {
        Self { limit: AtomicU64::new(limit.unwrap_or(u64::MAX)), used: AtomicU64::new(0) }
    }

    /// Changes the bound; calls in flight go on.
    pub fn set_limit(&self, limit: Option<u64>) {
        self.limit.store(limit.unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The bound.
    #[must_use]
    pub fn limit(&self) -> Option<u64> {
        Some(self.limit.load(Ordering::Relaxed)).filter(|limit| *limit != u64::MAX)
    }

    /// Takes a slot, if one is free.
    pub fn take(&self) -> bool {
        let limit = self.limit.load(Ordering::Relaxed);
        self.used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| (used < limit).then_some(used + 1))
            .is_ok()
    }

    /// Gives a slot back.
    pub fn give_back(&self) {
        self.used.fetch_sub(1, Ordering::AcqRel);
    }

    /// Slots in use.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_bounded_and_come_back() {
        let slots = Slots::new(Some(2));
        assert!(slots.take() && slots.take() && !slots.take());
        slots.give_back();
        assert!(slots.take());
        slots.set_limit(Some(1));
        slots.give_back();
        assert!(!slots.take());
        assert_eq!(slots.used(), 1);
    }
}
