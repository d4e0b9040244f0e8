//! One budget in one window: what was settled, what is held, and the limit on their sum.

use weighhouse_types::Nanos;

use crate::atomics::{AtomicI64, Ordering};

const NO_LIMIT: i64 = i64::MAX;

/// A budget's books. `settled + held <= limit` at every moment, without a lock.
#[derive(Debug)]
pub struct Account {
    limit: AtomicI64,
    /// Settled and held together: one number, so that one compare-and-swap guards the limit.
    committed: AtomicI64,
    settled: AtomicI64,
}

/// An account at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// The limit; none where nothing bounds it.
    pub limit: Option<Nanos>,
    /// Spent.
    pub settled: Nanos,
    /// Held by calls in flight.
    pub held: Nanos,
}

/// The answer to a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The money is set aside.
    Held,
    /// It does not fit; nothing changed.
    Refused(Balance),
}

impl Account {
    /// An account with what was spent before.
    #[must_use]
    pub fn new(limit: Option<Nanos>, settled: Nanos) -> Self {
        Self {
            limit: AtomicI64::new(limit.map_or(NO_LIMIT, Nanos::get)),
            committed: AtomicI64::new(settled.get()),
            settled: AtomicI64::new(settled.get()),
        }
    }

    /// Changes the limit; what is held already stays held.
    pub fn set_limit(&self, limit: Option<Nanos>) {
        self.limit.store(limit.map_or(NO_LIMIT, Nanos::get), Ordering::Relaxed);
    }

    /// Whether anything bounds the account.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.limit.load(Ordering::Relaxed) != NO_LIMIT
    }

    /// Spent.
    #[must_use]
    pub fn settled(&self) -> Nanos {
        Nanos::new(self.settled.load(Ordering::Relaxed))
    }

    /// The account at this moment.
    #[must_use]
    pub fn balance(&self) -> Balance {
        let settled = self.settled.load(Ordering::Acquire);
        let committed = self.committed.load(Ordering::Acquire);
        let limit = self.limit.load(Ordering::Relaxed);
        Balance {
            limit: (limit != NO_LIMIT).then(|| Nanos::new(limit)),
            settled: Nanos::new(settled),
            held: Nanos::new(committed.saturating_sub(settled).max(0)),
        }
    }

    /// What is neither spent nor held; the largest amount where nothing bounds the account.
    #[must_use]
    pub fn available(&self) -> Nanos {
        let limit = self.limit.load(Ordering::Relaxed);
        if limit == NO_LIMIT {
            return Nanos::MAX;
        }
        Nanos::new(limit.saturating_sub(self.committed.load(Ordering::Acquire)).max(0))
    }

    /// Sets money aside.
    pub fn hold(&self, weight: Nanos) -> Verdict {
        let limit = self.limit.load(Ordering::Relaxed);
        let fits = |committed: i64| {
            let after = committed.saturating_add(weight.get());
            // A limit that is spent admits nothing, not even what costs nothing.
            (limit == NO_LIMIT || (after <= limit && committed < limit)).then_some(after)
        };
        match self.committed.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits) {
            Ok(_) => Verdict::Held,
            Err(_) => Verdict::Refused(self.balance()),
        }
    }

    /// Turns a hold into what was really spent. More than was held is booked in full: the books tell the truth.
    /// Gives what was spent before.
    pub fn settle(&self, held: Nanos, actual: Nanos) -> Nanos {
        // What changes nothing is not written: a call that gives its hold back spends nothing then.
        let before = match actual.get() {
            0 => self.settled.load(Ordering::Acquire),
            actual => self.settled.fetch_add(actual, Ordering::AcqRel),
        };
        match actual.get().saturating_sub(held.get()) {
            0 => {}
            change => {
                self.committed.fetch_add(change, Ordering::AcqRel);
            }
        }
        Nanos::new(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_limit_admits_nothing() {
        let account = Account::new(Some(Nanos::new(10)), Nanos::new(10));
        assert!(matches!(account.hold(Nanos::ZERO), Verdict::Refused(_)));
        let zero = Account::new(Some(Nanos::ZERO), Nanos::ZERO);
        assert!(matches!(zero.hold(Nanos::ZERO), Verdict::Refused(_)));
        assert_eq!(Account::new(None, Nanos::ZERO).hold(Nanos::MAX), Verdict::Held);
    }

    #[test]
    fn threads_never_pass_the_limit() {
        let account = Account::new(Some(Nanos::new(1_000)), Nanos::ZERO);
        let admitted: usize = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| (0..500).filter(|_| account.hold(Nanos::new(3)) == Verdict::Held).count())
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        assert_eq!(admitted, 333);
        assert_eq!(account.balance().held, Nanos::new(999));
    }

    proptest::proptest! {
        /// Invariants 1 and 3 of money.md on one account, against a plain model.
        #[test]
        fn the_books_balance_after_any_course(
            limit in 0_i64..2_000,
            steps in proptest::collection::vec((0_i64..300, 0_u8..=100), 1..200),
        ) {
            let account = Account::new(Some(Nanos::new(limit)), Nanos::ZERO);
            let (mut open, mut spent) = (Vec::new(), 0);
            for (weight, share) in steps {
                if weight % 3 == 0 && !open.is_empty() {
                    let held: i64 = open.swap_remove(usize::from(share) % open.len());
                    let actual = held * i64::from(share) / 100;
                    account.settle(Nanos::new(held), Nanos::new(actual));
                    spent += actual;
                } else {
                    let held: i64 = open.iter().sum();
                    let fits = spent + held + weight <= limit && spent + held < limit;
                    let verdict = account.hold(Nanos::new(weight));
                    proptest::prop_assert_eq!(verdict == Verdict::Held, fits);
                    if fits {
                        open.push(weight);
                    }
                }
                let balance = account.balance();
                proptest::prop_assert_eq!(balance.settled, Nanos::new(spent));
                proptest::prop_assert_eq!(balance.held, Nanos::new(open.iter().sum()));
                proptest::prop_assert!(balance.settled + balance.held <= Nanos::new(limit));
            }
        }
    }
}
