//! The windowed budgets of one scope, and what is remembered of those that it had.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use weighhouse_storage::{BudgetMode, Limits};
use weighhouse_types::{Nanos, WindowId};

use crate::calendar::WindowRule;
use crate::line::AfterFreeing;
use crate::window_account::WindowAccount;
use crate::windowed_budget::WindowedBudget;

/// Windows of a scope that are remembered from the store, over all lengths: those that begin last.
const MOST_TOLD: usize = 512;
/// Budgets that were taken away and are remembered.
const MOST_RETIRED: usize = 8;

/// Budgets of a scope. They stand behind its lock.
#[derive(Debug)]
pub(crate) struct Budgets {
    running: Vec<WindowedBudget>,
    /// Budgets that an administrator took away. One of the same length goes on where it was.
    retired: Vec<WindowedBudget>,
    /// What the store says was spent in windows, for lengths that somebody may set later.
    told: Told,
}

/// What limits say of budgets.
#[derive(Debug, Default)]
struct Wanted {
    life: Option<Nanos>,
    windowed: Vec<(WindowRule, Nanos)>,
}

impl Wanted {
    fn of(limits: &Limits, zone: &TimeZone, now_ms: i64) -> Self {
        let mut wanted = Self::default();
        // Without a budget a soft one still needs a window to be spent in.
        let only_soft = limits.soft_budget.map(|_| Nanos::MAX).filter(|_| limits.budget_duration.is_some());
        let first = limits.max_budget_at(now_ms).or(only_soft);
        let first = first.map(|max| (limits.budget_duration.as_deref(), max));
        let more = limits.more_budgets.iter().map(|budget| (Some(budget.duration.as_str()), budget.max));
        for (duration, max) in first.into_iter().chain(more) {
            // Of two budgets in the same windows the smaller one binds.
            match duration.and_then(|duration| WindowRule::parse(duration, zone)) {
                None => wanted.life = Some(wanted.life.map_or(max, |limit| limit.min(max))),
                Some(rule) => match wanted.windowed.iter_mut().find(|(known, _)| *known == rule) {
                    Some((_, limit)) => *limit = max.min(*limit),
                    None => wanted.windowed.push((rule, max)),
                },
            }
        }
        wanted
    }
}

impl Budgets {
    /// None yet; `told` is what the store says was spent in windows.
    pub(crate) fn new(told: Vec<(WindowId, Nanos)>) -> Self {
        Self { running: Vec::new(), retired: Vec::new(), told: Told::new(told) }
    }

    /// Takes limits over, those for life into `life`.
    ///
    /// What a window of a new length holds was not counted: it begins with nothing. One of a length that there was
    /// before still has what was spent in it.
    pub(crate) fn set_limits(
        &mut self,
        limits: &Limits,
        life: &WindowAccount,
        (zone, mode): (&TimeZone, BudgetMode),
        now_ms: i64,
    ) {
        let wanted = Wanted::of(limits, zone, now_ms);
        let mode = limits.budget_mode.unwrap_or(mode);
        let is_windowed = limits.budget_duration.is_some();
        life.account.set_limit(wanted.life);
        life.set_rules(mode, limits.soft_budget.filter(|_| !is_windowed));
        // A limit that was raised may bear a call that waits.
        life.wake(&AfterFreeing::now());
        let mut known: Vec<_> = self.retired.drain(..).chain(self.running.drain(..)).collect();
        for (place, (rule, max)) in wanted.windowed.into_iter().enumerate() {
            let mut budget = match known.iter().position(|budget| budget.rule == rule) {
                Some(place) => known.remove(place),
                None => {
                    let told = self.told.of(&rule.length());
                    WindowedBudget::new(&life.id.scope, rule, max, told, self.told.forgotten)
                }
            };
            // The first budget is the one that the soft one belongs to.
            budget.set_rules(max, mode, limits.soft_budget.filter(|_| is_windowed && place == 0));
            self.running.push(budget);
        }
        known.iter_mut().for_each(WindowedBudget::retire);
        let too_many = known.len().saturating_sub(MOST_RETIRED);
        known.drain(..too_many);
        self.retired = known;
    }

    /// Whether there is none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// The accounts of the windows that run at a moment, the first budget's first.
    pub(crate) fn accounts_at(&mut self, now_ms: i64) -> impl Iterator<Item = Arc<WindowAccount>> {
        self.running.iter_mut().map(move |budget| budget.account_at(now_ms))
    }
}

/// What the store told of windows when the scope was first seen.
#[derive(Debug)]
struct Told {
    windows: Vec<(WindowId, i64, Nanos)>,
    /// Of windows that begin no later than this nothing is remembered.
    forgotten: Option<i64>,
}

impl Told {
    /// Remembers those that begin last.
    fn new(windows: Vec<(WindowId, Nanos)>) -> Self {
        let begin = |window: &WindowId| window.as_str().split_once('@')?.1.parse::<i64>().ok();
        let begun = windows.into_iter().filter_map(|(window, nanos)| Some((begin(&window)?, window, nanos)));
        let mut windows: Vec<_> = begun.map(|(begin, window, nanos)| (window, begin, nanos)).collect();
        windows.sort_unstable_by_key(|(_, begin, _)| std::cmp::Reverse(*begin));
        let forgotten = windows.get(MOST_TOLD).map(|(_, begin, _)| *begin);
        windows.truncate(MOST_TOLD);
        Self { windows, forgotten }
    }

    /// Windows of a length, by their begin.
    fn of(&self, length: &str) -> BTreeMap<i64, Nanos> {
        let is_of = |window: &WindowId| window.as_str().split_once('@').is_some_and(|(of, _)| of == length);
        let windows = self.windows.iter().filter(|(window, ..)| is_of(window));
        windows.map(|(_, begin, nanos)| (*begin, *nanos)).collect()
    }
}
