//! The items of an input, written.

use weighhouse_types::Dialect;
use weighhouse_types::chat::{
    Block, BlockKind, ChatRequest, Media, MediaKind, MediaSource, Message, Reasoning, Role, ToolCall,
    ToolKind, ToolResult,
};

use crate::tool_names::{Names, short_id};
use crate::wire::{Array, Object};

const OWN: Dialect = Dialect::OpenAiResponses;
/// Longest id of a call that is taken.
const MAX_CALL_ID: usize = 64;

/// Writes the instructions at the beginning as `instructions` and gives the messages behind them.
pub(super) fn write_instructions<'call>(
    request: &'call ChatRequest,
    is_own: bool,
    body: &mut Object<'_>,
) -> &'call [Message] {
    let is_plain = |message: &Message| {
        message.role == Role::System && message.blocks.iter().all(|block| block.as_text().is_some())
    };
    // This dialect's own instructions are the first message alone; more are items of its input.
    let most = if is_own { 1 } else { usize::MAX };
    let count = request.messages.iter().take(most).take_while(|message| is_plain(message)).count();
    let (leading, rest) = request.messages.split_at_checked(count).unwrap_or((&[], &request.messages));
    let texts: Vec<&str> = leading
        .iter()
        .flat_map(|message| &message.blocks)
        .filter_map(Block::as_text)
        .filter(|text| !text.is_empty())
        .collect();
    if !texts.is_empty() {
        body.text("instructions", &texts.join("\n\n"));
    }
    rest
}

/// Writes the messages as items.
pub(super) fn write(messages: &[Message], names: &Names, is_own: bool, list: &mut Array<'_>) {
    for message in messages {
        match message.role {
            Role::System => write_message(&message.blocks, "system", list),
            Role::Developer => write_message(&message.blocks, "developer", list),
            Role::User => write_user(message, list),
            Role::Assistant => write_assistant(message, names, is_own, list),
        }
    }
}

fn is_content(block: &Block) -> bool {
    match &block.kind {
        BlockKind::Text(text) => !text.text.is_empty(),
        BlockKind::Media(_) => true,
        BlockKind::Foreign(foreign) => foreign.origin == OWN,
        BlockKind::Refusal(_)
        | BlockKind::Reasoning(_)
        | BlockKind::ToolCall(_)
        | BlockKind::ToolResult(_)
        | BlockKind::ServerTool(_) => false,
    }
}

fn write_message<'block>(blocks: impl IntoIterator<Item = &'block Block>, role: &str, list: &mut Array<'_>) {
    let blocks: Vec<&Block> = blocks.into_iter().filter(|block| is_content(block)).collect();
    if blocks.is_empty() {
        return;
    }
    list.object(|item| {
        item.text("type", "message");
        item.text("role", role);
        item.array("content", |parts| blocks.iter().for_each(|block| write_input(block, parts)));
    });
}

fn write_user(message: &Message, list: &mut Array<'_>) {
    let mut said: Vec<&Block> = Vec::new();
    for block in &message.blocks {
        match &block.kind {
            BlockKind::ToolResult(result) => write_result(result, list),
            _ => said.push(block),
        }
    }
    write_message(said, "user", list);
}

fn write_result(result: &ToolResult, list: &mut Array<'_>) {
    list.object(|item| {
        let kind = match result.kind {
            ToolKind::Function => "function_call_output",
            ToolKind::Custom => "custom_tool_call_output",
        };
        item.text("type", kind);
        item.text("call_id", &short_id(&result.call_id, MAX_CALL_ID));
        let texts: Vec<&str> = result.content.iter().filter_map(Block::as_text).collect();
        if texts.len() == result.content.len() && texts.len() <= 1 {
            item.text("output", texts.first().copied().unwrap_or_default());
            return;
        }
        item.array("output", |parts| {
            result
                .content
                .iter()
                .filter(|block| is_content(block))
                .for_each(|block| write_input(block, parts));
        });
    });
}

fn write_assistant(message: &Message, names: &Names, is_own: bool, list: &mut Array<'_>) {
    let mut words: Vec<&Block> = Vec::new();
    for block in &message.blocks {
        match &block.kind {
            BlockKind::Text(_) | BlockKind::Refusal(_) => words.push(block),
            BlockKind::Reasoning(reasoning) => {
                write_words(&mut words, list);
                write_reasoning(reasoning, is_own, list);
            }
            BlockKind::ToolCall(call) => {
                write_words(&mut words, list);
                write_call(call, names, list);
            }
            BlockKind::ServerTool(tool) if tool.origin == OWN => {
                write_words(&mut words, list);
                list.json(&tool.payload);
            }
            BlockKind::Foreign(foreign) if foreign.origin == OWN => {
                write_words(&mut words, list);
                list.json(&foreign.payload);
            }
            BlockKind::Media(_)
            | BlockKind::ToolResult(_)
            | BlockKind::ServerTool(_)
            | BlockKind::Foreign(_) => {}
        }
    }
    write_words(&mut words, list);
}

fn write_words(words: &mut Vec<&Block>, list: &mut Array<'_>) {
    let words: Vec<&Block> =
        std::mem::take(words).into_iter().filter(|block| block.as_text() != Some("")).collect();
    if words.is_empty() {
        return;
    }
    list.object(|item| {
        item.text("type", "message");
        item.text("role", "assistant");
        item.array("content", |parts| {
            for block in words {
                parts.object(|part| match &block.kind {
                    BlockKind::Refusal(text) => {
                        part.text("type", "refusal");
                        part.text("refusal", text);
                    }
                    _ => {
                        part.text("type", "output_text");
                        part.text("text", block.as_text().unwrap_or_default());
                        part.array("annotations", |list| write_annotations(block, list));
                    }
                });
            }
        });
    });
}

/// Sources that this dialect wrote itself go back; a history needs no others.
fn write_annotations(block: &Block, list: &mut Array<'_>) {
    let BlockKind::Text(text) = &block.kind else { return };
    for citation in &text.citations {
        if let Some((_, native)) = citation.native.as_ref().filter(|(origin, _)| *origin == OWN) {
            list.json(native);
        }
    }
}

/// Reasoning goes back only with this provider's proof, or under an id by which it is stored: bare, the item is
/// refused.
fn write_reasoning(reasoning: &Reasoning, is_own: bool, list: &mut Array<'_>) {
    let proof = reasoning.signature.as_ref().and_then(|signature| signature.for_provider(OWN));
    let is_stored = is_own && reasoning.id.is_some();
    if proof.is_none() && !is_stored {
        return;
    }
    list.object(|item| {
        item.text("type", "reasoning");
        item.text_if("id", reasoning.id.as_deref().filter(|id| id.starts_with("rs_")));
        item.array("summary", |parts| {
            for text in &reasoning.parts {
                parts.object(|part| {
                    part.text("type", "summary_text");
                    part.text("text", text);
                });
            }
        });
        item.text_if("encrypted_content", proof);
    });
}

fn write_call(call: &ToolCall, names: &Names, list: &mut Array<'_>) {
    list.object(|item| {
        let (kind, member) = match call.kind {
            ToolKind::Function => ("function_call", "arguments"),
            ToolKind::Custom => ("custom_tool_call", "input"),
        };
        item.text("type", kind);
        item.text("call_id", &short_id(&call.id, MAX_CALL_ID));
        match &call.namespace {
            Some(namespace) => {
                item.text("name", &call.name);
                item.text("namespace", namespace);
            }
            None => item.text("name", &names.wire(&call.name, None)),
        }
        let is_bare = call.kind == ToolKind::Function && call.arguments.is_empty();
        item.text(member, if is_bare { "{}" } else { &call.arguments });
    });
}

fn write_input(block: &Block, parts: &mut Array<'_>) {
    match &block.kind {
        BlockKind::Text(text) => parts.object(|part| {
            part.text("type", "input_text");
            part.text("text", &text.text);
        }),
        BlockKind::Media(media) => parts.object(|part| write_media(media, part)),
        BlockKind::Foreign(foreign) => parts.json(&foreign.payload),
        BlockKind::Refusal(_)
        | BlockKind::Reasoning(_)
        | BlockKind::ToolCall(_)
        | BlockKind::ToolResult(_)
        | BlockKind::ServerTool(_) => {}
    }
}

fn write_media(media: &Media, part: &mut Object<'_>) {
    match (media.kind, &media.source) {
        (_, MediaSource::Text(text)) => {
            part.text("type", "input_text");
            part.text("text", text);
        }
        (_, MediaSource::Blocks(blocks)) => {
            let texts: Vec<&str> = blocks.iter().filter_map(Block::as_text).collect();
            part.text("type", "input_text");
            part.text("text", &texts.join("\n"));
        }
        (MediaKind::Audio, MediaSource::Base64(data)) => {
            part.text("type", "input_audio");
            part.object("input_audio", |sound| {
                sound.text("data", data);
                let format = media
                    .media_type
                    .as_deref()
                    .and_then(|name| name.split_once('/'))
                    .map_or("wav", |(_, name)| name);
                sound.text("format", if format == "mpeg" { "mp3" } else { format });
            });
        }
        (MediaKind::Image, source) => {
            part.text("type", "input_image");
            match source {
                MediaSource::FileId(id) => part.text("file_id", id),
                MediaSource::Base64(data) => part.text("image_url", &data_url(media, "image/png", data)),
                MediaSource::Url(url) => part.text("image_url", url),
                MediaSource::Text(_) | MediaSource::Blocks(_) => {}
            }
            part.text_if("detail", media.detail.as_deref());
        }
        (_, source) => {
            part.text("type", "input_file");
            match source {
                MediaSource::FileId(id) => part.text("file_id", id),
                MediaSource::Url(url) => part.text("file_url", url),
                MediaSource::Base64(data) => {
                    part.text("file_data", &data_url(media, "application/pdf", data));
                    part.text("filename", media.name.as_deref().unwrap_or("document.pdf"));
                }
                MediaSource::Text(_) | MediaSource::Blocks(_) => {}
            }
        }
    }
}

fn data_url(media: &Media, usual: &str, data: &str) -> String {
    format!("data:{};base64,{data}", media.media_type.as_deref().unwrap_or(usual))
}
