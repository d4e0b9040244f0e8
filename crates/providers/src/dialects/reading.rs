//! From a dialect to the canonical form.

use weighhouse_types::chat::{ChatAnswer, ChatRequest, Event};
use weighhouse_types::{Dialect, Error};

use super::{anthropic_messages, gemini, openai_chat, openai_responses};
use crate::registry::UsageRules;
use crate::translation::ReplyNotes;

/// Reads a client's request.
///
/// # Errors
/// `InvalidRequest` with the JSON path of what does not fit.
pub fn read_request(dialect: Dialect, body: &[u8]) -> Result<ChatRequest, Error> {
    let mut request = match dialect {
        Dialect::OpenAiChat => openai_chat::read_request(body),
        Dialect::OpenAiResponses => openai_responses::read_request(body),
        Dialect::AnthropicMessages => anthropic_messages::read_request(body),
        Dialect::Gemini => gemini::read_request(body),
    }?;
    // Writers ask who speaks, whether or not something without a name was said.
    request.extra.origin.get_or_insert(dialect);
    Ok(request)
}

/// Reads a provider's whole answer.
///
/// # Errors
/// `UpstreamGarbled`: not what the dialect allows.
pub fn read_answer(
    dialect: Dialect,
    body: &[u8],
    notes: &ReplyNotes,
    rules: UsageRules,
) -> Result<ChatAnswer, Error> {
    match dialect {
        Dialect::OpenAiChat => openai_chat::read_answer(body, notes, rules),
        Dialect::OpenAiResponses => openai_responses::read_answer(body, notes, rules),
        Dialect::AnthropicMessages => anthropic_messages::read_answer(body, notes, rules),
        Dialect::Gemini => gemini::read_answer(body, notes, rules),
    }
}

/// Reads a provider's stream.
#[derive(Clone, Debug)]
pub enum StreamReader {
    /// OpenAiChat.
    OpenAiChat(openai_chat::StreamReader),
    /// OpenAiResponses.
    OpenAiResponses(openai_responses::StreamReader),
    /// AnthropicMessages.
    AnthropicMessages(anthropic_messages::StreamReader),
    /// Gemini.
    Gemini(gemini::StreamReader),
}

impl StreamReader {
    /// A stream that begins.
    #[must_use]
    pub fn new(dialect: Dialect, notes: ReplyNotes, rules: UsageRules) -> Self {
        match dialect {
            Dialect::OpenAiChat => Self::OpenAiChat(openai_chat::StreamReader::new(notes, rules)),
            Dialect::OpenAiResponses => {
                Self::OpenAiResponses(openai_responses::StreamReader::new(notes, rules))
            }
            Dialect::AnthropicMessages => {
                Self::AnthropicMessages(anthropic_messages::StreamReader::new(notes, rules))
            }
            Dialect::Gemini => Self::Gemini(gemini::StreamReader::new(notes, rules)),
        }
    }

    /// Takes a frame and adds what it says to `events`.
    ///
    /// # Errors
    /// `UpstreamGarbled`: not what the dialect allows.
    pub fn frame(&mut self, frame: &[u8], events: &mut Vec<Event>) -> Result<(), Error> {
        match self {
            Self::OpenAiChat(reader) => reader.frame(frame, events),
            Self::OpenAiResponses(reader) => reader.frame(frame, events),
            Self::AnthropicMessages(reader) => reader.frame(frame, events),
            Self::Gemini(reader) => reader.frame(frame, events),
        }
    }

    /// The bytes are over: what is still open is closed, if the stream came to its own end.
    pub fn finish(&mut self, events: &mut Vec<Event>) {
        match self {
            Self::OpenAiChat(reader) => reader.finish(events),
            Self::OpenAiResponses(reader) => reader.finish(events),
            Self::AnthropicMessages(reader) => reader.finish(events),
            Self::Gemini(reader) => reader.finish(events),
        }
    }
}
