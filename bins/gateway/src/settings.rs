//! Where the settings come from: a config file, or the environment alone.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use weighhouse_config::{Environment, Finding, ProcessEnvironment, Severity};
use weighhouse_metering::HouseRules;
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
    /// The files that they were read from, as they were then.
    pub(crate) watched: Watched,
    pub(crate) database_url: Option<SecretString>,
    /// The config or the environment names a master key.
    pub(crate) has_own_key: bool,
    pub(crate) without_spend_logs: bool,
    /// What holds for budgets that do not say otherwise.
    pub(crate) rules: HouseRules,
}

/// Files, and how each was when it was read: its last change and its length, none for one that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watched(Vec<(PathBuf, Stamp)>);

type Stamp = Option<(SystemTime, u64)>;

impl Watched {
    /// Files as they are now, but the first as it was before it was read.
    fn new(files: Vec<PathBuf>, first: Stamp) -> Self {
        let mut stamped: Vec<_> =
            files.into_iter().map(|file| (stamp(&file), file)).map(|(at, file)| (file, at)).collect();
        if let Some(entry) = stamped.first_mut() {
            entry.1 = first;
        }
        Self(stamped)
    }

    /// The same files as they are now.
    pub(crate) fn now(&self) -> Self {
        Self(self.0.iter().map(|(file, _)| (file.clone(), stamp(file))).collect())
    }
}

fn stamp(file: &Path) -> Stamp {
    let data = std::fs::metadata(file).ok()?;
    Some((data.modified().ok()?, data.len()))
}

/// Reads and assembles the settings.
pub(crate) fn read(source: &Source) -> anyhow::Result<Read> {
    let environment = ProcessEnvironment;
    let Some(path) = &source.config else { return from_environment(source) };
    let before = stamp(path);
    let loaded = weighhouse_config::load(path, &environment)
        .with_context(|| format!("{} cannot be used", path.display()))?;
    let variables = |name: &str| loaded.variable(&environment, name);
    let (mut snapshot, more) = assemble::snapshot(&loaded.settings, &variables);
    refuse_unbound(loaded.findings.iter().chain(&more))?;
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
        rules: HouseRules {
            zone: zone(loaded.settings.litellm.timezone.as_deref())?,
            mode: assemble::budget_mode(&loaded.settings),
        },
        watched: Watched::new(loaded.files, before),
    })
}

/// A bound that cannot be kept is no reason to go on without one.
fn refuse_unbound<'all>(findings: impl Iterator<Item = &'all Finding>) -> anyhow::Result<()> {
    let fatal = findings.filter(|finding| finding.severity == Severity::Fatal);
    let fatal: Vec<String> = fatal.map(ToString::to_string).collect();
    if fatal.is_empty() {
        return Ok(());
    }
    anyhow::bail!("a budget of the config would bound nothing:\n{}", fatal.join("\n"))
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
        watched: Watched::default(),
        database_url: variables("DATABASE_URL").map(SecretString::from),
        has_own_key: own_key.is_some(),
        without_spend_logs: false,
        rules: HouseRules::default(),
    })
}

fn zone(name: Option<&str>) -> anyhow::Result<TimeZone> {
    let Some(name) = name else { return Ok(TimeZone::UTC) };
    TimeZone::get(name).with_context(|| {
        format!(
            "litellm_settings.timezone: {name:?} is no time zone that this system knows; write one such as \
             Europe/Amsterdam, and install the package tzdata where it is missing"
        )
    })
}
