//! The usage object of this dialect as a partition, and back.
//!
//! `input_tokens` leaves out what was read from and written to the cache; `output_tokens` holds the thinking
//! tokens (<https://docs.claude.com/en/api/messages>, the SDK's `Usage`).

use serde::Deserialize;
use weighhouse_types::chat::Json;
use weighhouse_types::{Usage, UsageClass};

use crate::registry::{ReasoningPlace, UsageRules};
use crate::tally::Count;
use crate::wire::Object;

/// The later word of two. Counts of a stream only grow, so a zero after a count says nothing: some providers fill
/// what they do not know with zeros.
const fn later(count: Count, next: Count) -> Count {
    match (count, next) {
        (_, Count::Absent) | (Count::Of(_), Count::Of(0)) => count,
        (_, Count::Of(_) | Count::Odd) => next,
    }
}

/// What usage objects said so far, member by member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    input_tokens: Count,
    output_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
    /// Kept raw: one of an odd shape must not cost the counts beside it.
    cache_creation: Option<Json>,
    output_tokens_details: Option<Json>,
    server_tool_use: Option<Json>,
    iterations: Option<Json>,
}

/// What an inner object says; nothing where it is of an odd shape.
fn inner<T: Default + serde::de::DeserializeOwned>(json: Option<&Json>) -> T {
    json.and_then(|json| serde_json::from_str(json.text()).ok()).unwrap_or_default()
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct CacheCreation {
    ephemeral_5m_input_tokens: Count,
    ephemeral_1h_input_tokens: Count,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: Count,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct ServerToolUse {
    web_search_requests: Count,
}

/// One sampling of a call that samples several times. Only those of a compaction are not in the totals
/// (the SDK's `BetaMessageDeltaUsage.iterations`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Iteration {
    r#type: String,
    input_tokens: Count,
    output_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_creation: Option<Json>,
}

impl Counts {
    /// Reads a usage object; none where it is none.
    pub(super) fn read(raw: &[u8]) -> Option<Self> {
        serde_json::from_slice(raw).ok()
    }

    /// Takes a later object of the same stream: its members win.
    pub(super) fn take(&mut self, next: Self) {
        self.input_tokens = later(self.input_tokens, next.input_tokens);
        self.output_tokens = later(self.output_tokens, next.output_tokens);
        self.cache_read_input_tokens = later(self.cache_read_input_tokens, next.cache_read_input_tokens);
        self.cache_creation_input_tokens =
            later(self.cache_creation_input_tokens, next.cache_creation_input_tokens);
        self.cache_creation = next.cache_creation.or_else(|| self.cache_creation.take());
        self.output_tokens_details = next.output_tokens_details.or_else(|| self.output_tokens_details.take());
        self.server_tool_use = next.server_tool_use.or_else(|| self.server_tool_use.take());
        self.iterations = next.iterations.or_else(|| self.iterations.take());
    }

    /// The partition; none where nothing was counted.
    pub(super) fn usage(&self, rules: UsageRules) -> Option<Usage> {
        let totals = [
            self.input_tokens,
            self.output_tokens,
            self.cache_read_input_tokens,
            self.cache_creation_input_tokens,
        ];
        if totals.iter().all(|count| !matches!(count, Count::Of(_))) {
            return None;
        }
        let thinking = inner::<OutputDetails>(self.output_tokens_details.as_ref()).thinking_tokens;
        let searches = inner::<ServerToolUse>(self.server_tool_use.as_ref()).web_search_requests;
        let written = Written::of(self.cache_creation_input_tokens, self.cache_creation.as_ref());
        let output = self.output_tokens.or_zero();
        // More thinking than output was counted apart from it: then both count, which is the larger reading.
        let (text, is_over) = match (rules.reasoning, output.checked_sub(thinking.or_zero())) {
            (ReasoningPlace::Inside, Some(rest)) => (rest, false),
            (ReasoningPlace::Inside, None) => (output, true),
            (ReasoningPlace::Beside, _) => (output, false),
        };
        let mut usage = Usage::default()
            .with(UsageClass::InputText, self.input_tokens.or_zero())
            .with(UsageClass::InputCacheRead, self.cache_read_input_tokens.or_zero())
            .with(UsageClass::InputCacheWrite5m, written.five_minutes)
            .with(UsageClass::InputCacheWrite1h, written.one_hour)
            .with(UsageClass::OutputText, text)
            .with(UsageClass::OutputReasoning, thinking.or_zero())
            .with(UsageClass::Search, searches.or_zero());
        usage.mismatch = totals.contains(&Count::Odd)
            || [thinking, searches].contains(&Count::Odd)
            || written.mismatch
            || is_over;
        let iterations: Vec<Iteration> = inner(self.iterations.as_ref());
        iterations.iter().filter(|one| one.r#type == "compaction").for_each(|one| one.add_to(&mut usage));
        Some(usage)
    }
}

impl Iteration {
    fn add_to(&self, usage: &mut Usage) {
        let written = Written::of(self.cache_creation_input_tokens, self.cache_creation.as_ref());
        for (class, units) in [
            (UsageClass::InputText, self.input_tokens.or_zero()),
            (UsageClass::InputCacheRead, self.cache_read_input_tokens.or_zero()),
            (UsageClass::InputCacheWrite5m, written.five_minutes),
            (UsageClass::InputCacheWrite1h, written.one_hour),
            (UsageClass::OutputText, self.output_tokens.or_zero()),
        ] {
            usage.set(class, usage.get(class).saturating_add(units));
        }
    }
}

/// Tokens written to the cache, by how long it lives.
struct Written {
    five_minutes: u64,
    one_hour: u64,
    mismatch: bool,
}

impl Written {
    fn of(total: Count, parts: Option<&Json>) -> Self {
        let parts: CacheCreation = inner(parts);
        let short = parts.ephemeral_5m_input_tokens.or_zero();
        let one_hour = parts.ephemeral_1h_input_tokens.or_zero();
        let named = short.saturating_add(one_hour);
        let is_odd = [parts.ephemeral_5m_input_tokens, parts.ephemeral_1h_input_tokens].contains(&Count::Odd);
        match total {
            // A total alone is of the short life, the only one that older answers know.
            Count::Of(total) if total >= named => Self {
                five_minutes: short.saturating_add(total - named),
                one_hour,
                mismatch: is_odd || (named > 0 && total > named),
            },
            Count::Of(_) => Self { five_minutes: short, one_hour, mismatch: true },
            Count::Absent | Count::Odd => Self { five_minutes: short, one_hour, mismatch: is_odd },
        }
    }
}

/// Reads a usage object; none where it says nothing. Counts that are negative, too large or no numbers are
/// marked as a mismatch; where parts do not sum to their total, the larger reading is taken.
#[must_use]
pub fn read_usage(raw: &[u8], rules: UsageRules) -> Option<Usage> {
    Counts::read(raw)?.usage(rules)
}

/// Writes the members of a usage object.
pub fn write_usage(usage: &Usage, object: &mut Object<'_>) {
    let (short, long) = (usage.get(UsageClass::InputCacheWrite5m), usage.get(UsageClass::InputCacheWrite1h));
    let read = usage.get(UsageClass::InputCacheRead);
    let written = short.saturating_add(long);
    object.number("input_tokens", usage.input().saturating_sub(written.saturating_add(read)));
    object.number("cache_creation_input_tokens", written);
    object.number("cache_read_input_tokens", read);
    object.object("cache_creation", |parts| {
        parts.number("ephemeral_5m_input_tokens", short);
        parts.number("ephemeral_1h_input_tokens", long);
    });
    object.number("output_tokens", usage.output());
    let thinking = usage.get(UsageClass::OutputReasoning);
    if thinking > 0 {
        object.object("output_tokens_details", |details| details.number("thinking_tokens", thinking));
    }
    let searches = usage.get(UsageClass::Search);
    if searches > 0 {
        object.object("server_tool_use", |used| {
            used.number("web_search_requests", searches);
            used.number("web_fetch_requests", 0);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::object;

    fn check(raw: &str, expected: &[(UsageClass, u64)], mismatch: bool) {
        let usage = read_usage(raw.as_bytes(), UsageRules::default()).unwrap();
        assert_eq!(usage.classes().collect::<Vec<_>>(), expected, "{raw}");
        assert_eq!(usage.mismatch, mismatch, "{raw}");
    }

    #[test]
    fn cache_and_thinking_stand_in_their_own_classes() {
        use UsageClass::{
            InputCacheRead, InputCacheWrite1h, InputCacheWrite5m, InputText, OutputReasoning, OutputText,
            Search,
        };
        check(r#"{"input_tokens":3,"output_tokens":4}"#, &[(InputText, 3), (OutputText, 4)], false);
        check(
            r#"{"input_tokens":3,"output_tokens":9,"cache_read_input_tokens":5,"cache_creation_input_tokens":11,"cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":7},"output_tokens_details":{"thinking_tokens":6},"server_tool_use":{"web_search_requests":2}}"#,
            &[
                (InputText, 3),
                (InputCacheRead, 5),
                (InputCacheWrite5m, 4),
                (InputCacheWrite1h, 7),
                (OutputText, 3),
                (OutputReasoning, 6),
                (Search, 2),
            ],
            false,
        );
        check(r#"{"cache_creation_input_tokens":8,"output_tokens":0}"#, &[(InputCacheWrite5m, 8)], false);
        check(
            r#"{"input_tokens":1,"output_tokens":2,"iterations":[{"type":"compaction","input_tokens":10,"output_tokens":20},{"type":"message","input_tokens":1,"output_tokens":2}]}"#,
            &[(InputText, 11), (OutputText, 22)],
            false,
        );
    }

    #[test]
    fn what_does_not_sum_is_marked_and_read_larger() {
        use UsageClass::{InputCacheWrite1h, InputCacheWrite5m, InputText, OutputReasoning, OutputText};
        check(
            r#"{"output_tokens":2,"output_tokens_details":{"thinking_tokens":6}}"#,
            &[(OutputText, 2), (OutputReasoning, 6)],
            true,
        );
        check(
            r#"{"cache_creation_input_tokens":9,"cache_creation":{"ephemeral_1h_input_tokens":4},"input_tokens":1}"#,
            &[(InputText, 1), (InputCacheWrite5m, 5), (InputCacheWrite1h, 4)],
            true,
        );
        check(r#"{"input_tokens":-1,"output_tokens":2}"#, &[(OutputText, 2)], true);
        check(r#"{"output_tokens":2,"iterations":{},"cache_creation":5}"#, &[(OutputText, 2)], false);
    }

    #[test]
    fn an_object_without_counts_is_no_usage() {
        for raw in ["{}", "null", "[]", r#"{"input_tokens":null}"#, r#"{"output_tokens":[1]}"#] {
            assert_eq!(read_usage(raw.as_bytes(), UsageRules::default()), None, "{raw}");
        }
    }

    #[test]
    fn later_counts_win_and_what_they_leave_out_stays() {
        let mut counts = Counts::read(br#"{"input_tokens":9,"output_tokens":1}"#).unwrap();
        counts.take(Counts::read(br#"{"output_tokens":7,"input_tokens":0}"#).unwrap());
        let usage = counts.usage(UsageRules::default()).unwrap();
        assert_eq!((usage.input(), usage.output()), (9, 7));
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_reads_the_same(
            input in 0_u64..1_000_000, read in 0_u64..1_000, short in 0_u64..1_000, long in 0_u64..1_000,
            text in 0_u64..1_000, thinking in 0_u64..1_000, searches in 0_u64..9,
        ) {
            let usage = Usage::default()
                .with(UsageClass::InputText, input)
                .with(UsageClass::InputCacheRead, read)
                .with(UsageClass::InputCacheWrite5m, short)
                .with(UsageClass::InputCacheWrite1h, long)
                .with(UsageClass::OutputText, text)
                .with(UsageClass::OutputReasoning, thinking)
                .with(UsageClass::Search, searches);
            let written = object(|members| write_usage(&usage, members));
            proptest::prop_assert_eq!(read_usage(&written, UsageRules::default()), Some(usage));
        }
    }
}
