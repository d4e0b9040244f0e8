//! How many calls wait at an account for money that others hold.

use crate::atomics::{AtomicUsize, Ordering, fence};

/// A count of those who wait.
///
/// A call that waits and one that gives money back each write one thing and read the other: so that not both of them
/// miss what the other wrote, a fence stands between the two on either side (`tests/models` shows what happens
/// without).
#[derive(Debug)]
pub(crate) struct Line(AtomicUsize);

/// Money came back to some accounts, and whoever looks now sees all who wait for it.
pub(crate) struct AfterFreeing(());

impl AfterFreeing {
    /// One fence does for all accounts of a call.
    pub(crate) fn now() -> Self {
        fence(Ordering::SeqCst);
        Self(())
    }
}

impl Line {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Whether anybody waits, for a call that comes: it then stands behind them.
    pub(crate) fn has_waiting(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }

    /// Whether anybody must be woken, asked after money came back.
    pub(crate) fn must_wake(&self, _after: &AfterFreeing) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// Stands in line until it is dropped. Who looks for money after it is woken by all that comes later.
    pub(crate) fn join(&self) -> Waiting<'_> {
        self.0.fetch_add(1, Ordering::AcqRel);
        fence(Ordering::SeqCst);
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
