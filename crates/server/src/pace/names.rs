//! Names of the headers that tell of limits, made once: every answer of a limited key carries some ten of them.

use std::sync::LazyLock;

use http::HeaderName;
use weighhouse_types::{RateKind, ScopeKind};

use super::Group;

/// Names of a group's limit, of what is left of it, and of when it is whole again.
pub(super) type Triple = [HeaderName; 3];

const fn triple(limit: &'static str, remaining: &'static str, reset: &'static str) -> Triple {
    [HeaderName::from_static(limit), HeaderName::from_static(remaining), HeaderName::from_static(reset)]
}

static OPENAI: [Triple; 4] = [
    triple("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    triple("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    triple(
        "x-ratelimit-limit-input-tokens",
        "x-ratelimit-remaining-input-tokens",
        "x-ratelimit-reset-input-tokens",
    ),
    triple(
        "x-ratelimit-limit-output-tokens",
        "x-ratelimit-remaining-output-tokens",
        "x-ratelimit-reset-output-tokens",
    ),
];

static ANTHROPIC: [Triple; 4] = [
    triple(
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ),
    triple(
        "anthropic-ratelimit-tokens-limit",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
    ),
    triple(
        "anthropic-ratelimit-input-tokens-limit",
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-input-tokens-reset",
    ),
    triple(
        "anthropic-ratelimit-output-tokens-limit",
        "anthropic-ratelimit-output-tokens-remaining",
        "anthropic-ratelimit-output-tokens-reset",
    ),
];

/// OpenAI's names, which Google's clients read too: <https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers>.
pub(super) fn openai(group: Group) -> &'static Triple {
    of(group, &OPENAI)
}

/// Anthropic's names: <https://docs.claude.com/en/api/rate-limits#response-headers>.
pub(super) fn anthropic(group: Group) -> &'static Triple {
    of(group, &ANTHROPIC)
}

const fn of(group: Group, [requests, tokens, input, output]: &[Triple; 4]) -> &Triple {
    match group {
        Group::Requests => requests,
        Group::Tokens => tokens,
        Group::InputTokens => input,
        Group::OutputTokens => output,
    }
}

/// Names of a limit and of what is left of it.
type Pair = (HeaderName, HeaderName);

/// By scope and by what is counted, each in the order of its declaration. A name that is none is left out; a test
/// holds that all of them are names.
static LITELLM: LazyLock<Vec<[Option<Pair>; RateKind::ALL.len()]>> = LazyLock::new(|| {
    let pair = |scope: ScopeKind, kind: RateKind| {
        let (scope, kind) = (scope.descriptor(), kind.name());
        let limit = HeaderName::try_from(format!("x-ratelimit-{scope}-limit-{kind}")).ok()?;
        Some((limit, HeaderName::try_from(format!("x-ratelimit-{scope}-remaining-{kind}")).ok()?))
    };
    ScopeKind::ALL.iter().map(|scope| RateKind::ALL.map(|kind| pair(*scope, kind))).collect()
});

/// LiteLLM's names for the limit of a scope.
pub(super) fn litellm(scope: ScopeKind, kind: RateKind) -> Option<&'static Pair> {
    LITELLM.get(scope as usize)?.get(kind as usize)?.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_of_every_scope_has_names_of_its_own() {
        for scope in ScopeKind::ALL {
            for kind in RateKind::ALL {
                let (limit, remaining) = litellm(scope, kind).unwrap();
                let (scope, kind) = (scope.descriptor(), kind.name());
                assert_eq!(limit.as_str(), format!("x-ratelimit-{scope}-limit-{kind}"));
                assert_eq!(remaining.as_str(), format!("x-ratelimit-{scope}-remaining-{kind}"));
            }
        }
    }
}
