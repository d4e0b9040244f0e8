//! Content blocks, written: for a client as part of an answer, for a provider as part of a request.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use weighhouse_types::chat::{
    Block, BlockKind, CacheMark, Citation, Json, Media, MediaKind, MediaSource, Reasoning, Signature,
    TextBlock, ToolCall, ToolKind, ToolResult,
};

use super::super::request::Names;
use super::{OURS, SEARCH_RESULT};
use crate::thought::id_with;
use crate::translation::CUSTOM_INPUT;
use crate::wire::{Array, Object, object};

/// Most cache marks of a request (<https://docs.claude.com/en/docs/build-with-claude/prompt-caching>).
const MOST_MARKS: usize = 4;

/// For whom blocks are written.
#[derive(Debug)]
pub(in super::super) enum Side<'names> {
    /// A client, as part of an answer.
    Client,
    /// A provider, as part of a request.
    Provider {
        /// The tools' names on the wire.
        names: &'names Names,
        /// The client spoke this dialect: what it said is not mended.
        is_faithful: bool,
    },
}

/// Cache marks on their way: where there are too many the earliest are left out, for the later ones cover them.
#[derive(Debug, Default)]
pub(in super::super) struct Marks {
    surplus: usize,
}

impl Marks {
    /// Of a request with so many marks.
    pub(in super::super) const fn of(count: usize) -> Self {
        Self { surplus: count.saturating_sub(MOST_MARKS) }
    }

    /// Writes the next mark, if it is one that stays.
    pub(in super::super) fn put(&mut self, mark: Option<CacheMark>, object: &mut Object<'_>) {
        let Some(mark) = mark else { return };
        if self.surplus > 0 {
            self.surplus -= 1;
            return;
        }
        write_mark(mark, object);
    }
}

/// Writes a cache mark.
fn write_mark(mark: CacheMark, object: &mut Object<'_>) {
    object.object("cache_control", |control| {
        control.text("type", "ephemeral");
        if mark.one_hour {
            control.text("ttl", "1h");
        }
    });
}

/// Whether the API would refuse a text for holding nothing.
pub(in super::super) fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Writes blocks.
#[derive(Debug)]
pub(in super::super) struct BlockWriter<'names> {
    side: Side<'names>,
    pub(in super::super) marks: Marks,
}

impl<'names> BlockWriter<'names> {
    pub(in super::super) const fn new(side: Side<'names>, marks: Marks) -> Self {
        Self { side, marks }
    }

    /// Whether a block can be said here.
    pub(in super::super) fn takes(&self, block: &Block) -> bool {
        let is_mended = matches!(self.side, Side::Provider { is_faithful: false, .. });
        match &block.kind {
            BlockKind::Text(text) => !is_mended || !is_blank(&text.text),
            BlockKind::Refusal(text) => !is_blank(text),
            BlockKind::Media(media) => {
                !matches!(self.side, Side::Client)
                    && matches!(media.kind, MediaKind::Image | MediaKind::Document)
            }
            BlockKind::Reasoning(reasoning) => match self.side {
                Side::Client => !reasoning.parts.is_empty() || reasoning.signature.is_some(),
                Side::Provider { .. } => self.proof(reasoning.signature.as_ref()).is_some(),
            },
            BlockKind::ToolCall(_) | BlockKind::ToolResult(_) => true,
            BlockKind::ServerTool(tool) => tool.origin == OURS,
            BlockKind::Foreign(foreign) => foreign.origin == OURS,
        }
    }

    /// Writes a block into a list, if it can be said.
    pub(in super::super) fn write(&mut self, block: &Block, list: &mut Array<'_>) {
        match &block.kind {
            _ if !self.takes(block) => {}
            BlockKind::ServerTool(tool) => list.json(&tool.payload),
            BlockKind::Foreign(foreign) => list.json(&foreign.payload),
            _ => list.object(|members| self.members(block, members)),
        }
    }

    /// A block that can be said, as an object of its own.
    pub(in super::super) fn whole(&mut self, block: &Block) -> Vec<u8> {
        match &block.kind {
            BlockKind::ServerTool(tool) => tool.payload.text().as_bytes().to_vec(),
            BlockKind::Foreign(foreign) => foreign.payload.text().as_bytes().to_vec(),
            _ => object(|members| self.members(block, members)),
        }
    }

    fn members(&mut self, block: &Block, members: &mut Object<'_>) {
        match &block.kind {
            BlockKind::Text(text) => self.write_text(text, members),
            BlockKind::Refusal(text) => {
                members.text("type", "text");
                members.text("text", text);
            }
            BlockKind::Media(media) => self.write_media(media, members),
            BlockKind::Reasoning(reasoning) => {
                self.write_reasoning(reasoning, members);
                // The API refuses a mark on thinking.
                return;
            }
            BlockKind::ToolCall(call) => {
                members.text("type", "tool_use");
                members.text("id", &self.call_id(&call.id, call.signature.as_ref()));
                members.text("name", &self.tool_name(call));
                members.json("input", &tool_input(call));
            }
            BlockKind::ToolResult(result) => self.write_result(result, members),
            // Written whole, their own marks in them.
            BlockKind::ServerTool(_) | BlockKind::Foreign(_) => return,
        }
        self.marks.put(block.cache, members);
    }

    fn write_text(&self, text: &TextBlock, members: &mut Object<'_>) {
        members.text("type", "text");
        members.text("text", &text.text);
        let citations: Vec<&Citation> =
            text.citations.iter().filter(|citation| self.takes_citation(citation)).collect();
        if !citations.is_empty() {
            members.array("citations", |list| {
                citations.iter().for_each(|citation| write_citation(citation, list));
            });
        }
    }

    /// A provider refuses citations that it did not make.
    fn takes_citation(&self, citation: &Citation) -> bool {
        let is_native = matches!(&citation.native, Some((origin, _)) if *origin == OURS);
        is_native || (matches!(self.side, Side::Client) && citation.url.is_some())
    }

    fn proof<'text>(&self, signature: Option<&'text Signature>) -> Option<Cow<'text, str>> {
        match self.side {
            Side::Client => signature.map(|signature| signature.for_client(OURS).into()),
            Side::Provider { .. } => signature?.for_provider(OURS).map(Into::into),
        }
    }

    fn write_reasoning(&self, reasoning: &Reasoning, members: &mut Object<'_>) {
        let proof = self.proof(reasoning.signature.as_ref()).unwrap_or_default();
        if reasoning.redacted {
            members.text("type", "redacted_thinking");
            members.text("data", &proof);
            return;
        }
        members.text("type", "thinking");
        members.text("thinking", &reasoning.text());
        members.text("signature", &proof);
    }

    pub(in super::super) fn call_id(&self, id: &str, signature: Option<&Signature>) -> String {
        match self.side {
            Side::Client => id_with(&accepted_id(id), signature, OURS),
            Side::Provider { .. } => accepted_id(id),
        }
    }

    pub(in super::super) fn tool_name(&self, call: &ToolCall) -> String {
        match self.side {
            Side::Client => flat_name(&call.name, call.namespace.as_deref()),
            Side::Provider { names, .. } => names.wire(&call.name, call.namespace.as_deref()),
        }
    }

    fn write_result(&mut self, result: &ToolResult, members: &mut Object<'_>) {
        members.text("type", "tool_result");
        members.text("tool_use_id", &self.call_id(&result.call_id, None));
        self.write_content(&result.content, members);
        if result.is_error {
            members.flag("is_error", true);
        }
    }

    /// `content` as a text where it is nothing but one, as a list of blocks else, left out where it is empty.
    pub(in super::super) fn write_content(&mut self, content: &[Block], members: &mut Object<'_>) {
        match content {
            [] => {}
            [only] if is_plain(only) => members.text("content", only.as_text().unwrap_or_default()),
            blocks => {
                members.array("content", |list| blocks.iter().for_each(|block| self.write(block, list)));
            }
        }
    }

    fn write_media(&mut self, media: &Media, members: &mut Object<'_>) {
        if let (Some(SEARCH_RESULT), MediaSource::Blocks(blocks)) =
            (media.media_type.as_deref(), &media.source)
        {
            members.text("type", "search_result");
            members.text("source", media.context.as_deref().unwrap_or_default());
            members.text("title", media.name.as_deref().unwrap_or_default());
            members.array("content", |list| blocks.iter().for_each(|block| self.write(block, list)));
            write_cites(media, members);
            return;
        }
        if is_image(media) {
            members.text("type", "image");
            members.object("source", |source| self.write_source(media, source));
            return;
        }
        members.text("type", "document");
        members.object("source", |source| self.write_source(media, source));
        members.text_if("title", media.name.as_deref());
        members.text_if("context", media.context.as_deref());
        write_cites(media, members);
    }

    fn write_source(&mut self, media: &Media, source: &mut Object<'_>) {
        match &media.source {
            MediaSource::Base64(data) => write_base64(media, data, source),
            MediaSource::Url(url) => match inline(url) {
                Some((media_type, data)) => {
                    let media = Media { media_type: Some(media_type.to_owned()), ..media.clone() };
                    write_base64(&media, data, source);
                }
                None => {
                    source.text("type", "url");
                    source.text("url", url);
                }
            },
            MediaSource::FileId(id) => {
                source.text("type", "file");
                source.text("file_id", id);
            }
            MediaSource::Text(text) => write_plain(text, source),
            MediaSource::Blocks(blocks) => {
                source.text("type", "content");
                self.write_content(blocks, source);
            }
        }
    }
}

/// A text and nothing with it.
fn is_plain(block: &Block) -> bool {
    let is_bare = |text: &TextBlock| text.citations.is_empty();
    block.cache.is_none() && matches!(&block.kind, BlockKind::Text(text) if is_bare(text))
}

fn is_image(media: &Media) -> bool {
    media.kind == MediaKind::Image
        || media.media_type.as_deref().is_some_and(|media_type| media_type.starts_with("image/"))
}

fn write_cites(media: &Media, members: &mut Object<'_>) {
    if media.cites {
        members.object("citations", |citations| citations.flag("enabled", true));
    }
}

/// The API takes images and PDF files in base64; texts are given as they are.
fn write_base64(media: &Media, data: &str, source: &mut Object<'_>) {
    let media_type = media.media_type.as_deref();
    let is_text = media_type.is_some_and(|name| name.starts_with("text/") || name == "application/json");
    let text = is_text.then(|| STANDARD.decode(data).ok().and_then(|bytes| String::from_utf8(bytes).ok()));
    if let Some(text) = text.flatten() {
        write_plain(&text, source);
        return;
    }
    source.text("type", "base64");
    source.text("media_type", media_type.unwrap_or_else(|| media_type_of(media.kind, data)));
    source.text("data", data);
}

fn write_plain(text: &str, source: &mut Object<'_>) {
    source.text("type", "text");
    source.text("media_type", "text/plain");
    source.text("data", text);
}

/// What a file's first bytes say that it is.
fn media_type_of(kind: MediaKind, data: &str) -> &'static str {
    const STARTS: [(&str, &str); 4] = [
        ("iVBOR", "image/png"),
        ("R0lG", "image/gif"),
        ("UklGR", "image/webp"),
        ("JVBER", "application/pdf"),
    ];
    let found = STARTS.iter().find(|(start, _)| data.starts_with(start)).map(|(_, name)| *name);
    found.unwrap_or(if kind == MediaKind::Document { "application/pdf" } else { "image/jpeg" })
}

/// MIME type and base64 of a `data:` address.
fn inline(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    Some((head.strip_suffix(";base64")?, data))
}

fn write_citation(citation: &Citation, list: &mut Array<'_>) {
    match &citation.native {
        Some((origin, native)) if *origin == OURS => list.json(native),
        _ => list.object(|members| write_web_citation(citation, members)),
    }
}

/// A source on the web that another provider named, as this one names what its search found.
fn write_web_citation(citation: &Citation, members: &mut Object<'_>) {
    members.text("type", "web_search_result_location");
    members.text("cited_text", citation.cited_text.as_deref().unwrap_or_default());
    members.text("encrypted_index", "");
    match &citation.title {
        Some(title) => members.text("title", title),
        None => members.null("title"),
    }
    members.text("url", citation.url.as_deref().unwrap_or_default());
}

/// A citation as an object of its own; none where this dialect has no words for it.
pub(in super::super) fn citation_object(citation: &Citation) -> Option<Json> {
    match &citation.native {
        Some((origin, native)) if *origin == OURS => Some(native.clone()),
        _ => {
            citation.url.as_ref()?;
            let text = object(|members| write_web_citation(citation, members));
            Json::parse(std::str::from_utf8(&text).ok()?)
        }
    }
}

/// An id that the API accepts: letters, digits, `_` and `-`. The same id always becomes the same.
pub(in super::super) fn accepted_id(id: &str) -> String {
    id.chars()
        .map(
            |letter| if letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-') { letter } else { '_' },
        )
        .collect()
}

/// A name with its namespace in front of it.
pub(in super::super) fn flat_name(name: &str, namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) => format!("{namespace}__{name}"),
        None => name.to_owned(),
    }
}

/// The arguments of a call as the object that the API wants.
fn tool_input(call: &ToolCall) -> Json {
    let arguments = Json::parse(&call.arguments).filter(Json::is_object);
    match (call.kind, arguments) {
        (ToolKind::Function, Some(arguments)) => arguments,
        (ToolKind::Function, None) if is_blank(&call.arguments) => Json::empty_object(),
        (ToolKind::Function, None) | (ToolKind::Custom, _) => {
            let text = object(|input| input.text(CUSTOM_INPUT, &call.arguments));
            std::str::from_utf8(&text).ok().and_then(Json::parse).unwrap_or_else(Json::empty_object)
        }
    }
}
