//! A scope's books in one window, and those who wait for money in it.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use tokio::sync::{Mutex, Notify};
use weighhouse_storage::BudgetMode;
use weighhouse_types::{AccountId, Nanos};

use crate::account::Account;
use crate::line::{AfterFreeing, Line, Waiting};

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
        const BOUNDED: u8 = BudgetMode::Bounded as u8;
        const AFTER: u8 = BudgetMode::After as u8;
        match self.mode.load(Ordering::Relaxed) {
            BOUNDED => BudgetMode::Bounded,
            AFTER => BudgetMode::After,
            _ => BudgetMode::Strict,
        }
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
        // Strict budgets, which are most, bear none.
        if change != 0 {
            self.unheld.fetch_add(change, Ordering::Relaxed);
        }
    }

    /// Turns a hold into what was really spent. Where less was spent, `wake` must follow.
    pub fn settle(&self, held: Nanos, actual: Nanos) {
        let before = self.account.settle(held, actual);
        let soft = Nanos::new(self.soft.load(Ordering::Relaxed));
        // One settlement crosses it, in each window.
        if before < soft && before + actual >= soft {
            tracing::warn!(account = %self.id.scope, %soft, spent = %(before + actual), "a soft budget is passed");
        }
    }

    /// Wakes who waits for money; it came back before `fence`.
    pub(crate) fn wake(&self, fence: &AfterFreeing) {
        if self.line.must_wake(fence) {
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
