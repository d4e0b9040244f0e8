//! What a call asks for, and in which wire format it asks.

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// A chat turn.
    Chat,
    /// A legacy text completion.
    Completion,
    /// Vectors of texts.
    Embedding,
    /// How many tokens a chat turn's prompt has.
    CountTokens,
    /// A shorter form of a long conversation (Responses).
    Compact,
}

impl Operation {
    /// All operations.
    pub const ALL: [Self; 5] =
        [Self::Chat, Self::Completion, Self::Embedding, Self::CountTokens, Self::Compact];

    /// The name in provider rows and in the ledger.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completion => "completion",
            Self::Embedding => "embedding",
            Self::CountTokens => "count_tokens",
            Self::Compact => "compact",
        }
    }

    /// The operation of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }

    /// Whether the model generates something.
    #[must_use]
    pub const fn generates(self) -> bool {
        matches!(self, Self::Chat | Self::Completion | Self::Compact)
    }

    /// LiteLLM's `call_type` in its spend rows.
    #[must_use]
    pub const fn call_type(self) -> &'static str {
        match self {
            Self::Chat => "acompletion",
            Self::Completion => "atext_completion",
            Self::Embedding => "aembedding",
            Self::CountTokens => "acount_tokens",
            Self::Compact => "acompact_responses",
        }
    }
}

/// A wire format in which clients ask and providers answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// OpenAI's chat completions and its siblings of the same make (completions, embeddings).
    OpenAiChat,
    /// OpenAI's responses.
    OpenAiResponses,
    /// Anthropic's messages.
    AnthropicMessages,
    /// Google's generateContent.
    Gemini,
}

impl Dialect {
    /// All dialects.
    pub const ALL: [Self; 4] =
        [Self::OpenAiChat, Self::OpenAiResponses, Self::AnthropicMessages, Self::Gemini];

    /// The name in provider rows and fixtures.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai_chat",
            Self::OpenAiResponses => "openai_responses",
            Self::AnthropicMessages => "anthropic_messages",
            Self::Gemini => "gemini",
        }
    }

    /// The dialect of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }
}
