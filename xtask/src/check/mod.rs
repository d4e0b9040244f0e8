//! `cargo xtask check`: format, lints, and the rules of the house that no other tool knows.

mod advisories;
mod floors;
mod house;
mod licences;
pub(crate) mod metadata;
mod sizes;
mod source;
mod tree;
mod unused;

use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::{codegen, process, workspace};
use house::House;
use metadata::Metadata;

pub(crate) const HELP: &str = "\
cargo xtask check [PIECE…]

Checks everything that needs no test, or only the pieces named. All breaches are reported, not the first alone.

  fmt          cargo fmt: the one format
  clippy       cargo clippy on all targets; a warning fails
  docs         cargo doc: links in the docs lead somewhere
  codegen      generated files are fresh (`cargo xtask codegen` writes them anew)
  floors       a crate depends only on floors below its own ([package.metadata.house] floor = N)
  sizes        production lines of rooms and folders, length of files (files with @generated are free)
  licences     every foreign crate is under a licence of our closed list
  duplicates   the gateway holds no crate in two versions
  banned       crates that must not come in by any way
  tree         how many crates the gateway is made of
  unused       every declared dependency is named in the package's code
  advisories   the lock file against ../shared/data/advisory-db (RustSec); left out when that is not there

Limits, lists and exceptions with their reasons stand in xtask/house.toml.

Examples
  cargo xtask check
  cargo xtask check floors sizes unused     quick: compiles nothing
";

/// What the rules look at, read once.
struct Looked {
    metadata: Metadata,
    house: House,
}

/// What a piece found: breaches fail, notes are only printed.
#[derive(Default)]
struct Findings {
    breaches: Vec<String>,
    notes: Vec<String>,
}

struct Piece {
    name: &'static str,
    look: fn(&Looked) -> Result<Findings>,
}

const PIECES: &[Piece] = &[
    Piece { name: "fmt", look: |_| tool(&mut process::cargo(&["fmt", "--all", "--check"])) },
    Piece { name: "floors", look: |looked| Ok(breaches(floors::breaches(&looked.metadata))) },
    Piece { name: "sizes", look: check_sizes },
    Piece { name: "licences", look: check_licences },
    Piece { name: "duplicates", look: check_duplicates },
    Piece {
        name: "banned",
        look: |looked| Ok(breaches(tree::banned(&looked.metadata, &looked.house.banned))),
    },
    Piece { name: "tree", look: check_tree },
    Piece {
        name: "unused",
        look: |looked| Ok(breaches(unused::breaches(&looked.metadata, &looked.house.unused)?)),
    },
    Piece { name: "advisories", look: check_advisories },
    Piece { name: "codegen", look: |_| Ok(outcome(codegen::run(true))) },
    Piece { name: "clippy", look: check_clippy },
    Piece { name: "docs", look: check_docs },
];

pub(crate) fn run(words: &[String]) -> Result<()> {
    let unknown = words.iter().find(|word| !PIECES.iter().any(|piece| piece.name == *word));
    if let Some(word) = unknown {
        let names: Vec<&str> = PIECES.iter().map(|piece| piece.name).collect();
        bail!("`check` has no piece `{word}`; it has {}", names.join(", "));
    }
    let looked = Looked { metadata: Metadata::load()?, house: House::load()? };
    let wanted =
        PIECES.iter().filter(|piece| words.is_empty() || words.iter().any(|word| word == piece.name));
    let mut failed = Vec::new();
    for piece in wanted {
        println!("== {}", piece.name);
        let start = Instant::now();
        let findings = (piece.look)(&looked)?;
        findings.notes.iter().for_each(|note| println!("   {note}"));
        findings.breaches.iter().for_each(|breach| println!("   FAULT: {breach}"));
        let how = if findings.breaches.is_empty() { "clean" } else { "FAILED" };
        println!("   {how} in {:.1} s", start.elapsed().as_secs_f64());
        if !findings.breaches.is_empty() {
            failed.push(piece.name);
        }
    }
    if !failed.is_empty() {
        bail!("check failed: {}", failed.join(", "));
    }
    Ok(())
}

fn breaches(breaches: Vec<String>) -> Findings {
    Findings { breaches, notes: Vec::new() }
}

fn outcome(result: Result<()>) -> Findings {
    breaches(result.err().map(|error| format!("{error:#}")).into_iter().collect())
}

fn tool(command: &mut Command) -> Result<Findings> {
    Ok(outcome(process::run(command)))
}

fn check_clippy(_: &Looked) -> Result<Findings> {
    tool(&mut process::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn check_docs(_: &Looked) -> Result<Findings> {
    let words = ["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"];
    tool(process::cargo(&words).env("RUSTDOCFLAGS", "-D warnings"))
}

fn check_sizes(looked: &Looked) -> Result<Findings> {
    let sizes = &looked.house.sizes;
    let notes = sizes::uses(workspace::root(), &sizes.budgets)?;
    Ok(Findings { breaches: sizes::breaches(workspace::root(), sizes)?, notes })
}

fn check_licences(looked: &Looked) -> Result<Findings> {
    Ok(breaches(licences::breaches(&looked.metadata, &looked.house.licences.allowed)))
}

fn check_duplicates(looked: &Looked) -> Result<Findings> {
    Ok(breaches(tree::duplicates(&looked.metadata, &looked.house.tree.root, &looked.house.duplicates)))
}

fn check_tree(looked: &Looked) -> Result<Findings> {
    Ok(match tree::size(&looked.metadata, &looked.house.tree) {
        Ok(note) => Findings { breaches: Vec::new(), notes: vec![note] },
        Err(breach) => breaches(vec![breach]),
    })
}

fn check_advisories(looked: &Looked) -> Result<Findings> {
    let database = workspace::root().join("../shared/data/advisory-db");
    if !database.join("crates").is_dir() {
        let note =
            "left out: there is no copy of the RustSec database at ../shared/data/advisory-db".to_owned();
        return Ok(Findings { breaches: Vec::new(), notes: vec![note] });
    }
    let lock = workspace::root().join("Cargo.lock");
    let verdict = advisories::judge_lock(&lock, &database, &looked.house.advisories)?;
    Ok(Findings { breaches: verdict.breaches, notes: verdict.notes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_taught() {
        for piece in PIECES {
            assert!(HELP.contains(&format!("\n  {:<12} ", piece.name)), "{} is not in the help", piece.name);
        }
    }

    #[test]
    fn an_unknown_piece_is_refused_by_name() {
        let error = run(&["flors".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("no piece `flors`") && error.contains("floors"), "{error}");
    }
}
