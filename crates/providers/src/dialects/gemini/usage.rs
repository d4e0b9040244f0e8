//! Gemini's `usageMetadata` as a partition, and back.
//!
//! `promptTokenCount` holds cached tokens; `candidatesTokenCount`, `thoughtsTokenCount` and
//! `toolUsePromptTokenCount` stand beside each other, and `totalTokenCount` is the sum of all four
//! (<https://ai.google.dev/api/generate-content#UsageMetadata>). Some answers count the thoughts in the candidates
//! too, which their total betrays.

use weighhouse_types::{Usage, UsageClass};

use crate::registry::UsageRules;
use crate::tally::{Count, take_larger_total};
use crate::wire::{Object, Text, wire_object};

wire_object! {
    /// The usage object.
    struct WireUsage<'a> {
        "promptTokenCount" | "prompt_token_count" => prompt: Count,
        "cachedContentTokenCount" | "cached_content_token_count" => cached: Count,
        "candidatesTokenCount" | "candidates_token_count" => candidates: Count,
        "thoughtsTokenCount" | "thoughts_token_count" => thoughts: Count,
        "toolUsePromptTokenCount" | "tool_use_prompt_token_count" => tools: Count,
        "totalTokenCount" | "total_token_count" => total: Count,
        "promptTokensDetails" | "prompt_tokens_details" => prompt_details: Vec<Detail<'a>>,
        "cacheTokensDetails" | "cache_tokens_details" => cache_details: Vec<Detail<'a>>,
        "candidatesTokensDetails" | "candidates_tokens_details" => candidates_details: Vec<Detail<'a>>,
    }
}

wire_object! {
    /// Tokens of one modality.
    struct Detail<'a> {
        "modality" => modality: Text<'a>,
        "tokenCount" | "token_count" => count: Count,
    }
}

/// Reads a usage object; none where it says nothing. Counts that are none are marked as a mismatch; where the parts
/// do not sum to the total, the larger reading is taken.
#[must_use]
pub fn read_usage(raw: &[u8], _rules: UsageRules) -> Option<Usage> {
    let wire: WireUsage<'_> = serde_json::from_slice(raw).ok()?;
    let [prompt, candidates, thoughts, tools, cached, total] =
        [wire.prompt, wire.candidates, wire.thoughts, wire.tools, wire.cached, wire.total]
            .map(Option::unwrap_or_default);
    let counts = [prompt, candidates, thoughts, tools, cached, total];
    if !counts.iter().any(|count| matches!(count, Count::Of(_))) {
        return None;
    }
    let mut mismatch = counts.contains(&Count::Odd);
    let [prompt, candidates, thoughts, tools, cached] =
        [prompt, candidates, thoughts, tools, cached].map(Count::or_zero);
    let of = |details: &Option<Vec<Detail<'_>>>, modality| tokens_of(details.as_deref(), modality);

    mismatch |= cached > prompt;
    let fresh = prompt.saturating_sub(cached);
    // Sound that was read from the cache is charged as cached.
    let sound = of(&wire.prompt_details, "AUDIO").saturating_sub(of(&wire.cache_details, "AUDIO")).min(fresh);

    let total = (total != Count::Absent).then(|| total.or_zero());
    let beside = prompt.saturating_add(tools).saturating_add(candidates);
    let is_inside = thoughts > 0 && thoughts <= candidates && total == Some(beside);
    let spoken = if is_inside { candidates - thoughts } else { candidates };
    let (sound_out, image_out) =
        (of(&wire.candidates_details, "AUDIO"), of(&wire.candidates_details, "IMAGE"));
    let named = sound_out.saturating_add(image_out);
    mismatch |= named > spoken;

    let mut usage = Usage::default()
        .with(UsageClass::InputText, (fresh - sound).saturating_add(tools))
        .with(UsageClass::InputCacheRead, cached)
        .with(UsageClass::InputAudio, sound)
        // Where the parts exceed the whole both count, which is the larger reading.
        .with(UsageClass::OutputText, spoken.checked_sub(named).unwrap_or(spoken))
        .with(UsageClass::OutputReasoning, thoughts)
        .with(UsageClass::OutputAudio, sound_out)
        .with(UsageClass::OutputImage, image_out);
    usage.mismatch = mismatch;
    if let Some(total) = total {
        take_larger_total(&mut usage, total);
    }
    Some(usage)
}

fn tokens_of(details: Option<&[Detail<'_>]>, modality: &str) -> u64 {
    let found = details
        .unwrap_or_default()
        .iter()
        .filter(|detail| detail.modality.as_ref().is_some_and(|name| name.as_str() == modality));
    found.fold(0, |sum, detail| sum.saturating_add(detail.count.unwrap_or_default().or_zero()))
}

/// Writes the members of a usage object.
pub fn write_usage(usage: &Usage, object: &mut Object<'_>) {
    let of = |class| usage.get(class);
    let (sound_in, image_in) = (of(UsageClass::InputAudio), of(UsageClass::InputImage));
    let (sound_out, image_out) = (of(UsageClass::OutputAudio), of(UsageClass::OutputImage));
    let (reasoning, cached) = (of(UsageClass::OutputReasoning), of(UsageClass::InputCacheRead));
    let spoken = usage.output().saturating_sub(reasoning);
    object.number("promptTokenCount", usage.input());
    object.number("candidatesTokenCount", spoken);
    object.number("totalTokenCount", usage.total());
    object.number_if("cachedContentTokenCount", Some(cached).filter(|count| *count > 0));
    object.number_if("thoughtsTokenCount", Some(reasoning).filter(|count| *count > 0));
    let text_in = usage.input().saturating_sub(sound_in).saturating_sub(image_in);
    write_details(
        object,
        "promptTokensDetails",
        [("TEXT", text_in), ("AUDIO", sound_in), ("IMAGE", image_in)],
    );
    if sound_out + image_out > 0 {
        let text_out = spoken.saturating_sub(sound_out).saturating_sub(image_out);
        let details = [("TEXT", text_out), ("AUDIO", sound_out), ("IMAGE", image_out)];
        write_details(object, "candidatesTokensDetails", details);
    }
}

fn write_details(object: &mut Object<'_>, name: &str, details: [(&str, u64); 3]) {
    object.array(name, |list| {
        for (modality, count) in details.into_iter().filter(|(_, count)| *count > 0) {
            list.object(|detail| {
                detail.text("modality", modality);
                detail.number("tokenCount", count);
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use UsageClass::{
        InputAudio, InputCacheRead, InputText, OutputAudio, OutputImage, OutputReasoning, OutputText,
    };

    fn check(raw: &str, expected: &[(UsageClass, u64)], mismatch: bool) {
        let usage = read_usage(raw.as_bytes(), UsageRules::default()).unwrap();
        assert_eq!(usage.classes().collect::<Vec<_>>(), expected, "{raw}");
        assert_eq!(usage.mismatch, mismatch, "{raw}");
    }

    #[test]
    fn parts_are_taken_out_of_their_totals() {
        check(
            r#"{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":15}"#,
            &[(InputText, 10), (OutputText, 5)],
            false,
        );
        check(
            r#"{"promptTokenCount":10,"cachedContentTokenCount":4,"candidatesTokenCount":5,"thoughtsTokenCount":7,"toolUsePromptTokenCount":3,"totalTokenCount":25}"#,
            &[(InputText, 9), (InputCacheRead, 4), (OutputText, 5), (OutputReasoning, 7)],
            false,
        );
        check(
            r#"{"promptTokenCount":10,"candidatesTokenCount":12,"thoughtsTokenCount":7,"totalTokenCount":22}"#,
            &[(InputText, 10), (OutputText, 5), (OutputReasoning, 7)],
            false,
        );
        check(
            r#"{"prompt_token_count":30,"cached_content_token_count":10,"prompt_tokens_details":[{"modality":"TEXT","token_count":5},{"modality":"AUDIO","token_count":25}],"cache_tokens_details":[{"modality":"AUDIO","token_count":10}],"total_token_count":30}"#,
            &[(InputText, 5), (InputCacheRead, 10), (InputAudio, 15)],
            false,
        );
        check(
            r#"{"promptTokenCount":1,"candidatesTokenCount":100,"totalTokenCount":101,"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":90},{"modality":"AUDIO","tokenCount":"6"}]}"#,
            &[(InputText, 1), (OutputText, 4), (OutputAudio, 6), (OutputImage, 90)],
            false,
        );
    }

    #[test]
    fn what_does_not_sum_is_marked_and_read_larger() {
        check(
            r#"{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":20}"#,
            &[(InputText, 10), (OutputText, 10)],
            true,
        );
        check(
            r#"{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":2}"#,
            &[(InputText, 10), (OutputText, 5)],
            true,
        );
        check(r#"{"promptTokenCount":1,"cachedContentTokenCount":4}"#, &[(InputCacheRead, 4)], true);
        check(r#"{"promptTokenCount":-1,"candidatesTokenCount":2}"#, &[(OutputText, 2)], true);
        check(
            r#"{"candidatesTokenCount":2,"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":9}]}"#,
            &[(OutputText, 2), (OutputImage, 9)],
            true,
        );
    }

    #[test]
    fn an_object_without_counts_is_no_usage() {
        for raw in ["{}", "null", "[]", r#"{"promptTokenCount":null}"#, r#"{"trafficType":"ON_DEMAND"}"#] {
            assert_eq!(read_usage(raw.as_bytes(), UsageRules::default()), None, "{raw}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_partition_never_loses_tokens_and_comes_back(
            prompt in 0_u64..1_000_000, cached in 0_u64..1_000_000, audio in 0_u64..1_000, tools in 0_u64..1_000,
            candidates in 0_u64..1_000_000, thoughts in 0_u64..1_000_000, total in 0_u64..4_000_000,
        ) {
            let raw = format!(
                r#"{{"promptTokenCount":{prompt},"cachedContentTokenCount":{cached},"candidatesTokenCount":{candidates},"thoughtsTokenCount":{thoughts},"toolUsePromptTokenCount":{tools},"totalTokenCount":{total},"promptTokensDetails":[{{"modality":"AUDIO","tokenCount":{audio}}}]}}"#
            );
            let usage = read_usage(raw.as_bytes(), UsageRules::default()).unwrap();
            proptest::prop_assert!(usage.input() >= prompt.max(cached));
            proptest::prop_assert!(usage.output() >= candidates.max(thoughts));
            proptest::prop_assert!(usage.total() >= total);
            let written = crate::wire::object(|object| write_usage(&usage, object));
            let mut again = read_usage(&written, UsageRules::default()).unwrap();
            again.mismatch = usage.mismatch;
            proptest::prop_assert_eq!(again, usage);
        }
    }
}
