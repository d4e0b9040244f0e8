//! What one scope (a key, a team, a user …) may spend and how fast, counted on this node.

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::tz::TimeZone;
use weighhouse_storage::{BudgetMode, Limits};
use weighhouse_types::{AccountId, Nanos, Pace, Scope, ScopeKind, WindowId};

use crate::budgets::Budgets;
use crate::charge::Now;
use crate::counters::{Counters, Units};
use crate::hold::Charged;
use crate::pace::Reached;
use crate::window_account::WindowAccount;

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
    /// Everything that is counted beside money, and which accounts run: one lock, taken once when a call comes and
    /// once when it goes.
    books: Mutex<Books>,
    marks: Marks,
}

#[derive(Debug)]
struct Books {
    limits: Arc<Limits>,
    counters: Counters,
    budgets: Budgets,
}

/// What limits say, for whoever wants to know it without the lock.
#[derive(Debug)]
struct Marks {
    /// The limits that are in force. They are compared and never looked into; while they stand here the books keep
    /// them, so that no others come to the same place.
    limits: AtomicPtr<Limits>,
    has_windows: AtomicBool,
    is_paced: AtomicBool,
    /// The smallest limit that generated tokens count against, or the largest number.
    token_limit: AtomicU64,
}

impl Marks {
    fn of(books: &Books) -> Self {
        let marks = Self {
            limits: AtomicPtr::default(),
            has_windows: AtomicBool::default(),
            is_paced: AtomicBool::default(),
            token_limit: AtomicU64::default(),
        };
        marks.set(books);
        marks
    }

    fn set(&self, books: &Books) {
        self.limits.store(Arc::as_ptr(&books.limits).cast_mut(), Ordering::Relaxed);
        self.has_windows.store(!books.budgets.is_empty(), Ordering::Relaxed);
        self.is_paced.store(books.counters.is_paced(), Ordering::Relaxed);
        self.token_limit.store(books.counters.token_limit().unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

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
        let life = WindowAccount::new(id, i64::MAX, None, spent);
        let limits = &spec.limits;
        let mut budgets = Budgets::new(of_windows);
        budgets.set_limits(limits, &life, (zone, mode), now_ms);
        let books = Books { limits: Arc::clone(limits), counters: Counters::new(limits), budgets };
        Self {
            scope: spec.scope.clone(),
            shown: Arc::clone(&spec.shown),
            zone: zone.clone(),
            mode,
            life: Arc::new(life),
            marks: Marks::of(&books),
            books: Mutex::new(books),
        }
    }

    /// Takes over limits that an administrator changed, or a temporary increase that began or ended.
    pub fn set_limits(&self, limits: &Arc<Limits>, now_ms: i64) {
        let known = self.marks.limits.load(Ordering::Relaxed).cast_const();
        if std::ptr::eq(known, Arc::as_ptr(limits)) && limits.temporary.is_none() {
            return;
        }
        let mut books = self.books();
        let known = std::mem::replace(&mut books.limits, Arc::clone(limits));
        // A record that was read again says the same most of the time.
        if known != *limits || limits.temporary.is_some() {
            books.budgets.set_limits(limits, &self.life, (&self.zone, self.mode), now_ms);
            books.counters.set_limits(limits);
        }
        self.marks.set(&books);
        drop(books);
        // Only now may others come to their place.
        drop(known);
    }

    /// Takes a place, a call and, where they are given, tokens, or nothing of it all; and opens the accounts that a
    /// hold may be needed in: the one for life where it is limited, and those of the windows that run.
    ///
    /// # Errors
    /// The limit that is reached.
    pub(crate) fn take(
        &self,
        units: Option<Units>,
        now: Now,
        accounts: &mut Vec<Charged>,
    ) -> Result<(), Reached> {
        let mut books = self.books();
        books.counters.take(units, now.second)?;
        if self.life.account.is_limited() {
            accounts.push(Charged::new(Arc::clone(&self.life)));
        }
        accounts.extend(books.budgets.accounts_at(now.unix_ms).map(Charged::new));
        Ok(())
    }

    /// Gives back what a call took at a second, but for what it used; nothing used is a call that was refused.
    pub(crate) fn give_back(&self, taken: Option<Units>, used: Option<Units>, second: u64) {
        self.books().counters.give_back(taken, used, second);
    }

    /// What it spends ever, limited or not.
    pub(crate) const fn life(&self) -> &Arc<WindowAccount> {
        &self.life
    }

    /// The accounts of a moment.
    pub(crate) fn accounts_at(&self, now_ms: i64, accounts: &mut Vec<Arc<WindowAccount>>) {
        accounts.push(Arc::clone(&self.life));
        accounts.extend(self.books().budgets.accounts_at(now_ms));
    }

    /// Whether any budget bounds it.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.life.account.is_limited() || self.marks.has_windows.load(Ordering::Relaxed)
    }

    /// Spent in the window of its first budget at a moment, or ever where it has none.
    #[must_use]
    pub fn spent(&self, now_ms: i64) -> Nanos {
        if !self.marks.has_windows.load(Ordering::Relaxed) {
            return self.life.account.settled();
        }
        let mut books = self.books();
        let is_windowed = books.limits.budget_duration.is_some();
        let first = books.budgets.accounts_at(now_ms).next().filter(|_| is_windowed);
        first.as_ref().unwrap_or(&self.life).account.settled()
    }

    /// Whether anything at all bounds it: then its counters must not be let go of.
    #[must_use]
    pub(crate) fn is_bounded(&self) -> bool {
        self.is_limited() || self.is_paced() || self.books().counters.bounds_slots()
    }

    /// Whether calls or tokens in a minute or a day are limited.
    #[must_use]
    pub fn is_paced(&self) -> bool {
        self.marks.is_paced.load(Ordering::Relaxed)
    }

    /// The limits of calls and tokens, and how far each is used at a second.
    pub fn paces(&self, second: u64, mut told: impl FnMut(Pace)) {
        self.books().counters.paces(second, &mut told);
    }

    /// The smallest limit that generated tokens count against.
    pub(crate) fn token_limit(&self) -> Option<u64> {
        Some(self.marks.token_limit.load(Ordering::Relaxed)).filter(|limit| *limit != u64::MAX)
    }

    /// Places that calls have at this moment.
    pub(crate) fn used_slots(&self) -> u64 {
        self.books().counters.used_slots()
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
            ScopeKind::UserModel => "Model of user",
            ScopeKind::EndUserModel => "Model of end user",
            ScopeKind::TagModel => "Model of tag",
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

    fn books(&self) -> MutexGuard<'_, Books> {
        // A panic elsewhere leaves whole numbers behind: the books stay usable.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
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
