//! Refusals: LiteLLM's words, then what it does not say; and the same as facts for programs.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use weighhouse_types::{Bound, Error, Kind, Limited, Nanos, Reset};

use crate::account::Balance;
use crate::pace::Reached;
use crate::scope_meter::ScopeMeter;
use crate::window_account::WindowAccount;

/// What a refused call would have needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Needed {
    /// The most that it may cost; none where the model has no price.
    pub(crate) most: Option<Nanos>,
    /// An account of which nothing is spent would bear it.
    pub(crate) is_ever_borne: bool,
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
        message.push_str(&format!(" The next window of this budget begins at {}.", moment(account.ends_ms)));
    }
    match needed.most {
        Some(weight) if balance.settled < limit => message.push_str(&format!(
            " This call may cost up to {weight}; send a shorter prompt or a lower max_tokens, or raise max_budget."
        )),
        Some(_) => {}
        None => message.push_str(
            " The model has no price, so a key with a budget cannot use it: set input_cost_per_token and \
             output_cost_per_token for it.",
        ),
    }
    refused(message, scope, account, balance, needed)
}

/// An earlier attempt used up what was held.
pub(crate) fn no_more(scope: &ScopeMeter, account: &WindowAccount, balance: Balance) -> Error {
    let message = format!(
        "Budget has been exceeded! {} An earlier attempt of this call was charged, and another one does not fit. \
         Current cost: {}, Max budget: {}.",
        scope.payer(),
        balance.settled,
        balance.limit.unwrap_or_default()
    );
    refused(message, scope, account, balance, Needed { most: None, is_ever_borne: true })
}

fn refused(
    message: String,
    scope: &ScopeMeter,
    account: &WindowAccount,
    balance: Balance,
    needed: Needed,
) -> Error {
    let Balance { limit, settled, held } = balance;
    Error::new(Kind::BudgetExceeded, message).limited(Limited {
        scope: scope.scope.kind(),
        id: Arc::clone(scope.shown()),
        bound: Bound::Budget { limit: limit.unwrap_or_default(), settled, held, needed: needed.most },
        reset: (needed.is_ever_borne && account.ends_ms != i64::MAX).then(|| reset(account.ends_ms)),
    })
}

fn reset(unix_ms: i64) -> Reset {
    Reset { unix_ms, text: moment(unix_ms).to_string() }
}

fn moment(unix_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::MAX)
}

/// A limit of rate is reached.
pub(crate) fn too_fast(scope: &ScopeMeter, reached: Reached, unix_ms: i64) -> Error {
    let Reached { pace, wait_s } = reached;
    let wait = Duration::from_secs(wait_s);
    let resets_ms = unix_ms.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
    let message = format!(
        "Rate limit exceeded for {}: {}. Limit type: {}. Current limit: {}, Remaining: {}. Limit resets at: {}. Try \
         again in {wait_s} s.",
        scope.scope.kind().descriptor(),
        scope.shown(),
        pace.kind.name(),
        pace.limit,
        pace.remaining,
        moment(resets_ms).strftime("%Y-%m-%d %H:%M:%S UTC"),
    );
    Error::new(Kind::RateLimited, message).retry_after(wait).limited(Limited {
        scope: scope.scope.kind(),
        id: Arc::clone(scope.shown()),
        bound: Bound::Rate(pace),
        reset: Some(reset(resets_ms)),
    })
}
