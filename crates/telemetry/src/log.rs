//! The process's log, on standard error.

use std::str::FromStr;

use tracing_subscriber::EnvFilter;

/// How lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line (LiteLLM's `JSON_LOGS`).
    Json,
}

/// What is logged, and how.
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    /// LiteLLM's `LITELLM_LOG`: DEBUG, INFO, WARNING, ERROR; or a filter of `tracing`.
    pub level: Option<String>,
    /// How lines look.
    pub format: LogFormat,
}

/// Starts the log. Called once, by the composer.
///
/// # Errors
/// The text of a level that is none.
pub fn start_log(options: &LogOptions) -> Result<(), String> {
    let level = options.level.as_deref().unwrap_or("warn");
    let level = if level.eq_ignore_ascii_case("warning") { "warn" } else { level };
    let filter = EnvFilter::from_str(&level.to_ascii_lowercase())
        .map_err(|error| format!("log level `{level}`: {error}"))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match options.format {
        LogFormat::Text => lines.with_target(false).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}
