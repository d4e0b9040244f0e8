//! The canonical chat: what every dialect reads into and writes from.
//!
//! A dialect that has a word for something gives it its place here; what has no name yet rides in [`Extra`]
//! or in a foreign block, is keyed by the dialect that it came from and is written only by that dialect.
//!
//! Invariants that readers keep and writers rely on:
//! * instructions (a top-level `system`, `instructions`, `systemInstruction`) are [`Role::System`] messages,
//!   in their order among the others;
//! * tool results stand in [`Role::User`] messages, tool calls in [`Role::Assistant`] ones;
//! * a call's `arguments` are the text that the model made, which need not be JSON.

mod answer;
mod block;
mod event;
mod extra;
mod json;
mod request;
mod signature;
mod tool;

pub use answer::{ChatAnswer, Choice, StopReason};
pub use block::{
    Block, BlockKind, CacheMark, Citation, Foreign, Media, MediaKind, MediaSource, Reasoning, ServerTool,
    ServerToolPhase, TextBlock, ToolCall, ToolResult,
};
pub use event::{Delta, Event, Opening, Start};
pub use extra::Extra;
pub use json::Json;
pub use request::{ChatRequest, Effort, Message, OutputFormat, ReasoningAsk, ReasoningMode, Role, Sampling};
pub use signature::Signature;
pub use tool::{CustomTool, FunctionTool, NativeTool, Tool, ToolChoice, ToolKind, WebSearch};
