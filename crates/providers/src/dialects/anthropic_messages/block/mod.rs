//! Content blocks, which requests, answers and streams share: read from the wire and written to it.

mod place;
mod read;
mod write;

pub(super) use place::{need, part, under};
pub(super) use read::{read_block, read_citation, read_mark, read_texts_or_blocks};
pub(super) use write::{BlockWriter, Marks, Side, accepted_id, citation_object, flat_name, is_blank};

use weighhouse_types::Dialect;

/// The dialect of this folder.
pub(super) const OURS: Dialect = Dialect::AnthropicMessages;

/// The MIME type by which a document of blocks is known for a search result: its `context` is the source's name.
pub(super) const SEARCH_RESULT: &str = "application/x-search-result";
