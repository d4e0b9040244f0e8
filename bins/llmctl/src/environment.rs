//! The environment, read once.

use clap::ValueEnum;
use secrecy::SecretString;

use crate::arguments::Format;
use crate::failure::Failure;

/// Where a gateway listens unless told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:4000";

/// The gateway's address: the argument, ours, LiteLLM's, the default.
pub(crate) fn url(argument: Option<String>) -> String {
    argument
        .or_else(|| variable("LLMCTL_URL"))
        .or_else(|| variable("LITELLM_PROXY_URL"))
        .unwrap_or_else(|| DEFAULT_URL.to_owned())
}

/// The key to ask with.
pub(crate) fn key(argument: Option<SecretString>) -> Option<SecretString> {
    let kept = |name| variable(name).map(SecretString::from);
    argument.or_else(|| kept("LLMCTL_API_KEY")).or_else(|| kept("LITELLM_PROXY_API_KEY"))
}

/// How data is written: the argument, ours, a table.
///
/// # Errors
/// The variable names no format.
pub(crate) fn format(argument: Option<Format>) -> Result<Format, Failure> {
    let kept = || {
        let Some(name) = variable("LLMCTL_OUTPUT") else { return Ok(Format::Table) };
        Format::from_str(&name, true)
            .map_err(|_| Failure::usage(format!("LLMCTL_OUTPUT={name:?}: write table, json, yaml or csv")))
    };
    argument.map_or_else(kept, Ok)
}

/// Whether whoever started us wants no colour: <https://no-color.org>.
pub(crate) fn is_colour_refused() -> bool {
    variable("NO_COLOR").is_some()
}

#[expect(clippy::disallowed_methods, reason = "a program's edge: the environment is read here and handed on")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
