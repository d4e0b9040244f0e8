//! Floors: a crate may know only crates on floors below its own.

use super::metadata::{Kind, Metadata, Package};

/// Chores, stories and measurements stand outside the house and may see all of it.
const OUTSIDE: &[&str] = &["xtask", "weighhouse-tests", "weighhouse-models", "bench", "fault"];
const TESTKIT: &str = "weighhouse-testkit";
/// All that the testkit may see of the house.
const TESTKIT_SEES: &str = "weighhouse-types";

/// Every breach, each with the names of both crates.
pub(crate) fn breaches(metadata: &Metadata) -> Vec<String> {
    let mut found = Vec::new();
    for package in metadata.members().filter(|package| !OUTSIDE.contains(&package.name.as_str())) {
        let Some(floor) = package.floor() else {
            found.push(format!(
                "{} has no floor: add `[package.metadata.house] floor = N` to its Cargo.toml",
                package.name
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let Some(other) = metadata.member(&dependency.name) else { continue };
            found.extend(judge(package, floor, dependency.kind, other));
        }
    }
    found
}

fn judge(package: &Package, floor: u32, kind: Kind, other: &Package) -> Option<String> {
    let (name, seen) = (&package.name, &other.name);
    if kind == Kind::Dev {
        let why = "dev-dependencies inside the house are for the testkit only";
        return (seen != TESTKIT).then(|| format!("{name} must not use {seen} in its tests: {why}"));
    }
    if seen == TESTKIT {
        return Some(format!("{name} must not depend on {seen}: it is for dev-dependencies only"));
    }
    if OUTSIDE.contains(&seen.as_str()) {
        return Some(format!("{name} must not depend on {seen}, which stands outside the house"));
    }
    if name == TESTKIT {
        return (seen != TESTKIT_SEES)
            .then(|| format!("{name} must not depend on {seen}: it sees only {TESTKIT_SEES}"));
    }
    let below = other.floor()?;
    (below >= floor).then(|| {
        format!(
            "{name} (floor {floor}) must not depend on {seen} (floor {below}): only floors below are allowed"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::metadata::sample::{Sketch, metadata};
    use super::*;

    const TYPES: Sketch<'_> = ("weighhouse-types", Some(0), &[]);
    const KIT: Sketch<'_> = ("weighhouse-testkit", Some(0), &["weighhouse-types"]);

    fn check(sketches: &[Sketch<'_>], expected: &[&str]) {
        let found = breaches(&metadata(sketches));
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (breach, part) in found.iter().zip(expected) {
            assert!(breach.contains(part), "{breach} lacks {part}");
        }
    }

    #[test]
    fn a_house_in_order_has_no_breach() {
        check(&[TYPES, KIT, ("auth", Some(2), &["weighhouse-types", "dev:weighhouse-testkit"])], &[]);
    }

    #[test]
    fn beside_and_above_are_refused_with_both_names() {
        check(
            &[
                TYPES,
                ("auth", Some(2), &["router"]),
                ("router", Some(2), &["server"]),
                ("server", Some(3), &[]),
            ],
            &[
                "auth (floor 2) must not depend on router (floor 2)",
                "router (floor 2) must not depend on server (floor 3)",
            ],
        );
    }

    #[test]
    fn tests_may_see_only_the_testkit() {
        check(
            &[TYPES, KIT, ("auth", Some(2), &["dev:weighhouse-types"])],
            &["auth must not use weighhouse-types in its tests"],
        );
    }

    #[test]
    fn the_testkit_is_no_normal_dependency_and_sees_only_types() {
        check(
            &[
                TYPES,
                ("weighhouse-testkit", Some(0), &["auth"]),
                ("auth", Some(2), &[]),
                ("server", Some(3), &["weighhouse-testkit"]),
            ],
            &["weighhouse-testkit must not depend on auth", "server must not depend on weighhouse-testkit"],
        );
    }

    #[test]
    fn a_crate_without_a_floor_is_named_but_chores_need_none() {
        check(&[TYPES, ("attic", None, &[]), ("xtask", None, &["attic"])], &["attic has no floor"]);
    }

    #[test]
    fn the_real_house_is_in_order() {
        assert_eq!(breaches(&Metadata::load().unwrap()), Vec::<String>::new());
    }
}
