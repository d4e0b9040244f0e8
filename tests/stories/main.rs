//! Stories: the real gateway before providers that keep their own bill.
//!
//! Every module is a story and every test a fact of it. The harness starts a gateway of its own for each test,
//! on a free port and in a directory that goes away, so tests run side by side.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a story that cannot go on has failed"
)]

mod harness;

mod budgets;
mod bytes;
mod chat;
mod crash;
mod dialects;
mod edge;
mod keys;
mod life;
mod limits;
mod llmctl;
mod metrics;
mod modes;
mod money;
mod refusals;
mod replicas;
mod roles;
mod routing;
mod scopes;
mod sdk;
mod set_aside;
mod spending;
