//! Events of a streamed answer.

use super::{Block, Citation, Json, Signature, StopReason, ToolKind};
use crate::{Error, Usage};

/// One event. Readers keep this order: `Start`; then per block `Open`, its `Delta`s, `Close`; `Stop` per choice;
/// `End` last. Blocks are numbered from 0 within their choice, in the order in which they open; several may be
/// open at once. `Usage` may come at any time and is cumulative: a later one replaces the earlier.
#[derive(Debug)]
pub enum Event {
    /// The answer begins.
    Start(Start),
    /// A block begins.
    Open {
        /// Which answer.
        choice: u32,
        /// Which block of it.
        block: u32,
        /// What it is.
        opening: Opening,
    },
    /// A block goes on.
    Delta {
        /// Which answer.
        choice: u32,
        /// Which block of it.
        block: u32,
        /// By what.
        delta: Delta,
    },
    /// A block is complete.
    Close {
        /// Which answer.
        choice: u32,
        /// Which block of it.
        block: u32,
    },
    /// What has been used so far.
    Usage(Usage),
    /// An answer is complete.
    Stop {
        /// Which answer.
        choice: u32,
        /// Why.
        reason: StopReason,
        /// The stop text that ended it.
        sequence: Option<String>,
    },
    /// Everything is said.
    End,
    /// The provider breaks off.
    Failed(Box<Error>),
}

/// How an answer begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Start {
    /// The provider's id of it; empty where it has none.
    pub id: String,
    /// The model as the provider names it.
    pub model: String,
    /// When it was made, in seconds since 1970.
    pub created: Option<i64>,
    /// The tier that serves it.
    pub service_tier: Option<String>,
}

/// What a block is.
#[derive(Clone, Debug, PartialEq)]
pub enum Opening {
    /// Text.
    Text,
    /// Words of refusal.
    Refusal,
    /// Reasoning that is shown.
    Reasoning {
        /// The item's id, where the dialect has one.
        id: Option<String>,
    },
    /// A tool call; its arguments follow.
    ToolCall {
        /// The call's id.
        id: String,
        /// The tool's name.
        name: String,
        /// Its namespace.
        namespace: Option<String>,
        /// Its kind.
        kind: ToolKind,
        /// A proof that stands on the call.
        signature: Option<Signature>,
    },
    /// A block that came in one piece: hidden reasoning, a server tool, an image. No delta follows.
    Whole(Box<Block>),
}

/// By what a block goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// More text.
    Text(String),
    /// More words of refusal.
    Refusal(String),
    /// More reasoning.
    Reasoning(String),
    /// The next part of a reasoning summary begins.
    ReasoningPart,
    /// The proof of a reasoning or text block.
    Signature(Signature),
    /// More of a call's arguments.
    Arguments(String),
    /// A source of the text so far.
    Citation(Citation),
    /// Log probabilities of the last text, in OpenAI chat's shape.
    Logprobs(Json),
}
