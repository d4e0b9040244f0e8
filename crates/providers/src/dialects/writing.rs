//! From the canonical form to a dialect.

use bytes::Bytes;
use weighhouse_types::chat::{ChatAnswer, ChatRequest, Event};
use weighhouse_types::{Dialect, Error};

use super::{anthropic_messages, gemini, openai_chat, openai_responses};
use crate::translation::{Shown, Toward, Written};

/// Writes a request for a provider.
///
/// # Errors
/// `Unsupported`, naming what cannot be said in the dialect.
pub fn write_request(dialect: Dialect, request: &ChatRequest, toward: &Toward<'_>) -> Result<Written, Error> {
    match dialect {
        Dialect::OpenAiChat => openai_chat::write_request(request, toward),
        Dialect::OpenAiResponses => openai_responses::write_request(request, toward),
        Dialect::AnthropicMessages => anthropic_messages::write_request(request, toward),
        Dialect::Gemini => gemini::write_request(request, toward),
    }
}

/// Writes a whole answer for a client.
#[must_use]
pub fn write_answer(dialect: Dialect, answer: &ChatAnswer, shown: &Shown) -> Vec<u8> {
    match dialect {
        Dialect::OpenAiChat => openai_chat::write_answer(answer, shown),
        Dialect::OpenAiResponses => openai_responses::write_answer(answer, shown),
        Dialect::AnthropicMessages => anthropic_messages::write_answer(answer, shown),
        Dialect::Gemini => gemini::write_answer(answer, shown),
    }
}

/// An error as a client of a dialect expects it: status and JSON body.
#[must_use]
pub fn write_error(dialect: Dialect, error: &Error) -> (u16, Bytes) {
    match dialect {
        Dialect::OpenAiChat => openai_chat::write_error(error),
        Dialect::OpenAiResponses => openai_responses::write_error(error),
        Dialect::AnthropicMessages => anthropic_messages::write_error(error),
        Dialect::Gemini => gemini::write_error(error),
    }
}

/// Writes a stream for a client.
#[derive(Clone, Debug)]
pub enum StreamWriter {
    /// OpenAiChat.
    OpenAiChat(openai_chat::StreamWriter),
    /// OpenAiResponses.
    OpenAiResponses(openai_responses::StreamWriter),
    /// AnthropicMessages.
    AnthropicMessages(anthropic_messages::StreamWriter),
    /// Gemini.
    Gemini(gemini::StreamWriter),
}

impl StreamWriter {
    /// A stream that begins.
    #[must_use]
    pub fn new(dialect: Dialect, shown: Shown) -> Self {
        match dialect {
            Dialect::OpenAiChat => Self::OpenAiChat(openai_chat::StreamWriter::new(shown)),
            Dialect::OpenAiResponses => Self::OpenAiResponses(openai_responses::StreamWriter::new(shown)),
            Dialect::AnthropicMessages => {
                Self::AnthropicMessages(anthropic_messages::StreamWriter::new(shown))
            }
            Dialect::Gemini => Self::Gemini(gemini::StreamWriter::new(shown)),
        }
    }

    /// Adds what an event becomes to `out`: no frame, one, or several.
    pub fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match self {
            Self::OpenAiChat(writer) => writer.event(event, out),
            Self::OpenAiResponses(writer) => writer.event(event, out),
            Self::AnthropicMessages(writer) => writer.event(event, out),
            Self::Gemini(writer) => writer.event(event, out),
        }
    }

    /// Says that the stream breaks off.
    pub fn fail(&mut self, error: &Error, out: &mut Vec<u8>) {
        match self {
            Self::OpenAiChat(writer) => writer.fail(error, out),
            Self::OpenAiResponses(writer) => writer.fail(error, out),
            Self::AnthropicMessages(writer) => writer.fail(error, out),
            Self::Gemini(writer) => writer.fail(error, out),
        }
    }
}
