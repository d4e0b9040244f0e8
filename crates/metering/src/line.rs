//! How many calls wait at an account for money that others hold.

use crate::atomics::{AtomicUsize, Ordering};

/// A count of those who wait.
#[derive(Debug)]
pub(crate) struct Line(AtomicUsize);

impl Line {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Whether anybody waits, for a call that comes: it then stands behind them.
    pub(crate) fn has_waiting(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }

    /// Whether anybody must be woken, asked after money came back.
    ///
    /// This writes, so that one of the two is first: either this sees who waits, or who comes later sees the money.
    /// A plain read may miss the one while the other misses the money (`tests/models` shows how).
    pub(crate) fn must_wake(&self) -> bool {
        self.0.fetch_add(0, Ordering::AcqRel) > 0
    }

    /// Stands in line until it is dropped.
    pub(crate) fn join(&self) -> Waiting<'_> {
        self.0.fetch_add(1, Ordering::AcqRel);
        Waiting(self)
    }
}

/// One call in a line.
#[derive(Debug)]
pub(crate) struct Waiting<'line>(&'line Line);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}
