//! Answers passed on in the dialect in which they came.

use bytes::Bytes;
use weighhouse_types::{Dialect, Error};

use super::{anthropic_messages, gemini, openai_chat, openai_responses};
use crate::registry::UsageRules;
use crate::weight::{StreamEnd, Whole};

/// Weighs a whole answer; `model` is the name that the client is shown, none to leave the provider's.
///
/// # Errors
/// `UpstreamGarbled`: not a JSON object. `UpstreamStatus`: an error object behind a status of success.
pub fn weigh_answer(
    dialect: Dialect,
    body: &Bytes,
    model: Option<&str>,
    rules: UsageRules,
) -> Result<Whole, Error> {
    match dialect {
        Dialect::OpenAiChat => openai_chat::weigh_answer(body, model, rules),
        Dialect::OpenAiResponses => openai_responses::weigh_answer(body, model, rules),
        Dialect::AnthropicMessages => anthropic_messages::weigh_answer(body, model, rules),
        Dialect::Gemini => gemini::weigh_answer(body, model, rules),
    }
}

/// A relayed stream.
#[derive(Clone, Debug)]
pub enum StreamRelay {
    /// OpenAiChat.
    OpenAiChat(openai_chat::StreamRelay),
    /// OpenAiResponses.
    OpenAiResponses(openai_responses::StreamRelay),
    /// AnthropicMessages.
    AnthropicMessages(anthropic_messages::StreamRelay),
    /// Gemini.
    Gemini(gemini::StreamRelay),
}

impl StreamRelay {
    /// A stream whose frames show `model` (none: the provider's name stays).
    /// With `hides_usage` the chunk that only carries usage is kept from the client (OpenAI chat).
    #[must_use]
    pub fn new(dialect: Dialect, model: Option<&str>, hides_usage: bool, rules: UsageRules) -> Self {
        match dialect {
            Dialect::OpenAiChat => Self::OpenAiChat(openai_chat::StreamRelay::new(model, hides_usage, rules)),
            Dialect::OpenAiResponses => {
                Self::OpenAiResponses(openai_responses::StreamRelay::new(model, rules))
            }
            Dialect::AnthropicMessages => {
                Self::AnthropicMessages(anthropic_messages::StreamRelay::new(model, rules))
            }
            Dialect::Gemini => Self::Gemini(gemini::StreamRelay::new(model, rules)),
        }
    }

    /// Takes a frame and gives what the client gets in its place; none where it is hidden.
    pub fn frame(&mut self, frame: Bytes) -> Option<Bytes> {
        match self {
            Self::OpenAiChat(relay) => relay.frame(frame),
            Self::OpenAiResponses(relay) => relay.frame(frame),
            Self::AnthropicMessages(relay) => relay.frame(frame),
            Self::Gemini(relay) => relay.frame(frame),
        }
    }

    /// What the stream came to, when it ended or was given up.
    #[must_use]
    pub fn end(&mut self) -> StreamEnd {
        match self {
            Self::OpenAiChat(relay) => relay.end(),
            Self::OpenAiResponses(relay) => relay.end(),
            Self::AnthropicMessages(relay) => relay.end(),
            Self::Gemini(relay) => relay.end(),
        }
    }

    /// Generated tokens so far, counted from the frames that arrived.
    #[must_use]
    pub const fn counted_output(&self) -> u64 {
        match self {
            Self::OpenAiChat(relay) => relay.counted_output(),
            Self::OpenAiResponses(relay) => relay.counted_output(),
            Self::AnthropicMessages(relay) => relay.counted_output(),
            Self::Gemini(relay) => relay.counted_output(),
        }
    }

    /// The stream has said that it is complete.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        match self {
            Self::OpenAiChat(relay) => relay.is_complete(),
            Self::OpenAiResponses(relay) => relay.is_complete(),
            Self::AnthropicMessages(relay) => relay.is_complete(),
            Self::Gemini(relay) => relay.is_complete(),
        }
    }

    /// The error object that the provider put into the stream.
    #[must_use]
    pub const fn error(&self) -> Option<&Bytes> {
        match self {
            Self::OpenAiChat(relay) => relay.error(),
            Self::OpenAiResponses(relay) => relay.error(),
            Self::AnthropicMessages(relay) => relay.error(),
            Self::Gemini(relay) => relay.error(),
        }
    }
}
