//! What an answer is founded on: `groundingMetadata` and citations.
//!
//! Gemini counts places in bytes of UTF-8 from the start of a part
//! (<https://ai.google.dev/api/generate-content#Segment>); citations count characters.

use std::collections::BTreeSet;

use serde_json::value::RawValue;
use weighhouse_types::Dialect;
use weighhouse_types::chat::{Block, BlockKind, Citation, Json, ServerTool, ServerToolPhase};

use super::super::model::Model;
use super::super::wire::{Chunk, Grounding, Support};
use crate::wire::{Object, Text, object};

/// The whole as it came.
const MEMBER: &str = "groundingMetadata";

/// Citations of one part, and the search that found them.
#[derive(Debug)]
pub(in super::super) struct Founded<'a> {
    grounding: Grounding<'a>,
    raw: &'a RawValue,
}

impl<'a> Founded<'a> {
    /// Reads `groundingMetadata`; none where it says nothing.
    pub(in super::super) fn read(raw: &'a RawValue) -> Option<Self> {
        let grounding: Grounding<'_> = serde_json::from_str(raw.get()).ok()?;
        let says_nothing =
            grounding.chunks.is_none() && grounding.queries.is_none() && grounding.unknown.is_empty();
        (!says_nothing).then_some(Self { grounding, raw })
    }

    /// Citations of the part of that number, whose text is given.
    pub(in super::super) fn citations(&self, part: u32, text: &str) -> Vec<Citation> {
        let supports = self.grounding.supports.iter().flatten();
        let of_part = supports.filter(|support| part_of(support) == part);
        of_part.flat_map(|support| self.of_support(support, text)).collect()
    }

    /// Citations of an answer whose parts are one text, as streams give it.
    pub(in super::super) fn all_citations(&self, text: &str) -> Vec<Citation> {
        let supports = self.grounding.supports.iter().flatten();
        supports.flat_map(|support| self.of_support(support, text)).collect()
    }

    fn of_support(&self, support: &Support<'_>, text: &str) -> Vec<Citation> {
        let Some(segment) = &support.segment else { return Vec::new() };
        let start = characters(text, segment.start.unwrap_or(0));
        let end = segment.end.and_then(|end| characters(text, end));
        let chunks = self.grounding.chunks.as_deref().unwrap_or_default();
        let found = support.chunks.iter().flatten().filter_map(|place| chunks.get(*place as usize));
        found
            .filter_map(|chunk| {
                let (url, title) = source_of(chunk)?;
                Some(Citation { url, title, start, end, ..Citation::default() })
            })
            .collect()
    }

    /// The search as a block: a tool that the provider ran.
    pub(in super::super) fn block(&self) -> Option<Block> {
        let bytes = object(|whole| whole.raw(MEMBER, self.raw.get().as_bytes()));
        let payload = Json::parse(&String::from_utf8(bytes).ok()?)?;
        let tool = ServerTool { origin: Dialect::Gemini, phase: ServerToolPhase::Whole, payload };
        Some(BlockKind::ServerTool(tool).into())
    }
}

/// The `groundingMetadata` that a block of [`Founded::block`] holds.
fn own(block: &Block) -> Option<Json> {
    match &block.kind {
        BlockKind::ServerTool(tool) if tool.origin == Dialect::Gemini => {
            let members: std::collections::BTreeMap<String, Json> = tool.payload.read()?;
            members.get(MEMBER).cloned()
        }
        BlockKind::Text(_)
        | BlockKind::Refusal(_)
        | BlockKind::Media(_)
        | BlockKind::Reasoning(_)
        | BlockKind::ToolCall(_)
        | BlockKind::ToolResult(_)
        | BlockKind::ServerTool(_)
        | BlockKind::Foreign(_) => None,
    }
}

/// Searches that are charged: from Gemini 3 on every query, before that the one prompt that was founded
/// (<https://ai.google.dev/gemini-api/docs/pricing>). A model that does not say its name is charged by query,
/// which is the larger reading.
pub(in super::super) fn searches<'a>(
    model: Option<&str>,
    groundings: impl Iterator<Item = &'a RawValue>,
) -> u64 {
    let read: Vec<Grounding<'_>> =
        groundings.filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect();
    let is_of_maps = |grounding: &Grounding<'_>| {
        let chunks = grounding.chunks.as_deref().unwrap_or_default();
        chunks.iter().any(|chunk| chunk.maps.is_some()) && chunks.iter().all(|chunk| chunk.web.is_none())
    };
    let searched = read.iter().filter(|grounding| !is_of_maps(grounding));
    let queries = searched.flat_map(|grounding| grounding.queries.iter().flatten()).map(Text::as_str);
    let distinct: BTreeSet<&str> = queries.filter(|query| !query.is_empty()).collect();
    let count = distinct.len() as u64;
    if model.is_some_and(|name| !Model::of(name).is_third()) { count.min(1) } else { count }
}

fn part_of(support: &Support<'_>) -> u32 {
    support.segment.as_ref().and_then(|segment| segment.part).unwrap_or(0)
}

fn source_of(chunk: &Chunk<'_>) -> Option<(Option<String>, Option<String>)> {
    let source = chunk.web.as_ref().or(chunk.retrieved.as_ref()).or(chunk.maps.as_ref())?;
    let text = |text: &Option<Text<'_>>| text.as_ref().map(|text| text.as_str().to_owned());
    Some((text(&source.uri), text(&source.title)))
}

/// Characters before a place in bytes; none where the place is not between two characters of the text.
fn characters(text: &str, bytes: u64) -> Option<u64> {
    let before = text.get(..usize::try_from(bytes).ok()?)?;
    Some(before.chars().count() as u64)
}

fn bytes(text: &str, characters: u64) -> u64 {
    text.chars()
        .take(usize::try_from(characters).unwrap_or(usize::MAX))
        .map(|letter| letter.len_utf8() as u64)
        .sum()
}

/// Writes `groundingMetadata` of an answer: the provider's own, or one made of the citations of its texts,
/// each given as its part's number, its text and its citations.
pub(in super::super) fn write_founded(
    blocks: &[Block],
    cited: &[(u32, &str, &[Citation])],
    candidate: &mut Object<'_>,
) {
    if let Some(own) = blocks.iter().find_map(own) {
        candidate.json(MEMBER, &own);
        return;
    }
    let citations = || cited.iter().flat_map(|(_, _, citations)| citations.iter());
    if citations().next().is_none() {
        return;
    }
    let mut sources: Vec<(Option<&str>, Option<&str>)> = Vec::new();
    for citation in citations() {
        let source = (citation.url.as_deref(), citation.title.as_deref());
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    candidate.object(MEMBER, |grounding| {
        grounding.array("groundingChunks", |list| {
            for (url, title) in &sources {
                list.object(|chunk| {
                    chunk.object("web", |web| {
                        web.text_if("uri", *url);
                        web.text_if("title", *title);
                    });
                });
            }
        });
        grounding.array("groundingSupports", |list| {
            for (part, text, citations) in cited {
                for citation in *citations {
                    let source = (citation.url.as_deref(), citation.title.as_deref());
                    let place = sources.iter().position(|known| *known == source).unwrap_or(0);
                    list.object(|support| write_support(*part, text, citation, place as u64, support));
                }
            }
        });
    });
}

fn write_support(part: u32, text: &str, citation: &Citation, source: u64, support: &mut Object<'_>) {
    support.object("segment", |segment| {
        if part > 0 {
            segment.number("partIndex", u64::from(part));
        }
        segment.number_if(
            "startIndex",
            citation.start.filter(|start| *start > 0).map(|start| bytes(text, start)),
        );
        segment.number_if("endIndex", citation.end.map(|end| bytes(text, end)));
        let (skipped, end) = (citation.start.unwrap_or(0), citation.end.unwrap_or(0));
        let letters = text.chars().skip(usize::try_from(skipped).unwrap_or(usize::MAX));
        let said: String = letters.take(usize::try_from(end.saturating_sub(skipped)).unwrap_or(0)).collect();
        segment.text_if("text", Some(said.as_str()).filter(|said| !said.is_empty()));
    });
    support.array("groundingChunkIndices", |list| list.raw(source.to_string().as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_characters_answer_each_other() {
        let text = "aé日b";
        for (byte, letter) in [(0, 0), (1, 1), (3, 2), (6, 3), (7, 4)] {
            assert_eq!(characters(text, byte), Some(letter));
            assert_eq!(bytes(text, letter), byte);
        }
        for inside in [2, 4, 99] {
            assert_eq!(characters(text, inside), None);
        }
    }

    #[test]
    fn searches_are_counted_as_they_are_charged() {
        let raws = [r#"{"webSearchQueries":["a","b","a",""]}"#, r#"{"webSearchQueries":["b"]}"#];
        let raws = raws.map(|raw| RawValue::from_string(raw.into()).unwrap());
        let count = |model| searches(model, raws.iter().map(AsRef::as_ref));
        assert_eq!(count(Some("gemini-3-pro-preview")), 2);
        assert_eq!(count(Some("gemini-2.5-flash")), 1);
        assert_eq!(count(None), 2);
        let maps =
            RawValue::from_string(r#"{"groundingChunks":[{"maps":{}}],"webSearchQueries":["x"]}"#.into());
        assert_eq!(searches(None, std::iter::once(maps.unwrap().as_ref())), 0);
    }
}
