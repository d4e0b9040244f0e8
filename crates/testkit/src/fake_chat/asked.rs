//! What a wire makes of a request that is in order, and what it says to one that is not.

use serde_json::Value;

/// A request that is in order, as far as an answer depends on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) kind: AskedKind,
    pub(super) model: String,
    /// Whether the answer is to come in events.
    pub(super) stream: bool,
    /// A stream as one JSON array instead of events, which Gemini has.
    pub(super) array: bool,
    /// Bytes of all texts of the request together.
    pub(super) input_bytes: u64,
    /// Whether the model is to think aloud before it answers.
    pub(super) wants_thinking: bool,
    /// Names and JSON schemas of the tools that may be called.
    pub(super) tools: Vec<(String, Value)>,
    pub(super) tool_demand: ToolDemand,
    /// Whether at most one tool may be called.
    pub(super) one_call: bool,
    /// The last text of the user.
    pub(super) last_text: String,
    /// The texts of the tools' results, if the last turn brings any.
    pub(super) tool_results: Vec<String>,
    /// The JSON schema that the answer's text has to satisfy; `{}` where any JSON will do.
    pub(super) output_schema: Option<Value>,
    /// The most tokens of the answer.
    pub(super) max_output: Option<u64>,
    /// Texts that end the answer.
    pub(super) stops: Vec<String>,
    /// What the wire itself needs to know when it writes the answer.
    pub(super) extra: Value,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(super) enum AskedKind {
    /// An answer of the model.
    #[default]
    Generate,
    /// The number of tokens of the request: `whole` writes it from the usage.
    CountTokens,
    /// Something that needs no model, such as a stored answer; these are the status and the JSON that it gets.
    Ready(u16, Vec<u8>),
}

/// Whether tools have to be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum ToolDemand {
    #[default]
    Free,
    Never,
    Any,
    Named(String),
}

/// Why a request is not in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: u16,
    /// The provider's word for it, such as `invalid_request_error`.
    pub(super) kind: String,
    pub(super) message: String,
    /// OpenAI's `param`.
    pub(super) param: Option<String>,
    /// OpenAI's `code`.
    pub(super) code: Option<String>,
}

impl Refused {
    pub(super) fn new(status: u16, kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, kind: kind.into(), message: message.into(), param: None, code: None }
    }

    pub(super) fn param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    pub(super) fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }
}
