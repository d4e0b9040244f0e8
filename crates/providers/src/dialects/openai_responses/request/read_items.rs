//! The items of an input, read: what one speaker says in several items is one message.

use std::fmt::Arguments;

use serde_json::value::RawValue;
use weighhouse_types::chat::{
    Block, BlockKind, Foreign, Json, Media, MediaKind, MediaSource, Message, Reasoning, Role, ServerTool,
    ServerToolPhase, Signature, TextBlock, ToolCall, ToolKind, ToolResult,
};
use weighhouse_types::{Dialect, Error};

use super::super::answer::read_citation;
use super::super::wire_request::{Item, Part};
use super::read::wrong;
use crate::thought::id_and_signature;
use crate::wire::{Text, TextOr, read_piece};

const OWN: Dialect = Dialect::OpenAiResponses;

/// Items of tools that the provider runs.
#[rustfmt::skip]
const SERVER_TOOLS: &[&str] = &[
    "code_interpreter_call", "computer_call", "computer_call_output", "file_search_call", "image_generation_call",
    "local_shell_call", "local_shell_call_output", "mcp_approval_request", "mcp_approval_response", "mcp_call",
    "mcp_list_tools", "tool_search_call", "tool_search_output", "web_search_call",
];

/// Reads the input into messages.
pub(super) fn read(input: TextOr<'_, Vec<&RawValue>>, messages: &mut Vec<Message>) -> Result<(), Error> {
    let items = match input {
        TextOr::Text(text) => {
            messages.push(Message::new(Role::User, vec![Block::text(text.into_owned())]));
            return Ok(());
        }
        TextOr::Other(items) => items,
    };
    for (index, raw) in items.into_iter().enumerate() {
        read_item(raw, format_args!("input[{index}]"), messages)?;
    }
    Ok(())
}

/// The error of a reader that saw only a piece, with the place of the piece.
fn under(at: Arguments<'_>, error: &Error) -> Error {
    let inside = error.at.as_deref().filter(|place| *place != "body");
    let whole = inside.map_or_else(|| at.to_string(), |inside| format!("{at}.{inside}"));
    let what = error.message.split_once("`: ").map_or(error.message.as_str(), |(_, what)| what);
    wrong(&whole, what)
}

/// An item is read as one of those that the canonical form knows, and only what is none is looked at again.
fn read_item(raw: &RawValue, at: Arguments<'_>, messages: &mut Vec<Message>) -> Result<(), Error> {
    let item = match read_piece::<Item<'_>>(raw) {
        Ok(item) => item,
        Err(error) => {
            return read_other(kind_of(raw).as_deref(), raw, messages).ok_or_else(|| under(at, &error));
        }
    };
    match item.kind.as_ref().map(Text::as_str) {
        Some("function_call") => {
            let call = call(&item, ToolKind::Function, at)?;
            say(Role::Assistant, BlockKind::ToolCall(call).into(), messages);
        }
        Some("custom_tool_call") => {
            let call = call(&item, ToolKind::Custom, at)?;
            say(Role::Assistant, BlockKind::ToolCall(call).into(), messages);
        }
        Some("function_call_output") => {
            let result = result(item, ToolKind::Function, at)?;
            answer(BlockKind::ToolResult(result).into(), messages);
        }
        Some("custom_tool_call_output") => {
            let result = result(item, ToolKind::Custom, at)?;
            answer(BlockKind::ToolResult(result).into(), messages);
        }
        Some("reasoning") => say(Role::Assistant, BlockKind::Reasoning(reasoning(item)).into(), messages),
        kind => {
            if read_other(kind, raw, messages).is_none() {
                message(item, at, messages)?;
            }
        }
    }
    Ok(())
}

/// Keeps what only this dialect says as it came: calls of the provider's tools, references, compactions, and what
/// has no name yet. None for what the canonical form knows.
fn read_other(kind: Option<&str>, raw: &RawValue, messages: &mut Vec<Message>) -> Option<()> {
    let kept = match kind {
        None | Some("message" | "reasoning") => return None,
        Some("function_call" | "custom_tool_call" | "function_call_output" | "custom_tool_call_output") => {
            return None;
        }
        Some(name) if SERVER_TOOLS.contains(&name) => BlockKind::ServerTool(ServerTool {
            origin: OWN,
            phase: ServerToolPhase::Whole,
            payload: raw.into(),
        }),
        Some(_) => BlockKind::Foreign(Foreign { origin: OWN, payload: raw.into() }),
    };
    say(Role::Assistant, kept.into(), messages);
    Some(())
}

fn kind_of(raw: &RawValue) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Typed {
        r#type: Option<String>,
    }
    serde_json::from_str::<Typed>(raw.get()).ok()?.r#type
}

/// Adds a block to the model's turn.
fn say(role: Role, block: Block, messages: &mut Vec<Message>) {
    match messages.last_mut().filter(|last| last.role == role) {
        Some(last) => last.blocks.push(block),
        None => messages.push(Message::new(role, vec![block])),
    }
}

/// Results that stand behind each other are one turn; words of the user are another.
fn answer(block: Block, messages: &mut Vec<Message>) {
    let is_results = |message: &Message| {
        message.role == Role::User
            && !message.blocks.is_empty()
            && message.blocks.iter().all(|block| matches!(block.kind, BlockKind::ToolResult(_)))
    };
    match messages.last_mut().filter(|last| is_results(last)) {
        Some(last) => last.blocks.push(block),
        None => messages.push(Message::new(Role::User, vec![block])),
    }
}

fn message(item: Item<'_>, at: Arguments<'_>, messages: &mut Vec<Message>) -> Result<(), Error> {
    let role = match item.role.as_ref().map(Text::as_str) {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System,
        Some("developer") => Role::Developer,
        Some(_) => {
            return Err(wrong(
                format_args!("{at}.role"),
                "it must be one of user, assistant, system, developer",
            ));
        }
        None => {
            return Err(wrong(
                format_args!("{at}.role"),
                "an item without a type is a message and needs its role",
            ));
        }
    };
    let content =
        item.content.ok_or_else(|| wrong(format_args!("{at}.content"), "a message needs its content"))?;
    let blocks = blocks(content, format_args!("{at}.content"))?;
    if role == Role::Assistant {
        blocks.into_iter().for_each(|block| say(role, block, messages));
        return Ok(());
    }
    messages.push(Message::new(role, blocks));
    Ok(())
}

fn blocks(content: TextOr<'_, Vec<&RawValue>>, at: Arguments<'_>) -> Result<Vec<Block>, Error> {
    match content {
        TextOr::Text(text) => Ok(vec![Block::text(text.into_owned())]),
        TextOr::Other(parts) => parts
            .into_iter()
            .enumerate()
            .map(|(index, raw)| part(raw, format_args!("{at}[{index}]")))
            .collect(),
    }
}

fn part(raw: &RawValue, at: Arguments<'_>) -> Result<Block, Error> {
    let part: Part<'_> = read_piece(raw).map_err(|error| under(at, &error))?;
    let Some(kind) = &part.kind else {
        return Err(wrong(format_args!("{at}.type"), "a content part needs its type, such as `input_text`"));
    };
    let missing =
        |name: &str| wrong(format_args!("{at}.{name}"), "the part says this type, so it must hold this");
    Ok(match kind.as_str() {
        "input_text" | "output_text" | "text" | "summary_text" => {
            let text = part.text.ok_or_else(|| missing("text"))?.into_owned();
            let citations = part.annotations.unwrap_or_default().into_iter().map(read_citation).collect();
            BlockKind::Text(TextBlock { text, citations, signature: None }).into()
        }
        "refusal" => BlockKind::Refusal(part.refusal.ok_or_else(|| missing("refusal"))?.into_owned()).into(),
        "input_image" => BlockKind::Media(image(part, &missing)?).into(),
        "input_file" => BlockKind::Media(file(part, &missing)?).into(),
        "input_audio" => {
            let sound = part.audio.ok_or_else(|| missing("input_audio"))?;
            let format = sound.format.map_or_else(|| "wav".to_owned(), Text::into_owned);
            let media_type =
                if format == "mp3" { "audio/mpeg".to_owned() } else { format!("audio/{format}") };
            let source = MediaSource::Base64(sound.data.map(Text::into_owned).unwrap_or_default());
            BlockKind::Media(Media { media_type: Some(media_type), ..medium(MediaKind::Audio, source) })
                .into()
        }
        _ => BlockKind::Foreign(Foreign { origin: OWN, payload: Json::from(raw) }).into(),
    })
}

const fn medium(kind: MediaKind, source: MediaSource) -> Media {
    Media { kind, source, media_type: None, name: None, detail: None, context: None, cites: false }
}

fn image(part: Part<'_>, missing: &dyn Fn(&str) -> Error) -> Result<Media, Error> {
    let detail = part.detail.map(Text::into_owned);
    if let Some(id) = part.file_id {
        return Ok(Media { detail, ..medium(MediaKind::Image, MediaSource::FileId(id.into_owned())) });
    }
    let url = part.image_url.ok_or_else(|| missing("image_url"))?.into_owned();
    let (source, media_type) = source_of(url);
    Ok(Media { detail, media_type, ..medium(MediaKind::Image, source) })
}

fn file(part: Part<'_>, missing: &dyn Fn(&str) -> Error) -> Result<Media, Error> {
    let name = part.filename.map(Text::into_owned);
    if let Some(id) = part.file_id {
        return Ok(Media { name, ..medium(MediaKind::Document, MediaSource::FileId(id.into_owned())) });
    }
    if let Some(url) = part.file_url {
        return Ok(Media { name, ..medium(MediaKind::Document, MediaSource::Url(url.into_owned())) });
    }
    let data = part.file_data.ok_or_else(|| missing("file_data"))?.into_owned();
    let (source, media_type) = match source_of(data) {
        // Without a data address in front it is plain base64.
        (MediaSource::Url(data), _) => (MediaSource::Base64(data), None),
        other => other,
    };
    let media_type = media_type.or_else(|| Some("application/pdf".to_owned()));
    Ok(Media { name, media_type, ..medium(MediaKind::Document, source) })
}

/// A `data:` address as its bytes and type, anything else as an address.
fn source_of(url: String) -> (MediaSource, Option<String>) {
    let inside = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    match inside {
        Some((media_type, data)) => {
            let bare = media_type.split(';').next().unwrap_or_default();
            (MediaSource::Base64(data.to_owned()), Some(bare.to_owned()).filter(|bare| !bare.is_empty()))
        }
        None => (MediaSource::Url(url), None),
    }
}

fn call(item: &Item<'_>, kind: ToolKind, at: Arguments<'_>) -> Result<ToolCall, Error> {
    let text = |value: &Option<Text<'_>>, name: &str| {
        value
            .as_ref()
            .map(|text| text.as_str().to_owned())
            .ok_or_else(|| wrong(format_args!("{at}.{name}"), "a call needs this"))
    };
    let (id, signature) = id_and_signature(&text(&item.call_id, "call_id")?, OWN);
    Ok(ToolCall {
        id,
        name: text(&item.name, "name")?,
        namespace: item.namespace.as_ref().map(|name| name.as_str().to_owned()),
        kind,
        arguments: match kind {
            ToolKind::Function => text(&item.arguments, "arguments")?,
            ToolKind::Custom => text(&item.input, "input")?,
        },
        signature,
    })
}

fn result(item: Item<'_>, kind: ToolKind, at: Arguments<'_>) -> Result<ToolResult, Error> {
    let shown = item.call_id.ok_or_else(|| {
        wrong(format_args!("{at}.call_id"), "an output needs the id of the call that it answers")
    })?;
    let (call_id, _) = id_and_signature(shown.as_str(), OWN);
    let output = item.output.ok_or_else(|| wrong(format_args!("{at}.output"), "an output needs this"))?;
    let content = blocks(output, format_args!("{at}.output"))?;
    Ok(ToolResult { call_id, name: None, kind, content, is_error: false })
}

fn reasoning(item: Item<'_>) -> Reasoning {
    let texts =
        item.summary.unwrap_or_default().into_iter().filter_map(|part| part.text).map(Text::into_owned);
    let mut parts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
    if parts.is_empty()
        && let Some(TextOr::Other(content)) = item.content
    {
        parts = content.into_iter().filter_map(shown_in).collect();
    }
    let proof = item.encrypted.filter(|proof| !proof.as_str().is_empty());
    Reasoning {
        id: item.id.map(Text::into_owned),
        parts,
        signature: proof.map(|proof| Signature::from_client(proof.as_str(), OWN)),
        redacted: false,
    }
}

/// Reasoning that is shown whole (open models).
fn shown_in(raw: &RawValue) -> Option<String> {
    serde_json::from_str::<Part<'_>>(raw.get()).ok()?.text.map(Text::into_owned)
}
