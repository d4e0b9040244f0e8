//! The program itself, against a gateway of a few lines.

#![expect(clippy::unwrap_used, reason = "tests: a fake that cannot go on stops")]

mod contexts;
mod exit;
mod fake;
mod requests;
