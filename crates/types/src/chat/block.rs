//! Blocks: what messages and answers are made of.

use super::tool::ToolKind;
use super::{Json, Signature};
use crate::Dialect;

/// One block of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// What it holds.
    pub kind: BlockKind,
    /// The provider is asked to cache the prompt up to here.
    pub cache: Option<CacheMark>,
}

/// What a block holds.
#[derive(Clone, Debug, PartialEq)]
pub enum BlockKind {
    /// Text.
    Text(TextBlock),
    /// The model's words of refusal.
    Refusal(String),
    /// An image, sound, film or document.
    Media(Media),
    /// The model's reasoning.
    Reasoning(Reasoning),
    /// The model calls a tool of the client.
    ToolCall(ToolCall),
    /// What a tool of the client gave.
    ToolResult(ToolResult),
    /// A tool that the provider runs itself: its call, or its result.
    ServerTool(ServerTool),
    /// A block of a kind that has no name here.
    Foreign(Foreign),
}

impl From<BlockKind> for Block {
    fn from(kind: BlockKind) -> Self {
        Self { kind, cache: None }
    }
}

impl Block {
    /// A plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        BlockKind::Text(TextBlock { text: text.into(), ..TextBlock::default() }).into()
    }

    /// Its text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            BlockKind::Text(text) => Some(&text.text),
            BlockKind::Refusal(_)
            | BlockKind::Media(_)
            | BlockKind::Reasoning(_)
            | BlockKind::ToolCall(_)
            | BlockKind::ToolResult(_)
            | BlockKind::ServerTool(_)
            | BlockKind::Foreign(_) => None,
        }
    }
}

/// A cache mark: Anthropic's `cache_control`, which LiteLLM's clients send in every dialect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheMark {
    /// It is to live for an hour instead of five minutes.
    pub one_hour: bool,
}

/// Text with what it is founded on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextBlock {
    /// The text.
    pub text: String,
    /// Sources of parts of it.
    pub citations: Vec<Citation>,
    /// A proof that stands on a text part (Gemini).
    pub signature: Option<Signature>,
}

/// A source of a part of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Citation {
    /// Where it is found.
    pub url: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// The words that are cited.
    pub cited_text: Option<String>,
    /// Where the part begins, in characters of the text.
    pub start: Option<u64>,
    /// Where it ends.
    pub end: Option<u64>,
    /// The citation as its own dialect wrote it.
    pub native: Option<(Dialect, Json)>,
}

/// An image, sound, film or document.
#[derive(Clone, Debug, PartialEq)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// Where its bytes are.
    pub source: MediaSource,
    /// Its MIME type, such as `image/png`, where it is said.
    pub media_type: Option<String>,
    /// A file name or title.
    pub name: Option<String>,
    /// OpenAI's `detail` of an image: `low`, `high`, `auto`, `original`.
    pub detail: Option<String>,
    /// Anthropic's `context` of a document.
    pub context: Option<String>,
    /// The model is to cite from the document.
    pub cites: bool,
}

/// Kinds of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// A film.
    Video,
    /// A PDF or another file.
    Document,
}

/// Where a medium's bytes are.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaSource {
    /// Here, in standard base64.
    Base64(String),
    /// At an address.
    Url(String),
    /// At the provider, under an id.
    FileId(String),
    /// A document that is plain text.
    Text(String),
    /// A document that is made of blocks.
    Blocks(Vec<Block>),
}

/// Reasoning that a model showed or hid.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reasoning {
    /// The item's id, where the dialect has one (Responses).
    pub id: Option<String>,
    /// Texts: one, or the parts of a summary.
    pub parts: Vec<String>,
    /// The provider's proof.
    pub signature: Option<Signature>,
    /// The provider shows nothing of it: the signature holds all (Anthropic's `redacted_thinking`).
    pub redacted: bool,
}

impl Reasoning {
    /// All parts as one text.
    #[must_use]
    pub fn text(&self) -> String {
        self.parts.join("\n\n")
    }
}

/// A call of a tool that the client runs.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// By which the result names the call.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The namespace of the tool (Responses).
    pub namespace: Option<String>,
    /// What kind of tool it is.
    pub kind: ToolKind,
    /// JSON text for a function, free text for a custom tool; as the model wrote it.
    pub arguments: String,
    /// A proof that stands on the call (Gemini).
    pub signature: Option<Signature>,
}

/// What a tool gave.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolResult {
    /// The call's id.
    pub call_id: String,
    /// The tool's name, where the dialect says it or the call is known.
    pub name: Option<String>,
    /// What kind of tool it is.
    pub kind: ToolKind,
    /// Texts and media.
    pub content: Vec<Block>,
    /// The tool failed.
    pub is_error: bool,
}

/// A tool that the provider runs itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerTool {
    /// Whose tool it is.
    pub origin: Dialect,
    /// Call, result, or both in one.
    pub phase: ServerToolPhase,
    /// The block as its dialect wrote it.
    pub payload: Json,
}

/// What of a server tool's run a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerToolPhase {
    /// The model calls it.
    Call,
    /// What it gave.
    Result,
    /// Both.
    Whole,
}

/// A block that has no name here.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// The dialect that knows it.
    pub origin: Dialect,
    /// The block as that dialect wrote it.
    pub payload: Json,
}
