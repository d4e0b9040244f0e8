//! What really happened, as providers and clients know it: held against what the house says.

use std::collections::BTreeMap;

use tokio::time::Instant;
use weighhouse_types::{AccountId, AttemptId, Nanos, Scope, ScopeKind};

use super::book::Kept;

/// What a limit of calls in a minute counts: a call at each end of sixty seconds is less than that apart.
const MINUTE: u64 = 60;

#[derive(Debug)]
pub(crate) struct Truth {
    pub(crate) sent: BTreeMap<AttemptId, Sent>,
    /// Seconds in which calls were let in, by scope, in this life.
    requests: BTreeMap<Scope, Vec<u64>>,
    /// Calls that are in, by scope.
    busy: BTreeMap<Scope, u64>,
    /// Calls that are being let in: they may have taken something already.
    pub(crate) asking: u64,
    /// When the disk was last told to keep everything.
    pub(crate) synced: Instant,
    /// Something went wrong with the disk, so that what was noted of an end may be missing.
    pub(crate) had_faults: bool,
    pub(crate) figures: Figures,
}

/// An attempt that reached a provider.
#[derive(Debug)]
pub(crate) struct Sent {
    /// The accounts that it must be charged to, and the limits of those that are strict.
    pub(crate) accounts: Vec<(AccountId, Option<Nanos>)>,
    /// What the provider bills for it, whether anybody waits for it or not.
    pub(crate) bill: Nanos,
    pub(crate) at: Instant,
    pub(crate) told: Told,
}

/// What the house was told that an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing yet, or nothing ever: at least the bill must be booked where a strict budget covers it.
    Nothing,
    /// So much, at that moment.
    Exactly(Nanos, Instant),
    /// The power went before the disk had it.
    Lost,
}

/// What a course came to, so that it can be seen that something happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) calls: u64,
    pub(crate) sent: u64,
    pub(crate) over_budget: u64,
    pub(crate) too_fast: u64,
    pub(crate) left: u64,
    pub(crate) unwritten: u64,
    pub(crate) crashes: u64,
    pub(crate) recovered: u64,
}

impl Truth {
    pub(crate) fn new() -> Self {
        Self {
            sent: BTreeMap::new(),
            requests: BTreeMap::new(),
            busy: BTreeMap::new(),
            asking: 0,
            synced: Instant::now(),
            had_faults: false,
            figures: Figures::default(),
        }
    }

    /// A process begins: rates and places are its own.
    pub(crate) fn begin_life(&mut self) {
        (self.requests, self.busy, self.asking) = Default::default();
        self.synced = Instant::now();
    }

    /// An attempt reaches its provider.
    pub(crate) fn send(&mut self, attempt: AttemptId, sent: Sent) {
        self.sent.insert(attempt, sent);
        self.figures.sent += 1;
    }

    /// A call was let in: never beyond a limit.
    pub(crate) fn enter(
        &mut self,
        scope: &Scope,
        second: u64,
        limits: (Option<u64>, Option<u64>),
    ) -> Result<(), String> {
        let (per_minute, at_once) = limits;
        let times = self.requests.entry(scope.clone()).or_default();
        times.push(second);
        for last in times.iter().copied() {
            let count =
                times.iter().filter(|time| (last.saturating_sub(MINUTE)..=last).contains(time)).count();
            if per_minute.is_some_and(|limit| count as u64 > limit) {
                return Err(format!("{scope} let {count} calls into the minute before second {last}"));
            }
        }
        let busy = self.busy.entry(scope.clone()).or_default();
        *busy += 1;
        if at_once.is_some_and(|limit| *busy > limit) {
            return Err(format!("{scope} let {busy} calls in at once"));
        }
        Ok(())
    }

    pub(crate) fn leave(&mut self, scope: &Scope) {
        if let Some(busy) = self.busy.get_mut(scope) {
            *busy -= 1;
        }
    }

    /// Whether limits of calls explain that one more was refused.
    pub(crate) fn is_full(&self, scope: &Scope, second: u64, limits: (Option<u64>, Option<u64>)) -> bool {
        let (per_minute, at_once) = limits;
        let times = self.requests.get(scope).map_or(&[][..], Vec::as_slice);
        let recent = times.iter().filter(|time| **time + MINUTE >= second).count() as u64;
        let busy = self.busy.get(scope).copied().unwrap_or_default();
        // Whoever is being let in may have taken a place already; the one that was refused is no longer among them.
        per_minute.is_some_and(|limit| recent + self.asking + 1 > limit)
            || at_once.is_some_and(|limit| busy + self.asking + 1 > limit)
    }

    /// The power went: what was noted since the last sync may be gone.
    pub(crate) fn power_lost(&mut self, kept: &Kept) {
        for (attempt, sent) in &mut self.sent {
            if kept.rows.contains_key(attempt) {
                continue;
            }
            if sent.at >= self.synced {
                sent.told = Told::Lost;
            } else if matches!(sent.told, Told::Exactly(_, at) if at >= self.synced) {
                sent.told = Told::Nothing;
            }
        }
    }

    /// Holds a book against the truth. Everything that was sent must be in it, once, under the right accounts, with
    /// the right cost; and no strict budget is passed, neither in the book nor by what providers bill.
    pub(crate) fn check(&self, kept: &Kept) -> Result<(), String> {
        for (attempt, sent) in &self.sent {
            self.check_row(*attempt, sent, kept)?;
        }
        if let Some(unknown) = kept.rows.keys().find(|attempt| !self.sent.contains_key(attempt)) {
            return Err(format!("{unknown:?} is booked and was never sent"));
        }
        check_sums(kept)?;
        self.check_limits(kept)
    }

    fn check_row(&self, attempt: AttemptId, sent: &Sent, kept: &Kept) -> Result<(), String> {
        let Some(row) = kept.rows.get(&attempt) else {
            return if sent.told == Told::Lost {
                Ok(())
            } else {
                Err(format!("{attempt:?} is lost: {sent:?}"))
            };
        };
        let is_row = |id: &AccountId| id.scope.kind() != ScopeKind::Key || !id.window.is_life();
        let mut expected: Vec<_> = sent.accounts.iter().map(|(id, _)| id).filter(|id| is_row(id)).collect();
        let mut booked: Vec<_> = row.accounts.iter().collect();
        expected.sort();
        booked.sort();
        if expected != booked {
            return Err(format!("{attempt:?} stands on {booked:?} and belongs on {expected:?}"));
        }
        let is_strict = sent.accounts.iter().any(|(_, limit)| limit.is_some());
        let is_right = match sent.told {
            Told::Exactly(cost, _) if self.had_faults => row.cost >= cost || !is_strict,
            Told::Exactly(cost, _) => row.cost == cost,
            Told::Nothing | Told::Lost => row.cost >= sent.bill || !is_strict,
        };
        if is_right { Ok(()) } else { Err(format!("{attempt:?} is booked at {} : {sent:?}", row.cost)) }
    }

    fn check_limits(&self, kept: &Kept) -> Result<(), String> {
        let mut billed: BTreeMap<&AccountId, (Nanos, Nanos)> = BTreeMap::new();
        for sent in self.sent.values() {
            for (account, limit) in &sent.accounts {
                let Some(limit) = limit else { continue };
                let sum = billed.entry(account).or_insert((Nanos::ZERO, *limit));
                // What a power cut took from the books was spent all the same, and nobody can know of it.
                if sent.told != Told::Lost {
                    sum.0 += sent.bill;
                }
            }
        }
        for (account, (bill, limit)) in billed {
            let booked = kept.accounts.get(account).copied().unwrap_or_default();
            if bill > limit || booked > limit {
                return Err(format!("{account:?}: limit {limit}, billed {bill}, booked {booked}"));
            }
        }
        Ok(())
    }
}

/// What accounts and keys are said to have spent is what their rows sum to.
fn check_sums(kept: &Kept) -> Result<(), String> {
    let (mut accounts, mut keys) = (BTreeMap::new(), BTreeMap::new());
    for row in kept.rows.values() {
        for account in row.accounts.iter() {
            *accounts.entry(account.clone()).or_insert(Nanos::ZERO) += row.cost;
        }
        if let Some(key) = &row.key_id {
            *keys.entry(key.clone()).or_insert(Nanos::ZERO) += row.cost;
        }
    }
    if accounts != kept.accounts || keys != kept.keys {
        return Err(format!(
            "the rows say {accounts:?} {keys:?}, the books {:?} {:?}",
            kept.accounts, kept.keys
        ));
    }
    Ok(())
}
