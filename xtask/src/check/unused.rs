//! Dependencies that a package declares and never names.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use super::house::{Exception, stale};
use super::metadata::{Metadata, Package};
use super::source::{mentions, outline, rust_files};

/// Every declared dependency whose crate name occurs in none of the package's Rust files.
///
/// An exception is named `package/dependency`.
pub(crate) fn breaches(metadata: &Metadata, allowed: &[Exception]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut idle = Vec::new();
    for package in metadata.members() {
        let code = code_of(package)?;
        for dependency in unnamed(metadata, package, &code) {
            let name = format!("{}/{dependency}", package.name);
            if !allowed.iter().any(|exception| exception.name == name) {
                found.push(format!(
                    "{} declares {dependency} and never names it: take it out of its Cargo.toml",
                    package.name
                ));
            }
            idle.push(name);
        }
    }
    let idle: Vec<&str> = idle.iter().map(String::as_str).collect();
    found.extend(stale(allowed, &idle));
    Ok(found)
}

fn code_of(package: &Package) -> Result<String> {
    let mut code = String::new();
    for file in package.folder().map(rust_files).unwrap_or_default() {
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        code.push_str(&outline(&text));
        code.push('\n');
    }
    Ok(code)
}

/// The dependencies of a package that `code` does not name; those for other platforms are not judged.
fn unnamed<'a>(metadata: &'a Metadata, package: &'a Package, code: &str) -> BTreeSet<&'a str> {
    let edges = metadata.node(&package.id).map(|node| node.deps.as_slice()).unwrap_or_default();
    let name_of = |id: &str| metadata.packages.iter().find(|p| p.id == id).map(|p| p.name.as_str());
    edges.iter().filter(|edge| !mentions(code, &edge.name)).filter_map(|edge| name_of(&edge.pkg)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::metadata::sample::metadata;
    use super::*;

    #[test]
    fn a_dependency_that_is_only_in_a_comment_is_unnamed() {
        let metadata = metadata(&[
            ("auth", Some(2), &["serde-json@1.0.0", "bytes@1.0.0", "dev:proptest@1.0.0"]),
            ("serde-json@1.0.0", None, &[]),
            ("bytes@1.0.0", None, &[]),
            ("proptest@1.0.0", None, &[]),
        ]);
        let code = outline("use serde_json::Value; // bytes\nproptest::proptest! {}");
        let package = metadata.member("auth").unwrap();
        assert_eq!(unnamed(&metadata, package, &code).into_iter().collect::<Vec<_>>(), ["bytes"]);
    }
}
