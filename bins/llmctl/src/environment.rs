//! The environment, read once.

use secrecy::SecretString;

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

#[expect(clippy::disallowed_methods, reason = "a program's edge: the environment is read here and handed on")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
