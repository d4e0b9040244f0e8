//! Who is there in a simulation, and what they may: rolled by the seed.

use std::sync::Arc;

use weighhouse_storage::{BudgetMode, Limits, WindowBudget};
use weighhouse_types::{AccountId, Nanos, Scope, ScopeKind, WindowId};

use super::dice::Dice;
use crate::scope_meter::ScopeSpec;

/// The house's people and places.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) keys: Vec<Key>,
    /// Scopes that some calls come under beside those of their key: end users and a tag.
    pub(crate) named: Vec<ScopeSpec>,
    /// Scopes of each deployment: its own, and its provider's.
    pub(crate) deployments: Vec<Vec<ScopeSpec>>,
}

/// A virtual key and everything whose limits hold for it.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) id: String,
    /// Team, member, user, the house; the key itself comes last.
    pub(crate) scopes: Vec<ScopeSpec>,
}

impl Plot {
    pub(crate) fn roll(dice: &mut Dice) -> Self {
        let global = spec(ScopeKind::Global, "", dice, 60);
        let teams: Vec<_> = (0..2).map(|team| spec(ScopeKind::Team, &format!("t{team}"), dice, 30)).collect();
        let members: Vec<_> =
            (0..3).map(|user| spec(ScopeKind::Member, &format!("t/u{user}"), dice, 20)).collect();
        let users: Vec<_> = (0..2).map(|user| spec(ScopeKind::User, &format!("u{user}"), dice, 20)).collect();
        let keys = (0..dice.between(1, 4)).map(|number| {
            let id = format!("k{number}");
            let mut scopes = match dice.between(0, 2) {
                0 => vec![dice.pick(&users).clone()],
                1 => vec![dice.pick(&teams).clone()],
                _ => vec![dice.pick(&teams).clone(), dice.pick(&members).clone()],
            };
            scopes.push(global.clone());
            scopes.push(spec(ScopeKind::Key, &id, dice, 12));
            Key { id, scopes }
        });
        let keys = keys.collect();
        let named = vec![
            spec(ScopeKind::EndUser, "e0", dice, 12),
            spec(ScopeKind::EndUser, "e1", dice, 12),
            spec(ScopeKind::Tag, "red", dice, 20),
        ];
        let provider = spec(ScopeKind::Provider, "p", dice, 60);
        let deployments = (0..2)
            .map(|place| vec![spec(ScopeKind::Deployment, &format!("d{place}"), dice, 20), provider.clone()]);
        let deployments = deployments.collect();
        Self { keys, named, deployments }
    }
}

fn spec(kind: ScopeKind, id: &str, dice: &mut Dice, calls: u64) -> ScopeSpec {
    let limits = limits(dice, calls);
    let (scope, shown) = (Scope::new(kind, id), id.into());
    ScopeSpec { scope, shown, limits: Arc::new(limits), spent_ever: None }
}

/// Limits that some `calls` calls use up; many of them are not set.
fn limits(dice: &mut Dice, calls: u64) -> Limits {
    const DURATIONS: [&str; 2] = ["20s", "1m"];
    let money = |dice: &mut Dice| {
        let nanos = dice.between(0, calls * 400_000);
        Nanos::new(i64::try_from(nanos).unwrap())
    };
    let mut limits = Limits::default();
    if dice.one_in(2) {
        limits.max_budget = Some(money(dice));
        limits.budget_duration = dice.one_in(2).then(|| (*dice.pick(&DURATIONS)).to_owned());
        if dice.one_in(4) {
            limits.more_budgets.push(WindowBudget { duration: "20s".into(), max: money(dice) });
        }
        limits.budget_mode = match dice.between(0, 9) {
            0 => Some(BudgetMode::After),
            1 => Some(BudgetMode::Bounded),
            _ => None,
        };
    }
    limits.rpm_limit = dice.one_in(5).then(|| dice.between(1, calls));
    limits.tpm_limit = dice.one_in(6).then(|| dice.between(200, calls * 300));
    limits.otpm_limit = dice.one_in(8).then(|| dice.between(200, calls * 300));
    limits.max_parallel_requests = dice.one_in(5).then(|| dice.between(1, 5));
    limits
}

/// Whether every budget of the scope is strict.
pub(crate) fn is_strict(limits: &Limits) -> bool {
    limits.budget_mode.is_none_or(|mode| mode == BudgetMode::Strict)
}

/// The accounts that a call of a moment is charged to, and the limit of each, reckoned without the engine. Of two
/// budgets in the same windows the smaller one binds.
pub(crate) fn accounts_of(spec: &ScopeSpec, now_ms: i64) -> Vec<(AccountId, Option<Nanos>)> {
    let account = |window| AccountId { scope: spec.scope.clone(), window };
    let mut accounts: Vec<(AccountId, Option<Nanos>)> = vec![(account(WindowId::life()), None)];
    let limits = &spec.limits;
    let first = limits.max_budget.map(|max| (limits.budget_duration.as_deref(), max));
    let more = limits.more_budgets.iter().map(|budget| (Some(budget.duration.as_str()), budget.max));
    for (duration, max) in first.into_iter().chain(more) {
        let id = account(duration.map_or_else(WindowId::life, |duration| window(duration, now_ms)));
        match accounts.iter_mut().find(|(known, _)| *known == id) {
            Some((_, limit)) => *limit = Some(limit.map_or(max, |limit| limit.min(max))),
            None => accounts.push((id, Some(max))),
        }
    }
    accounts
}

fn window(duration: &str, now_ms: i64) -> WindowId {
    let seconds = if duration == "20s" { 20 } else { 60 };
    WindowId::new(&format!("seconds:{seconds}"), now_ms - now_ms % (seconds * 1_000))
}
