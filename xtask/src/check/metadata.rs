//! `cargo metadata`, as far as our rules ask.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use semver::Version;
use serde::Deserialize;

use crate::{process, workspace};

/// The workspace's packages and everything that they resolve to on this machine's platform.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
    pub(crate) resolve: Resolve,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: Version,
    pub(crate) license: Option<String>,
    /// `None` for packages of this workspace.
    pub(crate) source: Option<String>,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    #[serde(default)]
    pub(crate) metadata: Option<Tables>,
}

/// One declared dependency.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// In which section a dependency stands. Cargo writes `null` for the plain one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(from = "Option<String>")]
pub(crate) enum Kind {
    Normal,
    Dev,
    Build,
}

impl From<Option<String>> for Kind {
    fn from(name: Option<String>) -> Self {
        match name.as_deref() {
            Some("dev") => Self::Dev,
            Some("build") => Self::Build,
            _ => Self::Normal,
        }
    }
}

/// `[package.metadata]`, of which only `house` is ours.
#[derive(Debug, Deserialize)]
pub(crate) struct Tables {
    pub(crate) house: Option<House>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct House {
    pub(crate) floor: u32,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) deps: Vec<Edge>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Edge {
    /// The name by which code calls the crate.
    pub(crate) name: String,
    pub(crate) pkg: String,
    pub(crate) dep_kinds: Vec<EdgeKind>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EdgeKind {
    pub(crate) kind: Kind,
}

impl Package {
    pub(crate) fn floor(&self) -> Option<u32> {
        self.metadata.as_ref()?.house.as_ref().map(|house| house.floor)
    }

    /// Whether it comes from a registry instead of this workspace.
    pub(crate) fn is_foreign(&self) -> bool {
        self.source.is_some()
    }

    pub(crate) fn folder(&self) -> Option<&Path> {
        self.manifest_path.parent()
    }
}

impl Metadata {
    /// Asks cargo, for this machine's platform only.
    ///
    /// `cargo metadata` names crates that no build contains (a feature such as `ring?/alloc` of a dependency is
    /// enough), so what `cargo tree` does not show is taken out.
    pub(crate) fn load() -> Result<Self> {
        let platform = workspace::host_triple()?;
        let words = ["metadata", "--format-version", "1", "--filter-platform", platform.as_str()];
        let mut metadata = Self::parse(&process::output(&mut process::cargo(&words))?)?;
        let words = ["tree", "--workspace", "--edges", "all", "--prefix", "none", "--format", "{p}"];
        metadata.keep_built(&process::output(&mut process::cargo(&words))?);
        Ok(metadata)
    }

    /// Keeps only the packages that stand in this output of `cargo tree` (`name vVERSION` and more on a line).
    fn keep_built(&mut self, tree: &str) {
        let mut built = BTreeSet::new();
        for line in tree.lines() {
            let mut words = line.split(' ');
            if let (Some(name), Some(version)) =
                (words.next(), words.next().and_then(|v| v.strip_prefix('v')))
            {
                built.insert((name, version));
            }
        }
        self.packages
            .retain(|package| built.contains(&(package.name.as_str(), package.version.to_string().as_str())));
        let kept: BTreeSet<&str> = self.packages.iter().map(|package| package.id.as_str()).collect();
        self.resolve.nodes.retain(|node| kept.contains(node.id.as_str()));
        for node in &mut self.resolve.nodes {
            node.deps.retain(|edge| kept.contains(edge.pkg.as_str()));
        }
    }

    pub(crate) fn parse(json: &str) -> Result<Self> {
        serde_json::from_str(json).context("`cargo metadata` answered in a shape that xtask does not know")
    }

    /// The packages of this workspace.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    pub(crate) fn member(&self, name: &str) -> Option<&Package> {
        self.members().find(|package| package.name == name)
    }

    pub(crate) fn node(&self, id: &str) -> Option<&Node> {
        self.resolve.nodes.iter().find(|node| node.id == id)
    }

    /// What is compiled into the binaries of a member: it and all that it reaches by normal dependencies.
    pub(crate) fn normal_tree(&self, member: &str) -> Vec<&Package> {
        let packages: BTreeMap<&str, &Package> = self.packages.iter().map(|p| (p.id.as_str(), p)).collect();
        let nodes: BTreeMap<&str, &Node> = self.resolve.nodes.iter().map(|n| (n.id.as_str(), n)).collect();
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> =
            self.member(member).map(|package| package.id.as_str()).into_iter().collect();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let edges = nodes.get(id).map(|node| node.deps.as_slice()).unwrap_or_default();
            let normal =
                edges.iter().filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind == Kind::Normal));
            open.extend(normal.map(|edge| edge.pkg.as_str()));
        }
        seen.into_iter().filter_map(|id| packages.get(id).copied()).collect()
    }
}

/// Small made-up workspaces for the tests of the rules.
#[cfg(test)]
pub(crate) mod sample {
    use serde_json::{Value, json};

    use super::Metadata;

    /// A package: name (with `@version` when from a registry), floor, and dependencies as `name` or `dev:name`.
    pub(crate) type Sketch<'a> = (&'a str, Option<u32>, &'a [&'a str]);

    /// Metadata of these packages; those without a version are the workspace's.
    pub(crate) fn metadata(sketches: &[Sketch<'_>]) -> Metadata {
        let packages: Vec<Value> = sketches.iter().map(package).collect();
        let nodes: Vec<Value> = sketches.iter().map(|sketch| node(sketch, sketches)).collect();
        let members: Vec<&str> = sketches.iter().map(|s| s.0).filter(|id| !id.contains('@')).collect();
        let all =
            json!({ "packages": packages, "workspace_members": members, "resolve": { "nodes": nodes } });
        Metadata::parse(&all.to_string()).unwrap()
    }

    fn package((id, floor, deps): &Sketch<'_>) -> Value {
        let (name, version) = id.split_once('@').unwrap_or((id, "0.1.0"));
        let foreign = id.contains('@');
        let deps: Vec<Value> = deps
            .iter()
            .map(|dep| {
                let (kind, id) = kind_and_id(dep);
                json!({ "name": id.split('@').next(), "kind": kind })
            })
            .collect();
        json!({
            "id": id, "name": name, "version": version, "license": "MIT",
            "source": foreign.then_some("registry"), "manifest_path": format!("/w/{name}/Cargo.toml"),
            "dependencies": deps,
            "metadata": floor.map(|floor| json!({ "house": { "floor": floor } })),
        })
    }

    fn node((id, _, deps): &Sketch<'_>, all: &[Sketch<'_>]) -> Value {
        let deps: Vec<Value> = deps
            .iter()
            .map(|dep| kind_and_id(dep))
            .filter(|(_, id)| all.iter().any(|sketch| sketch.0 == *id))
            .map(|(kind, id)| {
                let name = id.split('@').next().unwrap_or(id).replace('-', "_");
                json!({ "name": name, "pkg": id, "dep_kinds": [{ "kind": kind }] })
            })
            .collect();
        json!({ "id": id, "deps": deps })
    }

    fn kind_and_id(dep: &str) -> (Option<&str>, &str) {
        dep.split_once(':').map_or((None, dep), |(kind, id)| (Some(kind), id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_tree_leaves_dev_dependencies_out() {
        let metadata = sample::metadata(&[
            ("gateway", Some(4), &["server"]),
            ("server", Some(3), &["bytes@1.0.0", "dev:testkit", "build:cc@1.0.0"]),
            ("testkit", Some(0), &[]),
            ("bytes@1.0.0", None, &[]),
            ("cc@1.0.0", None, &[]),
        ]);
        let names: Vec<&str> = metadata.normal_tree("gateway").iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["bytes", "gateway", "server"]);
    }

    #[test]
    fn crates_that_no_build_contains_are_taken_out() {
        let mut metadata = sample::metadata(&[
            ("gateway", Some(4), &["rustls@0.23.0"]),
            ("rustls@0.23.0", None, &["ring@0.17.0"]),
            ("ring@0.17.0", None, &[]),
        ]);
        metadata.keep_built("gateway v0.1.0 (/w/gateway)\nrustls v0.23.0\n\nrustls v0.23.0 (*)\n");
        let names: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["gateway", "rustls"]);
        assert!(metadata.resolve.nodes.iter().all(|node| node.deps.iter().all(|edge| edge.name != "ring")));
    }

    #[test]
    fn the_real_workspace_is_readable() {
        let metadata = Metadata::load().unwrap();
        assert!(metadata.member("xtask").is_some());
        assert!(metadata.normal_tree("gateway").len() > 10);
    }
}
