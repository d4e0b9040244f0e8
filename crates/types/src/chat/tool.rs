//! Tools that a model may use.

use super::{CacheMark, Extra, Json};
use crate::Dialect;

/// A tool.
#[derive(Clone, Debug, PartialEq)]
pub enum Tool {
    /// A function of the client, with a JSON schema.
    Function(FunctionTool),
    /// A tool of the client that takes free text (Responses, chat's `custom`).
    Custom(CustomTool),
    /// A search of the web that the provider runs; every large provider has one.
    WebSearch(WebSearch),
    /// Another tool of the provider.
    Native(NativeTool),
}

/// Kinds of tools that clients run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToolKind {
    /// Takes JSON.
    #[default]
    Function,
    /// Takes free text.
    Custom,
}

/// A function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FunctionTool {
    /// Its name.
    pub name: String,
    /// The namespace that it belongs to (Responses).
    pub namespace: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// The JSON schema of its arguments; none means no arguments.
    pub parameters: Option<Json>,
    /// The model must keep to the schema.
    pub strict: Option<bool>,
    /// The prompt is to be cached up to here.
    pub cache: Option<CacheMark>,
    /// The tool is loaded only when it is searched for (Anthropic's `defer_loading`).
    pub deferred: bool,
    /// What else its dialect says of it.
    pub extra: Extra,
}

/// A tool that takes free text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomTool {
    /// Its name.
    pub name: String,
    /// The namespace that it belongs to.
    pub namespace: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// The form of its text: OpenAI's `format` object (`text` or a grammar), in Responses' flat shape.
    pub format: Option<Json>,
}

/// A search of the web, run by the provider.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WebSearch {
    /// Most searches in one answer.
    pub max_uses: Option<u64>,
    /// Only these domains.
    pub allowed_domains: Vec<String>,
    /// Not these.
    pub blocked_domains: Vec<String>,
    /// OpenAI's `search_context_size`: `low`, `medium`, `high`.
    pub context_size: Option<String>,
    /// The user's approximate place, as an object with `city`, `region`, `country`, `timezone`.
    pub location: Option<Json>,
    /// The tool as its dialect wrote it.
    pub native: Option<(Dialect, Json)>,
}

/// A tool of a provider.
#[derive(Clone, Debug, PartialEq)]
pub struct NativeTool {
    /// The dialect that knows it.
    pub origin: Dialect,
    /// Its type or name there, such as `code_interpreter` or `bash_20250124`.
    pub name: String,
    /// The tool as that dialect wrote it.
    pub payload: Json,
    /// The prompt is to be cached up to here.
    pub cache: Option<CacheMark>,
}

/// Whether and which tools are to be used.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// No tool.
    None,
    /// Some tool.
    Required,
    /// This tool.
    Named {
        /// Its name.
        name: String,
        /// Its kind.
        kind: ToolKind,
    },
    /// Some of these tools; one of them must be used where `required`.
    Allowed {
        /// Their names.
        names: Vec<String>,
        /// Whether one must be used.
        required: bool,
    },
    /// A tool of the provider, as its dialect wrote the choice.
    Native(Dialect, Json),
}
