//! `cargo xtask simulate`: the engine of money under simulated clocks, disks, stores and clients.

mod mutants;

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// Seeds that are run where nobody says how many.
const SEEDS: u64 = 20_000;

pub(crate) const HELP: &str = "\
cargo xtask simulate [--seeds N | --seed N | --mutants]

Runs the deterministic simulation of crates/metering: one seed is one course of events, with crashes, power cuts,
torn writes, a store that comes and goes, and clients that leave. A seed that fails is printed; the same seed
fails the same way again.

  --seeds N    so many seeds, from 0 on (20000 where nothing is said), built in release
  --seed N     that one alone, with what it came to
  --mutants    plant each bug of crates/metering/src/simulation/mutants.toml in a copy of the workspace and demand
               that the simulation finds it within 1000 seeds; a bug that stays hidden is a failure

Examples
  cargo xtask simulate
  cargo xtask simulate --seed 1234
  cargo xtask simulate --mutants
";

pub(crate) fn run(words: &[String]) -> Result<()> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--mutants"] => mutants::run(),
        ["--seed", seed] => simulate(("SEED", number("--seed", seed)?)),
        ["--seeds", seeds] => simulate(("SEEDS", number("--seeds", seeds)?)),
        [] => simulate(("SEEDS", SEEDS)),
        _ => bail!("`simulate` takes --seeds N, --seed N or --mutants; see `cargo xtask simulate --help`"),
    }
}

fn number(flag: &str, word: &str) -> Result<u64> {
    word.parse().with_context(|| format!("{flag} wants a number, not `{word}`"))
}

fn simulate((name, value): (&str, u64)) -> Result<()> {
    let mut command = test_command(&["--release"]);
    process::step("simulation", || process::run(command.env(name, value.to_string())))
}

/// The test that runs the seeds.
fn test_command(more: &[&str]) -> Command {
    let mut command = process::cargo(&["test", "--package", "weighhouse-metering", "--lib"]);
    command.args(more).args(["--", "--nocapture", "simulation::tests::the_books_hold"]);
    command
}
