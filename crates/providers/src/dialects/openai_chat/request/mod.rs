//! Requests of this dialect, read into the canonical form and written from it.

mod parts;
mod read;
mod read_tools;
mod write;
mod write_messages;
mod write_tools;

pub(super) use parts::{annotation_to_citation, data_url, media_part, thinking_block};
pub use read::read_request;
pub use write::write_request;
pub(super) use write_messages::write_annotations;

#[cfg(test)]
mod tests;
