//! A provider's whole answer: the model's name put back, the usage read, everything else as it came.

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use weighhouse_types::{Error, Kind};

use super::super::answer::tier_of;
use super::super::error::read_error_object;
use super::super::usage::read_usage;
use crate::envelope::{Edits, Envelope, quote};
use crate::registry::UsageRules;
use crate::weight::{Whole, text_bytes, tokens_of};

/// Weighs a whole answer; `model` is the name that the client is shown, none to leave the provider's.
///
/// # Errors
/// `UpstreamGarbled`: not a JSON object. `UpstreamStatus`: an error object behind a status of success.
pub fn weigh_answer(body: &Bytes, model: Option<&str>, rules: UsageRules) -> Result<Whole, Error> {
    let envelope = Envelope::read(body).map_err(|error| {
        Error::new(Kind::UpstreamGarbled, "the provider answered with something that is not a JSON object")
            .source(error)
    })?;
    let mut edits = Edits::default();
    let (mut usage, mut raw_usage, mut response_id, mut service_tier) = (None, None, None, None);
    let mut content = None;
    for member in envelope.members() {
        let raw = envelope.raw(member);
        match envelope.name(member).as_ref() {
            "type" if raw == b"\"error\"" => return Err(read_error_object(body)),
            "model" => {
                if let Some(quoted) = model.map(quote).filter(|quoted| quoted.as_bytes() != raw) {
                    edits.replace(member.value.clone(), quoted);
                }
            }
            "usage" if raw != b"null" => {
                usage = read_usage(raw, rules);
                raw_usage = std::str::from_utf8(raw).ok().map(Into::into);
                service_tier = serde_json::from_slice::<&RawValue>(raw).ok().and_then(tier_of);
            }
            "id" => response_id = serde_json::from_slice(raw).ok(),
            "content" => content = Some(raw),
            _ => {}
        }
    }
    let counted_output = match (&usage, content) {
        (None, Some(content)) => counted(content),
        _ => 0,
    };
    Ok(Whole {
        body: edits.apply(&envelope),
        counted_output,
        usage,
        raw_usage,
        response_id,
        service_tier: service_tier.map(String::into_boxed_str),
    })
}

/// Tokens counted from the bytes of texts, thoughts and inputs, where the provider does not say.
fn counted(content: &[u8]) -> u64 {
    let blocks: Vec<Value> = serde_json::from_slice(content).unwrap_or_default();
    let of_input = |block: &Value| block.get("input").map_or(0, |input| input.to_string().len() as u64);
    let of_text = |block: &Value| {
        ["text", "thinking"].iter().filter_map(|name| block.get(*name)).map(text_bytes).sum::<u64>()
    };
    tokens_of(blocks.iter().map(|block| of_text(block) + of_input(block)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_models_name_is_put_back_and_the_usage_read() {
        let text = r#"{"id":"msg_1","type":"message","model":"claude-x", "content":[{"type":"text","text":"\"model\":"}],"usage":{"input_tokens":3,"output_tokens":2,"service_tier":"priority"}}"#;
        let whole = weigh_answer(&Bytes::from(text), Some("fast"), UsageRules::default()).unwrap();
        assert_eq!(whole.body, text.replace("claude-x", "fast"));
        assert_eq!(whole.usage.map(|usage| (usage.input(), usage.output())), Some((3, 2)));
        assert_eq!(whole.service_tier.as_deref(), Some("priority"));
        assert_eq!(whole.response_id.as_deref(), Some("msg_1"));
    }

    #[test]
    fn what_the_provider_does_not_count_is_counted() {
        let text = r#"{"content":[{"type":"thinking","thinking":"12345678"},{"type":"text","text":"1234"},{"type":"tool_use","input":{"a":"b"}}]}"#;
        let whole = weigh_answer(&Bytes::from(text), None, UsageRules::default()).unwrap();
        assert_eq!((whole.counted_output, whole.usage), (6, None));
    }

    #[test]
    fn an_error_behind_a_success_is_one() {
        let text = r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#;
        let error = weigh_answer(&Bytes::from(text), None, UsageRules::default()).unwrap_err();
        assert_eq!(error.status(), 429);
    }
}
