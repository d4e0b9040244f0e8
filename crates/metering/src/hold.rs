//! Money set aside in every account that applies: all or nothing, and in turn where others hold it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use weighhouse_storage::BudgetMode;
use weighhouse_types::{Error, Kind, Nanos};

use crate::account::{Balance, Verdict};
use crate::bound::{Weight, weigh};
use crate::charge::Charge;
use crate::line::AfterFreeing;
use crate::meter::{Admission, Unpriced};
use crate::refusal::{Needed, over_budget};
use crate::window_account::WindowAccount;

/// An account that a call is charged to.
#[derive(Debug)]
pub(crate) struct Charged {
    pub(crate) account: Arc<WindowAccount>,
    /// What is held and not yet spent by an attempt.
    pub(crate) held: Nanos,
    /// What is held for each attempt.
    share: Nanos,
    /// What an attempt may cost beyond its share, as the account was told.
    risk: i64,
}

/// What is held for an attempt, by how strictly a budget holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stakes {
    /// The most that the attempt may cost.
    pub(crate) most: Nanos,
    /// What nearly every call of its kind costs, where enough are known.
    pub(crate) usual: Option<Nanos>,
}

impl Stakes {
    fn share(self, mode: BudgetMode) -> Nanos {
        match mode {
            BudgetMode::Strict => self.most,
            BudgetMode::Bounded => self.usual.map_or(self.most, |usual| usual.min(self.most)),
            BudgetMode::After => Nanos::ZERO,
        }
    }
}

impl Charged {
    pub(crate) const fn new(account: Arc<WindowAccount>) -> Self {
        Self { account, held: Nanos::ZERO, share: Nanos::ZERO, risk: 0 }
    }

    /// Sets money aside, where the account is bounded.
    pub(crate) fn hold(&mut self, stakes: Stakes) -> Verdict {
        if !self.account.account.is_limited() {
            return Verdict::Held;
        }
        let share = stakes.share(self.account.mode());
        let verdict = self.account.account.hold(share);
        if verdict == Verdict::Held {
            (self.held, self.share, self.risk) = (share, share, stakes.most.get() - share.get());
            self.account.risk(self.risk);
        }
        verdict
    }

    /// Holds anew what an earlier attempt has spent.
    pub(crate) fn top_up(&mut self) -> Verdict {
        let missing = self.share - self.held;
        if missing <= Nanos::ZERO {
            return Verdict::Held;
        }
        let verdict = self.account.account.hold(missing);
        if verdict == Verdict::Held {
            self.held = self.share;
        }
        verdict
    }

    /// Turns a part of the hold into what an attempt cost; more than was held is booked all the same. Gives how far
    /// the cost passed what a strict budget held for it.
    pub(crate) fn settle(&mut self, cost: Nanos) -> Nanos {
        let covered = cost.min(self.held);
        let is_strict = self.account.account.is_limited() && self.account.mode() == BudgetMode::Strict;
        self.account.settle(covered, cost);
        self.held = self.held - covered;
        if is_strict { cost - covered } else { Nanos::ZERO }
    }

    /// Gives back what is still held, and tells whether that was anything: then who waits for it must be woken.
    fn release(&mut self) -> bool {
        let held = std::mem::take(&mut self.held);
        if held > Nanos::ZERO {
            self.account.settle(held, Nanos::ZERO);
        }
        self.account.risk(-std::mem::take(&mut self.risk));
        self.share = Nanos::ZERO;
        held > Nanos::ZERO
    }
}

/// Gives back what is still held in some accounts, and wakes who waits for it.
pub(crate) fn release_all(accounts: &mut [Charged]) {
    let mut is_any = false;
    for charged in accounts.iter_mut() {
        is_any |= charged.release();
    }
    if is_any {
        let after = AfterFreeing::now();
        accounts.iter().for_each(|charged| charged.account.wake(&after));
    }
}

/// Why a hold was not granted.
#[derive(Debug)]
pub(crate) struct Refused {
    account: Arc<WindowAccount>,
    balance: Balance,
    needed: Needed,
    /// What others hold now would suffice, if it came back.
    may_wait: bool,
}

impl Refused {
    pub(crate) fn error(&self, charge: &Charge) -> Error {
        match charge.scope_of(&self.account.id) {
            Some(scope) => over_budget(scope, &self.account, self.balance, self.needed),
            None => Error::new(Kind::BudgetExceeded, "Budget has been exceeded!"),
        }
    }
}

/// Holds the weight of a call in every bounded account, waiting up to `patience` for money that others hold:
/// first come, first served.
///
/// # Errors
/// `BudgetExceeded`, naming the account and its amounts. Then nothing is held.
pub(crate) async fn hold(
    charge: &mut Charge,
    call: &Admission<'_>,
    usual: Option<Nanos>,
    patience: Duration,
) -> Result<Weight, Error> {
    let asked = Asked { call, usual };
    let crowded = charge.accounts.iter().find(|charged| charged.account.has_waiting());
    let mut blocked = match crowded.map(|charged| Arc::clone(&charged.account)) {
        // Who waits already comes first.
        Some(account) if !patience.is_zero() => account,
        _ => match asked.try_hold(&mut charge.accounts) {
            Ok(weight) => return Ok(weight),
            Err(refused) if refused.may_wait && !patience.is_zero() => refused.account,
            Err(refused) => return Err(refused.error(charge)),
        },
    };
    let deadline = Instant::now() + patience;
    loop {
        let turn = Box::pin(in_turn(&mut charge.accounts, &blocked, asked));
        match timeout_at(deadline, turn).await {
            Ok(Ok(weight)) => return Ok(weight),
            Ok(Err(refused)) if refused.may_wait => blocked = refused.account,
            Ok(Err(refused)) => return Err(refused.error(charge)),
            // The last look tells the amounts of this moment.
            Err(_) => {
                let last = asked.try_hold(&mut charge.accounts);
                return last.map_err(|refused| refused.error(charge));
            }
        }
    }
}

/// Waits in an account's queue until the hold is granted, or until that account is not what is in the way.
async fn in_turn(
    accounts: &mut [Charged],
    blocked: &Arc<WindowAccount>,
    asked: Asked<'_, '_>,
) -> Result<Weight, Refused> {
    let _waiting = blocked.wait();
    let _turn = blocked.queue.lock().await;
    loop {
        let mut freed = Box::pin(blocked.freed.notified());
        // Listened for before the look, so that what is freed between the two is not missed.
        freed.as_mut().enable();
        match asked.try_hold(accounts) {
            Ok(weight) => return Ok(weight),
            Err(refused) if refused.may_wait && Arc::ptr_eq(&refused.account, blocked) => freed.await,
            Err(refused) => return Err(refused),
        }
    }
}

/// Holds an attempt's weight in each of some accounts or in none of them.
///
/// # Errors
/// The account that does not bear it.
pub(crate) fn hold_all(accounts: &mut [Charged], stakes: Stakes) -> Result<(), Arc<WindowAccount>> {
    let Some(blocked) = accounts.iter_mut().position(|charged| charged.hold(stakes) != Verdict::Held) else {
        return Ok(());
    };
    let (held, rest) = accounts.split_at_mut(blocked);
    release_all(held);
    rest.first().map_or(Ok(()), |charged| Err(Arc::clone(&charged.account)))
}

/// What a call asks of its accounts.
#[derive(Clone, Copy, Debug)]
struct Asked<'ask, 'call> {
    call: &'ask Admission<'call>,
    usual: Option<Nanos>,
}

impl Asked<'_, '_> {
    /// Holds in every bounded account or in none. Another call may take what was just seen as available: then the
    /// weight is taken anew, and every round lowers it or ends in a refusal.
    fn try_hold(&self, accounts: &mut [Charged]) -> Result<Weight, Refused> {
        loop {
            let is_strict = |charged: &&Charged| {
                charged.account.account.is_limited() && charged.account.mode() == BudgetMode::Strict
            };
            let strict = accounts.iter().filter(is_strict);
            let strict = strict.map(|charged| (charged.account.account.available(), charged));
            let narrowest = strict.min_by_key(|(available, _)| *available);
            let available = narrowest.map_or(Nanos::MAX, |(available, _)| available);
            let weight = match (self.weight(available), narrowest) {
                (Some(weight), Some(_)) => weight,
                // Where nothing is strict what has no price is let through, and no output is bounded, unless a
                // deployment's budget counts on it.
                (weight, None) => {
                    let weight = weight.unwrap_or(Weight::NOTHING);
                    Weight { output_cap: weight.output_cap.filter(|_| self.call.is_weighed), ..weight }
                }
                (None, Some((_, charged))) => {
                    return Err(self.refused(Arc::clone(&charged.account), charged.account.account.balance()));
                }
            };
            let Err(blocked) = hold_all(accounts, Stakes { most: weight.nanos, usual: self.usual }) else {
                return Ok(weight);
            };
            // A spent limit admits nothing, not even what costs nothing; and only strict holds can be lowered.
            if blocked.account.available() == Nanos::ZERO || blocked.mode() != BudgetMode::Strict {
                let balance = blocked.account.balance();
                return Err(self.refused(blocked, balance));
            }
        }
    }

    /// The weight that so much money pays for.
    fn weight(&self, available: Nanos) -> Option<Weight> {
        let call = self.call;
        let weigh = |available| weigh(call.books, call.input_bound, call.output, &call.terms, available);
        match (weigh(available), call.unpriced) {
            (Some(weight), _) => Some(weight),
            (None, Unpriced::Refused) => None,
            // Only where no amount at all would do the price is missing.
            (None, Unpriced::Held(nanos)) => {
                let is_unpriced = weigh(Nanos::MAX).is_none();
                (is_unpriced && nanos <= available).then_some(Weight { nanos, ..Weight::NOTHING })
            }
        }
    }

    fn refused(&self, account: Arc<WindowAccount>, balance: Balance) -> Refused {
        let whole = self.weight(Nanos::MAX);
        let limit = balance.limit.unwrap_or_default();
        let unspent = limit - balance.settled;
        let would_do = |amount| match (account.mode(), whole) {
            (BudgetMode::Strict, _) => self.weight(amount).is_some(),
            (mode, Some(weight)) => Stakes { most: weight.nanos, usual: self.usual }.share(mode) <= amount,
            (_, None) => true,
        };
        let may_wait = balance.held > Nanos::ZERO && unspent > Nanos::ZERO && would_do(unspent);
        let is_ever_borne = limit > Nanos::ZERO && would_do(limit);
        let needed = Needed { most: whole.map(|weight| weight.nanos), is_ever_borne };
        Refused { account, balance, needed, may_wait }
    }
}

#[cfg(test)]
mod tests;
