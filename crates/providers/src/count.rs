//! Counting a prompt's tokens at the provider: requests made of chat requests, and answers of every dialect.

use bytes::Bytes;
use serde::Deserialize;
use weighhouse_types::{Dialect, Error, Kind};

use crate::envelope::{Edits, Envelope};
use crate::wire::object;

/// Members that Anthropic's `/v1/messages/count_tokens` takes (`MessageCountTokensParams` of its SDK).
const ANTHROPIC_MEMBERS: &[&str] = &[
    "messages",
    "model",
    "system",
    "thinking",
    "tool_choice",
    "tools",
    "output_config",
    "cache_control",
    "mcp_servers",
    "context_management",
    "speed",
];
/// Members that OpenAI's `/v1/responses/input_tokens` takes (`InputTokenCountParams` of its SDK).
const RESPONSES_MEMBERS: &[&str] = &[
    "conversation",
    "input",
    "instructions",
    "model",
    "parallel_tool_calls",
    "personality",
    "previous_response_id",
    "reasoning",
    "text",
    "tool_choice",
    "tools",
    "truncation",
];

/// A counting request made of a chat request of the same dialect.
#[must_use]
pub fn request(dialect: Dialect, body: Vec<u8>, model: &str) -> Vec<u8> {
    let body = Bytes::from(body);
    match dialect {
        Dialect::AnthropicMessages => only(&body, ANTHROPIC_MEMBERS),
        Dialect::OpenAiResponses => only(&body, RESPONSES_MEMBERS),
        Dialect::Gemini => object(|out| {
            out.object("generateContentRequest", |inside| {
                inside.text("model", &format!("models/{model}"));
                let Ok(envelope) = Envelope::read(&body) else { return };
                for member in envelope.members() {
                    inside.raw(&envelope.name(member), envelope.raw(member));
                }
            });
        }),
        Dialect::OpenAiChat => body.to_vec(),
    }
}

fn only(body: &Bytes, names: &[&str]) -> Vec<u8> {
    let Ok(envelope) = Envelope::read(body) else { return body.to_vec() };
    let mut edits = Edits::default();
    for (index, member) in envelope.members().iter().enumerate() {
        if !names.contains(&envelope.name(member).as_ref()) {
            edits.remove(index);
        }
    }
    edits.apply(&envelope).to_vec()
}

/// The chat request inside a client's counting request: Google's clients may wrap it.
#[must_use]
pub fn inside(dialect: Dialect, body: &Bytes) -> Bytes {
    if dialect != Dialect::Gemini {
        return body.clone();
    }
    let wrapped = Envelope::read(body).ok().and_then(|envelope| {
        let named = |name| envelope.member(name).ok().flatten().map(|member| member.value.clone());
        named("generateContentRequest").or_else(|| named("generate_content_request"))
    });
    wrapped.map_or_else(|| body.clone(), |place| body.slice(place))
}

/// Reads a provider's count.
///
/// # Errors
/// `UpstreamGarbled`: there is none in the answer.
pub fn read(dialect: Dialect, body: &[u8]) -> Result<u64, Error> {
    #[derive(Deserialize)]
    struct Counted {
        #[serde(alias = "totalTokens", alias = "total_tokens")]
        input_tokens: u64,
    }
    let counted: Result<Counted, _> = serde_json::from_slice(body);
    counted.map(|counted| counted.input_tokens).map_err(|error| {
        let message = format!("the provider's answer holds no count of tokens ({})", dialect.name());
        Error::new(Kind::UpstreamGarbled, message).source(error)
    })
}

/// Writes a count for a client.
#[must_use]
pub fn write(dialect: Dialect, tokens: u64) -> Vec<u8> {
    object(|out| match dialect {
        Dialect::AnthropicMessages | Dialect::OpenAiChat => out.number("input_tokens", tokens),
        Dialect::OpenAiResponses => {
            out.text("object", "response.input_tokens");
            out.number("input_tokens", tokens);
        }
        Dialect::Gemini => out.number("totalTokens", tokens),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_request_becomes_one_that_only_counts() {
        let ask = br#"{"model":"m","max_tokens":5,"messages":[],"stream":true}"#.to_vec();
        assert_eq!(request(Dialect::AnthropicMessages, ask, "m"), br#"{"model":"m","messages":[]}"#);
        let ask = br#"{"contents":[]}"#.to_vec();
        let expected = br#"{"generateContentRequest":{"model":"models/m","contents":[]}}"#;
        assert_eq!(request(Dialect::Gemini, ask, "m"), expected);
    }

    #[test]
    fn counts_are_read_and_written_in_every_dialect() {
        for dialect in Dialect::ALL {
            assert_eq!(read(dialect, &write(dialect, 7)).unwrap(), 7);
            assert!(read(dialect, b"{}").is_err());
        }
    }
}
