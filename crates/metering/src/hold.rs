//! Money set aside in every account that applies: all or nothing, and in turn where others hold it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use weighhouse_types::{Error, Nanos};

use crate::account::{Balance, Verdict};
use crate::bound::{Weight, weigh};
use crate::meter::Admission;
use crate::refusal::{Needed, over_budget};
use crate::scope_meter::ScopeMeter;
use crate::window_account::WindowAccount;

/// An account that a call is charged to.
#[derive(Clone, Debug)]
pub(crate) struct Charged {
    pub(crate) account: Arc<WindowAccount>,
    /// Money was set aside in it; an account without a limit needs none.
    pub(crate) is_held: bool,
}

impl Charged {
    /// Sets money aside, where the account is bounded.
    pub(crate) fn hold(&mut self, weight: Nanos) -> Verdict {
        if !self.account.account.is_limited() {
            return Verdict::Held;
        }
        let verdict = self.account.account.hold(weight);
        self.is_held |= verdict == Verdict::Held;
        verdict
    }

    /// Turns a part of the hold into what was spent.
    pub(crate) fn settle(&self, held: Nanos, actual: Nanos) {
        self.account.settle(if self.is_held { held } else { Nanos::ZERO }, actual);
    }
}

/// Why a hold was not granted.
struct Refused {
    account: Arc<WindowAccount>,
    balance: Balance,
    needed: Needed,
    /// What others hold now would suffice, if it came back.
    may_wait: bool,
}

impl Refused {
    fn error(&self, scopes: &[Arc<ScopeMeter>]) -> Error {
        let scope = scopes.iter().find(|scope| scope.scope == self.account.id.scope);
        match scope {
            Some(scope) => over_budget(scope, &self.account, self.balance, self.needed),
            None => Error::new(weighhouse_types::Kind::BudgetExceeded, "Budget has been exceeded!"),
        }
    }
}

/// Holds the weight of a call in every bounded account, waiting up to `patience` for money that others hold:
/// first come, first served.
///
/// # Errors
/// `BudgetExceeded`, naming the account and its amounts. Then nothing is held.
pub(crate) async fn hold(
    accounts: &mut [Charged],
    scopes: &[Arc<ScopeMeter>],
    call: &Admission<'_>,
    patience: Duration,
) -> Result<Weight, Error> {
    let crowded = accounts.iter().find(|charged| charged.account.has_waiting());
    let mut blocked = match crowded.map(|charged| Arc::clone(&charged.account)) {
        // Who waits already comes first.
        Some(account) if !patience.is_zero() => account,
        _ => match try_hold(accounts, call) {
            Ok(weight) => return Ok(weight),
            Err(refused) if refused.may_wait && !patience.is_zero() => refused.account,
            Err(refused) => return Err(refused.error(scopes)),
        },
    };
    let deadline = Instant::now() + patience;
    loop {
        let turn = Box::pin(in_turn(accounts, &blocked, call));
        match timeout_at(deadline, turn).await {
            Ok(Ok(weight)) => return Ok(weight),
            Ok(Err(refused)) if refused.may_wait => blocked = refused.account,
            Ok(Err(refused)) => return Err(refused.error(scopes)),
            // The last look tells the amounts of this moment.
            Err(_) => return try_hold(accounts, call).map_err(|refused| refused.error(scopes)),
        }
    }
}

/// Waits in an account's queue until the hold is granted, or until that account is not what is in the way.
async fn in_turn(
    accounts: &mut [Charged],
    blocked: &Arc<WindowAccount>,
    call: &Admission<'_>,
) -> Result<Weight, Refused> {
    let _waiting = blocked.wait();
    let _turn = blocked.queue.lock().await;
    loop {
        let mut freed = Box::pin(blocked.freed.notified());
        // Listened for before the look, so that what is freed between the two is not missed.
        freed.as_mut().enable();
        match try_hold(accounts, call) {
            Ok(weight) => return Ok(weight),
            Err(refused) if refused.may_wait && Arc::ptr_eq(&refused.account, blocked) => freed.await,
            Err(refused) => return Err(refused),
        }
    }
}

/// Holds in every bounded account or in none. Another call may take what was just seen as available: then the
/// weight is taken anew, and every round lowers it or ends in a refusal.
fn try_hold(accounts: &mut [Charged], call: &Admission<'_>) -> Result<Weight, Refused> {
    loop {
        let narrowest = accounts.iter().min_by_key(|charged| charged.account.account.available());
        let Some(narrowest) = narrowest.map(|charged| Arc::clone(&charged.account)) else {
            return Ok(Weight { nanos: Nanos::ZERO, output_cap: None, is_lowered: false });
        };
        let balance = narrowest.account.balance();
        let weight =
            weigh(call.books, call.input_bound, call.output, &call.terms, narrowest.account.available());
        let Some(weight) = weight else { return Err(refused(narrowest, balance, call)) };
        match hold_all(accounts, weight.nanos) {
            None => return Ok(weight),
            // A spent limit admits nothing, not even what costs nothing.
            Some(blocked) if blocked.account.available() == Nanos::ZERO => {
                let balance = blocked.account.balance();
                return Err(refused(blocked, balance, call));
            }
            Some(_) => {}
        }
    }
}

/// Gives the account that does not bear it; then nothing is held.
fn hold_all(accounts: &mut [Charged], weight: Nanos) -> Option<Arc<WindowAccount>> {
    let blocked = accounts.iter_mut().position(|charged| charged.hold(weight) != Verdict::Held)?;
    for charged in accounts.iter_mut().take(blocked) {
        charged.settle(weight, Nanos::ZERO);
        charged.is_held = false;
    }
    accounts.get(blocked).map(|charged| Arc::clone(&charged.account))
}

fn refused(account: Arc<WindowAccount>, balance: Balance, call: &Admission<'_>) -> Refused {
    let weigh = |available| weigh(call.books, call.input_bound, call.output, &call.terms, available);
    let needed = weigh(Nanos::MAX).map_or(Needed::Unpriced, |weight| Needed::Money(weight.nanos));
    let unspent = balance.limit.unwrap_or_default() - balance.settled;
    let may_wait = balance.held > Nanos::ZERO && unspent > Nanos::ZERO && weigh(unspent).is_some();
    Refused { account, balance, needed, may_wait }
}

#[cfg(test)]
mod tests;
