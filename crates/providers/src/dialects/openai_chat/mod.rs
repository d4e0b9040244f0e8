//! OpenAI's chat completions, and the legacy completions and embeddings of the same make.
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat>. Clients and providers that both speak it
//! are relayed: the body's bytes pass but for the model's name and what a quirk touches, the reply's bytes
//! pass but for the model's name.

mod answer;
mod error;
mod estimate;
mod request;
mod stream;
mod usage;

pub use answer::{Whole, read_answer};
pub use error::{read_error, write_error};
pub use estimate::estimate_input;
pub use request::{Ask, Peek, Wire, peek, write_request};
pub use stream::{StreamEnd, StreamRelay, counted_usage};
pub use usage::read_usage;
