//! Thought signatures: opaque bytes that a client has to bring back with the part that bore them.
//!
//! A real signature is encrypted thought. Ours is two of [`signature`]'s: one of the thoughts behind the answer, and
//! one of the first and of what bore it, so that the fake can tell without remembering anything whether it came back
//! untouched and in its place. See <https://ai.google.dev/gemini-api/docs/thought-signatures>.

use super::super::spoken::{Spoken, SpokenBlock, signature};
use super::base64;

/// Strings that the provider lets stand for a signature, for parts that it did not make itself.
const WAIVERS: [&str; 2] = ["skip_thought_signature_validator", "context_engineering_is_the_way_to_go"];

/// What bears a signature.
#[derive(Clone, Copy)]
pub(super) enum Bearer<'a> {
    /// The call of a function of this name.
    Call(&'a str),
    /// Any other part.
    Other,
}

impl Bearer<'_> {
    fn subject(self) -> String {
        match self {
            Self::Call(name) => format!("call {name}"),
            Self::Other => "text".into(),
        }
    }
}

/// The signature for a part of an answer.
pub(super) fn sign(spoken: &Spoken, bearer: Bearer<'_>) -> String {
    let thoughts = spoken.blocks.iter().filter_map(|block| match block {
        SpokenBlock::Thinking { text, .. } | SpokenBlock::Redacted(text) => Some(text.as_str()),
        SpokenBlock::Text(_) | SpokenBlock::Call { .. } => None,
    });
    let thought = signature(&format!("{} {}", spoken.number, thoughts.collect::<String>()));
    base64::encode(bound(&thought, bearer).as_bytes())
}

/// Whether a signature is one of ours for such a part, or stands for one.
pub(super) fn is_genuine(given: &str, bearer: Bearer<'_>) -> bool {
    if WAIVERS.contains(&given) {
        return true;
    }
    let Some(text) = base64::decode(given).and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return false;
    };
    let thought = text.get(..text.len() / 2).unwrap_or_default();
    WAIVERS.contains(&text.as_str()) || text == bound(thought, bearer)
}

fn bound(thought: &str, bearer: Bearer<'_>) -> String {
    format!("{thought}{}", signature(&format!("{thought} {}", bearer.subject())))
}
