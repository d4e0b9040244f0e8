//! Bugs planted in a copy of the engine, which the simulation must find.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::test_command;
use crate::{process, workspace};

/// Where the bugs stand, from the workspace's root.
const LIST: &str = "crates/metering/src/simulation/mutants.toml";
/// Seconds after which seeds are given up.
const MOST_SECONDS: &str = "600";
/// The status by which `timeout` says that it ended a program.
const TIMED_OUT: i32 = 124;
/// Seeds among which a bug must be found.
const SEEDS: u64 = 1_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mutant: Vec<Mutant>,
}

/// One bug: a text of a file, which must stand there once, and what stands in its place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    name: String,
    file: String,
    from: String,
    to: String,
}

/// How the seeds went over a copy.
enum Ended {
    Well,
    /// The line that names the seed.
    Broke(String),
    /// Not within the time.
    Late,
}

pub(super) fn run() -> Result<()> {
    let list = fs::read_to_string(workspace::root().join(LIST)).context(LIST)?;
    let List { mutant: mutants } = toml::from_str(&list).context(LIST)?;
    let folder = workspace::target_dir().join("mutants");
    let (tree, target) = (folder.join("tree"), folder.join("target"));
    process::step("copy the workspace", || copy(&tree))?;
    // What fails without a bug would pass for finding each of them.
    process::step("seeds over the sound copy", || match run_seeds(&tree, &target)? {
        Ended::Well => Ok(()),
        Ended::Broke(line) => bail!("it fails with no bug planted: {line}"),
        Ended::Late => bail!("it does not end within {MOST_SECONDS} s with no bug planted"),
    })?;
    let (mut hidden, mut late) = (Vec::new(), Vec::new());
    println!("| planted | found |\n|---|---|");
    for mutant in &mutants {
        match try_mutant(mutant, &tree, &target)? {
            Ended::Broke(line) => println!("| {} | {} |", mutant.name, shortened(&line)),
            Ended::Late => {
                println!("| {} | no seed named: not at an end within {MOST_SECONDS} s |", mutant.name);
                late.push(mutant.name.as_str());
            }
            Ended::Well => {
                println!("| {} | NOT within {SEEDS} seeds |", mutant.name);
                hidden.push(mutant.name.as_str());
            }
        }
    }
    ensure!(hidden.is_empty(), "the simulation does not find: {}", hidden.join("; "));
    println!("{} of {} planted bugs were found", mutants.len() - late.len(), mutants.len());
    if !late.is_empty() {
        println!("the sound copy ends in time, and these do not: {}", late.join("; "));
    }
    Ok(())
}

/// Copies what git knows of, and what it does not ignore.
fn copy(tree: &Path) -> Result<()> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(workspace::root());
    let files = process::output(&mut git)?;
    if tree.exists() {
        fs::remove_dir_all(tree)?;
    }
    for file in files.lines() {
        let (from, to) = (workspace::root().join(file), tree.join(file));
        // A file that was deleted and not committed yet is still listed.
        if !from.is_file() {
            continue;
        }
        fs::create_dir_all(to.parent().unwrap_or(tree))?;
        fs::copy(&from, &to).with_context(|| from.display().to_string())?;
    }
    Ok(())
}

fn try_mutant(mutant: &Mutant, tree: &Path, target: &Path) -> Result<Ended> {
    let path: PathBuf = tree.join(&mutant.file);
    let sound = fs::read_to_string(&path).with_context(|| mutant.file.clone())?;
    let count = sound.matches(&mutant.from).count();
    ensure!(count == 1, "{}: its text stands {count} times in {}; mend {LIST}", mutant.name, mutant.file);
    fs::write(&path, sound.replacen(&mutant.from, &mutant.to, 1))?;
    let ended = run_seeds(tree, target).with_context(|| mutant.name.clone());
    fs::write(&path, sound)?;
    ended
}

/// Builds a copy, for as long as that takes, and runs the seeds over it for as long as they may take.
fn run_seeds(tree: &Path, target: &Path) -> Result<Ended> {
    let mut build = test_command(&["--quiet", "--no-run"]);
    let built = set_up(&mut build, tree, target).output().context("cannot start cargo")?;
    ensure!(built.status.success(), "the copy does not compile:\n{}", words_of(&built));
    let test = test_command(&["--quiet"]);
    let mut command = Command::new("timeout");
    command.arg(MOST_SECONDS).arg(test.get_program()).args(test.get_args());
    let ended = set_up(&mut command, tree, target).output();
    let ended = ended.context("cannot start `timeout` (package coreutils)")?;
    if ended.status.success() {
        return Ok(Ended::Well);
    }
    if ended.status.code() == Some(TIMED_OUT) {
        return Ok(Ended::Late);
    }
    let said = words_of(&ended);
    let of_seed = said.lines().find(|line| line.contains("seed "));
    let line = of_seed.or_else(|| said.lines().find(|line| line.contains("panicked")));
    let line = line.with_context(|| format!("no line says what broke ({}):\n{said}", ended.status))?;
    Ok(Ended::Broke(line.trim().to_owned()))
}

fn set_up<'command>(command: &'command mut Command, tree: &Path, target: &Path) -> &'command mut Command {
    command.current_dir(tree).env("CARGO_TARGET_DIR", target).env("SEEDS", SEEDS.to_string());
    command.env_remove("SEED").env("RUST_BACKTRACE", "0")
}

fn words_of(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// As much of a line as fits into a table.
fn shortened(line: &str) -> String {
    let from = line.find("seed ").unwrap_or(0);
    line.chars().skip(from).take(110).collect::<String>().replace('|', "/")
}
