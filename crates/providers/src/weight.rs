//! What of an answer counts for the books, in every dialect.

use bytes::Bytes;
use serde_json::Value;
use weighhouse_types::{Operation, Usage, UsageClass};

use crate::ask::Ask;
use crate::dialects;

/// Bytes of text that count as a token: OpenAI's own rule of thumb for English.
const BYTES_PER_TOKEN: u64 = 4;

/// A whole answer, ready for the client.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The body.
    pub body: Bytes,
    /// What the provider says it used.
    pub usage: Option<Usage>,
    /// The provider's usage object as it came.
    pub raw_usage: Option<Box<str>>,
    /// The provider's id of the answer.
    pub response_id: Option<Box<str>>,
    /// The tier that it was served in, which decides the price.
    pub service_tier: Option<Box<str>>,
    /// Generated tokens counted from the texts; only where the provider does not say.
    pub counted_output: u64,
}

/// What a stream came to.
#[derive(Clone, Debug, Default)]
pub struct StreamEnd {
    /// What the provider said it used, so far.
    pub usage: Option<Usage>,
    /// The provider's usage object as it came.
    pub raw_usage: Option<Box<str>>,
    /// The provider's id of the answer.
    pub response_id: Option<Box<str>>,
    /// The tier that it was served in, which decides the price.
    pub service_tier: Option<Box<str>>,
    /// Generated tokens, counted from the frames that arrived.
    pub counted_output: u64,
    /// The stream came to its own end.
    pub complete: bool,
    /// The error object that the provider put into the stream.
    pub error: Option<Bytes>,
}

/// Usage counted from what arrived, for a provider that never said.
#[must_use]
pub fn counted_usage(input: u64, output: u64) -> Usage {
    let mut usage = Usage::default().with(UsageClass::InputText, input).with(UsageClass::OutputText, output);
    usage.estimated = true;
    usage
}

/// Tokens of a text of so many bytes.
#[must_use]
pub const fn tokens_of(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN)
}

/// Tokens of the prompt, counted from the bytes of its texts. For records only: marked as estimated,
/// and never used as the bound of a budget.
#[must_use]
pub fn estimate_input(ask: &Ask, operation: Operation) -> u64 {
    let members = dialects::input_members(ask.dialect, operation);
    let found = members.iter().filter_map(|name| ask.envelope.member(name).ok().flatten());
    let bytes = found.filter_map(|member| serde_json::from_slice::<Value>(ask.envelope.raw(member)).ok());
    tokens_of(bytes.map(|value| text_bytes(&value)).sum())
}

/// Bytes of the texts that a model reads: strings, and the members of objects that hold text.
pub(crate) fn text_bytes(value: &Value) -> u64 {
    const TEXTS: [&str; 11] = [
        "content",
        "text",
        "reasoning_content",
        "reasoning",
        "thinking",
        "parts",
        "output",
        "arguments",
        "input",
        "args",
        "response",
    ];
    match value {
        Value::String(text) => text.len() as u64,
        Value::Array(items) => items.iter().map(text_bytes).sum(),
        Value::Object(members) => TEXTS.iter().filter_map(|name| members.get(*name)).map(text_bytes).sum(),
        // Token ids, as completions and embeddings may be given.
        Value::Number(_) => BYTES_PER_TOKEN,
        Value::Null | Value::Bool(_) => 0,
    }
}
