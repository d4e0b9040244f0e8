//! A chat request.

use super::{Block, Extra, Json, Tool, ToolChoice};

/// What a client asks of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatRequest {
    /// The conversation, instructions included.
    pub messages: Vec<Message>,
    /// Tools that may be used.
    pub tools: Vec<Tool>,
    /// Which of them; none where the client says nothing.
    pub tool_choice: Option<ToolChoice>,
    /// Whether several tools may be called at once.
    pub parallel_tools: Option<bool>,
    /// The form of the answer's text.
    pub output: OutputFormat,
    /// OpenAI's `verbosity`: `low`, `medium`, `high`.
    pub verbosity: Option<String>,
    /// What is said of reasoning.
    pub reasoning: Option<ReasoningAsk>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Most generated tokens, reasoning included.
    pub max_output: Option<u64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// Answers to the one question; none for one.
    pub choices: Option<u64>,
    /// The answer is to be a stream.
    pub stream: bool,
    /// The tier of service, in OpenAI's words: `auto`, `default`, `flex`, `priority`.
    pub service_tier: Option<String>,
    /// The end user, as a stable name.
    pub user: Option<String>,
    /// Labels for the provider's own records.
    pub metadata: Option<Json>,
    /// OpenAI's `prompt_cache_key`.
    pub cache_key: Option<String>,
    /// Kinds of output that are wanted beside text: `audio`, `image`.
    pub modalities: Vec<String>,
    /// Chat's `audio` object: voice and format.
    pub audio: Option<Json>,
    /// Whether the provider keeps the answer.
    pub store: Option<bool>,
    /// Responses' `previous_response_id`.
    pub previous_response: Option<String>,
    /// What else the client says.
    pub extra: Extra,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub blocks: Vec<Block>,
    /// The speaker's name, where several share a role.
    pub name: Option<String>,
    /// What else its dialect says of it.
    pub extra: Extra,
}

impl Message {
    /// A message of blocks.
    #[must_use]
    pub fn new(role: Role, blocks: Vec<Block>) -> Self {
        Self { role, blocks, name: None, extra: Extra::default() }
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions.
    System,
    /// Instructions under OpenAI's newer name.
    Developer,
    /// The user, and the tools that the client runs.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// System and developer alike.
    #[must_use]
    pub const fn instructs(self) -> bool {
        matches!(self, Self::System | Self::Developer)
    }
}

/// The form of an answer's text.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum OutputFormat {
    /// Free.
    #[default]
    Text,
    /// Some JSON object.
    Json,
    /// JSON that keeps to a schema.
    Schema {
        /// OpenAI's name of it.
        name: Option<String>,
        /// What it is for.
        description: Option<String>,
        /// The schema.
        schema: Json,
        /// Whether it must be kept exactly.
        strict: Option<bool>,
    },
}

/// What a client says of reasoning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReasoningAsk {
    /// On, off, or as the model sees fit; none where only an effort or budget is said.
    pub mode: Option<ReasoningMode>,
    /// How much.
    pub effort: Option<Effort>,
    /// Most tokens of it.
    pub budget: Option<u64>,
    /// OpenAI's `summary`: `auto`, `concise`, `detailed`.
    pub summary: Option<String>,
    /// Whether its text (or a summary of it) is wanted in the answer; none where nothing is said.
    pub shown: Option<bool>,
    /// The client wants proofs with which it can go on without the provider's memory
    /// (Responses' `include: ["reasoning.encrypted_content"]`).
    pub wants_proof: bool,
}

/// Whether to reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasoningMode {
    /// Not at all.
    Off,
    /// Yes.
    On,
    /// As the model sees fit (Anthropic's `adaptive`, Gemini's budget of -1).
    Adaptive,
}

/// How much to reason, in LiteLLM's and the providers' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// Not at all.
    None,
    /// Hardly.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// Very much.
    XHigh,
    /// As much as can be.
    Max,
}

impl Effort {
    /// All efforts, least first.
    pub const ALL: [Self; 7] =
        [Self::None, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::XHigh, Self::Max];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// The effort of that word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effort| effort.name() == name)
    }

    /// The thinking budget that stands for it (LiteLLM 1.109: contract §8d, anthropic).
    #[must_use]
    pub const fn budget(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Minimal => 128,
            Self::Low => 1_024,
            Self::Medium => 2_048,
            Self::High => 4_096,
            Self::XHigh => 8_192,
            Self::Max => 16_384,
        }
    }

    /// The least effort whose budget covers `tokens`.
    #[must_use]
    pub fn of_budget(tokens: u64) -> Self {
        Self::ALL.into_iter().find(|effort| effort.budget() >= tokens).unwrap_or(Self::Max)
    }
}

/// How tokens are drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// Warmth, in OpenAI's range of 0 to 2.
    pub temperature: Option<f64>,
    /// Nucleus.
    pub top_p: Option<f64>,
    /// Most candidates.
    pub top_k: Option<u64>,
    /// -2 to 2.
    pub frequency_penalty: Option<f64>,
    /// -2 to 2.
    pub presence_penalty: Option<f64>,
    /// For answers that can be had again.
    pub seed: Option<i64>,
    /// Whether the tokens' log probabilities are wanted.
    pub logprobs: Option<bool>,
    /// How many alternatives of each token.
    pub top_logprobs: Option<u64>,
    /// Biases of single tokens.
    pub logit_bias: Option<Json>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efforts_and_budgets_answer_each_other() {
        for effort in Effort::ALL {
            assert_eq!(Effort::of_budget(effort.budget()), effort);
            assert_eq!(Effort::from_name(effort.name()), Some(effort));
        }
        assert_eq!(Effort::of_budget(5_000), Effort::XHigh);
        assert_eq!(Effort::of_budget(u64::MAX), Effort::Max);
    }
}
