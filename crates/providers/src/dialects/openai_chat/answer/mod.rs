//! Whole answers of this dialect, read into the canonical form and written from it.

mod read;
mod stop;
mod write;

pub use read::read_answer;
pub(super) use read::{free_text, restored};
pub(super) use stop::{finish_name, stop_of};
pub use write::write_answer;
pub(super) use write::{flat_name, write_image, write_thinking};
