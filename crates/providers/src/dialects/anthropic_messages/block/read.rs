//! Content blocks, read.

use serde_json::value::RawValue;
use weighhouse_types::Error;
use weighhouse_types::chat::{
    Block, BlockKind, CacheMark, Citation, Foreign, Json, Media, MediaKind, MediaSource, Reasoning,
    ServerTool, ServerToolPhase, Signature, TextBlock, ToolCall, ToolKind, ToolResult,
};

use super::super::wire::{BlockObject, CitationObject, CitesObject, MarkObject, SourceObject};
use super::{OURS, SEARCH_RESULT, need, part, under};
use crate::thought::id_and_signature;
use crate::wire::{Text, TextOr, wire_object};

wire_object! {
    /// What kind a block is.
    struct KindObject<'a> { "type" => kind: Text<'a>, }
}

/// Reads a block. One of a kind that has no name here is kept whole.
///
/// # Errors
/// `InvalidRequest`: a block of a known kind lacks a member or holds one of the wrong type.
pub(in super::super) fn read_block(raw: &RawValue) -> Result<Block, Error> {
    let object: BlockObject<'_> = match part(raw) {
        Ok(object) => object,
        Err(error) => {
            let kind = part::<KindObject<'_>>(raw)?.kind;
            let is_known = kind.is_some_and(|kind| is_named_here(kind.as_str()));
            return if is_known { Err(error) } else { Ok(foreign(raw).into()) };
        }
    };
    let kind = need(object.kind.as_ref(), "type")?.as_str().to_owned();
    let cache = object.cache_control.and_then(read_mark);
    let block = read_kind(&kind, object, raw)?;
    Ok(Block { kind: block, cache })
}

fn is_named_here(kind: &str) -> bool {
    matches!(
        kind,
        "text"
            | "image"
            | "document"
            | "search_result"
            | "thinking"
            | "redacted_thinking"
            | "tool_use"
            | "tool_result"
    )
}

fn read_kind(kind: &str, object: BlockObject<'_>, raw: &RawValue) -> Result<BlockKind, Error> {
    let server_tool = |phase| BlockKind::ServerTool(ServerTool { origin: OURS, phase, payload: raw.into() });
    Ok(match kind {
        "text" => BlockKind::Text(TextBlock {
            text: need(object.text, "text")?.into_owned(),
            citations: read_citations(object.citations),
            signature: None,
        }),
        "image" => read_media(MediaKind::Image, object, raw)?,
        "document" => read_media(MediaKind::Document, object, raw)?,
        "search_result" => read_search_result(object)?,
        "thinking" => {
            let text = object.thinking.map(Text::into_owned).filter(|text| !text.is_empty());
            BlockKind::Reasoning(Reasoning {
                parts: text.into_iter().collect(),
                signature: object.signature.and_then(|signature| read_signature(&signature)),
                ..Reasoning::default()
            })
        }
        "redacted_thinking" => BlockKind::Reasoning(Reasoning {
            signature: read_signature(&need(object.data, "data")?),
            redacted: true,
            ..Reasoning::default()
        }),
        "tool_use" => {
            let (id, signature) = id_and_signature(need(object.id, "id")?.as_str(), OURS);
            BlockKind::ToolCall(ToolCall {
                id,
                name: need(object.name, "name")?.into_owned(),
                namespace: None,
                kind: ToolKind::Function,
                arguments: object.input.map_or("{}", RawValue::get).to_owned(),
                signature,
            })
        }
        "tool_result" => BlockKind::ToolResult(ToolResult {
            call_id: id_and_signature(need(object.tool_use_id, "tool_use_id")?.as_str(), OURS).0,
            name: None,
            kind: ToolKind::Function,
            content: object.content.map(read_content).transpose()?.unwrap_or_default(),
            is_error: object.is_error.unwrap_or_default(),
        }),
        "server_tool_use" | "mcp_tool_use" => server_tool(ServerToolPhase::Call),
        "container_upload" => server_tool(ServerToolPhase::Whole),
        result if result.ends_with("_tool_result") => server_tool(ServerToolPhase::Result),
        _ => foreign(raw),
    })
}

fn foreign(raw: &RawValue) -> BlockKind {
    BlockKind::Foreign(Foreign { origin: OURS, payload: raw.into() })
}

fn read_signature(text: &Text<'_>) -> Option<Signature> {
    (!text.as_str().is_empty()).then(|| Signature::from_client(text.as_str(), OURS))
}

/// A cache mark; one of a type that is not known counts as the usual one.
pub(in super::super) fn read_mark(raw: &RawValue) -> Option<CacheMark> {
    let mark: MarkObject<'_> = serde_json::from_str(raw.get()).ok()?;
    Some(CacheMark { one_hour: mark.ttl.is_some_and(|ttl| ttl.as_str() == "1h") })
}

/// A text, or a list of blocks, as `content` may be.
fn read_content(raw: &RawValue) -> Result<Vec<Block>, Error> {
    read_texts_or_blocks(part(raw).map_err(|error| under(error, "content"))?, "content")
}

/// A text, or a list of blocks.
pub(in super::super) fn read_texts_or_blocks(
    content: TextOr<'_, Vec<&RawValue>>,
    member: &str,
) -> Result<Vec<Block>, Error> {
    match content {
        TextOr::Text(text) => Ok(vec![Block::text(text.into_owned())]),
        TextOr::Other(blocks) => blocks
            .into_iter()
            .enumerate()
            .map(|(index, raw)| read_block(raw).map_err(|error| under(error, &format!("{member}[{index}]"))))
            .collect(),
    }
}

fn read_media(kind: MediaKind, object: BlockObject<'_>, raw: &RawValue) -> Result<BlockKind, Error> {
    let source: SourceObject<'_> =
        part(need(object.source, "source")?).map_err(|error| under(error, "source"))?;
    let of_source = |error| under(error, "source");
    let owned = |text: Option<Text<'_>>, member| need(text, member).map(Text::into_owned).map_err(of_source);
    let source_kind = owned(source.kind, "type")?;
    let media_type = source.media_type.map(Text::into_owned);
    let found = match source_kind.as_str() {
        "base64" => MediaSource::Base64(owned(source.data, "data")?),
        "url" => MediaSource::Url(owned(source.url, "url")?),
        "file" => MediaSource::FileId(owned(source.file_id, "file_id")?),
        "text" => MediaSource::Text(owned(source.data, "data")?),
        "content" => MediaSource::Blocks(
            read_content(need(source.content, "content").map_err(of_source)?).map_err(of_source)?,
        ),
        _ => return Ok(foreign(raw)),
    };
    Ok(BlockKind::Media(Media {
        kind,
        source: found,
        media_type,
        name: object.title.map(Text::into_owned),
        detail: None,
        context: object.context.map(Text::into_owned),
        cites: object.citations.is_some_and(is_enabled),
    }))
}

fn is_enabled(raw: &RawValue) -> bool {
    serde_json::from_str::<CitesObject<'_>>(raw.get()).is_ok_and(|cites| cites.enabled == Some(true))
}

fn read_search_result(object: BlockObject<'_>) -> Result<BlockKind, Error> {
    let source: Text<'_> = part(need(object.source, "source")?).map_err(|error| under(error, "source"))?;
    Ok(BlockKind::Media(Media {
        kind: MediaKind::Document,
        source: MediaSource::Blocks(read_content(need(object.content, "content")?)?),
        media_type: Some(SEARCH_RESULT.to_owned()),
        name: object.title.map(Text::into_owned),
        detail: None,
        context: Some(source.into_owned()),
        cites: object.citations.is_some_and(is_enabled),
    }))
}

/// Citations of a text; what is no list holds none.
fn read_citations(raw: Option<&RawValue>) -> Vec<Citation> {
    let list: Vec<&RawValue> = raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    list.into_iter().map(read_citation).collect()
}

/// One citation. Its places count in the source's characters, pages or blocks, so they are no places of the text.
pub(in super::super) fn read_citation(raw: &RawValue) -> Citation {
    let object: CitationObject<'_> = serde_json::from_str(raw.get()).unwrap_or_default();
    let owned = |text: Option<Text<'_>>| text.map(Text::into_owned);
    Citation {
        url: owned(object.url.or(object.source)),
        title: owned(object.title.or(object.document_title)),
        cited_text: owned(object.cited_text),
        start: None,
        end: None,
        native: Some((OURS, Json::from(raw))),
    }
}
