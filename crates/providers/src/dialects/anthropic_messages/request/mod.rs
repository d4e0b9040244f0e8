//! Requests of this dialect, read into the canonical form and written from it.

mod betas;
mod names;
mod read;
mod read_tools;
mod sampling;
mod schema;
mod thinking;
mod turns;
mod write;
mod write_tools;

pub(super) use names::Names;
pub use read::read_request;
pub use write::write_request;

/// The tool by which a model without native schemas gives its JSON; LiteLLM's name of it.
const JSON_TOOL: &str = "json_tool_call";
