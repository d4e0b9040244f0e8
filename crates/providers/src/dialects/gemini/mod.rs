//! gemini: source <https://ai.google.dev/api/generate-content>.

mod answer;
mod error;
mod model;
mod part;
mod peek;
mod proof;
mod relay;
mod request;
mod schema;
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
pub(crate) const MEDIA_MARKS: &[&[u8]] =
    &[b"nlineData\"", b"nline_data\"", b"ileData\"", b"ile_data\"", b"achedContent\"", b"ached_content\""];
