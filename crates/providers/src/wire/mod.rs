//! Reading and writing wire JSON: objects by hand-written visitors that borrow and keep what they do not
//! know, texts by a writer that puts members down in order.
//!
//! Not `#[serde(flatten)]`, `untagged` or a tree: those buffer everything, change big numbers and give errors
//! without a place (measured in `docs/style.md`).

mod length;
mod members;
mod object;
mod place;
mod text;

pub(crate) use length::string_length;
pub(crate) use members::{Members, unknown_to_extra};
pub(crate) use object::wire_object;
pub(crate) use place::{read_piece, read_reply, read_reply_piece, read_request};
pub(crate) use text::{Number, OneOrMany, Text, TextOr};

mod write;
pub use write::{Array, Object, object};
