//! What a text is founded on: its annotations.

use serde_json::value::RawValue;
use weighhouse_types::Dialect;
use weighhouse_types::chat::Citation;

use super::super::wire_answer::Annotation;
use crate::wire::{Number, Text, object};

/// Reads an annotation. What it says beside the source, such as a file's id, stays with it.
pub(in super::super) fn read_citation(raw: &RawValue) -> Citation {
    let read: Annotation<'_> = serde_json::from_str(raw.get()).unwrap_or_default();
    Citation {
        url: read.url.map(Text::into_owned),
        title: read.title.or(read.filename).map(Text::into_owned),
        cited_text: None,
        start: read.start.and_then(Number::whole),
        end: read.end.and_then(Number::whole),
        native: Some((Dialect::OpenAiResponses, raw.into())),
    }
}

/// Writes an annotation of a text of so many characters; none where the source has no address, which this dialect's
/// annotations need.
pub(in super::super) fn write_citation(citation: &Citation, length: u64) -> Option<Vec<u8>> {
    if let Some((Dialect::OpenAiResponses, own)) = &citation.native {
        return Some(own.text().as_bytes().to_vec());
    }
    let url = citation.url.as_deref()?;
    Some(object(|annotation| {
        annotation.text("type", "url_citation");
        annotation.number("start_index", citation.start.unwrap_or(0));
        annotation.number("end_index", citation.end.unwrap_or(length));
        annotation.text("url", url);
        annotation.text("title", citation.title.as_deref().unwrap_or(url));
    }))
}
