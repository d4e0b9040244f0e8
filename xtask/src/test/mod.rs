//! `cargo xtask test`: everything that a change must pass, with all set-up.

mod python;
pub(crate) mod services;
mod tally;

use std::process::Command;

use anyhow::{Result, bail};

use crate::{process, workspace};
use tally::Tally;

pub(crate) const HELP: &str = "\
cargo xtask test [--no-clients] [FILTER…]

Sets up what the tests need, runs them all and ends with one line: `N passed, N failed, N skipped`.

  1. PostgreSQL and Redis   looks for `postgres`, `initdb`, `redis-server` (PATH, /usr/lib/postgresql) and libfaketime;
                            installs Debian's packages when they are missing, without starting any server.
                            Tests start their own, in folders of their own, and end them.
  2. Python clients         a virtual environment in target/test-python with tests/requirements.txt and,
                            without its dependencies, tests/requirements-alone.txt (LiteLLM's client, 41 MB);
                            made anew only when those files or the Python change.
  3. binaries               builds gateway and llmctl (debug); the stories start them.
  4. tests                  cargo nextest when it is there, else cargo test; the whole workspace.
  5. examples in docs       cargo test --doc.

  --no-clients   leave step 2 out; stories that need real Python clients say so and skip
  FILTER         run only tests whose names contain one of these; leaves step 5 out

Tests find what was set up here by WEIGHHOUSE_GATEWAY, WEIGHHOUSE_LLMCTL and WEIGHHOUSE_TEST_PYTHON.

Examples
  cargo xtask test                 all of it, as CI does
  cargo xtask test budget          only tests with `budget` in their names
  cargo xtask test --no-clients    no PyPI needed
";

struct Wanted<'a> {
    clients: bool,
    filters: Vec<&'a str>,
}

pub(crate) fn run(words: &[String]) -> Result<()> {
    let wanted = read(words)?;
    process::step("PostgreSQL and Redis", || services::ensure(wanted.clients))?;
    let mut variables = Vec::new();
    if wanted.clients {
        let python = process::step("Python clients", python::ensure)?;
        variables.push(("WEIGHHOUSE_TEST_PYTHON", python));
    }
    process::step("build gateway and llmctl", || {
        process::run(&mut process::cargo(&["build", "--package", "gateway", "--package", "llmctl"]))
    })?;
    let built = workspace::target_dir().join("debug");
    variables.push(("WEIGHHOUSE_GATEWAY", built.join("gateway")));
    variables.push(("WEIGHHOUSE_LLMCTL", built.join("llmctl")));

    let mut tally = Tally::default();
    let mut failed = Vec::new();
    run_step("tests", test_command(&wanted.filters).envs(variables), &mut tally, &mut failed)?;
    if wanted.filters.is_empty() {
        run_step("examples in docs", &mut doc_command(), &mut tally, &mut failed)?;
    } else {
        println!("== examples in docs\n   left out: a filter was given");
    }
    if failed.is_empty() && tally.passed == 0 {
        failed.push("no test ran");
    }
    println!("{tally}");
    if !failed.is_empty() || tally.failed > 0 {
        bail!("tests failed: {}", failed.join(", "));
    }
    Ok(())
}

fn read(words: &[String]) -> Result<Wanted<'_>> {
    let mut wanted = Wanted { clients: true, filters: Vec::new() };
    for word in words {
        match word.as_str() {
            "--no-clients" => wanted.clients = false,
            flag if flag.starts_with('-') => {
                bail!("`test` has no flag `{flag}`; see `cargo xtask test --help`")
            }
            filter => wanted.filters.push(filter),
        }
    }
    Ok(wanted)
}

/// A failing step is noted and the next one still runs, so that one run tells all.
fn run_step(
    name: &'static str,
    command: &mut Command,
    tally: &mut Tally,
    failed: &mut Vec<&'static str>,
) -> Result<()> {
    process::step(name, || {
        let watched = process::watch(command)?;
        tally.read(&watched.lines);
        if !watched.success {
            failed.push(name);
        }
        Ok(())
    })
}

fn test_command(filters: &[&str]) -> Command {
    let nextest = process::works(&mut process::cargo(&["nextest", "--version"]));
    let mut command = if nextest {
        let profile = if std::env::var_os("CI").is_some() { "ci" } else { "default" };
        process::cargo(&["nextest", "run", "--workspace", "--no-fail-fast", "--profile", profile])
    } else {
        println!("   cargo-nextest is not there: falling back to `cargo test`");
        process::cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])
    };
    command.args(["--color", process::colour_word()]);
    if !filters.is_empty() {
        command.arg("--").args(filters);
    }
    command
}

/// The whole workspace, so that nothing is built anew; a crate that wants none says `doctest = false`.
fn doc_command() -> Command {
    process::cargo(&["test", "--doc", "--workspace", "--no-fail-fast", "--color", process::colour_word()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn filters_and_the_flag_are_told_apart() {
        let words = words("budget --no-clients key");
        let wanted = read(&words).unwrap();
        assert!(!wanted.clients);
        assert_eq!(wanted.filters, ["budget", "key"]);
    }

    #[test]
    fn an_unknown_flag_is_refused_by_name() {
        let words = words("--fast");
        assert!(read(&words).err().unwrap().to_string().contains("no flag `--fast`"));
    }

    #[test]
    fn filters_stand_after_two_dashes() {
        let shown = process::shown(&test_command(&["budget"]));
        assert!(shown.ends_with("-- budget"), "{shown}");
    }
}
