//! Stories of the control plane over a real SQLite store.

#![expect(clippy::unwrap_used, reason = "tests: words of the stories stop where they cannot go on")]

mod bounds;
mod keys;
mod ledger;
mod permission;
mod plane;
mod refusals;
mod roles;
