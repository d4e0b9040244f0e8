//! `docs/reference/llmctl.md`, from the program's own table of arguments.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::{process, workspace};

const PAGE: &str = "docs/reference/llmctl.md";

/// Has the program write the page, or with `check` says whether it is stale.
pub(super) fn run(check: bool) -> Result<()> {
    let path = workspace::root().join(PAGE);
    let page =
        process::output(&mut process::cargo(&["run", "--quiet", "--package", "llmctl", "--", "reference"]))?;
    if !check {
        return fs::write(&path, page).with_context(|| format!("cannot write {PAGE}"));
    }
    if fs::read_to_string(&path).unwrap_or_default() != page {
        bail!("{PAGE} is stale; run `cargo xtask codegen` and commit what it writes");
    }
    Ok(())
}
