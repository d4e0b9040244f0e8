//! The usage object of Responses as a partition, and back.
//!
//! `input_tokens` holds the cached and written ones, `output_tokens` the reasoning
//! (<https://platform.openai.com/docs/api-reference/responses/object>). Searches stand beside it: in `tool_usage`,
//! or as calls in the output.

use serde_json::value::RawValue;
use weighhouse_types::{Usage, UsageClass};

use crate::registry::{ReasoningPlace, UsageRules};
use crate::tally::{Count, rest_of, take_larger_total};
use crate::wire::{Object, wire_object};

wire_object! {
    /// The usage object.
    struct WireUsage<'a> {
        "input_tokens" => input: Count,
        "output_tokens" => output: Count,
        "total_tokens" => total: Count,
        "input_tokens_details" => input_details: &'a RawValue,
        "output_tokens_details" => output_details: &'a RawValue,
    }
}

wire_object! {
    /// Parts of the input, or of the output. Sound and pictures stand there at other providers of this dialect.
    struct Details<'a> {
        "cached_tokens" => cached: Count,
        "cache_write_tokens" => written: Count,
        "reasoning_tokens" => reasoning: Count,
        "audio_tokens" => audio: Count,
        "image_tokens" => image: Count,
    }
}

/// Reads a usage object; none where it says nothing. Counts that are none are marked as a mismatch; where the parts
/// do not sum to the totals, the larger reading is taken.
#[must_use]
pub fn read_usage(raw: &[u8], rules: UsageRules) -> Option<Usage> {
    let wire: WireUsage<'_> = serde_json::from_slice(raw).ok()?;
    let counts = [wire.input, wire.output, wire.total].map(Option::unwrap_or_default);
    if !counts.iter().any(|count| matches!(count, Count::Of(_))) {
        return None;
    }
    let [input, output, total] = counts;
    let of_input = details(wire.input_details);
    let of_output = details(wire.output_details);
    let parts =
        [of_input.cached, of_input.written, of_input.audio, of_input.image].map(Option::unwrap_or_default);
    let [cached, written, audio_in, image_in] = parts.map(Count::or_zero);
    let made = [of_output.reasoning, of_output.audio, of_output.image].map(Option::unwrap_or_default);
    let [reasoning, audio_out, image_out] = made.map(Count::or_zero);

    let (text_in, input_exceeded) = rest_of(input.or_zero(), &[cached, written, audio_in, image_in]);
    let inside = match rules.reasoning {
        ReasoningPlace::Inside => reasoning,
        ReasoningPlace::Beside => 0,
    };
    let (text_out, output_exceeded) = rest_of(output.or_zero(), &[inside, audio_out, image_out]);

    let mut usage = Usage::default()
        .with(UsageClass::InputText, text_in)
        .with(UsageClass::InputCacheRead, cached)
        .with(UsageClass::InputCacheWrite5m, written)
        .with(UsageClass::InputAudio, audio_in)
        .with(UsageClass::InputImage, image_in)
        .with(UsageClass::OutputText, text_out)
        .with(UsageClass::OutputReasoning, reasoning)
        .with(UsageClass::OutputAudio, audio_out)
        .with(UsageClass::OutputImage, image_out);
    let is_odd = counts.iter().chain(&parts).chain(&made).any(|count| *count == Count::Odd);
    usage.mismatch = is_odd || input_exceeded || output_exceeded;
    if let Count::Of(total) = total {
        take_larger_total(&mut usage, total);
    }
    Some(usage)
}

fn details(raw: Option<&RawValue>) -> Details<'_> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// Searches that are charged: what `tool_usage` says of them, or else the calls of the output that searched; to open
/// a page or to look into it costs nothing apart (SDK type `ToolUsageWebSearch`).
pub(super) fn searches<'a>(output: impl Iterator<Item = &'a RawValue>, tool_usage: Option<&RawValue>) -> u64 {
    #[derive(serde::Deserialize)]
    struct Tools {
        web_search: Requests,
    }
    #[derive(serde::Deserialize)]
    struct Requests {
        num_requests: u64,
    }
    let stated = tool_usage.and_then(|raw| serde_json::from_str::<Tools>(raw.get()).ok());
    stated.map_or_else(
        || output.filter(|item| is_search(item)).count() as u64,
        |tools| tools.web_search.num_requests,
    )
}

/// Whether an item of the output is a search.
pub(super) fn is_search(item: &RawValue) -> bool {
    #[derive(serde::Deserialize)]
    struct Call<'a> {
        #[serde(borrow, rename = "type")]
        kind: std::borrow::Cow<'a, str>,
        action: Option<Action>,
    }
    #[derive(serde::Deserialize)]
    struct Action {
        #[serde(rename = "type")]
        kind: String,
    }
    // Most items are long and none of these: their text tells sooner than a parse.
    item.get().contains("web_search_call")
        && serde_json::from_str::<Call<'_>>(item.get()).is_ok_and(|call| {
            call.kind == "web_search_call" && call.action.is_none_or(|action| action.kind == "search")
        })
}

/// Writes the members of a usage object.
pub fn write_usage(usage: &Usage, object: &mut Object<'_>) {
    let of = |class| usage.get(class);
    let said = |class| Some(of(class)).filter(|count| *count > 0);
    let written = of(UsageClass::InputCacheWrite5m).saturating_add(of(UsageClass::InputCacheWrite1h));
    object.number("input_tokens", usage.input());
    object.object("input_tokens_details", |details| {
        details.number("cached_tokens", of(UsageClass::InputCacheRead));
        details.number("cache_write_tokens", written);
        details.number_if("audio_tokens", said(UsageClass::InputAudio));
        details.number_if("image_tokens", said(UsageClass::InputImage));
    });
    object.number("output_tokens", usage.output());
    object.object("output_tokens_details", |details| {
        details.number("reasoning_tokens", of(UsageClass::OutputReasoning));
        details.number_if("audio_tokens", said(UsageClass::OutputAudio));
        details.number_if("image_tokens", said(UsageClass::OutputImage));
    });
    object.number("total_tokens", usage.total());
}

/// Writes `tool_usage`, where the provider searched: its other family, which the SDK's type wants beside it, made
/// nothing.
pub(super) fn write_tool_usage(usage: &Usage, response: &mut Object<'_>) {
    let count = usage.get(UsageClass::Search);
    if count == 0 {
        return;
    }
    response.object("tool_usage", |tools| {
        tools.object("image_gen", |made| {
            made.number("input_tokens", 0);
            made.object("input_tokens_details", |details| {
                details.number("image_tokens", 0);
                details.number("text_tokens", 0);
            });
            made.number("output_tokens", 0);
            made.number("total_tokens", 0);
        });
        tools.object("web_search", |search| search.number("num_requests", count));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use UsageClass::{InputAudio, InputCacheRead, InputCacheWrite5m, InputText, OutputReasoning, OutputText};

    fn check(raw: &str, reasoning: ReasoningPlace, expected: &[(UsageClass, u64)], mismatch: bool) {
        let usage = read_usage(raw.as_bytes(), UsageRules { reasoning }).unwrap();
        assert_eq!(usage.classes().collect::<Vec<_>>(), expected, "{raw}");
        assert_eq!(usage.mismatch, mismatch, "{raw}");
    }

    #[test]
    fn parts_are_taken_out_of_their_totals() {
        use ReasoningPlace::{Beside, Inside};
        check(
            r#"{"input_tokens":36,"input_tokens_details":{"cached_tokens":0},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":123}"#,
            Inside,
            &[(InputText, 36), (OutputText, 87)],
            false,
        );
        check(
            r#"{"input_tokens":100,"input_tokens_details":{"cached_tokens":64,"cache_write_tokens":16,"audio_tokens":5},"output_tokens":50,"output_tokens_details":{"reasoning_tokens":40},"total_tokens":150}"#,
            Inside,
            &[
                (InputText, 15),
                (InputCacheRead, 64),
                (InputCacheWrite5m, 16),
                (InputAudio, 5),
                (OutputText, 10),
                (OutputReasoning, 40),
            ],
            false,
        );
        check(
            r#"{"input_tokens":10,"output_tokens":5,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":18}"#,
            Beside,
            &[(InputText, 10), (OutputText, 5), (OutputReasoning, 3)],
            false,
        );
        check(
            r#"{"input_tokens":8.0,"output_tokens":1,"input_tokens_details":null}"#,
            Inside,
            &[(InputText, 8), (OutputText, 1)],
            false,
        );
    }

    #[test]
    fn what_does_not_sum_is_marked_and_read_larger() {
        use ReasoningPlace::Inside;
        check(
            r#"{"input_tokens":10,"output_tokens":5,"total_tokens":20}"#,
            Inside,
            &[(InputText, 10), (OutputText, 10)],
            true,
        );
        check(
            r#"{"input_tokens":1,"input_tokens_details":{"cached_tokens":4},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":9}}"#,
            Inside,
            &[(InputText, 1), (InputCacheRead, 4), (OutputText, 2), (OutputReasoning, 9)],
            true,
        );
        check(r#"{"input_tokens":-1,"output_tokens":2}"#, Inside, &[(OutputText, 2)], true);
        check(r#"{"input_tokens":"x","output_tokens":2}"#, Inside, &[(OutputText, 2)], true);
        check(r#"{"input_tokens":3,"output_tokens":18446744073709551615}"#, Inside, &[(InputText, 3)], true);
    }

    #[test]
    fn an_object_without_counts_is_no_usage() {
        for raw in ["{}", "null", "[]", r#"{"input_tokens":null}"#, r#"{"input_tokens":[1]}"#] {
            assert_eq!(read_usage(raw.as_bytes(), UsageRules::default()), None, "{raw}");
        }
    }

    #[test]
    fn searches_are_counted_as_they_are_charged() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let items = [
            r#"{"type":"web_search_call","action":{"type":"search","query":"a"}}"#,
            r#"{"type":"web_search_call","action":{"type":"open_page","url":"b"}}"#,
            r#"{"type":"web_search_call","status":"completed"}"#,
            r#"{"type":"message","content":[{"text":"web_search_call"}]}"#,
        ]
        .map(raw);
        let count = |tools: Option<&RawValue>| searches(items.iter().map(AsRef::as_ref), tools);
        assert_eq!(count(None), 2);
        assert_eq!(count(Some(&raw(r#"{"web_search":{"num_requests":7}}"#))), 7);
        assert_eq!(count(Some(&raw("{}"))), 2);
    }

    proptest::proptest! {
        #[test]
        fn the_partition_never_loses_tokens_and_comes_back(
            input in 0_u64..1_000_000, cached in 0_u64..1_000_000, written in 0_u64..1_000, audio in 0_u64..1_000,
            output in 0_u64..1_000_000, reasoning in 0_u64..1_000_000, total in 0_u64..4_000_000,
        ) {
            let raw = format!(
                r#"{{"input_tokens":{input},"output_tokens":{output},"total_tokens":{total},"input_tokens_details":{{"cached_tokens":{cached},"cache_write_tokens":{written},"audio_tokens":{audio}}},"output_tokens_details":{{"reasoning_tokens":{reasoning}}}}}"#
            );
            let usage = read_usage(raw.as_bytes(), UsageRules::default()).unwrap();
            proptest::prop_assert!(usage.input() >= input.max(cached + written + audio));
            proptest::prop_assert!(usage.output() >= output.max(reasoning));
            proptest::prop_assert!(usage.total() >= total);
            let object = crate::wire::object(|object| write_usage(&usage, object));
            let mut again = read_usage(&object, UsageRules::default()).unwrap();
            again.mismatch = usage.mismatch;
            proptest::prop_assert_eq!(again, usage);
        }
    }
}
