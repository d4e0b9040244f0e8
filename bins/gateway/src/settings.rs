//! Where the settings come from: a config file, or the environment alone.

use std::path::PathBuf;

use anyhow::Context;
use secrecy::SecretString;
use weighhouse_config::{Environment, ProcessEnvironment};
use weighhouse_server::{Snapshot, assemble};

/// Where the settings come from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// LiteLLM's config.
    pub(crate) config: Option<PathBuf>,
    /// The admin key of the data directory, for a config without a master key.
    pub(crate) kept_key: Option<SecretString>,
}

/// Settings, read and assembled.
pub(crate) struct Read {
    pub(crate) snapshot: Snapshot,
    pub(crate) findings: Vec<String>,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) database_url: Option<SecretString>,
    /// The config or the environment names a master key.
    pub(crate) has_own_key: bool,
    pub(crate) without_spend_logs: bool,
}

impl Source {
    /// Files that are watched before the first reading told about includes.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.config.iter().cloned().collect()
    }
}

/// Reads and assembles the settings.
pub(crate) fn read(source: &Source) -> anyhow::Result<Read> {
    let environment = ProcessEnvironment;
    let Some(path) = &source.config else { return from_environment(source) };
    let loaded = weighhouse_config::load(path, &environment)
        .with_context(|| format!("{} cannot be used", path.display()))?;
    let variables = |name: &str| loaded.variable(&environment, name);
    let (mut snapshot, more) = assemble::snapshot(&loaded.settings, &variables);
    let own_key = loaded
        .settings
        .general
        .master_key
        .clone()
        .or_else(|| variables("LITELLM_MASTER_KEY").map(SecretString::from));
    assemble::check_master_key(own_key.as_ref(), &loaded.settings, &variables)?;
    snapshot.master = assemble::master(own_key.as_ref().or(source.kept_key.as_ref()));
    let findings =
        loaded.findings.iter().map(ToString::to_string).chain(more.iter().map(ToString::to_string));
    Ok(Read {
        snapshot,
        findings: findings.collect(),
        database_url: loaded
            .settings
            .general
            .database_url
            .clone()
            .or_else(|| variables("DATABASE_URL").map(SecretString::from)),
        has_own_key: own_key.is_some(),
        without_spend_logs: loaded.settings.general.disable_spend_logs,
        files: loaded.files,
    })
}

fn from_environment(source: &Source) -> anyhow::Result<Read> {
    let variables = |name: &str| ProcessEnvironment.var(name);
    let own_key = variables("LITELLM_MASTER_KEY").map(SecretString::from);
    let mut snapshot = assemble::quickstart(&variables);
    assemble::check_master_key(own_key.as_ref(), &weighhouse_config::Settings::default(), &variables)?;
    snapshot.master = assemble::master(own_key.as_ref().or(source.kept_key.as_ref()));
    Ok(Read {
        snapshot,
        findings: Vec::new(),
        files: Vec::new(),
        database_url: variables("DATABASE_URL").map(SecretString::from),
        has_own_key: own_key.is_some(),
        without_spend_logs: false,
    })
}
