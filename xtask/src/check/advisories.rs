//! Security advisories: the lock file held against a copy of the RustSec database.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use semver::{Version, VersionReq};
use serde::Deserialize;

use super::house::{Exception, stale};

/// The front matter of an advisory, as far as we judge by it.
#[derive(Debug, Deserialize)]
pub(crate) struct Advisory {
    advisory: About,
    versions: Versions,
}

#[derive(Debug, Deserialize)]
struct About {
    id: String,
    package: String,
    /// `unsound`, `unmaintained`, `notice`; absent for a vulnerability.
    informational: Option<String>,
    /// The day on which it was taken back.
    withdrawn: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Versions {
    patched: Vec<VersionReq>,
    #[serde(default)]
    unaffected: Vec<VersionReq>,
}

/// A package as the lock file has it.
#[derive(Debug, Deserialize)]
pub(crate) struct Locked {
    name: String,
    version: Version,
    /// Absent for packages of the workspace.
    source: Option<String>,
}

#[derive(Debug, Deserialize)]
struct LockFile {
    package: Vec<Locked>,
}

/// What the database says about the locked packages.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Vulnerable or unsound: these fail.
    pub(crate) breaches: Vec<String>,
    /// Unmaintained or otherwise worth a note.
    pub(crate) notes: Vec<String>,
}

/// Judges `Cargo.lock` at `lock` by the advisories in the folder `database`.
///
/// # Errors
/// When a file cannot be read, or an advisory about a crate that we use is written in a way we do not know.
pub(crate) fn judge_lock(lock: &Path, database: &Path, allowed: &[Exception]) -> Result<Verdict> {
    let text = fs::read_to_string(lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let locked: LockFile = toml::from_str(&text).with_context(|| format!("in {}", lock.display()))?;
    let foreign: Vec<Locked> =
        locked.package.into_iter().filter(|package| package.source.is_some()).collect();
    let mut advisories = Vec::new();
    let mut names: Vec<&str> = foreign.iter().map(|package| package.name.as_str()).collect();
    names.dedup();
    for name in names {
        for file in advisory_files(&database.join("crates").join(name))? {
            let text =
                fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            advisories.push(parse(&text).with_context(|| format!("in {}", file.display()))?);
        }
    }
    Ok(judge(&foreign, &advisories, allowed))
}

fn advisory_files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads the TOML block that an advisory's Markdown begins with.
pub(crate) fn parse(markdown: &str) -> Result<Advisory> {
    let (_, rest) = markdown.split_once("```toml").context("it does not begin with a ```toml block")?;
    let (front, _) = rest.split_once("\n```").context("its ```toml block is not closed")?;
    toml::from_str(front).context("its ```toml block")
}

fn judge(locked: &[Locked], advisories: &[Advisory], allowed: &[Exception]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut met = Vec::new();
    for package in locked {
        for advisory in advisories.iter().filter(|advisory| concerns(advisory, package)) {
            let about = &advisory.advisory;
            let text = format!("{} {}: {} ({})", package.name, package.version, about.id, kind(about));
            if let Some(exception) = allowed.iter().find(|exception| exception.name == about.id) {
                met.push(about.id.as_str());
                verdict.notes.push(format!("{text}; excepted: {}", exception.reason));
            } else if matches!(about.informational.as_deref(), None | Some("unsound")) {
                verdict.breaches.push(format!("{text}; fixed in: {}", fixes(&advisory.versions)));
            } else {
                verdict.notes.push(text);
            }
        }
    }
    verdict.breaches.extend(stale(allowed, &met));
    verdict
}

fn concerns(advisory: &Advisory, package: &Locked) -> bool {
    let about = &advisory.advisory;
    let safe = advisory.versions.patched.iter().chain(&advisory.versions.unaffected);
    about.package == package.name
        && about.withdrawn.is_none()
        && !safe.into_iter().any(|versions| versions.matches(&package.version))
}

fn kind(about: &About) -> &str {
    about.informational.as_deref().unwrap_or("vulnerability")
}

fn fixes(versions: &Versions) -> String {
    if versions.patched.is_empty() {
        return "no version yet".to_owned();
    }
    versions.patched.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advisory(informational: &str, withdrawn: &str) -> Advisory {
        let text = format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2025-0001\"\npackage = \"yolk\"\n{informational}\n{withdrawn}\n\
             [versions]\npatched = [\">= 1.2.3\"]\nunaffected = [\"< 1.0.0\"]\n```\n\n# Title\n"
        );
        parse(&text).unwrap()
    }

    fn locked(version: &str) -> Vec<Locked> {
        vec![Locked {
            name: "yolk".to_owned(),
            version: version.parse().unwrap(),
            source: Some("r".to_owned()),
        }]
    }

    fn check(version: &str, advisory: Advisory, breaches: usize, notes: usize) {
        let verdict = judge(&locked(version), &[advisory], &[]);
        assert_eq!((verdict.breaches.len(), verdict.notes.len()), (breaches, notes), "{verdict:?}");
    }

    #[test]
    fn only_versions_between_unaffected_and_patched_are_vulnerable() {
        check("0.9.0", advisory("", ""), 0, 0);
        check("1.1.0", advisory("", ""), 1, 0);
        check("1.2.3", advisory("", ""), 0, 0);
    }

    #[test]
    fn unsound_fails_and_unmaintained_is_a_note() {
        check("1.1.0", advisory("informational = \"unsound\"", ""), 1, 0);
        check("1.1.0", advisory("informational = \"unmaintained\"", ""), 0, 1);
        check("1.1.0", advisory("informational = \"notice\"", ""), 0, 1);
    }

    #[test]
    fn a_withdrawn_advisory_says_nothing() {
        check("1.1.0", advisory("", "withdrawn = \"2025-02-02\""), 0, 0);
    }

    #[test]
    fn an_exception_is_printed_with_its_reason_and_goes_stale() {
        let allowed = [Exception { name: "RUSTSEC-2025-0001".to_owned(), reason: "never called".to_owned() }];
        let verdict = judge(&locked("1.1.0"), &[advisory("", "")], &allowed);
        assert!(verdict.breaches.is_empty());
        assert!(verdict.notes[0].ends_with("excepted: never called"), "{verdict:?}");
        let verdict = judge(&locked("1.2.3"), &[advisory("", "")], &allowed);
        assert_eq!(verdict.breaches.len(), 1);
    }

    #[test]
    fn text_without_front_matter_is_refused() {
        assert!(parse("# Title").is_err());
    }
}
