//! Budgets and limits: nothing reaches a provider unweighed.
//!
//! A [`Permit`] sets money aside before a byte leaves and is settled on every path: reply, error, timeout,
//! client gone, panic. Every attempt becomes one row of the ledger. This room never talks to a provider
//! and never decides where a call goes; time is an argument.
//!
//! ```
//! use weighhouse_metering::{Account, Verdict};
//! use weighhouse_types::Nanos;
//!
//! let account = Account::new(Some(Nanos::dollars(1)), Nanos::ZERO);
//! assert_eq!(account.hold(Nanos::new(600_000_000)), Verdict::Held);
//! assert!(matches!(account.hold(Nanos::new(600_000_000)), Verdict::Refused(_)));
//! account.settle(Nanos::new(600_000_000), Nanos::new(10)); // it cost less than was held
//! assert_eq!(account.settled(), Nanos::new(10));
//! ```

mod account;
mod atomics;
mod book_of_record;
mod bound;
mod budgets;
mod calendar;
mod charge;
mod counters;
mod hold;
pub mod journal;
mod learned;
mod ledger;
mod line;
mod meter;
mod pace;
mod permit;
mod recover;
mod refusal;
mod scope_meter;
#[cfg(test)]
mod simulation;
mod slots;
mod window;
mod window_account;
mod windowed_budget;

pub use account::{Account, Balance, Verdict};
pub use book_of_record::{Answering, BookOfRecord};
pub use bound::{OutputBound, Weight, weigh};
pub use calendar::WindowRule;
pub use ledger::{LedgerOptions, LedgerWriter, QUEUE_ROWS};
pub use meter::{Admission, HOLD_WAIT, HouseRules, InFlight, Meter, Unpriced};
pub use permit::Permit;
pub use recover::{Recovered, recover};
pub use scope_meter::{ScopeMeter, ScopeSpec};
pub use window_account::WindowAccount;
