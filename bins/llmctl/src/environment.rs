//! The environment, read once.

use std::path::PathBuf;

use secrecy::SecretString;

/// What the environment says.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    /// The gateway's address: ours, LiteLLM's.
    pub(crate) url: Option<String>,
    /// The key to ask with.
    pub(crate) key: Option<SecretString>,
    /// How data is written.
    pub(crate) output: Option<String>,
    /// The context to work in.
    pub(crate) context: Option<String>,
    /// Where contexts are kept; none where there is no home.
    pub(crate) config: Option<PathBuf>,
    /// Whoever started us wants no colour: <https://no-color.org>.
    pub(crate) is_colour_refused: bool,
}

impl Environment {
    pub(crate) fn read() -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| variable(name));
        let kept = || {
            let home = || variable("HOME").map(|home| PathBuf::from(home).join(".config"));
            let folder = variable("XDG_CONFIG_HOME").map(PathBuf::from).or_else(home)?;
            Some(folder.join("llmctl").join("config.toml"))
        };
        Self {
            url: first(&["LLMCTL_URL", "LITELLM_PROXY_URL"]),
            key: first(&["LLMCTL_KEY", "LLMCTL_API_KEY", "LITELLM_PROXY_API_KEY"]).map(SecretString::from),
            output: variable("LLMCTL_OUTPUT"),
            context: variable("LLMCTL_CONTEXT"),
            config: variable("LLMCTL_CONFIG").map(PathBuf::from).or_else(kept),
            is_colour_refused: variable("NO_COLOR").is_some(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a program's edge: the environment is read here and handed on")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
