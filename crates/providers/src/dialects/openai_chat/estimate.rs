//! What a prompt weighs where the provider does not say.

use bytes::Bytes;
use serde_json::Value;
use weighhouse_types::Operation;

use super::request::Ask;

/// Bytes of text that count as a token: OpenAI's own rule of thumb for English.
const BYTES_PER_TOKEN: u64 = 4;

/// Tokens of the prompt, counted from the bytes of its texts. For records only: marked as estimated,
/// and never used as the bound of a budget.
#[must_use]
pub fn estimate_input(ask: &Ask, operation: Operation) -> u64 {
    let member = match operation {
        Operation::Completion => "prompt",
        Operation::Embedding => "input",
        _ => "messages",
    };
    let Ok(Some(member)) = ask.envelope.member(member) else { return 0 };
    let raw: Bytes = ask.envelope.body().slice(member.value.clone());
    serde_json::from_slice::<Value>(&raw).map_or(0, |value| tokens_of(text_bytes(&value)))
}

/// Tokens of a text of so many bytes.
pub(super) const fn tokens_of(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN)
}

/// Bytes of the texts that a model reads: strings, and the `content` and `text` members of objects.
fn text_bytes(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64,
        Value::Array(items) => items.iter().map(text_bytes).sum(),
        Value::Object(members) => {
            ["content", "text"].iter().filter_map(|name| members.get(*name)).map(text_bytes).sum()
        }
        // Token ids, as completions and embeddings may be given.
        Value::Number(_) => BYTES_PER_TOKEN,
        Value::Null | Value::Bool(_) => 0,
    }
}
