//! Books and waits that are wrong on purpose, each as a programmer in a hurry would write them.

use weighhouse_types::Nanos;

use crate::account::Balance;
use crate::atomics::{AtomicI64, Ordering};
use crate::budgets::Books;

/// Reads, looks whether it fits, and writes: another may have written between.
#[derive(Debug)]
pub struct TornBooks {
    limit: AtomicI64,
    committed: AtomicI64,
    settled: AtomicI64,
}

impl Books for TornBooks {
    fn of(limit: i64) -> Self {
        Self { limit: AtomicI64::new(limit), committed: AtomicI64::new(0), settled: AtomicI64::new(0) }
    }

    fn hold(&self, weight: i64) -> bool {
        let committed = self.committed.load(Ordering::Acquire);
        let fits = committed + weight <= self.limit.load(Ordering::Relaxed);
        if fits {
            self.committed.store(committed + weight, Ordering::Release);
        }
        fits
    }

    fn settle(&self, held: i64, actual: i64) {
        self.settled.fetch_add(actual, Ordering::AcqRel);
        self.committed.fetch_add(actual - held, Ordering::AcqRel);
    }

    fn set_limit(&self, limit: i64) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    fn balance(&self) -> Balance {
        let settled = self.settled.load(Ordering::Acquire);
        let held = (self.committed.load(Ordering::Acquire) - settled).max(0);
        let limit = Some(Nanos::new(self.limit.load(Ordering::Relaxed)));
        Balance { limit, settled: Nanos::new(settled), held: Nanos::new(held) }
    }
}

/// Gives back before it books what was spent: for a moment the money is there twice.
#[derive(Debug)]
pub struct HastyBooks(TornBooks);

impl Books for HastyBooks {
    fn of(limit: i64) -> Self {
        Self(TornBooks::of(limit))
    }

    fn hold(&self, weight: i64) -> bool {
        let limit = self.0.limit.load(Ordering::Relaxed);
        let fits = |committed: i64| (committed + weight <= limit).then_some(committed + weight);
        self.0.committed.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).is_ok()
    }

    fn settle(&self, held: i64, actual: i64) {
        self.0.committed.fetch_sub(held, Ordering::AcqRel);
        self.0.settled.fetch_add(actual, Ordering::AcqRel);
        self.0.committed.fetch_add(actual, Ordering::AcqRel);
    }

    fn set_limit(&self, limit: i64) {
        self.0.set_limit(limit);
    }

    fn balance(&self) -> Balance {
        self.0.balance()
    }
}
