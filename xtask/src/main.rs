//! Every chore of the house, as `cargo xtask CHORE`.
//!
//! It does what a person would otherwise type: set up, build, run, test, check, measure, break, pack.
//! It never holds logic of the product, and stays light enough to compile in a few seconds.

mod bench;
mod check;
mod codegen;
mod dist;
mod fault;
mod process;
mod run;
mod simulate;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;

/// One chore: its name, its help page and what it does with the words after its name.
struct Chore {
    name: &'static str,
    about: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<()>,
}

const CHORES: &[Chore] = &[
    Chore { name: "run", about: "build the gateway in release and run it", help: run::HELP, run: run::run },
    Chore {
        name: "test",
        about: "set up what tests need, run them all, print the count",
        help: test::HELP,
        run: test::run,
    },
    Chore {
        name: "check",
        about: "format, lints and the rules of the house",
        help: check::HELP,
        run: check::run,
    },
    Chore {
        name: "bench",
        about: "measure the gateway as it is shipped",
        help: bench::HELP,
        run: bench::run,
    },
    Chore {
        name: "fault",
        about: "break what the gateway stands on, and compare the books",
        help: fault::HELP,
        run: fault::run,
    },
    Chore {
        name: "simulate",
        about: "run the simulation of money over many seeds, or over mutants",
        help: simulate::HELP,
        run: simulate::run,
    },
    Chore {
        name: "codegen",
        about: "write generated files anew, or check that they are fresh",
        help: CODEGEN_HELP,
        run: generate,
    },
    Chore {
        name: "dist",
        about: "pack the binaries into an archive for release",
        help: dist::HELP,
        run: dist::run,
    },
];

const CODEGEN_HELP: &str = "\
cargo xtask codegen [--check]

Writes the files that are made from data anew. They are committed, so that a build needs no generator.

  --check   write nothing; fail and name the stale files instead (this is part of `cargo xtask check`)

Example
  cargo xtask codegen && git diff      see what a change of the data does
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[String]) -> Result<()> {
    let Some((name, rest)) = words.split_first() else {
        print!("{}", overview());
        return Ok(());
    };
    if matches!(name.as_str(), "--help" | "-h" | "help") {
        match rest.first().and_then(|asked| find(asked)) {
            Some(chore) => print!("{}", chore.help),
            None => print!("{}", overview()),
        }
        return Ok(());
    }
    let Some(chore) = find(name) else {
        anyhow::bail!("there is no chore `{name}`\n\n{}", overview());
    };
    if asks_for_help(rest) {
        print!("{}", chore.help);
        return Ok(());
    }
    (chore.run)(rest)
}

fn find(name: &str) -> Option<&'static Chore> {
    CHORES.iter().find(|chore| chore.name == name)
}

/// `--help` after a `--` belongs to the program that is run, not to the chore.
fn asks_for_help(words: &[String]) -> bool {
    words.iter().take_while(|word| *word != "--").any(|word| word == "--help" || word == "-h")
}

fn overview() -> String {
    let mut text = String::from("cargo xtask CHORE [words]: every chore of the house\n\n");
    for chore in CHORES {
        text.push_str(&format!("  {:<9}{}\n", chore.name, chore.about));
    }
    text.push_str("\nExamples\n");
    text.push_str("  cargo xtask test                 everything a change must pass, set-up included\n");
    text.push_str("  cargo xtask check                what CI asks before it runs the tests\n");
    text.push_str("  cargo xtask run -- --config my.yaml\n");
    text.push_str("\n`cargo xtask CHORE --help` teaches each of them.\n");
    text
}

fn generate(words: &[String]) -> Result<()> {
    match words {
        [] => codegen::run(false),
        [flag] if flag == "--check" => codegen::run(true),
        _ => anyhow::bail!("`codegen` takes only --check; see `cargo xtask codegen --help`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn help_after_two_dashes_is_the_programs() {
        assert!(asks_for_help(&words("--no-clients --help")));
        assert!(!asks_for_help(&words("-- --help")));
    }

    #[test]
    fn every_chore_is_in_the_overview_and_its_help_names_it() {
        for chore in CHORES {
            assert!(overview().contains(chore.name));
            assert!(chore.help.starts_with(&format!("cargo xtask {}", chore.name)), "{}", chore.name);
        }
    }

    #[test]
    fn an_unknown_chore_is_refused_with_the_list() {
        let error = dispatch(&words("tset")).unwrap_err().to_string();
        assert!(error.contains("no chore `tset`") && error.contains("test"), "{error}");
    }
}
