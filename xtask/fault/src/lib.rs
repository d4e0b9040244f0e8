//! Fault runs: the real gateway on loopback, before fake providers that keep their own bill, while something breaks.
//!
//! Each run says in figures whether the promises of `docs/money.md` hold: what the fakes billed is held against the
//! ledger, the budgets and the limits. What is random comes from a seed, which is printed; threads still meet as
//! they will, so a seed leads near a failure and not always into it. A run ends with an error that names the seed
//! and what broke.

mod budget_race;
mod clients;
mod clock;
mod dice;
mod disk_full;
mod house;
mod kill9;
mod options;
mod ratelimit;
mod slots;
mod table;
mod trees;
mod windows;

use anyhow::{Context, Result};

use options::{Database, Options, Scenario, Word};
use table::Table;

/// Does what the words say.
///
/// # Errors
/// The words are wrong, or a promise did not hold: what broke, in which run.
pub fn run(words: &[String]) -> Result<()> {
    match options::read(words)? {
        Word::Help => {
            print!("{}", options::HELP);
            Ok(())
        }
        Word::Run(options) => run_all(&options),
    }
}

fn run_all(options: &Options) -> Result<()> {
    println!("seed {}: `--seed {}` does it again", options.seed, options.seed);
    let mut table = Table::default();
    for database in &options.databases {
        let done = run_on(options, *database, &mut table);
        // What was measured before it broke is told too.
        if done.is_err() {
            println!("\n{}", table.markdown());
        }
        done.with_context(|| {
            format!("{} on {}, seed {}", options.scenario.name(), database.name(), options.seed)
        })?;
    }
    println!("\n{}", table.markdown());
    Ok(())
}

fn run_on(options: &Options, database: Database, table: &mut Table) -> Result<()> {
    match options.scenario {
        Scenario::BudgetRace if options.trees => trees::run(options, database, table),
        Scenario::BudgetRace => budget_race::run(options, database, table),
        Scenario::Kill9 => kill9::run(options, database, table),
        Scenario::DiskFull => disk_full::run(options, database, table),
        Scenario::Clock => clock::run(options, database, table),
        Scenario::RateLimit => ratelimit::run(options, database, table),
        Scenario::Slots => slots::run(options, database, table),
    }
}
