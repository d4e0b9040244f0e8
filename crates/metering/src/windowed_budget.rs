//! A budget whose windows follow each other, each with an account of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use weighhouse_storage::BudgetMode;
use weighhouse_types::{AccountId, Nanos, Scope};

use crate::calendar::WindowRule;
use crate::line::AfterFreeing;
use crate::window_account::WindowAccount;

/// Windows of a budget whose accounts are kept open; what was spent in others is remembered as a sum.
const MOST_OPEN: usize = 4;
/// Windows of a budget whose sums are remembered. In windows before these nothing is spent any more: a clock that is
/// set back so far is charged to the first that is known.
const MOST_CLOSED: usize = 256;

/// A budget whose windows follow each other. A clock may come to a window again: set back, or after a start, when
/// the store tells of windows that lie ahead. What was spent there then still counts.
#[derive(Debug)]
pub(crate) struct WindowedBudget {
    /// By which it is known again when limits change.
    pub(crate) rule: WindowRule,
    scope: Scope,
    limit: Nanos,
    mode: BudgetMode,
    soft: Option<Nanos>,
    /// Windows by their begin, the latest last.
    open: Vec<(i64, Arc<WindowAccount>)>,
    closed: BTreeMap<i64, Nanos>,
    /// Of windows that begin no later than this nothing is known.
    forgotten: Option<i64>,
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
        let (mode, soft) = (BudgetMode::default(), None);
        let mut budget =
            Self { rule, scope: scope.clone(), limit, mode, soft, open: Vec::new(), closed: told, forgotten };
        budget.close_idle(i64::MIN);
        budget
    }

    /// Sets how much it bears and how strictly it holds, in this window and those to come; what runs goes on.
    pub(crate) fn set_rules(&mut self, limit: Nanos, mode: BudgetMode, soft: Option<Nanos>) {
        (self.limit, self.mode, self.soft) = (limit, mode, soft);
        for (_, account) in &self.open {
            account.account.set_limit(Some(limit));
            account.set_rules(mode, soft);
            account.wake(&AfterFreeing::now());
        }
    }

    /// It bounds nothing any more: who waits for its money is let in.
    pub(crate) fn retire(&mut self) {
        for (_, account) in &self.open {
            account.account.set_limit(None);
            account.wake(&AfterFreeing::now());
        }
    }

    /// The account of the window that runs at a moment; a window that nobody spent in begins with nothing.
    pub(crate) fn account_at(&mut self, now_ms: i64) -> Arc<WindowAccount> {
        if let Some(account) = self.running(now_ms) {
            return Arc::clone(account);
        }
        self.open_at(now_ms)
    }

    fn running(&self, now_ms: i64) -> Option<&Arc<WindowAccount>> {
        let (_, account) = self.open.iter().rev().find(|(begin, _)| *begin <= now_ms)?;
        (now_ms < account.ends_ms).then_some(account)
    }

    /// Opens the window of a moment, or, where that is forgotten, the first one that is known.
    fn open_at(&mut self, now_ms: i64) -> Arc<WindowAccount> {
        let mut begin = self.rule.window_at(now_ms).0;
        if self.forgotten.is_some_and(|forgotten| begin <= forgotten) {
            let known = self.open.iter().map(|(begin, _)| begin).chain(self.closed.keys()).copied();
            begin = known.filter(|known| Some(*known) > self.forgotten).min().unwrap_or(begin);
        }
        let place = self.open.partition_point(|(known, _)| *known < begin);
        if let Some((known, account)) = self.open.get(place)
            && *known == begin
        {
            return Arc::clone(account);
        }
        let account = self.fresh(begin);
        self.open.insert(place, (begin, Arc::clone(&account)));
        self.close_idle(begin);
        account
    }

    fn fresh(&mut self, begin: i64) -> Arc<WindowAccount> {
        let (window, ends_ms) = self.rule.window(begin);
        let spent = self.closed.remove(&begin).unwrap_or_default();
        let id = AccountId { scope: self.scope.clone(), window };
        let account = WindowAccount::new(id, ends_ms, Some(self.limit), spent);
        account.set_rules(self.mode, self.soft);
        Arc::new(account)
    }

    /// Closes what nobody uses, until few enough are open; the sums of the first windows are forgotten at last.
    fn close_idle(&mut self, running: i64) {
        while self.open.len() > MOST_OPEN {
            let is_idle = |(begin, account): &(i64, Arc<WindowAccount>)| {
                *begin != running && Arc::strong_count(account) == 1
            };
            let Some(idle) = self.open.iter().position(is_idle) else { break };
            let (begin, account) = self.open.remove(idle);
            self.closed.insert(begin, account.account.settled());
        }
        while self.closed.len() > MOST_CLOSED
            && let Some((begin, _)) = self.closed.pop_first()
        {
            self.forgotten = self.forgotten.max(Some(begin));
        }
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
    fn spend(budget: &mut WindowedBudget, minute: i64, nanos: i64) -> Verdict {
        let account = budget.account_at(minute * 60_000 + 1);
        let verdict = account.account.hold(Nanos::new(nanos));
        if verdict == Verdict::Held {
            account.settle(Nanos::new(nanos), Nanos::new(nanos));
        }
        verdict
    }

    #[test]
    fn a_new_window_begins_with_nothing_and_the_old_one_keeps_its_own() {
        let mut budget = budget(&[(1, 4)]);
        let at = |start| WindowId::new("seconds:60", start);
        let first = budget.account_at(61_000);
        assert_eq!((&first.id.window, first.account.settled()), (&at(60_000), Nanos::new(4)));
        assert_eq!(first.account.hold(Nanos::new(6)), Verdict::Held);
        let second = budget.account_at(120_000);
        assert_eq!(second.account.hold(Nanos::new(10)), Verdict::Held);
        first.settle(Nanos::new(6), Nanos::new(5));
        assert_eq!(first.account.settled(), Nanos::new(9));
        assert_eq!(budget.account_at(179_999).id.window, at(120_000));
        budget.set_rules(Nanos::new(20), BudgetMode::Strict, None);
        assert_eq!(budget.account_at(130_000).account.available(), Nanos::new(10));
    }

    #[test]
    fn a_clock_that_is_set_back_comes_to_the_same_windows_again() {
        // The store tells of a window that lies ahead: an earlier process ran with a clock that was fast.
        let mut budget = budget(&[(90, 8)]);
        assert_eq!(spend(&mut budget, 1, 7), Verdict::Held);
        assert_eq!(spend(&mut budget, 50, 10), Verdict::Held);
        // Back: what was not spent there is to be had, and no more.
        assert!(matches!(spend(&mut budget, 1, 4), Verdict::Refused(_)));
        assert_eq!(spend(&mut budget, 1, 3), Verdict::Held);
        assert!(matches!(spend(&mut budget, 50, 1), Verdict::Refused(_)));
        assert!(matches!(spend(&mut budget, 90, 3), Verdict::Refused(_)));
        assert_eq!(spend(&mut budget, 90, 2), Verdict::Held);
    }

    proptest::proptest! {
        /// Whatever the clock says: no window is ever overspent, and few of them are kept.
        #[test]
        fn no_window_is_overspent_wherever_the_clock_jumps(
            jumps in proptest::collection::vec((0_i64..700, 1_i64..8), 1..900),
        ) {
            let (mut budget, mut spent) = (budget(&[]), BTreeMap::<WindowId, i64>::new());
            for (minute, nanos) in jumps {
                let window = budget.account_at(minute * 60_000).id.window.clone();
                if spend(&mut budget, minute, nanos) == Verdict::Held {
                    *spent.entry(window).or_default() += nanos;
                }
                proptest::prop_assert!(budget.open.len() <= MOST_OPEN && budget.closed.len() <= MOST_CLOSED);
            }
            proptest::prop_assert!(spent.values().all(|spent| *spent <= 10), "{spent:?}");
        }
    }

    #[test]
    fn windows_that_are_forgotten_are_not_spent_in_again() {
        let mut budget = budget(&[]);
        for minute in 0..400 {
            assert_eq!(spend(&mut budget, minute, 10), Verdict::Held);
        }
        assert!(matches!(spend(&mut budget, 3, 1), Verdict::Refused(_)));
        assert_eq!(spend(&mut budget, 400, 10), Verdict::Held);
    }
}
