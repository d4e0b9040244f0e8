//! Providers as data: call any model on any OpenAI-wire provider, without server, database or global state.
//!
//! A provider is a row of `registry/` (address, key variables, operations, quirks); a dialect is a set of
//! pure functions over bytes; a carrier brings bytes to a host. This room never decides who may call, what
//! a call costs or which deployment serves it.
//!
//! ```
//! use weighhouse_providers::registry;
//!
//! let row = registry::find("groq").expect("a row of the registry");
//! assert_eq!(row.base_url.as_deref(), Some("https://api.groq.com/openai/v1"));
//! ```

pub mod ask;
pub mod cache_points;
pub mod carrier;
pub mod client;
pub mod count;
pub mod dialects;
pub mod echo;
pub mod envelope;
pub mod error_object;
pub mod framing;
mod limit_object;
pub mod operator;
pub mod passage;
pub mod quirks;
pub mod registry;
pub mod relay;
mod tally;
pub mod target;
pub mod thought;
pub mod tokens;
mod tool_names;
pub mod translation;
pub mod way;
pub mod weight;
pub mod wire;

pub use client::{Client, ClientOptions, Envoy, Reply, ReplyBody};
pub use passage::{Passage, PassageStream};
pub use target::{Outgoing, Sending, Target, TargetOptions};
