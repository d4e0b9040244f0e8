//! What a model of the Messages API takes, told from its name: the API refuses what a generation does not know.
//!
//! Source: the flags and the version rules of LiteLLM's model map (`supports_adaptive_thinking`,
//! `supports_legacy_thinking`, `thinking_always_on`, `supports_sampling_params`, `supports_output_config`) and
//! <https://docs.claude.com/en/docs/build-with-claude/structured-outputs>.

/// What a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one flag per rule of the API")]
pub(super) struct Manner {
    /// `thinking.type` may be `adaptive`, and its depth is `output_config.effort`.
    pub(super) adaptive: bool,
    /// `thinking.type` may be `enabled` with a budget.
    pub(super) budgets: bool,
    /// It always thinks and refuses `disabled`.
    pub(super) always_thinks: bool,
    /// It takes `output_config.effort`.
    pub(super) effort: bool,
    /// It knows the effort `xhigh`.
    pub(super) xhigh: bool,
    /// It takes temperature, `top_p` and `top_k`.
    pub(super) sampling: bool,
    /// It takes temperature and `top_p` together.
    pub(super) both_samplings: bool,
    /// It keeps to a JSON schema natively; none where its name says nothing.
    pub(super) schemas: Option<bool>,
}

/// Version of a Claude model: family and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version<'name> {
    family: &'name str,
    number: (u32, u32),
}

impl Manner {
    /// What the model of that name takes. Names that are not Claude's belong to others who speak this dialect;
    /// they follow its older form.
    pub(super) fn of(model: &str) -> Self {
        let model = model.to_ascii_lowercase();
        let Some((_, rest)) = model.split_once("claude-") else {
            return Self {
                adaptive: false,
                budgets: true,
                always_thinks: false,
                effort: false,
                xhigh: false,
                sampling: true,
                both_samplings: true,
                schemas: None,
            };
        };
        let Version { family, number } = Version::read(rest);
        let is_mythical = matches!(family, "fable" | "mythos");
        Self {
            adaptive: number >= (4, 6),
            budgets: number < (4, 7),
            always_thinks: is_mythical || number >= (5, 5),
            effort: number >= (4, 6) || (family == "opus" && number >= (4, 5)),
            xhigh: number >= (4, 7),
            sampling: number < (4, 7),
            both_samplings: number < (4, 1),
            schemas: Some(number >= (4, 5) || (family == "opus" && number >= (4, 1))),
        }
    }
}

impl<'name> Version<'name> {
    /// Reads what follows `claude-`: `opus-4-1-20250805`, `3-5-sonnet-latest`, `sonnet-4.5`, `fable-5`.
    fn read(rest: &'name str) -> Self {
        let mut parts = rest.split(|letter: char| !letter.is_ascii_alphanumeric()).peekable();
        let mut family = "";
        let mut major = None;
        for part in parts.by_ref() {
            match small_number(part) {
                Some(number) => {
                    major = Some(number);
                    break;
                }
                None if family.is_empty() => family = part,
                None => {}
            }
        }
        // A name without a number is newer than this list.
        let Some(major) = major else { return Self { family, number: (u32::MAX, 0) } };
        let minor = parts.peek().and_then(|part| small_number(part)).unwrap_or(0);
        // Some name 4.1 `41`.
        let number = if major >= 10 { (major / 10, major % 10) } else { (major, minor) };
        if family.is_empty() {
            family = parts
                .find(|part| part.starts_with(|letter: char| letter.is_ascii_alphabetic()))
                .unwrap_or("");
        }
        Self { family, number }
    }
}

/// A version's number; dates have more digits.
fn small_number(part: &str) -> Option<u32> {
    (part.len() <= 2).then(|| part.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_their_version() {
        for (name, family, number) in [
            ("3-5-sonnet-20241022", "sonnet", (3, 5)),
            ("3-haiku-20240307", "haiku", (3, 0)),
            ("opus-4-20250514", "opus", (4, 0)),
            ("opus-4-1-20250805", "opus", (4, 1)),
            ("sonnet-4-5@20250929", "sonnet", (4, 5)),
            ("sonnet-4.6", "sonnet", (4, 6)),
            ("opus-4-6-v1:0", "opus", (4, 6)),
            ("opus-41", "opus", (4, 1)),
            ("fable-5", "fable", (5, 0)),
            ("mythos-preview", "mythos", (u32::MAX, 0)),
        ] {
            assert_eq!(Version::read(name), Version { family, number }, "{name}");
        }
    }

    #[test]
    fn generations_differ_in_what_they_take() {
        let manner = Manner::of("us.anthropic.claude-sonnet-4-5-20250929-v1:0");
        assert!(!manner.adaptive && manner.budgets && manner.sampling && !manner.effort);
        assert_eq!(manner.schemas, Some(true));
        assert_eq!(Manner::of("claude-sonnet-4-20250514").schemas, Some(false));
        assert_eq!(Manner::of("claude-opus-4-1").schemas, Some(true));
        let manner = Manner::of("claude-opus-4-6");
        assert!(manner.adaptive && manner.budgets && manner.sampling && !manner.xhigh);
        let manner = Manner::of("claude-opus-5-5");
        assert!(manner.adaptive && !manner.budgets && !manner.sampling && manner.always_thinks);
        assert!(Manner::of("kimi-k2").budgets);
    }
}
