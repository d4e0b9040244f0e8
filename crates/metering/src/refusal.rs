//! Words of refusals: LiteLLM's, then what it does not say.

use std::time::Duration;

use jiff::Timestamp;
use weighhouse_types::{Error, Kind, Nanos};

use crate::account::Balance;
use crate::scope_meter::ScopeMeter;
use crate::window_account::WindowAccount;

/// What a refused call would have needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needed {
    /// So much at most.
    Money(Nanos),
    /// Nobody knows: the model has no price.
    Unpriced,
}

/// A budget is spent, or does not bear the call.
pub(crate) fn over_budget(
    scope: &ScopeMeter,
    account: &WindowAccount,
    balance: Balance,
    needed: Needed,
) -> Error {
    let limit = balance.limit.unwrap_or_default();
    let payer = scope.payer();
    let mut message =
        format!("Budget has been exceeded! {payer} Current cost: {}, Max budget: {limit}.", balance.settled);
    if balance.held > Nanos::ZERO {
        message.push_str(&format!(" Held by calls in flight: {}.", balance.held));
    }
    if account.unheld() > Nanos::ZERO {
        message.push_str(&format!(
            " Beyond what is held, calls in flight may cost up to {} more (this budget is not strict).",
            account.unheld()
        ));
    }
    if account.ends_ms != i64::MAX {
        let reset = Timestamp::from_millisecond(account.ends_ms).unwrap_or_default();
        message.push_str(&format!(" The next window of this budget begins at {reset}."));
    }
    match needed {
        Needed::Money(weight) if balance.settled < limit => message.push_str(&format!(
            " This call may cost up to {weight}; send a shorter prompt or a lower max_tokens, or raise max_budget."
        )),
        Needed::Money(_) => {}
        Needed::Unpriced => message.push_str(
            " The model has no price, so a key with a budget cannot use it: set input_cost_per_token and \
             output_cost_per_token for it.",
        ),
    }
    Error::new(Kind::BudgetExceeded, message)
}

/// An earlier attempt used up what was held.
pub(crate) fn no_more(scope: &ScopeMeter, balance: Balance) -> Error {
    let message = format!(
        "Budget has been exceeded! {} An earlier attempt of this call was charged, and another one does not fit. \
         Current cost: {}, Max budget: {}.",
        scope.payer(),
        balance.settled,
        balance.limit.unwrap_or_default()
    );
    Error::new(Kind::BudgetExceeded, message)
}

/// A limit of rate is reached.
pub(crate) fn too_fast(scope: &ScopeMeter, what: &str, limit: Option<u64>, wait: Duration) -> Error {
    let message = format!(
        "Rate limit exceeded for {}. Limit type: {what}. Current limit: {}, Remaining: 0. Try again in {} s.",
        scope.descriptor(),
        limit.unwrap_or_default(),
        wait.as_secs()
    );
    Error::new(Kind::RateLimited, message).retry_after(wait)
}
