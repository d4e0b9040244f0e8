//! A budget's account in the window that runs now, and the next one when its time comes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Mutex, Notify};
use weighhouse_storage::BudgetMode;
use weighhouse_types::{AccountId, Nanos, Scope};

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

/// Windows of a budget whose accounts are kept open; what was spent in others is remembered as a sum.
const MOST_OPEN: usize = 4;
/// Windows of a budget whose sums are remembered. In windows before these nothing is spent any more: a clock that is
/// set back so far is charged to the first that is known.
const MOST_CLOSED: usize = 256;

/// A budget whose windows follow each other. A clock may come to a window again: set back, or after a start, when
/// the store tells of windows that lie ahead. What was spent there then still counts.
#[derive(Clone, Debug)]
pub(crate) struct WindowedBudget {
    /// By which it is known again when limits change.
    pub(crate) rule: WindowRule,
    scope: Scope,
    limit: Nanos,
    windows: Arc<RwLock<Windows>>,
}

/// Windows by their begin.
#[derive(Debug, Default)]
struct Windows {
    open: BTreeMap<i64, Arc<WindowAccount>>,
    closed: BTreeMap<i64, Nanos>,
    /// Of windows that begin no later than this nothing is known.
    forgotten: Option<i64>,
    mode: BudgetMode,
    soft: Option<Nanos>,
}

impl Windows {
    fn running(&self, now_ms: i64) -> Option<&Arc<WindowAccount>> {
        let (_, account) = self.open.range(..=now_ms).next_back()?;
        (now_ms < account.ends_ms).then_some(account)
    }

    /// Closes what nobody uses, until few enough are open; the sums of the first windows are forgotten at last.
    fn close_idle(&mut self, running: i64) {
        while self.open.len() > MOST_OPEN {
            let is_idle = |account: &Arc<WindowAccount>| Arc::strong_count(account) == 1;
            let idle = self.open.iter().find(|(begin, account)| **begin != running && is_idle(account));
            let Some(begin) = idle.map(|(begin, _)| *begin) else { break };
            if let Some(account) = self.open.remove(&begin) {
                self.closed.insert(begin, account.account.settled());
            }
        }
        while self.closed.len() > MOST_CLOSED
            && let Some((begin, _)) = self.closed.pop_first()
        {
            self.forgotten = self.forgotten.max(Some(begin));
        }
    }
}

impl WindowedBudget {
    /// A budget. `told` is what the store says was spent in windows of its length, by their begin; of those that begin
    /// no later than `forgotten` it tells nothing.
    pub(crate) fn new(
        scope: &Scope,
        rule: WindowRule,
        limit: Nanos,
        told: BTreeMap<i64, Nanos>,
        forgotten: Option<i64>,
    ) -> Self {
        let mut windows = Windows { closed: told, forgotten, ..Windows::default() };
        windows.close_idle(i64::MIN);
        Self { rule, scope: scope.clone(), limit, windows: Arc::new(RwLock::new(windows)) }
    }

    /// Sets how strictly it holds, in this window and those to come.
    pub(crate) fn set_rules(&self, mode: BudgetMode, soft: Option<Nanos>) {
        let mut windows = self.windows.write().unwrap_or_else(PoisonError::into_inner);
        (windows.mode, windows.soft) = (mode, soft);
        windows.open.values().for_each(|account| account.set_rules(mode, soft));
    }

    /// The same budget with another limit; what runs goes on.
    pub(crate) fn with_limit(&self, limit: Nanos) -> Self {
        let windows = self.windows.read().unwrap_or_else(PoisonError::into_inner);
        windows.open.values().for_each(|account| account.account.set_limit(Some(limit)));
        drop(windows);
        Self { limit, ..self.clone() }
    }

    /// The account of the window that runs at a moment; a window that nobody spent in begins with nothing.
    pub(crate) fn account_at(&self, now_ms: i64) -> Arc<WindowAccount> {
        let windows = self.windows.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = windows.running(now_ms) {
            return Arc::clone(account);
        }
        drop(windows);
        let mut windows = self.windows.write().unwrap_or_else(PoisonError::into_inner);
        match windows.running(now_ms) {
            Some(account) => Arc::clone(account),
            None => self.open(&mut windows, now_ms),
        }
    }

    /// Opens the window of a moment, or, where that is forgotten, the first one that is known.
    fn open(&self, windows: &mut Windows, now_ms: i64) -> Arc<WindowAccount> {
        let mut begin = self.rule.window_at(now_ms).0;
        if windows.forgotten.is_some_and(|forgotten| begin <= forgotten) {
            let known = windows.open.keys().chain(windows.closed.keys());
            begin = known.copied().filter(|known| Some(*known) > windows.forgotten).min().unwrap_or(begin);
        }
        if let Some(account) = windows.open.get(&begin) {
            return Arc::clone(account);
        }
        let (window, ends_ms) = self.rule.window(begin);
        let spent = windows.closed.remove(&begin).unwrap_or_default();
        let id = AccountId { scope: self.scope.clone(), window };
        let account = Arc::new(WindowAccount::new(id, ends_ms, Some(self.limit), spent));
        account.set_rules(windows.mode, windows.soft);
        windows.open.insert(begin, Arc::clone(&account));
        windows.close_idle(begin);
        account
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Verdict;
    use jiff::tz::TimeZone;
    use weighhouse_types::{ScopeKind, WindowId};

    fn budget(told: &[(i64, i64)]) -> WindowedBudget {
        let rule = WindowRule::parse("1m", &TimeZone::UTC).unwrap();
        let told = told.iter().map(|(begin, nanos)| (begin * 60_000, Nanos::new(*nanos)));
        let scope = Scope::new(ScopeKind::Key, "k");
        WindowedBudget::new(&scope, rule, Nanos::new(10), told.collect(), None)
    }

    /// Spends in the window of a minute.
    fn spend(budget: &WindowedBudget, minute: i64, nanos: i64) -> Verdict {
        let account = budget.account_at(minute * 60_000 + 1);
        let verdict = account.account.hold(Nanos::new(nanos));
        if verdict == Verdict::Held {
            account.settle(Nanos::new(nanos), Nanos::new(nanos));
        }
        verdict
    }

    #[test]
    fn a_new_window_begins_with_nothing_and_the_old_one_keeps_its_own() {
        let budget = budget(&[(1, 4)]);
        let at = |start| WindowId::new("seconds:60", start);
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

    #[test]
    fn a_clock_that_is_set_back_comes_to_the_same_windows_again() {
        // The store tells of a window that lies ahead: an earlier process ran with a clock that was fast.
        let budget = budget(&[(90, 8)]);
        assert_eq!(spend(&budget, 1, 7), Verdict::Held);
        assert_eq!(spend(&budget, 50, 10), Verdict::Held);
        // Back: what was not spent there is to be had, and no more.
        assert!(matches!(spend(&budget, 1, 4), Verdict::Refused(_)));
        assert_eq!(spend(&budget, 1, 3), Verdict::Held);
        assert!(matches!(spend(&budget, 50, 1), Verdict::Refused(_)));
        assert!(matches!(spend(&budget, 90, 3), Verdict::Refused(_)));
        assert_eq!(spend(&budget, 90, 2), Verdict::Held);
    }

    proptest::proptest! {
        /// Whatever the clock says: no window is ever overspent, and few of them are kept.
        #[test]
        fn no_window_is_overspent_wherever_the_clock_jumps(
            jumps in proptest::collection::vec((0_i64..700, 1_i64..8), 1..900),
        ) {
            let (budget, mut spent) = (budget(&[]), BTreeMap::<WindowId, i64>::new());
            for (minute, nanos) in jumps {
                let window = budget.account_at(minute * 60_000).id.window.clone();
                if spend(&budget, minute, nanos) == Verdict::Held {
                    *spent.entry(window).or_default() += nanos;
                }
                let windows = budget.windows.read().unwrap();
                proptest::prop_assert!(windows.open.len() <= MOST_OPEN && windows.closed.len() <= MOST_CLOSED);
            }
            proptest::prop_assert!(spent.values().all(|spent| *spent <= 10), "{spent:?}");
        }
    }

    #[test]
    fn windows_that_are_forgotten_are_not_spent_in_again() {
        let budget = budget(&[]);
        for minute in 0..400 {
            assert_eq!(spend(&budget, minute, 10), Verdict::Held);
        }
        assert!(matches!(spend(&budget, 3, 1), Verdict::Refused(_)));
        assert_eq!(spend(&budget, 400, 10), Verdict::Held);
    }
}
