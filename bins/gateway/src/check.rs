//! `gateway check FILE`: what is wrong with a config, without starting anything.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use weighhouse_config::ProcessEnvironment;
use weighhouse_server::assemble;

use crate::banner::say;

/// Prints every finding; fails where a start would, and with `strict` on warnings too.
pub(crate) fn run(file: &Path, strict: bool) -> anyhow::Result<ExitCode> {
    let loaded = weighhouse_config::load(file, &ProcessEnvironment)
        .with_context(|| format!("{} cannot be used", file.display()))?;
    let variables = |name: &str| loaded.variable(&ProcessEnvironment, name);
    let (snapshot, more) = assemble::snapshot(&loaded.settings, &variables);
    for finding in loaded.findings.iter().map(ToString::to_string).chain(more.iter().map(ToString::to_string))
    {
        say(&finding);
    }
    // A deployment that would be left out is an error here: a start goes on without it, a check says no.
    let is_acceptable = loaded.is_acceptable(strict) && more.is_empty();
    say(&format!(
        "{}: {} deployments in {} groups, {} findings{}",
        file.display(),
        snapshot.deployments.len(),
        snapshot.table.groups().count(),
        loaded.findings.len() + more.len(),
        if is_acceptable { "" } else { "; not accepted" }
    ));
    Ok(if is_acceptable { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
