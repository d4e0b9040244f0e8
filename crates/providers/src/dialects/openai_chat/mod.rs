//! OpenAI's chat completions, and the legacy completions and embeddings of the same make.
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat>. Clients and providers that both speak it
//! are relayed: the body's bytes pass but for the model's name and what a quirk touches, the reply's bytes
//! pass but for the model's name.

mod answer;
mod error;
mod estimate;
mod peek;
mod relay;
mod request;
mod stream;
mod usage;
mod wire;

pub use answer::{read_answer, write_answer};
pub use error::{read_error, write_error};
pub use peek::peek;
pub use relay::{StreamRelay, weigh_answer};
pub use request::{read_request, write_request};
pub use stream::{StreamReader, StreamWriter};
pub use usage::{read_usage, write_usage};

/// Texts of a body that tell of media whose tokens its bytes do not bound.
pub(crate) const MEDIA_MARKS: &[&[u8]] = &[b"_url\"", b"\"file\"", b"\"input_audio\""];
