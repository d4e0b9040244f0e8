//! Whole answers of this dialect, read into the canonical form and written from it.

mod grounding;
mod logprobs;
mod read;
mod stop;
mod write;

pub(super) use grounding::{Founded, searches, write_founded};
pub(super) use logprobs::{from_gemini as logprobs_from, to_gemini as logprobs_to};
pub(super) use read::{call_opening, error_of, service_tier};
pub(super) use stop::{Finish, name_of as finish_name};
pub(super) use write::{proof_of, write_call};

pub use read::read_answer;
pub use write::write_answer;
