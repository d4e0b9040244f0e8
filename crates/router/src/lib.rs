//! Which deployment serves a call, in what order, when to try again, fall back and cool down.
//!
//! A pure state machine: the clock and the randomness are arguments, deployments are numbers that the
//! caller gives a meaning. This room never sends anything and never reads a clock.
//!
//! ```
//! use weighhouse_router::{Member, Plan, Policy, Step, Table};
//!
//! let mut table = Table::new(Policy::default());
//! table.add("fast", Member::plain(0));
//! let mut rng = fastrand::Rng::with_seed(7);
//! let mut plan = Plan::new(&table, "fast", None).expect("a group of that name");
//! let step = plan.next(&table, &mut rng, 0);
//! assert!(matches!(step, Step::Try(leg) if leg.deployment == 0));
//! ```

mod health;
mod plan;
mod table;

pub use health::{CooldownRules, Health, Setback};
pub use plan::{Failure, Leg, Plan, Step};
pub use table::{Found, Group, Member, Policy, Table};
