//! A budget's account in the window that runs now, and the next one when its time comes.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Mutex, Notify};
use weighhouse_storage::BudgetMode;
use weighhouse_types::{AccountId, Nanos, Scope, WindowId};

use crate::account::Account;
use crate::calendar::WindowRule;
use crate::line::{Line, Waiting};

/// One account: a scope in one window. Spend belongs to the window in which it was held.
#[derive(Debug)]
pub struct WindowAccount {
    /// Its row in the store.
    pub id: AccountId,
    /// When the window ends, milliseconds since 1970; never for the account for life.
    pub ends_ms: i64,
    /// The books.
    pub account: Account,
    mode: AtomicU8,
    /// What calls in flight may cost beyond what is held for them; nothing where all holds are strict.
    unheld: AtomicI64,
    /// Spending above it is told; the largest amount where nobody set one.
    soft: AtomicI64,
    /// Calls that wait for money which others hold; they are served in their order.
    line: Line,
    pub(crate) queue: Mutex<()>,
    pub(crate) freed: Notify,
}

impl WindowAccount {
    /// An account with what was settled on it before.
    #[must_use]
    pub fn new(id: AccountId, ends_ms: i64, limit: Option<Nanos>, settled: Nanos) -> Self {
        let account = Account::new(limit, settled);
        Self {
            id,
            ends_ms,
            account,
            mode: AtomicU8::new(BudgetMode::Strict as u8),
            unheld: AtomicI64::new(0),
            soft: AtomicI64::new(i64::MAX),
            line: Line::new(),
            queue: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// How strictly its budget holds.
    #[must_use]
    pub fn mode(&self) -> BudgetMode {
        let mode = self.mode.load(Ordering::Relaxed);
        BudgetMode::ALL.into_iter().find(|known| *known as u8 == mode).unwrap_or_default()
    }

    /// Sets how strictly its budget holds, and above what spending is told.
    pub(crate) fn set_rules(&self, mode: BudgetMode, soft: Option<Nanos>) {
        self.mode.store(mode as u8, Ordering::Relaxed);
        self.soft.store(soft.map_or(i64::MAX, Nanos::get), Ordering::Relaxed);
    }

    /// What calls in flight may cost beyond what is held for them.
    #[must_use]
    pub fn unheld(&self) -> Nanos {
        Nanos::new(self.unheld.load(Ordering::Relaxed))
    }

    pub(crate) fn risk(&self, change: i64) {
        self.unheld.fetch_add(change, Ordering::Relaxed);
    }

    /// Turns a hold into what was really spent, and wakes who waits for the rest.
    pub fn settle(&self, held: Nanos, actual: Nanos) {
        let before = self.account.settle(held, actual);
        let soft = Nanos::new(self.soft.load(Ordering::Relaxed));
        // One settlement crosses it, in each window.
        if before < soft && before + actual >= soft {
            tracing::warn!(account = %self.id.scope, %soft, spent = %(before + actual), "a soft budget is passed");
        }
        if held > actual && self.line.must_wake() {
            self.freed.notify_waiters();
        }
    }

    /// Whether calls wait for money: then a new call stands behind them.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        self.line.has_waiting()
    }

    /// Stands in the queue until it is dropped.
    pub(crate) fn wait(&self) -> Waiting<'_> {
        self.line.join()
    }
}

/// A budget whose windows follow each other.
#[derive(Debug)]
pub(crate) struct WindowedBudget {
    /// By which it is known again when limits change.
    pub(crate) rule: WindowRule,
    limit: Nanos,
    current: RwLock<Arc<WindowAccount>>,
}

impl WindowedBudget {
    /// A budget at a moment. `settled` tells what was spent in a window.
    pub(crate) fn new(
        scope: &Scope,
        rule: WindowRule,
        limit: Nanos,
        now_ms: i64,
        settled: impl Fn(&WindowId) -> Nanos,
    ) -> Self {
        let (window, ends_ms) = rule.window(now_ms);
        let spent = settled(&window);
        let id = AccountId { scope: scope.clone(), window };
        let account = WindowAccount::new(id, ends_ms, Some(limit), spent);
        Self { rule, limit, current: RwLock::new(Arc::new(account)) }
    }

    /// Sets how strictly it holds, in this window and those to come.
    pub(crate) fn set_rules(&self, mode: BudgetMode, soft: Option<Nanos>) {
        self.current.read().unwrap_or_else(PoisonError::into_inner).set_rules(mode, soft);
    }

    /// The same budget with another limit; what runs goes on.
    pub(crate) fn with_limit(&self, limit: Nanos) -> Self {
        let current = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        current.account.set_limit(Some(limit));
        Self { rule: self.rule.clone(), limit, current: RwLock::new(current) }
    }

    /// The account of the window that runs at a moment; a new window begins with nothing spent.
    pub(crate) fn account_at(&self, now_ms: i64) -> Arc<WindowAccount> {
        let current = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        if now_ms < current.ends_ms {
            return current;
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if now_ms >= current.ends_ms {
            let (window, ends_ms) = self.rule.window(now_ms);
            let id = AccountId { scope: current.id.scope.clone(), window };
            let next = WindowAccount::new(id, ends_ms, Some(self.limit), Nanos::ZERO);
            let soft = current.soft.load(Ordering::Relaxed);
            next.set_rules(current.mode(), Some(Nanos::new(soft)));
            *current = Arc::new(next);
        }
        Arc::clone(&current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Verdict;
    use jiff::tz::TimeZone;
    use weighhouse_types::ScopeKind;

    #[test]
    fn a_new_window_begins_with_nothing_and_the_old_one_keeps_its_own() {
        let rule = WindowRule::parse("1m", &TimeZone::UTC).unwrap();
        let scope = Scope::new(ScopeKind::Key, "k");
        let at = |start| WindowId::new("seconds:60", start);
        let spent = |window: &WindowId| if *window == at(60_000) { Nanos::new(4) } else { Nanos::ZERO };
        let budget = WindowedBudget::new(&scope, rule, Nanos::new(10), 61_000, spent);
        let first = budget.account_at(61_000);
        assert_eq!((&first.id.window, first.account.settled()), (&at(60_000), Nanos::new(4)));
        assert_eq!(first.account.hold(Nanos::new(6)), Verdict::Held);
        let second = budget.account_at(120_000);
        assert_eq!(second.account.hold(Nanos::new(10)), Verdict::Held);
        first.settle(Nanos::new(6), Nanos::new(5));
        assert_eq!(first.account.settled(), Nanos::new(9));
        assert_eq!(budget.account_at(179_999).id.window, at(120_000));
        assert_eq!(budget.with_limit(Nanos::new(20)).account_at(130_000).account.available(), Nanos::new(10));
    }
}
