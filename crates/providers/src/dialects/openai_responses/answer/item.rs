//! One item of a provider's output, read.

use serde_json::value::RawValue;
use weighhouse_types::chat::{
    Block, BlockKind, Foreign, Json, Media, MediaKind, MediaSource, Reasoning, ServerTool, ServerToolPhase,
    Signature, TextBlock, ToolCall, ToolKind,
};
use weighhouse_types::{Dialect, Error};

use super::super::wire_answer::{Item, Part, Picture, Typed};
use super::citation::read_citation;
use crate::translation::{CUSTOM_INPUT, ReplyNotes};
use crate::wire::{Text, object, read_reply_piece};

/// What this dialect calls its answers' parts.
const OWN: Dialect = Dialect::OpenAiResponses;

/// Kinds of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum ItemKind {
    Message,
    /// A call of a function or of a custom tool.
    Call(ToolKind),
    Reasoning,
    /// A tool that the provider ran, its picture, or what has no name here: these come whole.
    Whole,
}

impl ItemKind {
    /// The kind of an item's type.
    pub(in super::super) fn of(name: &str) -> Self {
        match name {
            "message" => Self::Message,
            "function_call" => Self::Call(ToolKind::Function),
            "custom_tool_call" => Self::Call(ToolKind::Custom),
            "reasoning" => Self::Reasoning,
            _ => Self::Whole,
        }
    }
}

/// Items that tell what the provider's own tools did.
fn is_server_tool(name: &str) -> bool {
    matches!(
        name,
        "web_search_call"
            | "file_search_call"
            | "code_interpreter_call"
            | "image_generation_call"
            | "mcp_call"
            | "mcp_list_tools"
            | "tool_search_call"
            | "tool_search_output"
    )
}

/// The blocks that an item is: a message has one for each part. `place` is its number in the output.
///
/// # Errors
/// `UpstreamGarbled`: not what the dialect allows.
pub(in super::super) fn blocks_of(
    raw: &RawValue,
    place: usize,
    notes: &ReplyNotes,
    logprobs: &mut Vec<Json>,
) -> Result<Vec<Block>, Error> {
    let typed: Typed<'_> = read_reply_piece(raw)?;
    let name = typed.kind.as_ref().map_or("", Text::as_str);
    let kind = ItemKind::of(name);
    if kind == ItemKind::Whole {
        return Ok(vec![whole(raw, name).into()]);
    }
    let item: Item<'_> = read_reply_piece(raw)?;
    Ok(match kind {
        ItemKind::Message => message(item, logprobs)?,
        ItemKind::Call(kind) => vec![BlockKind::ToolCall(tool_call(item, kind, place, notes)).into()],
        ItemKind::Reasoning => {
            let reasoning = reasoning(item);
            // Nothing is shown, and there is no proof to go on with.
            let says_nothing = reasoning.parts.is_empty() && reasoning.signature.is_none();
            if says_nothing { Vec::new() } else { vec![BlockKind::Reasoning(reasoning).into()] }
        }
        ItemKind::Whole => Vec::new(),
    })
}

fn whole(raw: &RawValue, name: &str) -> BlockKind {
    if name == "image_generation_call" {
        let picture: Picture<'_> = serde_json::from_str(raw.get()).unwrap_or_default();
        if let Some(bytes) = picture.result {
            let format = picture.format.as_ref().map_or("png", Text::as_str);
            let format = if format == "svg" { "svg+xml" } else { format };
            return BlockKind::Media(Media {
                kind: MediaKind::Image,
                source: MediaSource::Base64(bytes.into_owned()),
                media_type: Some(format!("image/{format}")),
                name: None,
                detail: None,
                context: None,
                cites: false,
            });
        }
    }
    if is_server_tool(name) {
        let (origin, phase) = (OWN, ServerToolPhase::Whole);
        return BlockKind::ServerTool(ServerTool { origin, phase, payload: raw.into() });
    }
    foreign(raw.into())
}

const fn foreign(payload: Json) -> BlockKind {
    BlockKind::Foreign(Foreign { origin: OWN, payload })
}

fn message(item: Item<'_>, logprobs: &mut Vec<Json>) -> Result<Vec<Block>, Error> {
    let mut blocks: Vec<Block> = Vec::new();
    for raw in item.content.iter().flatten() {
        let part: Part<'_> = read_reply_piece(raw)?;
        logprobs.extend(part.logprobs.iter().flatten().map(|token| Json::from(*token)));
        let kind = match part.kind.as_ref().map_or("", Text::as_str) {
            "output_text" | "text" => BlockKind::Text(TextBlock {
                text: part.text.map(Text::into_owned).unwrap_or_default(),
                citations: part.annotations.iter().flatten().map(|raw| read_citation(raw)).collect(),
                signature: None,
            }),
            "refusal" => BlockKind::Refusal(part.refusal.map(Text::into_owned).unwrap_or_default()),
            _ => foreign(message_of(&item, raw)),
        };
        blocks.push(kind.into());
    }
    Ok(blocks)
}

/// A message with the one part that has no name here: alone a part would be no item.
pub(in super::super) fn message_of(item: &Item<'_>, part: &RawValue) -> Json {
    let bytes = object(|message| {
        message.text_if("id", item.id.as_ref().map(Text::as_str));
        message.text("type", "message");
        message.text("status", item.status.as_ref().map_or("completed", Text::as_str));
        message.text("role", "assistant");
        message.array("content", |content| content.raw(part.get().as_bytes()));
    });
    String::from_utf8(bytes).ok().and_then(|text| Json::parse(&text)).unwrap_or_else(Json::empty_object)
}

/// Reasoning: the summary, or where there is none the text itself, as open models show it.
pub(in super::super) fn reasoning(item: Item<'_>) -> Reasoning {
    let texts = |parts: Vec<Part<'_>>| -> Vec<String> {
        parts.into_iter().filter_map(|part| part.text.map(Text::into_owned)).collect()
    };
    let mut parts = texts(item.summary.unwrap_or_default());
    if parts.is_empty() {
        let content = item.content.unwrap_or_default();
        parts = texts(content.iter().filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect());
    }
    let proof = item.encrypted.filter(|text| !text.as_str().is_empty());
    let signature = proof.map(|text| Signature { origin: OWN, value: text.into_owned() });
    let redacted = parts.is_empty() && signature.is_some();
    Reasoning { id: item.id.map(Text::into_owned), parts, signature, redacted }
}

/// A call under the name and in the shape that the client knows.
pub(in super::super) fn tool_call(
    item: Item<'_>,
    kind: ToolKind,
    place: usize,
    notes: &ReplyNotes,
) -> ToolCall {
    let wire = item.name.map(Text::into_owned).unwrap_or_default();
    let id = item.call_id.or(item.id).map(Text::into_owned).filter(|id| !id.is_empty());
    let said = match kind {
        ToolKind::Function => text_of(item.arguments),
        ToolKind::Custom => text_of(item.input),
    };
    let mut call = ToolCall {
        id: id.unwrap_or_else(|| notes.call_id(place)),
        name: wire,
        namespace: item.namespace.map(Text::into_owned),
        kind,
        arguments: said,
        signature: None,
    };
    if let Some(known) = notes.tool(&call.name) {
        if kind == ToolKind::Function && known.kind == ToolKind::Custom {
            call.arguments = free_text(&call.arguments);
        }
        call.name.clone_from(&known.name);
        call.namespace.clone_from(&known.namespace);
        call.kind = known.kind;
    }
    call
}

/// The one argument of a function that stands for a custom tool.
pub(in super::super) fn free_text(arguments: &str) -> String {
    let members: Option<std::collections::BTreeMap<String, serde_json::Value>> =
        serde_json::from_str(arguments).ok();
    let input = members.and_then(|mut members| members.remove(CUSTOM_INPUT));
    match input {
        Some(serde_json::Value::String(text)) => text,
        Some(_) | None => arguments.to_owned(),
    }
}

/// A text; some providers write arguments as the object that they are.
pub(in super::super) fn text_of(raw: Option<&RawValue>) -> String {
    let Some(raw) = raw else { return String::new() };
    serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

/// Log probabilities in OpenAI chat's shape, which has the same tokens; none where there are none.
pub(in super::super) fn logprobs_of(tokens: &[Json]) -> Option<Json> {
    if tokens.is_empty() {
        return None;
    }
    let bytes = object(|chat| chat.array("content", |list| tokens.iter().for_each(|token| list.json(token))));
    Json::parse(&String::from_utf8(bytes).ok()?)
}
