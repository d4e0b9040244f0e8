//! Calls at once.

/// A bound on calls in flight. It stands behind the lock of its scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slots {
    limit: Option<u64>,
    used: u64,
}

impl Slots {
    /// A bound; none is no bound.
    pub(crate) const fn new(limit: Option<u64>) -> Self {
        Self { limit, used: 0 }
    }

    /// Changes the bound; calls in flight go on.
    pub(crate) const fn set_limit(&mut self, limit: Option<u64>) {
        self.limit = limit;
    }

    /// The bound.
    pub(crate) const fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Whether one more call may come.
    pub(crate) fn has_room(&self) -> bool {
        self.limit.is_none_or(|limit| self.used < limit)
    }

    /// Takes a slot. Calls are counted without a bound too: one may be set while they go on.
    pub(crate) const fn take(&mut self) {
        self.used += 1;
    }

    /// Gives a slot back.
    pub(crate) const fn give_back(&mut self) {
        self.used = self.used.saturating_sub(1);
    }

    /// Slots in use.
    pub(crate) const fn used(&self) -> u64 {
        self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_bounded_and_come_back() {
        let mut slots = Slots::new(Some(2));
        slots.take();
        assert!(slots.has_room());
        slots.take();
        assert!(!slots.has_room());
        slots.give_back();
        assert!(slots.has_room());
        slots.take();
        slots.set_limit(Some(1));
        slots.give_back();
        assert!(!slots.has_room());
        assert_eq!(slots.used(), 1);
    }
}
