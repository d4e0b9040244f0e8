//! The lock-free books of metering under every interleaving of a few threads, by [loom].
//!
//! The very files of `crates/metering` are compiled here with loom's atomics in the place of std's; a scenario is
//! what a few threads do with them, and holds or breaks under all orders with at most [`PREEMPTIONS`] forced
//! switches. The [`torn`] books are wrong on purpose: what does not catch them proves nothing.
//!
//! Not modelled: limits of rate, calls at once and the journal's counters stand behind a mutex, and what `learned.rs` counts is an
//! estimate that may lose a call.

use loom::model::Builder;
// The tests that stand in those files name it; clippy reads them, nobody runs them here.
#[cfg(test)]
use proptest as _;

#[path = "../../../crates/metering/src/account.rs"]
pub mod account;
#[path = "../../../crates/metering/src/line.rs"]
mod line;

pub mod budgets;
pub mod torn;
pub mod turns;

mod atomics {
    pub(crate) use loom::sync::atomic::{AtomicI64, AtomicUsize, Ordering, fence};
}

/// How often a thread may be interrupted where it would go on: most defects need one or two such switches.
pub const PREEMPTIONS: usize = 2;
/// The same for scenarios with locks, which have many more orders.
pub const PREEMPTIONS_WITH_LOCKS: usize = 1;

/// Runs a scenario in every order with so many forced switches.
///
/// # Panics
/// It does not hold in some order, or all threads of one wait for each other.
pub fn everywhere(preemptions: usize, scenario: fn()) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(scenario);
}
