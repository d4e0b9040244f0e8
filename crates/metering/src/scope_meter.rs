//! What one scope (a key, a team, a user …) may spend and how fast, counted on this node.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::tz::TimeZone;
use weighhouse_storage::{BudgetMode, Limits};
use weighhouse_types::{AccountId, Nanos, RateKind, Scope, ScopeKind, Usage, WindowId};

use crate::calendar::WindowRule;
use crate::pace::Reached;
use crate::slots::Slots;
use crate::window::Rate;
use crate::window_account::{WindowAccount, WindowedBudget};

/// Windows of a scope that are remembered from the store, over all lengths: those that begin last.
const MOST_TOLD: usize = 512;
/// Budgets that were taken away and are remembered.
const MOST_RETIRED: usize = 8;

/// What is known of a scope when a call comes under it.
#[derive(Clone, Debug)]
pub struct ScopeSpec {
    /// Which.
    pub scope: Scope,
    /// How a refusal names it, without its kind: a key's `sk-...abcd`, a team's id.
    pub shown: Arc<str>,
    /// Its limits; the same `Arc` as long as nobody changed them.
    pub limits: Arc<Limits>,
    /// What it spent ever, where its record says so and no account for life is kept (keys).
    pub spent_ever: Option<Nanos>,
}

/// A scope's books and counters.
#[derive(Debug)]
pub struct ScopeMeter {
    /// Which.
    pub scope: Scope,
    shown: Arc<str>,
    zone: TimeZone,
    /// How strictly budgets hold where their limits do not say.
    mode: BudgetMode,
    /// Spent ever; its limit is the budget without a duration.
    life: Arc<WindowAccount>,
    budgets: RwLock<Vec<WindowedBudget>>,
    /// Budgets that an administrator took away. One of the same length goes on where it was.
    retired: Mutex<Vec<WindowedBudget>>,
    /// What the store says was spent in windows, for lengths that somebody may set later.
    told: Told,
    limits: RwLock<Arc<Limits>>,
    requests: Rate,
    day_requests: Rate,
    tokens: Rate,
    day_tokens: Rate,
    input_tokens: Rate,
    output_tokens: Rate,
    pub(crate) slots: Slots,
}

/// Tokens of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Units {
    pub(crate) input: u64,
    pub(crate) output: u64,
}

impl Units {
    /// Tokens that were used.
    pub(crate) fn of(usage: &Usage) -> Self {
        Self { input: usage.input(), output: usage.output() }
    }

    /// Both together.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
        }
    }

    const fn total(self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

/// Which tokens a limit counts.
type Counted = fn(Units) -> u64;

impl ScopeMeter {
    /// A scope with what the store says was spent, account by account.
    #[must_use]
    pub fn new(
        spec: &ScopeSpec,
        settled: &[(AccountId, Nanos)],
        (zone, mode): (&TimeZone, BudgetMode),
        now_ms: i64,
    ) -> Self {
        let own = settled.iter().filter(|(account, _)| account.scope == spec.scope);
        let (of_life, of_windows): (Vec<_>, Vec<_>) = own
            .map(|(account, nanos)| (account.window.clone(), *nanos))
            .partition(|(window, _)| window.is_life());
        let id = AccountId { scope: spec.scope.clone(), window: WindowId::life() };
        let of_life = of_life.first().map_or(Nanos::ZERO, |(_, nanos)| *nanos);
        let spent = spec.spent_ever.unwrap_or(of_life);
        let limits = &spec.limits;
        let meter = Self {
            scope: spec.scope.clone(),
            shown: Arc::clone(&spec.shown),
            zone: zone.clone(),
            mode,
            life: Arc::new(WindowAccount::new(id, i64::MAX, None, spent)),
            budgets: RwLock::default(),
            retired: Mutex::default(),
            told: Told::new(of_windows),
            limits: RwLock::new(Arc::clone(limits)),
            requests: Rate::new(limits.rpm_limit),
            day_requests: Rate::per_day(limits.rpd_limit),
            tokens: Rate::new(limits.tpm_limit),
            day_tokens: Rate::per_day(limits.tpd_limit),
            input_tokens: Rate::new(limits.itpm_limit),
            output_tokens: Rate::new(limits.otpm_limit),
            slots: Slots::new(limits.max_parallel_requests),
        };
        meter.set_budgets(limits, now_ms);
        meter
    }

    /// Takes over limits that an administrator changed, or a temporary increase that began or ended.
    pub fn set_limits(&self, limits: &Arc<Limits>, now_ms: i64) {
        let known = Arc::clone(&self.limits.read().unwrap_or_else(PoisonError::into_inner));
        if Arc::ptr_eq(&known, limits) && limits.temporary.is_none() {
            return;
        }
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(limits);
        // A record that was read again says the same most of the time.
        if known == *limits && limits.temporary.is_none() {
            return;
        }
        self.set_budgets(limits, now_ms);
        self.requests.set_limit(limits.rpm_limit);
        self.day_requests.set_limit(limits.rpd_limit);
        self.tokens.set_limit(limits.tpm_limit);
        self.day_tokens.set_limit(limits.tpd_limit);
        self.input_tokens.set_limit(limits.itpm_limit);
        self.output_tokens.set_limit(limits.otpm_limit);
        self.slots.set_limit(limits.max_parallel_requests);
    }

    /// What a window of a new length holds was not counted: it begins with nothing. One of a length that there was
    /// before still has what was spent in it.
    fn set_budgets(&self, limits: &Limits, now_ms: i64) {
        let mut life_limit: Option<Nanos> = None;
        let mut rules: Vec<(WindowRule, Nanos)> = Vec::new();
        // Without a budget a soft one still needs a window to be spent in.
        let only_soft = limits.soft_budget.map(|_| Nanos::MAX).filter(|_| limits.budget_duration.is_some());
        let first = limits.max_budget_at(now_ms).or(only_soft);
        let first = first.map(|max| (limits.budget_duration.as_deref(), max));
        let more = limits.more_budgets.iter().map(|budget| (Some(budget.duration.as_str()), budget.max));
        for (duration, max) in first.into_iter().chain(more) {
            // Of two budgets in the same windows the smaller one binds.
            match duration.and_then(|duration| WindowRule::parse(duration, &self.zone)) {
                None => life_limit = Some(life_limit.map_or(max, |limit| limit.min(max))),
                Some(rule) => match rules.iter_mut().find(|(known, _)| *known == rule) {
                    Some((_, limit)) => *limit = max.min(*limit),
                    None => rules.push((rule, max)),
                },
            }
        }
        let mut budgets = self.budgets.write().unwrap_or_else(PoisonError::into_inner);
        let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |rule: &WindowRule| budgets.iter().chain(&*retired).find(|budget| budget.rule == *rule);
        let windowed = rules.into_iter().map(|(rule, max)| match known(&rule) {
            Some(known) => known.with_limit(max),
            None => {
                let told = self.told.of(&rule.length());
                WindowedBudget::new(&self.scope, rule, max, told, self.told.forgotten)
            }
        });
        let windowed: Vec<_> = windowed.collect();
        let is_gone = |budget: &WindowedBudget| windowed.iter().all(|kept| kept.rule != budget.rule);
        retired.retain(is_gone);
        retired.extend(budgets.drain(..).filter(is_gone));
        let too_many = retired.len().saturating_sub(MOST_RETIRED);
        retired.drain(..too_many);
        self.life.account.set_limit(life_limit);
        let mode = limits.budget_mode.unwrap_or(self.mode);
        let is_windowed = limits.budget_duration.is_some();
        self.life.set_rules(mode, limits.soft_budget.filter(|_| !is_windowed));
        for (place, budget) in windowed.iter().enumerate() {
            // The first budget is the one that the soft one belongs to.
            budget.set_rules(mode, limits.soft_budget.filter(|_| is_windowed && place == 0));
        }
        *budgets = windowed;
    }

    /// Adds the accounts that a call at a moment is charged to.
    pub(crate) fn accounts_at(&self, now_ms: i64, accounts: &mut Vec<Arc<WindowAccount>>) {
        accounts.push(Arc::clone(&self.life));
        let budgets = self.budgets.read().unwrap_or_else(PoisonError::into_inner);
        accounts.extend(budgets.iter().map(|budget| budget.account_at(now_ms)));
    }

    /// Whether any budget bounds it.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.life.account.is_limited()
            || !self.budgets.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Spent in the window of its first budget at a moment, or ever where it has none.
    #[must_use]
    pub fn spent(&self, now_ms: i64) -> Nanos {
        let is_windowed =
            self.limits.read().unwrap_or_else(PoisonError::into_inner).budget_duration.is_some();
        let budgets = self.budgets.read().unwrap_or_else(PoisonError::into_inner);
        match budgets.first().filter(|_| is_windowed) {
            Some(budget) => budget.account_at(now_ms).account.settled(),
            None => self.life.account.settled(),
        }
    }

    /// Whether anything at all bounds it: then its counters must not be let go of.
    #[must_use]
    pub(crate) fn is_bounded(&self) -> bool {
        self.is_limited() || self.slots.limit().is_some() || self.is_paced()
    }

    /// Limits of calls.
    pub(crate) const fn request_rates(&self) -> [(RateKind, &Rate); 2] {
        [(RateKind::Requests, &self.requests), (RateKind::RequestsPerDay, &self.day_requests)]
    }

    /// Limits of tokens, and which they count.
    pub(crate) fn token_rates(&self) -> [(RateKind, &Rate, Counted); 4] {
        [
            (RateKind::Tokens, &self.tokens, Units::total),
            (RateKind::TokensPerDay, &self.day_tokens, Units::total),
            (RateKind::InputTokens, &self.input_tokens, |units| units.input),
            (RateKind::OutputTokens, &self.output_tokens, |units| units.output),
        ]
    }

    /// The smallest limit that generated tokens count against.
    pub(crate) fn token_limit(&self) -> Option<u64> {
        self.token_rates().iter().filter_map(|(_, rate, _)| rate.limit()).min()
    }

    /// Takes a call from the minute and the day, or from neither.
    ///
    /// # Errors
    /// The limit that is reached.
    pub(crate) fn take_request(&self, second: u64) -> Result<(), Reached> {
        let rates = self.request_rates();
        for (place, (kind, rate)) in rates.iter().enumerate() {
            let Err(wait_s) = rate.charge(1, second) else { continue };
            rates.iter().take(place).for_each(|(_, rate)| rate.correct(1, second, 0, second));
            return Err(Reached::of(rate, *kind, second, wait_s));
        }
        Ok(())
    }

    pub(crate) fn give_request_back(&self, second: u64) {
        self.requests.correct(1, second, 0, second);
        self.day_requests.correct(1, second, 0, second);
    }

    /// Takes tokens from every limit of them, or from none.
    ///
    /// # Errors
    /// The limit that is reached.
    pub(crate) fn take_tokens(&self, units: Units, second: u64) -> Result<(), Reached> {
        let rates = self.token_rates();
        for (place, (kind, rate, counted)) in rates.iter().enumerate() {
            let Err(wait_s) = rate.charge(counted(units), second) else { continue };
            for (_, rate, counted) in rates.iter().take(place) {
                rate.correct(counted(units), second, 0, second);
            }
            return Err(Reached::of(rate, *kind, second, wait_s));
        }
        Ok(())
    }

    /// Puts the tokens that were used in the place of those that were taken.
    pub(crate) fn correct_tokens(&self, taken: Units, used: Units, second: u64) {
        for (_, rate, counted) in self.token_rates() {
            rate.correct(counted(taken), second, counted(used), second);
        }
    }

    /// What calls in flight may cost beyond what is held for them, in the account where that is most.
    pub(crate) fn unheld(&self, now_ms: i64) -> Nanos {
        self.most(now_ms, WindowAccount::unheld)
    }

    /// What calls in flight hold, in the account where that is most.
    pub(crate) fn held(&self, now_ms: i64) -> Nanos {
        self.most(now_ms, |account| account.account.balance().held)
    }

    fn most(&self, now_ms: i64, of: fn(&WindowAccount) -> Nanos) -> Nanos {
        let mut accounts = Vec::new();
        self.accounts_at(now_ms, &mut accounts);
        accounts.iter().map(|account| of(account)).max().unwrap_or_default()
    }

    /// How a refusal of money names it, as LiteLLM does.
    pub(crate) fn payer(&self) -> String {
        let kind = match self.scope.kind() {
            ScopeKind::Global => return "Proxy".to_owned(),
            ScopeKind::Team => "Team",
            ScopeKind::Member => "Team Member",
            ScopeKind::User => "User",
            ScopeKind::Key => "Key",
            ScopeKind::KeyModel => "Model of key",
            ScopeKind::TeamModel => "Model of team",
            ScopeKind::EndUser => "End User",
            ScopeKind::Tag => "Tag",
            ScopeKind::Deployment => "Deployment",
            ScopeKind::Provider => "Provider",
        };
        format!("{kind}={}", self.shown)
    }

    /// How a refusal names it, without its kind.
    pub(crate) const fn shown(&self) -> &Arc<str> {
        &self.shown
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

#[cfg(test)]
mod tests {
    use super::*;
    use weighhouse_storage::{TemporaryIncrease, WindowBudget};

    /// The window of a minute that begins then; 0 is for life.
    fn at(start: i64) -> WindowId {
        if start == 0 { WindowId::life() } else { WindowId::new("seconds:60", start) }
    }

    fn meter(limits: Limits, settled: &[(i64, i64)], now_ms: i64) -> ScopeMeter {
        let scope = Scope::new(ScopeKind::Team, "t");
        let settled: Vec<_> = settled
            .iter()
            .map(|(start, nanos)| {
                (AccountId { scope: scope.clone(), window: at(*start) }, Nanos::new(*nanos))
            })
            .collect();
        let spec = ScopeSpec { scope, shown: "t".into(), limits: Arc::new(limits), spent_ever: None };
        ScopeMeter::new(&spec, &settled, (&TimeZone::UTC, BudgetMode::Strict), now_ms)
    }

    fn books(meter: &ScopeMeter, now_ms: i64) -> Vec<(i64, i64, i64)> {
        let mut accounts = Vec::new();
        meter.accounts_at(now_ms, &mut accounts);
        let shown = |account: &Arc<WindowAccount>| {
            let available = account.account.available().get();
            let start =
                account.id.window.as_str().split_once('@').map_or(0, |(_, start)| start.parse().unwrap());
            (start, account.account.settled().get(), available)
        };
        accounts.iter().map(shown).collect()
    }

    #[test]
    fn each_budget_has_windows_of_its_own() {
        let limits = Limits {
            max_budget: Some(Nanos::new(100)),
            more_budgets: vec![WindowBudget { duration: "1m".into(), max: Nanos::new(10) }],
            ..Limits::default()
        };
        let meter = meter(limits.clone(), &[(0, 30), (60_000, 4), (120_000, 9)], 61_000);
        assert_eq!(books(&meter, 61_000), [(0, 30, 70), (60_000, 4, 6)]);
        // An earlier process spent there: its clock was fast.
        assert_eq!(books(&meter, 120_000), [(0, 30, 70), (120_000, 9, 1)]);
        assert_eq!(meter.spent(120_000), Nanos::new(30));

        let changed = Limits { max_budget: None, budget_duration: None, ..limits };
        meter.set_limits(&Arc::new(changed), 120_000);
        assert_eq!(books(&meter, 120_000), [(0, 30, i64::MAX), (120_000, 9, 1)]);
        meter.set_limits(&Arc::new(Limits::default()), 120_000);
        assert_eq!(books(&meter, 120_000), [(0, 30, i64::MAX)]);
        assert!(!meter.is_bounded());
    }

    #[test]
    fn a_budget_that_comes_again_still_has_what_was_spent_in_its_window() {
        let of = |duration: &str| {
            Arc::new(Limits {
                max_budget: Some(Nanos::new(10)),
                budget_duration: Some(duration.into()),
                ..Limits::default()
            })
        };
        let meter = meter(Limits::clone(&of("1m")), &[(60_000, 4)], 61_000);
        let mut accounts = Vec::new();
        meter.accounts_at(61_000, &mut accounts);
        accounts[1].settle(Nanos::ZERO, Nanos::new(3));
        meter.set_limits(&of("2h"), 62_000);
        assert_eq!(books(&meter, 62_000)[1], (0, 0, 10));
        meter.set_limits(&of("1m"), 63_000);
        assert_eq!(books(&meter, 63_000)[1], (60_000, 7, 3));
        // And where the store alone tells of it.
        let later = self::meter(Limits::clone(&of("2h")), &[(60_000, 4)], 61_000);
        later.set_limits(&of("1m"), 63_000);
        assert_eq!(books(&later, 63_000)[1], (60_000, 4, 6));
    }

    #[test]
    fn windows_that_begin_together_have_books_of_their_own() {
        // 2026-06-01 is a Monday and the first of a month.
        let now_ms = 1_780_272_000_000;
        let limits = Limits {
            max_budget: Some(Nanos::new(50)),
            budget_duration: Some("1d".into()),
            more_budgets: ["7d", "30d", "24h"]
                .map(|duration| WindowBudget { duration: duration.into(), max: Nanos::new(40) })
                .into(),
            ..Limits::default()
        };
        let meter = meter(limits, &[], now_ms);
        let mut accounts = Vec::new();
        meter.accounts_at(now_ms, &mut accounts);
        let ids: std::collections::BTreeSet<_> = accounts.iter().map(|account| account.id.clone()).collect();
        // For life, a day (twice said, and the smaller binds), a week, a month.
        assert_eq!((accounts.len(), ids.len()), (4, 4), "{ids:?}");
        assert!(accounts.iter().skip(1).all(|account| account.account.available() == Nanos::new(40)));
    }

    #[test]
    fn a_temporary_increase_ends_by_itself() {
        let increase = TemporaryIncrease { amount: Nanos::new(5), until_ms: 1_000 };
        let limits = Arc::new(Limits {
            max_budget: Some(Nanos::new(10)),
            temporary: Some(increase),
            ..Limits::default()
        });
        let meter = meter(Limits::clone(&limits), &[], 0);
        assert_eq!(books(&meter, 0), [(0, 0, 15)]);
        meter.set_limits(&limits, 1_000);
        assert_eq!(books(&meter, 1_000), [(0, 0, 10)]);
    }
}
