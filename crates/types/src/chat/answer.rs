//! A whole answer.

use super::{Block, Extra, Json};
use crate::Usage;

/// What a model answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatAnswer {
    /// The provider's id of it; empty where it has none.
    pub id: String,
    /// The model as the provider names it.
    pub model: String,
    /// When it was made, in seconds since 1970, where the provider says.
    pub created: Option<i64>,
    /// One, or as many as were asked for.
    pub choices: Vec<Choice>,
    /// What it used.
    pub usage: Option<Usage>,
    /// The tier that served it, in the provider's word.
    pub service_tier: Option<String>,
    /// What else its dialect says.
    pub extra: Extra,
}

/// One answer to the question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// What is said.
    pub blocks: Vec<Block>,
    /// Why it ended.
    pub stop: StopReason,
    /// The stop text that ended it.
    pub stop_sequence: Option<String>,
    /// Log probabilities in OpenAI chat's shape.
    pub logprobs: Option<Json>,
}

/// Why an answer ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StopReason {
    /// It was complete.
    #[default]
    End,
    /// The bound on output was reached.
    Length,
    /// A stop text was met.
    StopSequence,
    /// Tools are to be run.
    ToolCalls,
    /// The provider's filter ended it.
    ContentFilter,
    /// The model refused.
    Refusal,
    /// The provider pauses a long turn; the client sends it back to go on (Anthropic's `pause_turn`).
    Pause,
    /// The model's window is full.
    ContextFull,
    /// A reason that has no name here.
    Other(String),
}
