//! Where the workspace lies on disk and what it is built for.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process;

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// Cargo's target directory: `CARGO_TARGET_DIR` when set, else `target` at the root.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// The triple of this machine's compiler, such as `x86_64-unknown-linux-gnu`.
pub(crate) fn host_triple() -> Result<String> {
    let mut rustc = std::process::Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let text = process::output(rustc.arg("-vV").current_dir(root()))?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(String::from)
        .context("`rustc -vV` named no host")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("Cargo.toml").is_file() && root().join("xtask").is_dir());
    }

    #[test]
    fn the_host_has_a_triple() {
        assert!(host_triple().unwrap().split('-').count() >= 3);
    }
}
