//! The messages of a request, written.

use weighhouse_types::Dialect;
use weighhouse_types::chat::{
    Block, BlockKind, CacheMark, ChatRequest, Citation, Media, MediaKind, MediaSource, Message, Role,
    ToolCall, ToolKind,
};

use super::parts::data_url;
use super::write::Manners;
use crate::tool_names::{Names, short_id};
use crate::translation::CUSTOM_INPUT;
use crate::wire::{Array, Object, object};

/// Longest id of a call that OpenAI takes.
const MAX_ID: usize = 40;

/// Writes all messages.
pub(super) fn write(request: &ChatRequest, names: &Names, manners: Manners, list: &mut Array<'_>) {
    let writer = Writer { names, manners };
    for message in &request.messages {
        match message.role {
            Role::System => writer.plain(message, "system", list),
            Role::Developer => writer.plain(message, "developer", list),
            Role::User => writer.user(message, list),
            Role::Assistant => writer.assistant(message, list),
        }
    }
}

struct Writer<'call> {
    names: &'call Names,
    manners: Manners,
}

impl Writer<'_> {
    fn plain(&self, message: &Message, role: &str, list: &mut Array<'_>) {
        let blocks: Vec<&Block> = message.blocks.iter().filter(|block| is_content(block)).collect();
        if blocks.is_empty() {
            return;
        }
        list.object(|out| {
            out.text("role", role);
            self.content(&blocks, out);
            write_ends(message, out);
        });
    }

    /// Results of tools are messages of their own; media in them follow as the user's, for a tool's message holds
    /// text alone.
    fn user(&self, message: &Message, list: &mut Array<'_>) {
        let mut rest: Vec<&Block> = Vec::new();
        for block in &message.blocks {
            let BlockKind::ToolResult(result) = &block.kind else {
                if is_content(block) {
                    rest.push(block);
                }
                continue;
            };
            let (texts, media): (Vec<&Block>, Vec<&Block>) =
                result.content.iter().partition(|block| block.as_text().is_some());
            rest.extend(media.into_iter().filter(|block| is_content(block)));
            list.object(|out| {
                out.text("role", "tool");
                out.text("tool_call_id", &short_id(&result.call_id, MAX_ID));
                let joined: Vec<&str> = texts.iter().filter_map(|block| block.as_text()).collect();
                match joined.as_slice() {
                    [one] => out.text("content", one),
                    _ if self.manners.is_openai && !joined.is_empty() => self.content(&texts, out),
                    _ => out.text("content", &joined.join("\n")),
                }
                self.mark(block.cache, out);
            });
        }
        if rest.is_empty() {
            return;
        }
        list.object(|out| {
            out.text("role", "user");
            self.content(&rest, out);
            write_ends(message, out);
        });
    }

    fn assistant(&self, message: &Message, list: &mut Array<'_>) {
        let said: Vec<&Block> = message.blocks.iter().filter(|block| is_said(block)).collect();
        let calls: Vec<&ToolCall> = message.blocks.iter().filter_map(call_of).collect();
        if said.is_empty() && calls.is_empty() {
            return;
        }
        list.object(|out| {
            out.text("role", "assistant");
            let texts: Vec<&str> = said.iter().filter_map(|block| block.as_text()).collect();
            let refusal = said.iter().find_map(|block| match &block.kind {
                BlockKind::Refusal(text) => Some(text.as_str()),
                _ => None,
            });
            match texts.as_slice() {
                [] => out.null("content"),
                [one] => out.text("content", one),
                // What a model said in several pieces is one text.
                many => out.text("content", &many.concat()),
            }
            out.text_if("refusal", refusal);
            if self.manners.wants_reasoning {
                self.reasoning(message, out);
            }
            if !calls.is_empty() {
                out.array("tool_calls", |list| calls.iter().for_each(|call| self.call(call, list)));
            }
            write_ends(message, out);
        });
    }

    fn reasoning(&self, message: &Message, out: &mut Object<'_>) {
        let of_block = |block: &Block| match &block.kind {
            BlockKind::Reasoning(reasoning) => Some(reasoning.text()).filter(|text| !text.is_empty()),
            _ => None,
        };
        let texts: Vec<String> = message.blocks.iter().filter_map(of_block).collect();
        if !texts.is_empty() {
            out.text("reasoning_content", &texts.join("\n\n"));
        }
    }

    fn call(&self, call: &ToolCall, list: &mut Array<'_>) {
        let name = self.names.wire(&call.name, call.namespace.as_deref());
        list.object(|out| {
            out.text("id", &short_id(&call.id, MAX_ID));
            if call.kind == ToolKind::Custom && self.manners.is_openai {
                out.text("type", "custom");
                out.object("custom", |custom| {
                    custom.text("name", &name);
                    custom.text("input", &call.arguments);
                });
                return;
            }
            out.text("type", "function");
            out.object("function", |function| {
                function.text("name", &name);
                match call.kind {
                    ToolKind::Function if call.arguments.is_empty() => function.text("arguments", "{}"),
                    ToolKind::Function => function.text("arguments", &call.arguments),
                    ToolKind::Custom => {
                        let input = object(|input| input.text(CUSTOM_INPUT, &call.arguments));
                        function.text("arguments", &String::from_utf8_lossy(&input));
                    }
                }
            });
        });
    }

    /// One text is a string; texts alone are one string where a server may not know parts.
    fn content(&self, blocks: &[&Block], out: &mut Object<'_>) {
        let texts: Vec<&str> = blocks.iter().filter_map(|block| block.as_text()).collect();
        let is_marked = self.manners.takes_cache_marks && blocks.iter().any(|block| block.cache.is_some());
        match texts.as_slice() {
            [one] if blocks.len() == 1 && !is_marked => return out.text("content", one),
            many if many.len() == blocks.len() && !self.manners.is_openai && !is_marked => {
                return out.text("content", &many.join("\n\n"));
            }
            _ => {}
        }
        out.array("content", |list| {
            for block in blocks {
                if let BlockKind::Foreign(foreign) = &block.kind {
                    list.json(&foreign.payload);
                    continue;
                }
                list.object(|part| {
                    write_part(block, part);
                    self.mark(block.cache, part);
                });
            }
        });
    }

    fn mark(&self, mark: Option<CacheMark>, out: &mut Object<'_>) {
        if let Some(mark) = mark.filter(|_| self.manners.takes_cache_marks) {
            out.object("cache_control", |control| {
                control.text("type", "ephemeral");
                if mark.one_hour {
                    control.text("ttl", "1h");
                }
            });
        }
    }
}

fn write_ends(message: &Message, out: &mut Object<'_>) {
    out.text_if("name", message.name.as_deref());
    message.extra.for_dialect(Dialect::OpenAiChat).for_each(|(name, value)| out.json(name, value));
}

/// Whether a block goes into a content: texts with letters in them, media, and this dialect's own unknown parts.
fn is_content(block: &Block) -> bool {
    match &block.kind {
        BlockKind::Text(text) => !text.text.is_empty(),
        BlockKind::Media(_) => true,
        BlockKind::Foreign(foreign) => foreign.origin == Dialect::OpenAiChat,
        BlockKind::Refusal(_)
        | BlockKind::Reasoning(_)
        | BlockKind::ToolCall(_)
        | BlockKind::ToolResult(_)
        | BlockKind::ServerTool(_) => false,
    }
}

fn is_said(block: &Block) -> bool {
    matches!(&block.kind, BlockKind::Refusal(_)) || block.as_text().is_some_and(|text| !text.is_empty())
}

const fn call_of(block: &Block) -> Option<&ToolCall> {
    match &block.kind {
        BlockKind::ToolCall(call) => Some(call),
        BlockKind::Text(_)
        | BlockKind::Refusal(_)
        | BlockKind::Media(_)
        | BlockKind::Reasoning(_)
        | BlockKind::ToolResult(_)
        | BlockKind::ServerTool(_)
        | BlockKind::Foreign(_) => None,
    }
}

fn write_part(block: &Block, part: &mut Object<'_>) {
    match &block.kind {
        BlockKind::Text(text) => {
            part.text("type", "text");
            part.text("text", &text.text);
        }
        BlockKind::Media(media) => write_media(media, part),
        BlockKind::Foreign(_)
        | BlockKind::Refusal(_)
        | BlockKind::Reasoning(_)
        | BlockKind::ToolCall(_)
        | BlockKind::ToolResult(_)
        | BlockKind::ServerTool(_) => {}
    }
}

fn write_media(media: &Media, part: &mut Object<'_>) {
    let media_type = media.media_type.as_deref();
    match (media.kind, &media.source) {
        (_, MediaSource::Text(text)) => {
            part.text("type", "text");
            part.text("text", text);
        }
        (_, MediaSource::Blocks(blocks)) => {
            let texts: Vec<&str> = blocks.iter().filter_map(Block::as_text).collect();
            part.text("type", "text");
            part.text("text", &texts.join("\n"));
        }
        (MediaKind::Audio, MediaSource::Base64(data)) => {
            part.text("type", "input_audio");
            part.object("input_audio", |sound| {
                sound.text("data", data);
                sound.text("format", format_of(media_type));
            });
        }
        (MediaKind::Image, MediaSource::Base64(_) | MediaSource::Url(_)) => {
            part.text("type", "image_url");
            part.object("image_url", |address| {
                address.text("url", &address_of(media, "image/png"));
                address.text_if("detail", media.detail.as_deref());
            });
        }
        (MediaKind::Video, MediaSource::Base64(_) | MediaSource::Url(_)) => {
            part.text("type", "video_url");
            part.object("video_url", |address| address.text("url", &address_of(media, "video/mp4")));
        }
        (_, MediaSource::FileId(id)) => {
            part.text("type", "file");
            part.object("file", |file| {
                file.text("file_id", id);
                file.text_if("filename", media.name.as_deref());
                file.text_if("format", media_type);
            });
        }
        (_, MediaSource::Base64(_) | MediaSource::Url(_)) => {
            part.text("type", "file");
            part.object("file", |file| {
                match &media.source {
                    // LiteLLM's clients and proxies know addresses as ids.
                    MediaSource::Url(url) => file.text("file_id", url),
                    _ => file.text("file_data", &address_of(media, "application/pdf")),
                }
                file.text("filename", media.name.as_deref().unwrap_or("document.pdf"));
            });
        }
    }
}

fn address_of(media: &Media, usual: &str) -> String {
    match &media.source {
        MediaSource::Base64(data) => data_url(media.media_type.as_deref(), usual, data),
        MediaSource::Url(url) => url.clone(),
        MediaSource::FileId(_) | MediaSource::Text(_) | MediaSource::Blocks(_) => String::new(),
    }
}

/// OpenAI's word for a format of sound.
fn format_of(media_type: Option<&str>) -> &str {
    match media_type.and_then(|name| name.split_once('/')).map(|(_, format)| format) {
        Some("mpeg" | "mp3") => "mp3",
        Some(format) => format.trim_start_matches("x-"),
        None => "wav",
    }
}

/// Citations as `annotations`.
pub(in super::super) fn write_annotations(citations: &[Citation], out: &mut Object<'_>) {
    let of_pages: Vec<&Citation> = citations.iter().filter(|citation| citation.url.is_some()).collect();
    if of_pages.is_empty() {
        return;
    }
    out.array("annotations", |list| {
        for citation in of_pages {
            list.object(|annotation| {
                annotation.text("type", "url_citation");
                annotation.object("url_citation", |cited| {
                    cited.text_if("url", citation.url.as_deref());
                    cited.text("title", citation.title.as_deref().unwrap_or_default());
                    cited.number("start_index", citation.start.unwrap_or(0));
                    cited.number("end_index", citation.end.unwrap_or(0));
                });
            });
        }
    });
}
