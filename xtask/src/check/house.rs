//! `xtask/house.toml`: the limits and exceptions of our rules, as data with reasons.

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::workspace;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct House {
    pub(crate) licences: Licences,
    pub(crate) tree: Tree,
    pub(crate) sizes: Sizes,
    #[serde(default)]
    pub(crate) banned: Vec<Exception>,
    #[serde(default)]
    pub(crate) duplicates: Vec<Exception>,
    #[serde(default)]
    pub(crate) unused: Vec<Exception>,
    #[serde(default)]
    pub(crate) advisories: Vec<Exception>,
}

/// Something named, and why it stands in its list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exception {
    pub(crate) name: String,
    pub(crate) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Licences {
    /// SPDX identifiers, with their `WITH` exception where one is meant.
    pub(crate) allowed: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tree {
    /// The package whose normal dependency tree is judged.
    pub(crate) root: String,
    /// How many crates that tree may have.
    pub(crate) most: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sizes {
    /// The most lines, of whatever kind, that a hand-written file may have.
    pub(crate) file_lines: usize,
    pub(crate) budgets: Vec<Budget>,
}

/// The most production lines that a folder may have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budget {
    /// From the workspace's root; `some/folder/*` means each folder in it.
    pub(crate) path: String,
    pub(crate) lines: usize,
}

impl House {
    pub(crate) fn load() -> Result<Self> {
        let path = workspace::root().join("xtask/house.toml");
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("in {}", path.display()))
    }
}

/// Exceptions that met nothing: they have served their time and must go.
pub(crate) fn stale<'a>(list: &'a [Exception], met: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    list.iter().filter(|exception| !met.contains(&exception.name.as_str())).map(|exception| {
        format!("xtask/house.toml excepts `{}`, which needs no exception any more", exception.name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_says_why() {
        let house = House::load().unwrap();
        let lists = [&house.banned, &house.duplicates, &house.unused, &house.advisories];
        for exception in lists.into_iter().flatten() {
            assert!(exception.reason.len() > 10, "{} has no reason", exception.name);
        }
    }
}
