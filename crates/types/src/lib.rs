//! The words that every room of the house shares: money, usage, ids, operations, errors, the canonical chat.
//!
//! This room never knows a wire shape, does no input or output and reads no clock.
//!
//! ```
//! use weighhouse_types::{Nanos, Picos, Usage, UsageClass};
//!
//! let mut usage = Usage::default();
//! usage.set(UsageClass::InputText, 1_000);
//! usage.set(UsageClass::OutputText, 20);
//! assert_eq!(usage.total(), 1_020);
//!
//! let cost = Picos::new(1_500) * 1_000; // 1,000 tokens at 1,500 pico-dollars each
//! assert_eq!(cost.to_nanos(), Nanos::new(1_500));
//! assert_eq!(cost.to_nanos().to_string(), "0.0000015");
//! ```

pub mod chat;
mod error;
mod ids;
mod limited;
mod money;
mod operation;
mod pattern;
mod scope;
mod usage;

pub use error::{Error, Kind, ProviderReply};
pub use ids::{AttemptId, CallId, KeyHash, KeyId};
pub use limited::{Bound, Limited, Pace, RateKind, Reset};
pub use money::{Nanos, ParseMoneyError, Picos};
pub use operation::{Dialect, Operation};
pub use pattern::Pattern;
pub use scope::{AccountId, Scope, ScopeKind, WindowId};
pub use usage::{Usage, UsageClass};
