//! Whole answers of this dialect, read into the canonical form and written from it.

mod citation;
mod failure;
mod item;
mod output;
mod read;
mod response;
mod stop;

pub(super) use citation::{read_citation, write_citation};
pub(super) use failure::error_of;
pub(super) use item::{
    ItemKind, blocks_of, free_text, logprobs_of, message_of, reasoning, text_of, tool_call,
};
pub(super) use output::{
    Entry, Output, arguments_of, is_item, is_part, part, tokens_of, write_summary, write_tokens,
};
pub(super) use read::{incomplete_of, seconds, usage_of};
pub(super) use response::{Head, Progress, items, write_response};
pub(super) use stop::{Seen, reason_of, words_of};

pub use read::read_answer;
pub use response::write_answer;
