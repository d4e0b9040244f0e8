//! Whole answers of this dialect, read into the canonical form and written from it.

use bytes::Bytes;
use serde_json::value::RawValue;
use weighhouse_types::chat::{
    Block, BlockKind, ChatAnswer, Choice, Extra, Foreign, Json, StopReason, ToolCall, ToolKind,
};
use weighhouse_types::{Error, Usage};

use super::block::{BlockWriter, Marks, OURS, Side, read_block};
use super::error::read_error_object;
use super::usage::{read_usage, write_usage};
use super::wire::AnswerObject;
use crate::registry::UsageRules;
use crate::translation::{CUSTOM_INPUT, ReplyNotes, Shown};
use crate::wire::{self, Members, Object, Text, object, unknown_to_extra, wire_object};

wire_object! {
    /// The tier in a usage object.
    struct TierObject<'a> { "service_tier" => service_tier: Text<'a>, }
}

/// Reads a provider's whole answer.
///
/// # Errors
/// `UpstreamGarbled`: not what the dialect allows. `UpstreamStatus`: an error behind a status of success.
pub fn read_answer(body: &[u8], notes: &ReplyNotes, rules: UsageRules) -> Result<ChatAnswer, Error> {
    let object: AnswerObject<'_> = wire::read_reply(body)?;
    if object.kind.as_ref().is_some_and(|kind| kind.as_str() == "error") {
        return Err(read_error_object(&Bytes::copy_from_slice(body)));
    }
    let blocks: Vec<Block> =
        object.content.unwrap_or_default().into_iter().map(|raw| read_content(raw, notes)).collect();
    let owned = |text: Option<Text<'_>>| text.map(Text::into_owned);
    let has_calls = blocks.iter().any(|block| matches!(block.kind, BlockKind::ToolCall(_)));
    let stop = stop_of(owned(object.stop_reason).as_deref(), has_calls, notes);
    Ok(ChatAnswer {
        id: owned(object.id).unwrap_or_default(),
        model: owned(object.model).unwrap_or_default(),
        created: None,
        choices: vec![Choice { blocks, stop, stop_sequence: owned(object.stop_sequence), logprobs: None }],
        usage: object.usage.and_then(|raw| read_usage(raw.get().as_bytes(), rules)),
        service_tier: object.usage.and_then(tier_of),
        extra: said_only(&object.unknown),
    })
}

/// Members that say something: providers fill what does not apply with null.
fn said_only(unknown: &Members<'_>) -> Extra {
    let said = unknown.iter().filter(|(_, value)| value.get() != "null").cloned().collect();
    unknown_to_extra(&said, OURS)
}

/// A block of an answer; one that lacks what its kind wants is kept as it came.
fn read_content(raw: &RawValue, notes: &ReplyNotes) -> Block {
    let Ok(block) = read_block(raw) else {
        return BlockKind::Foreign(Foreign { origin: OURS, payload: raw.into() }).into();
    };
    match block.kind {
        BlockKind::ToolCall(call) => Block { kind: restored(call, notes), ..block },
        kind => Block { kind, ..block },
    }
}

/// A call as the client knows its tool, or the JSON text that it stands for.
fn restored(call: ToolCall, notes: &ReplyNotes) -> BlockKind {
    if notes.json_tool.as_ref() == Some(&call.name) {
        return Block::text(call.arguments).kind;
    }
    let Some(tool) = notes.tool(&call.name) else { return BlockKind::ToolCall(call) };
    let arguments = match tool.kind {
        ToolKind::Function => call.arguments,
        ToolKind::Custom => custom_text(call.arguments),
    };
    BlockKind::ToolCall(ToolCall {
        name: tool.name.clone(),
        namespace: tool.namespace.clone(),
        kind: tool.kind,
        arguments,
        ..call
    })
}

/// The text of a custom tool's call, taken out of the one argument that it went in.
pub(super) fn custom_text(arguments: String) -> String {
    let members: Option<std::collections::BTreeMap<String, Json>> = serde_json::from_str(&arguments).ok();
    let input = members.as_ref().and_then(|members| members.get(CUSTOM_INPUT)?.read::<String>());
    input.unwrap_or(arguments)
}

/// The tier that served an answer; the provider says it in the usage.
pub(super) fn tier_of(usage: &RawValue) -> Option<String> {
    serde_json::from_str::<TierObject<'_>>(usage.get()).ok()?.service_tier.map(Text::into_owned)
}

/// Why an answer ended. Where the JSON came by its tool alone, no tool is to be run.
pub(super) fn stop_of(word: Option<&str>, has_calls: bool, notes: &ReplyNotes) -> StopReason {
    match word {
        None | Some("end_turn") => StopReason::End,
        Some("max_tokens") => StopReason::Length,
        Some("stop_sequence") => StopReason::StopSequence,
        Some("tool_use") if notes.json_tool.is_some() && !has_calls => StopReason::End,
        Some("tool_use") => StopReason::ToolCalls,
        Some("pause_turn") => StopReason::Pause,
        Some("refusal") => StopReason::Refusal,
        Some("model_context_window_exceeded") => StopReason::ContextFull,
        Some(other) => StopReason::Other(other.to_owned()),
    }
}

/// The word for why an answer ended.
pub(super) fn stop_word(reason: &StopReason) -> &str {
    match reason {
        StopReason::End => "end_turn",
        StopReason::Length => "max_tokens",
        StopReason::StopSequence => "stop_sequence",
        StopReason::ToolCalls => "tool_use",
        StopReason::ContentFilter | StopReason::Refusal => "refusal",
        StopReason::Pause => "pause_turn",
        StopReason::ContextFull => "model_context_window_exceeded",
        StopReason::Other(word) => word,
    }
}

/// Writes a whole answer for a client: the first choice, for this dialect knows no others.
#[must_use]
pub fn write_answer(answer: &ChatAnswer, shown: &Shown) -> Vec<u8> {
    let mut writer = BlockWriter::new(Side::Client, Marks::default());
    let choice = answer.choices.first();
    object(|body| {
        write_head(&answer.id, shown, body);
        body.array("content", |list| {
            let blocks = choice.map(|choice| choice.blocks.as_slice()).unwrap_or_default();
            blocks.iter().for_each(|block| writer.write(block, list));
        });
        body.text("stop_reason", choice.map_or("end_turn", |choice| stop_word(&choice.stop)));
        write_sequence(choice.and_then(|choice| choice.stop_sequence.as_deref()), body);
        body.object("usage", |usage| {
            write_message_usage(answer.usage.as_ref(), answer.service_tier.as_deref(), usage);
        });
        answer.extra.for_dialect(OURS).for_each(|(name, value)| body.json(name, value));
    })
}

/// What every message begins with.
pub(super) fn write_head(id: &str, shown: &Shown, body: &mut Object<'_>) {
    let minted = || format!("msg_{}", shown.seed.replace('-', ""));
    body.text("id", &if id.starts_with("msg_") { id.to_owned() } else { minted() });
    body.text("type", "message");
    body.text("role", "assistant");
    body.text("model", &shown.model);
}

/// The stop text that was met; clients want the member even where there is none.
pub(super) fn write_sequence(sequence: Option<&str>, body: &mut Object<'_>) {
    match sequence {
        Some(sequence) => body.text("stop_sequence", sequence),
        None => body.null("stop_sequence"),
    }
}

/// The usage of a message; zeros where nothing is known, for the SDKs want the counts.
pub(super) fn write_message_usage(usage: Option<&Usage>, tier: Option<&str>, object: &mut Object<'_>) {
    match usage {
        Some(usage) => write_usage(usage, object),
        None => write_usage(&Usage::default(), object),
    }
    let tier = tier.map(|tier| if tier == "default" { "standard" } else { tier });
    object.text_if("service_tier", tier.filter(|tier| matches!(*tier, "standard" | "priority" | "batch")));
}
