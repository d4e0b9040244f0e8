//! What an answer weighs where the provider does not say.

use serde_json::Value;

use crate::weight::{text_bytes, tokens_of};

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
