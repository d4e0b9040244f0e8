//! Anthropic's messages. Clients and providers that both speak it are relayed; others are translated through
//! the canonical form.
//!
//! Source: <https://docs.claude.com/en/api/messages>, the types of Anthropic's Python SDK 2.12, and what real
//! clients were seen to send.

mod answer;
mod block;
mod error;
mod generation;
mod peek;
mod relay;
mod request;
mod stream;
mod usage;
mod wire;

pub use answer::{read_answer, write_answer};
pub use error::write_error;
pub use peek::peek;
pub use relay::{StreamRelay, weigh_answer};
pub use request::{read_request, write_request};
pub use stream::{StreamReader, StreamWriter};
pub use usage::{read_usage, write_usage};

/// Texts of a body that tell of media whose tokens its bytes do not bound.
pub(crate) const MEDIA_MARKS: &[&[u8]] = &[b"\"source\"", b"\"container\""];

#[cfg(test)]
mod tests;
