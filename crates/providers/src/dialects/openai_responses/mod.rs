//! OpenAI's responses: typed items, in whole and streamed.
//!
//! Source: <https://platform.openai.com/docs/api-reference/responses>.

mod answer;
mod error;
mod peek;
mod relay;
mod request;
mod stream;
mod usage;
mod wire_answer;
mod wire_request;

pub use answer::{read_answer, write_answer};
pub use error::write_error;
pub use peek::peek;
pub use relay::{StreamRelay, weigh_answer};
pub use request::{read_request, write_request};
pub use stream::{StreamReader, StreamWriter};
pub use usage::{read_usage, write_usage};

/// Texts of a body that tell of media whose tokens its bytes do not bound.
pub(crate) const MEDIA_MARKS: &[&[u8]] =
    &[b"_image\"", b"_file\"", b"_audio\"", b"item_reference", b"_call_output\""];
