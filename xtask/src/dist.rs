//! `cargo xtask dist`: the archive that a release carries.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::check::metadata::{Metadata, Package};
use crate::{process, workspace};

pub(crate) const HELP: &str = "\
cargo xtask dist

Builds gateway and llmctl with the profile `dist` and packs them with README.md, the licences, NOTICE and the
licence texts of every crate in them (THIRD-PARTY.txt) into

  target/dist/weighhouse-<version>-<triple>.tar.gz

Times, owners and order in the archive are fixed, so the same binaries give the same archive.
Needs GNU tar, gzip and sha256sum. Prints the sizes and the SHA-256.
";

/// What goes into the archive beside the binaries and the third-party texts.
const PAPERS: &[&str] = &["README.md", "LICENSE-MIT", "LICENSE-APACHE", "NOTICE"];
const BINARIES: &[&str] = &["gateway", "llmctl"];

pub(crate) fn run(words: &[String]) -> Result<()> {
    if let Some(word) = words.first() {
        anyhow::bail!("`dist` takes no words, but was given `{word}`");
    }
    let metadata = Metadata::load()?;
    let version = &metadata.member("gateway").context("the workspace has no package `gateway`")?.version;
    let name = format!("weighhouse-{version}-{}", workspace::host_triple()?);
    process::step("build gateway and llmctl as shipped", || {
        let build = ["build", "--locked", "--profile", "dist", "--package", "gateway", "--package", "llmctl"];
        process::run(&mut process::cargo(&build))
    })?;
    let built = workspace::target_dir().join("dist");
    let archive = process::step("pack", || pack(&built, &name, &third_party(&metadata)))?;

    for binary in BINARIES {
        println!("{:>12} bytes  {binary}", fs::metadata(built.join(binary))?.len());
    }
    println!("{:>12} bytes  {}", fs::metadata(&archive)?.len(), archive.display());
    let file = archive.file_name().unwrap_or_default();
    print!("{}", process::output(Command::new("sha256sum").arg(file).current_dir(&built))?);
    Ok(())
}

fn pack(built: &Path, name: &str, third_party: &str) -> Result<PathBuf> {
    let folder = built.join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let binaries = BINARIES.iter().map(|binary| built.join(binary));
    let papers = PAPERS.iter().map(|paper| workspace::root().join(paper));
    for from in binaries.chain(papers) {
        let to = folder.join(from.file_name().unwrap_or_default());
        fs::copy(&from, &to).with_context(|| format!("cannot copy {} into the archive", from.display()))?;
    }
    fs::write(folder.join("THIRD-PARTY.txt"), third_party)?;

    let archive = built.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", "--mode=go-w"]);
    tar.arg("-czf").arg(&archive).arg("-C").arg(built).arg(name);
    process::run(&mut tar)?;
    Ok(archive)
}

/// The licence texts of all crates in the binaries, each text once, under the crates that carry it.
fn third_party(metadata: &Metadata) -> String {
    let mut packages: Vec<&Package> =
        BINARIES.iter().flat_map(|binary| metadata.normal_tree(binary)).filter(|p| p.is_foreign()).collect();
    packages.sort_by_key(|package| (&package.name, &package.version));
    packages.dedup_by_key(|package| &package.id);

    let mut carriers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut text = String::from("Weighhouse contains these crates:\n\n");
    for package in packages {
        let name = format!("{} {}", package.name, package.version);
        text.push_str(&format!("  {name} ({})\n", package.license.as_deref().unwrap_or("see its text")));
        for licence in licence_texts(package) {
            carriers.entry(licence).or_default().push(name.clone());
        }
    }
    let mut texts: Vec<(Vec<String>, String)> =
        carriers.into_iter().map(|(text, names)| (names, text)).collect();
    texts.sort();
    for (names, licence) in texts {
        text.push_str(&format!("\n{}\n{}:\n\n{}\n", "-".repeat(80), names.join(", "), licence.trim_end()));
    }
    text
}

fn licence_texts(package: &Package) -> Vec<String> {
    let Some(entries) = package.folder().and_then(|folder| fs::read_dir(folder).ok()) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|p| is_licence(p)).collect();
    files.sort();
    files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect()
}

fn is_licence(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
    path.is_file()
        && ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"]
            .iter()
            .any(|w| name.starts_with(w))
}
