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

/// Tokens of a whole answer, counted from the bytes of its texts and of its tools' arguments.
#[must_use]
pub(super) fn estimate_output(choices: &[u8]) -> u64 {
    let choices: Vec<Value> = serde_json::from_slice(choices).unwrap_or_default();
    let of_choice = |choice: &Value| {
        let message = choice.get("message");
        let of = |value: Option<&Value>| value.map_or(0, text_bytes);
        let calls = message.and_then(|message| message.get("tool_calls")?.as_array()).into_iter().flatten();
        let arguments: u64 =
            calls.map(|call| of(call.get("function").and_then(|made| made.get("arguments")))).sum();
        of(message) + of(choice.get("text")) + arguments
    };
    choices.iter().map(|choice| tokens_of(of_choice(choice))).sum()
}

/// Tokens of a text of so many bytes.
pub(super) const fn tokens_of(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN)
}

/// Bytes of the texts that a model reads: strings, and the members of objects that hold text.
fn text_bytes(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64,
        Value::Array(items) => items.iter().map(text_bytes).sum(),
        Value::Object(members) => ["content", "text", "reasoning_content", "reasoning"]
            .iter()
            .filter_map(|name| members.get(*name))
            .map(text_bytes)
            .sum(),
        // Token ids, as completions and embeddings may be given.
        Value::Number(_) => BYTES_PER_TOKEN,
        Value::Null | Value::Bool(_) => 0,
    }
}
