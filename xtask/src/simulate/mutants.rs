//! Bugs planted in a copy of the engine, which the simulation must find.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::test_command;
use crate::{process, workspace};

/// Where the bugs stand, from the workspace's root.
const LIST: &str = "crates/metering/src/simulation/mutants.toml";
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

/// How a mutant ended.
enum Found {
    /// The line that names the seed.
    At(String),
    Never,
}

pub(super) fn run() -> Result<()> {
    let list = fs::read_to_string(workspace::root().join(LIST)).context(LIST)?;
    let List { mutant: mutants } = toml::from_str(&list).context(LIST)?;
    let folder = workspace::target_dir().join("mutants");
    let tree = folder.join("tree");
    process::step("copy the workspace", || copy(&tree))?;
    let mut hidden = Vec::new();
    println!("| planted | found |\n|---|---|");
    for mutant in &mutants {
        match try_mutant(mutant, &tree, &folder.join("target"))? {
            Found::At(line) => println!("| {} | {} |", mutant.name, shortened(&line)),
            Found::Never => {
                println!("| {} | NOT within {SEEDS} seeds |", mutant.name);
                hidden.push(mutant.name.as_str());
            }
        }
    }
    ensure!(hidden.is_empty(), "the simulation does not find: {}", hidden.join("; "));
    println!("{} of {} planted bugs were found", mutants.len(), mutants.len());
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

fn try_mutant(mutant: &Mutant, tree: &Path, target: &Path) -> Result<Found> {
    let path: PathBuf = tree.join(&mutant.file);
    let sound = fs::read_to_string(&path).with_context(|| mutant.file.clone())?;
    let count = sound.matches(&mutant.from).count();
    ensure!(count == 1, "{}: its text stands {count} times in {}; mend {LIST}", mutant.name, mutant.file);
    fs::write(&path, sound.replacen(&mutant.from, &mutant.to, 1))?;
    let mut command = test_command(&["--quiet"]);
    command.current_dir(tree).env("CARGO_TARGET_DIR", target).env("SEEDS", SEEDS.to_string());
    command.env_remove("SEED").env("RUST_BACKTRACE", "0");
    let ended = command.output().context("cannot start cargo")?;
    fs::write(&path, sound)?;
    let said =
        format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    if ended.status.success() {
        return Ok(Found::Never);
    }
    let of_seed = said.lines().find(|line| line.contains("seed "));
    match of_seed.or_else(|| said.lines().find(|line| line.contains("panicked"))) {
        Some(line) if !said.contains("could not compile") => Ok(Found::At(line.trim().to_owned())),
        _ => bail!("{}: the mutant does not compile:\n{said}", mutant.name),
    }
}

/// As much of a line as fits into a table.
fn shortened(line: &str) -> String {
    let from = line.find("seed ").unwrap_or(0);
    line.chars().skip(from).take(110).collect::<String>().replace('|', "/")
}
