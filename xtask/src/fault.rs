//! `cargo xtask fault`: what a gateway stands on is broken, and its books are held against those of the providers.

use anyhow::Result;

use crate::test::services;
use crate::{process, workspace};

pub(crate) const HELP: &str = "\
cargo xtask fault SCENARIO [words of the fault program]

Builds the gateway and the program `fault` with the profile `release`, installs what the run needs where it is
missing (PostgreSQL, libfaketime), and runs the one against the other before fake providers that keep their own
bill, on SQLite and on a PostgreSQL of its own. It prints a table; where a promise did not hold it ends with
status 1, the seed and what broke. docs/faults.md says what each run shows.

  budget-race [--trees]   a dollar under 200 clients; random trees of budgets
  kill9                   kill -9 under load, a hundred times over the same data
  disk-full               no space for the journal, and space again (as root: it mounts a small tmpfs)
  clock                   the wall clock jumps
  ratelimit               an adversary chooses when to call; over three minutes
  slots                   a hundred thousand calls that are given up

Examples
  cargo xtask fault budget-race                        100 races on each database
  cargo xtask fault budget-race --trees --seeds 200
  cargo xtask fault kill9 --runs 10 --database sqlite
  cargo xtask fault clock --seed 4711                  an earlier run again
  cargo xtask fault -- --help                          all its words
";

pub(crate) fn run(words: &[String]) -> Result<()> {
    process::step("PostgreSQL and libfaketime", || services::ensure(false))?;
    process::step("build gateway and fault", || {
        process::run(&mut process::cargo(&[
            "build",
            "--release",
            "--package",
            "gateway",
            "--package",
            "fault",
        ]))
    })?;
    let built = workspace::target_dir().join("release");
    let mut fault = std::process::Command::new(built.join("fault"));
    fault.args(words.iter().filter(|word| *word != "--"));
    if words.first().is_some_and(|word| !word.starts_with('-')) {
        fault.arg("--gateway").arg(built.join("gateway"));
    }
    process::run(fault.current_dir(workspace::root()))
}
