//! The gateway's dependency tree: its size, crates that are there twice, crates that must not be there.

use std::collections::BTreeMap;

use super::house::{Exception, Tree, stale};
use super::metadata::Metadata;

/// What to say of the tree's size: a breach when it is over the limit, else a note.
pub(crate) fn size(metadata: &Metadata, tree: &Tree) -> Result<String, String> {
    let crates = metadata.normal_tree(&tree.root).len();
    let text = format!("{} is made of {crates} crates; the limit is {}", tree.root, tree.most);
    if crates > tree.most { Err(text) } else { Ok(text) }
}

/// Crates of which the tree holds more than one version, but for those that `allowed` excuses.
pub(crate) fn duplicates(metadata: &Metadata, root: &str, allowed: &[Exception]) -> Vec<String> {
    let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for package in metadata.normal_tree(root) {
        versions.entry(&package.name).or_default().push(package.version.to_string());
    }
    versions.retain(|_, versions| versions.len() > 1);
    let twice: Vec<&str> = versions.keys().copied().collect();
    let mut found: Vec<String> = versions
        .iter()
        .filter(|(name, _)| !allowed.iter().any(|exception| exception.name == **name))
        .map(|(name, versions)| {
            format!(
                "{root} holds {name} in the versions {}: bring the users to one, or say why not in xtask/house.toml",
                versions.join(" and ")
            )
        })
        .collect();
    found.extend(stale(allowed, &twice));
    found
}

/// Banned crates that anything in the workspace resolves to on this platform, with who brings them in.
pub(crate) fn banned(metadata: &Metadata, banned: &[Exception]) -> Vec<String> {
    let mut found = Vec::new();
    for ban in banned {
        for package in metadata.packages.iter().filter(|package| package.name == ban.name) {
            let users = metadata
                .resolve
                .nodes
                .iter()
                .filter(|node| node.deps.iter().any(|edge| edge.pkg == package.id));
            let names: Vec<&str> = users
                .filter_map(|node| metadata.packages.iter().find(|p| p.id == node.id))
                .map(|p| p.name.as_str())
                .collect();
            found.push(format!(
                "{} {} is banned ({}); used by {}",
                ban.name,
                package.version,
                ban.reason,
                names.join(", ")
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::metadata::sample::{Sketch, metadata};
    use super::*;

    const TWO_SYNS: &[Sketch<'_>] = &[
        ("gateway", Some(4), &["serde@1.0.0", "clap@4.0.0", "dev:ring@0.17.0"]),
        ("serde@1.0.0", None, &["syn@2.0.0"]),
        ("clap@4.0.0", None, &["syn@3.0.0"]),
        ("syn@2.0.0", None, &[]),
        ("syn@3.0.0", None, &[]),
        ("ring@0.17.0", None, &[]),
    ];

    fn exception(name: &str) -> Exception {
        Exception { name: name.to_owned(), reason: "it is slow".to_owned() }
    }

    #[test]
    fn two_versions_are_named() {
        let found = duplicates(&metadata(TWO_SYNS), "gateway", &[]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("syn in the versions 2.0.0 and 3.0.0"), "{found:?}");
    }

    #[test]
    fn an_excused_duplicate_passes_and_a_needless_excuse_does_not() {
        let found = duplicates(&metadata(TWO_SYNS), "gateway", &[exception("syn"), exception("bytes")]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("`bytes`"), "{found:?}");
    }

    #[test]
    fn a_banned_crate_is_found_anywhere_with_its_user() {
        let found = banned(&metadata(TWO_SYNS), &[exception("ring"), exception("openssl")]);
        assert_eq!(found, ["ring 0.17.0 is banned (it is slow); used by gateway"]);
    }

    #[test]
    fn the_size_is_held_against_the_limit() {
        let metadata = metadata(TWO_SYNS);
        let tree = |most| Tree { root: "gateway".to_owned(), most };
        assert!(size(&metadata, &tree(5)).is_ok());
        assert!(size(&metadata, &tree(4)).unwrap_err().contains("5 crates; the limit is 4"));
    }
}
