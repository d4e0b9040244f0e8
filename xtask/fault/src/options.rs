//! The words on the command line.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};

pub(crate) const HELP: &str = "\
fault SCENARIO --gateway PATH [options]

Runs the gateway on loopback before fake providers that keep their own bill, breaks something, and compares the
books. Prints a table; ends with status 1, the seed and what broke where a promise did not hold.

  budget-race    a dollar under 200 clients that stream, leave and are failed by their provider; with --trees
                 random trees of team > member or user > key > model and end user, with budgets everywhere
  kill9          kill -9 under load, again and again over the same data
  disk-full      no space left for the journal, and space again
  clock          the wall clock jumps by hours and days, over midnights, month ends and the hours of summer time
  ratelimit      an adversary chooses when to call; the providers count what arrives in every 60 seconds
  slots          calls that are given up at random points leave no place and no money behind

  --gateway PATH     the gateway's binary
  --database LIST    sqlite, postgres or both (default both)
  --runs N           how often: races, trees (as --seeds N), kills, fillings of the disk, jumps of the clock, or
                     calls that are given up (defaults: 100, 50, 100, 10, 20, 100000)
  --seconds N        ratelimit: how long (default 185)
  --clients N        clients at once (defaults: 200 for races, 40 for trees, 16 to 64 for others)
  --seed N           the chance of an earlier run again
  --trees            budget-race over trees
";

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    BudgetRace,
    Kill9,
    DiskFull,
    Clock,
    RateLimit,
    Slots,
}

impl Scenario {
    const ALL: [Self; 6] =
        [Self::BudgetRace, Self::Kill9, Self::DiskFull, Self::Clock, Self::RateLimit, Self::Slots];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::BudgetRace => "budget-race",
            Self::Kill9 => "kill9",
            Self::DiskFull => "disk-full",
            Self::Clock => "clock",
            Self::RateLimit => "ratelimit",
            Self::Slots => "slots",
        }
    }
}

/// What the gateway keeps its books in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Word {
    Help,
    Run(Options),
}

/// How it is done.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) scenario: Scenario,
    pub(crate) gateway: PathBuf,
    pub(crate) databases: Vec<Database>,
    runs: Option<u64>,
    seconds: Option<u64>,
    clients: Option<u64>,
    pub(crate) seed: u64,
    pub(crate) trees: bool,
}

impl Options {
    /// How often, where nobody said.
    pub(crate) fn runs(&self, usual: u64) -> u64 {
        self.runs.unwrap_or(usual)
    }

    /// How many clients, where nobody said.
    pub(crate) fn clients(&self, usual: u64) -> u64 {
        self.clients.unwrap_or(usual)
    }

    /// How long, where nobody said.
    pub(crate) fn seconds(&self, usual: u64) -> u64 {
        self.seconds.unwrap_or(usual)
    }
}

pub(crate) fn read(words: &[String]) -> Result<Word> {
    let mut words = words.iter().map(String::as_str);
    let Some(name) = words.next().filter(|word| !matches!(*word, "--help" | "-h")) else {
        return Ok(Word::Help);
    };
    let known = Scenario::ALL.into_iter().find(|scenario| scenario.name() == name);
    let scenario = known.with_context(|| format!("there is no fault `{name}`; see --help"))?;
    let mut options = Options {
        scenario,
        gateway: PathBuf::new(),
        databases: vec![Database::Sqlite, Database::Postgres],
        runs: None,
        seconds: None,
        clients: None,
        seed: fresh_seed(),
        trees: false,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("`{word}` needs a value; see --help"));
        match word {
            "--help" | "-h" => return Ok(Word::Help),
            "--gateway" => options.gateway = value()?.into(),
            "--database" => options.databases = databases(value()?)?,
            "--runs" | "--seeds" => options.runs = Some(number(word, value()?)?),
            "--seconds" => options.seconds = Some(number(word, value()?)?),
            "--clients" => options.clients = Some(number(word, value()?)?),
            "--seed" => options.seed = value()?.parse().context("--seed takes a number")?,
            "--trees" if scenario == Scenario::BudgetRace => options.trees = true,
            other => bail!("{name} has no option `{other}`; see --help"),
        }
    }
    ensure!(options.gateway.is_file(), "--gateway names no program: {}", options.gateway.display());
    Ok(Word::Run(options))
}

fn number(word: &str, text: &str) -> Result<u64> {
    let number = text.parse().ok().filter(|number| (1..=10_000_000).contains(number));
    number.with_context(|| format!("{word} takes a number from 1 to 10,000,000, not `{text}`"))
}

fn databases(text: &str) -> Result<Vec<Database>> {
    Ok(match text {
        "sqlite" => vec![Database::Sqlite],
        "postgres" | "postgresql" => vec![Database::Postgres],
        "both" => vec![Database::Sqlite, Database::Postgres],
        other => bail!("`{other}` is none of sqlite, postgres, both"),
    })
}

/// Short enough to be typed again.
fn fresh_seed() -> u64 {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.subsec_nanos());
    u64::from(nanos) % 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn words_are_read() {
        let line = "budget-race --gateway /bin/sh --seeds 7 --trees --database sqlite --seed 5";
        let Word::Run(options) = read(&words(line)).unwrap() else { panic!("it runs") };
        assert_eq!((options.runs(9), options.clients(9), options.seed), (7, 9, 5));
        assert_eq!((options.databases, options.trees), (vec![Database::Sqlite], true));
        assert!(matches!(read(&words("kill9 --help")).unwrap(), Word::Help));
    }

    #[test]
    fn wrong_words_are_named() {
        for (line, named) in [
            ("flood", "flood"),
            ("kill9 --trees", "--trees"),
            ("slots --runs 0", "--runs"),
            ("slots --database mysql", "mysql"),
            ("slots", "--gateway"),
        ] {
            assert!(read(&words(line)).unwrap_err().to_string().contains(named), "{line}");
        }
    }
}
