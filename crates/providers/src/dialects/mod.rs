//! Wire formats, each a folder of pure functions with the same file names: `peek`, `request`, `answer`,
//! `stream`, `usage`, `error` translate from and to the canonical form, `relay` passes answers on and weighs them.

pub mod anthropic_messages;
pub mod gemini;
pub mod openai_chat;
pub mod openai_responses;

mod reading;
mod relaying;
mod writing;

pub use openai_chat::read_error;
pub use reading::{StreamReader, read_answer, read_request};
pub use relaying::{StreamRelay, weigh_answer};
pub use writing::{StreamWriter, write_answer, write_error, write_request};

use std::sync::LazyLock;

use memchr::memmem::Finder;
use weighhouse_types::{Dialect, Error, Operation};

use crate::ask::Peek;
use crate::envelope::Envelope;

/// Reads what the house needs to know of a request.
///
/// # Errors
/// `InvalidRequest` naming the member.
pub(crate) fn peek(
    dialect: Dialect,
    envelope: &Envelope,
    operation: Operation,
    peek: &mut Peek,
) -> Result<(), Error> {
    match dialect {
        Dialect::OpenAiChat => openai_chat::peek(envelope, operation, peek),
        Dialect::OpenAiResponses => openai_responses::peek(envelope, operation, peek),
        Dialect::AnthropicMessages => anthropic_messages::peek(envelope, operation, peek),
        Dialect::Gemini => gemini::peek(envelope, operation, peek),
    }
}

/// Whether a body has texts that tell of media whose tokens its bytes do not bound.
pub(crate) fn tells_of_media(dialect: Dialect, body: &[u8]) -> bool {
    // Made once: to prepare a search costs more than to search a short body.
    static MARKS: LazyLock<[Vec<Finder<'static>>; Dialect::ALL.len()]> = LazyLock::new(|| {
        Dialect::ALL.map(|dialect| media_marks(dialect).iter().map(|mark| Finder::new(*mark)).collect())
    });
    MARKS.get(dialect as usize).is_some_and(|marks| marks.iter().any(|mark| mark.find(body).is_some()))
}

const fn media_marks(dialect: Dialect) -> &'static [&'static [u8]] {
    match dialect {
        Dialect::OpenAiChat => openai_chat::MEDIA_MARKS,
        Dialect::OpenAiResponses => openai_responses::MEDIA_MARKS,
        Dialect::AnthropicMessages => anthropic_messages::MEDIA_MARKS,
        Dialect::Gemini => gemini::MEDIA_MARKS,
    }
}

/// Members that hold what a model is given.
pub(crate) const fn input_members(dialect: Dialect, operation: Operation) -> &'static [&'static str] {
    match (dialect, operation) {
        (_, Operation::Completion) => &["prompt"],
        (_, Operation::Embedding) => &["input"],
        (Dialect::OpenAiResponses, _) => &["instructions", "input"],
        (Dialect::AnthropicMessages, _) => &["system", "messages"],
        (Dialect::Gemini, _) => &["systemInstruction", "system_instruction", "contents"],
        (Dialect::OpenAiChat, _) => &["messages"],
    }
}
