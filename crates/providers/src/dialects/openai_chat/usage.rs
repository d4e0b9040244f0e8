//! OpenAI's usage object as a partition.
//!
//! `prompt_tokens` holds cached and audio tokens, `completion_tokens` holds reasoning and audio tokens
//! (<https://platform.openai.com/docs/api-reference/chat/object>); some providers count reasoning apart.

use serde::Deserialize;
use weighhouse_types::{Usage, UsageClass};

use crate::registry::{ReasoningPlace, UsageRules};
use crate::tally::{Count, rest_of, take_larger_total};
use crate::wire::Object;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireUsage {
    prompt_tokens: Count,
    completion_tokens: Count,
    total_tokens: Count,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// DeepSeek's older name for cached tokens.
    prompt_cache_hit_tokens: Count,
    /// Perplexity.
    num_search_queries: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Count,
    audio_tokens: Count,
    /// OpenRouter, and OpenAI for models with priced cache writes.
    cache_write_tokens: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    reasoning_tokens: Count,
    audio_tokens: Count,
    image_tokens: Count,
}

/// Reads a usage object. Counts that are negative, too large or no numbers are marked as a mismatch;
/// where the parts do not sum to the totals, the larger reading is taken.
/// None where the object says nothing at all.
#[must_use]
pub fn read_usage(raw: &[u8], rules: UsageRules) -> Option<Usage> {
    let wire: WireUsage = serde_json::from_slice(raw).ok()?;
    let prompt_details = wire.prompt_tokens_details.unwrap_or_default();
    let completion_details = wire.completion_tokens_details.unwrap_or_default();
    if [wire.prompt_tokens, wire.completion_tokens, wire.total_tokens]
        .iter()
        .all(|count| !matches!(count, Count::Of(_)))
    {
        return None;
    }
    let odd = [wire.prompt_tokens, wire.completion_tokens, wire.total_tokens].contains(&Count::Odd)
        || [prompt_details.cached_tokens, prompt_details.audio_tokens].contains(&Count::Odd)
        || [completion_details.reasoning_tokens, completion_details.audio_tokens].contains(&Count::Odd);

    let cached = prompt_details.cached_tokens.or_zero().max(wire.prompt_cache_hit_tokens.or_zero());
    let written = prompt_details.cache_write_tokens.or_zero();
    let audio_in = prompt_details.audio_tokens.or_zero();
    let (text_in, input_exceeded) = rest_of(wire.prompt_tokens.or_zero(), &[cached, written, audio_in]);

    let reasoning = completion_details.reasoning_tokens.or_zero();
    let audio_out = completion_details.audio_tokens.or_zero();
    let image_out = completion_details.image_tokens.or_zero();
    let completion = wire.completion_tokens.or_zero();
    let (text_out, output_exceeded) = match rules.reasoning {
        ReasoningPlace::Inside => rest_of(completion, &[reasoning, audio_out, image_out]),
        ReasoningPlace::Beside => rest_of(completion, &[audio_out, image_out]),
    };

    let mut usage = Usage::default()
        .with(UsageClass::InputText, text_in)
        .with(UsageClass::InputCacheRead, cached)
        .with(UsageClass::InputCacheWrite5m, written)
        .with(UsageClass::InputAudio, audio_in)
        .with(UsageClass::OutputText, text_out)
        .with(UsageClass::OutputReasoning, reasoning)
        .with(UsageClass::OutputAudio, audio_out)
        .with(UsageClass::OutputImage, image_out)
        .with(UsageClass::Search, wire.num_search_queries.or_zero());
    usage.mismatch = odd || input_exceeded || output_exceeded;
    if let Count::Of(total) = wire.total_tokens {
        take_larger_total(&mut usage, total);
    }
    Some(usage)
}

/// Writes the members of a usage object, LiteLLM's names for the provider's cache among them.
pub fn write_usage(usage: &Usage, out: &mut Object<'_>) {
    let of = |class| usage.get(class);
    let written = of(UsageClass::InputCacheWrite5m).saturating_add(of(UsageClass::InputCacheWrite1h));
    let cached = of(UsageClass::InputCacheRead);
    out.number("prompt_tokens", usage.input());
    out.number("completion_tokens", usage.output());
    out.number("total_tokens", usage.total());
    out.object("prompt_tokens_details", |details| {
        details.number("cached_tokens", cached);
        details.number("audio_tokens", of(UsageClass::InputAudio));
        details.number_if("cache_write_tokens", Some(written).filter(|tokens| *tokens > 0));
    });
    out.object("completion_tokens_details", |details| {
        details.number("reasoning_tokens", of(UsageClass::OutputReasoning));
        details.number("audio_tokens", of(UsageClass::OutputAudio));
        details.number_if("image_tokens", Some(of(UsageClass::OutputImage)).filter(|tokens| *tokens > 0));
    });
    if cached > 0 || written > 0 {
        out.number("cache_read_input_tokens", cached);
        out.number("cache_creation_input_tokens", written);
    }
    out.number_if("num_search_queries", Some(of(UsageClass::Search)).filter(|searches| *searches > 0));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, reasoning: ReasoningPlace, expected: &[(UsageClass, u64)], mismatch: bool) {
        let usage = read_usage(raw.as_bytes(), UsageRules { reasoning }).unwrap();
        assert_eq!(usage.classes().collect::<Vec<_>>(), expected, "{raw}");
        assert_eq!(usage.mismatch, mismatch, "{raw}");
    }

    #[test]
    fn parts_are_taken_out_of_their_totals() {
        use ReasoningPlace::{Beside, Inside};
        use UsageClass::{InputAudio, InputCacheRead, InputText, OutputReasoning, OutputText};
        check(
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}"#,
            Inside,
            &[(InputText, 10), (OutputText, 5)],
            false,
        );
        check(
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":1},"completion_tokens_details":{"reasoning_tokens":3,"accepted_prediction_tokens":null}}"#,
            Inside,
            &[(InputText, 5), (InputCacheRead, 4), (InputAudio, 1), (OutputText, 2), (OutputReasoning, 3)],
            false,
        );
        check(
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":18,"completion_tokens_details":{"reasoning_tokens":3}}"#,
            Beside,
            &[(InputText, 10), (OutputText, 5), (OutputReasoning, 3)],
            false,
        );
        check(r#"{"prompt_tokens":8,"total_tokens":8}"#, Inside, &[(InputText, 8)], false);
        check(
            r#"{"prompt_tokens":8,"prompt_cache_hit_tokens":6,"completion_tokens":0}"#,
            Inside,
            &[(InputText, 2), (InputCacheRead, 6)],
            false,
        );
        check(
            r#"{"prompt_tokens":8.0,"completion_tokens":1}"#,
            Inside,
            &[(InputText, 8), (OutputText, 1)],
            false,
        );
    }

    #[test]
    fn what_does_not_sum_is_marked_and_read_larger() {
        use ReasoningPlace::Inside;
        use UsageClass::{InputCacheRead, InputText, OutputReasoning, OutputText};
        check(
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":20}"#,
            Inside,
            &[(InputText, 10), (OutputText, 10)],
            true,
        );
        check(
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":2}"#,
            Inside,
            &[(InputText, 10), (OutputText, 5)],
            true,
        );
        check(
            r#"{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":9}}"#,
            Inside,
            &[(InputText, 1), (InputCacheRead, 4), (OutputText, 2), (OutputReasoning, 9)],
            true,
        );
        check(r#"{"prompt_tokens":-1,"completion_tokens":2}"#, Inside, &[(OutputText, 2)], true);
        check(
            r#"{"prompt_tokens":"7","completion_tokens":18446744073709551615,"total_tokens":3}"#,
            Inside,
            &[(InputText, 7)],
            true,
        );
    }

    #[test]
    fn an_object_without_counts_is_no_usage() {
        for raw in ["{}", "null", "[]", r#"{"prompt_tokens":null}"#, r#"{"prompt_tokens":[1]}"#] {
            assert_eq!(read_usage(raw.as_bytes(), UsageRules::default()), None, "{raw}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_partition_never_loses_tokens(
            prompt in 0_u64..1_000_000, cached in 0_u64..1_000_000, audio in 0_u64..1_000,
            completion in 0_u64..1_000_000, reasoning in 0_u64..1_000_000, total in 0_u64..4_000_000,
        ) {
            let raw = format!(
                r#"{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{total},"prompt_tokens_details":{{"cached_tokens":{cached},"audio_tokens":{audio}}},"completion_tokens_details":{{"reasoning_tokens":{reasoning}}}}}"#
            );
            let usage = read_usage(raw.as_bytes(), UsageRules::default()).unwrap();
            proptest::prop_assert!(usage.input() >= prompt.max(cached + audio));
            proptest::prop_assert!(usage.output() >= completion.max(reasoning));
            proptest::prop_assert!(usage.total() >= total);
            if usage.mismatch {
                return Ok(());
            }
            proptest::prop_assert_eq!(usage.total(), total);
        }
    }
}
