//! A provider's whole answer, read.

use weighhouse_types::chat::{
    Block, BlockKind, ChatAnswer, Choice, Json, Media, MediaKind, MediaSource, Reasoning, StopReason,
    TextBlock, ToolCall, ToolKind,
};
use weighhouse_types::{Dialect, Error};

use super::super::error::read_error;
use super::super::request::{annotation_to_citation, media_part, thinking_block};
use super::super::usage::read_usage;
use super::super::wire::{Audio, Message, Reply, ToolCall as WireCall, text_of};
use super::stop::stop_of;
use crate::registry::UsageRules;
use crate::translation::{CUSTOM_INPUT, ReplyNotes};
use crate::wire::{Number, Text, TextOr, read_reply, unknown_to_extra};

/// Reads a provider's whole answer.
///
/// # Errors
/// `UpstreamGarbled`: not what the dialect allows. `UpstreamStatus`: an error object behind a status of success.
pub fn read_answer(body: &[u8], notes: &ReplyNotes, rules: UsageRules) -> Result<ChatAnswer, Error> {
    let reply: Reply<'_> = read_reply(body)?;
    if reply.choices.is_none() && reply.error.is_some() {
        return Err(read_error("", 502, &bytes::Bytes::copy_from_slice(body)));
    }
    let mut calls = 0;
    let mut choices = Vec::new();
    for choice in reply.choices.unwrap_or_default() {
        let message = choice.message.unwrap_or_default();
        let blocks = blocks(message, notes, &mut calls);
        let has_calls = blocks.iter().any(|block| matches!(block.kind, BlockKind::ToolCall(_)));
        let stop = choice.finish.map_or(StopReason::End, |finish| stop_of(finish.as_str()));
        choices.push(Choice {
            // Some servers say `stop` beside tool calls.
            stop: if has_calls && stop == StopReason::End { StopReason::ToolCalls } else { stop },
            blocks,
            stop_sequence: None,
            logprobs: choice.logprobs.map(Json::from),
        });
    }
    Ok(ChatAnswer {
        id: reply.id.map(Text::into_owned).unwrap_or_default(),
        model: reply.model.map(Text::into_owned).unwrap_or_default(),
        created: reply.created.and_then(Number::whole).and_then(|seconds| i64::try_from(seconds).ok()),
        choices,
        usage: reply.usage.and_then(|usage| read_usage(usage.get().as_bytes(), rules)),
        service_tier: reply.service_tier.map(Text::into_owned),
        extra: unknown_to_extra(&reply.unknown, Dialect::OpenAiChat),
    })
}

fn blocks(message: Message<'_>, notes: &ReplyNotes, calls: &mut usize) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let thinking = message.thinking_blocks.unwrap_or_default();
    if thinking.is_empty() {
        let shown = message.reasoning_content.map(Text::into_owned);
        let shown = shown.or_else(|| message.reasoning.and_then(text_of)).filter(|text| !text.is_empty());
        let reasoning = shown.map(|text| Reasoning { parts: vec![text], ..Reasoning::default() });
        blocks.extend(reasoning.map(|reasoning| Block::from(BlockKind::Reasoning(reasoning))));
    }
    blocks.extend(thinking.into_iter().map(|part| BlockKind::Reasoning(thinking_block(part)).into()));
    let text = match message.content {
        Some(TextOr::Text(text)) => text.into_owned(),
        Some(TextOr::Other(parts)) => parts.iter().filter_map(|raw| said_in(raw)).collect(),
        None => String::new(),
    };
    if !text.is_empty() {
        let citations =
            message.annotations.unwrap_or_default().into_iter().filter_map(annotation_to_citation);
        let text = TextBlock { text, citations: citations.collect(), signature: None };
        blocks.push(BlockKind::Text(text).into());
    }
    if let Some(refusal) = message.refusal.filter(|refusal| !refusal.as_str().is_empty()) {
        blocks.push(BlockKind::Refusal(refusal.into_owned()).into());
    }
    blocks.extend(message.audio.and_then(spoken));
    blocks.extend(message.images.unwrap_or_default().into_iter().filter_map(media_part));
    for call in message.tool_calls.unwrap_or_default() {
        blocks.push(BlockKind::ToolCall(tool_call(call, notes, calls)).into());
    }
    if let Some(function) = message.function_call {
        let call = WireCall { function: Some(function), ..WireCall::default() };
        blocks.push(BlockKind::ToolCall(tool_call(call, notes, calls)).into());
    }
    blocks
}

/// The text of a part of an answer (Mistral writes parts).
fn said_in(raw: &serde_json::value::RawValue) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Said {
        text: Option<String>,
    }
    serde_json::from_str::<Said>(raw.get()).ok()?.text
}

fn spoken(audio: Audio<'_>) -> Option<Block> {
    let data = audio.data?.into_owned();
    let media = Media {
        kind: MediaKind::Audio,
        source: MediaSource::Base64(data),
        media_type: Some("audio/wav".to_owned()),
        name: audio.id.map(Text::into_owned),
        detail: None,
        // What is said in it.
        context: audio.transcript.map(Text::into_owned),
        cites: false,
    };
    Some(BlockKind::Media(media).into())
}

/// A call as the client knows its tool; `calls` counts those that the provider gave no id.
fn tool_call(call: WireCall<'_>, notes: &ReplyNotes, calls: &mut usize) -> ToolCall {
    let place = *calls;
    *calls += 1;
    let id = call.id.map(Text::into_owned).filter(|id| !id.is_empty());
    let id = id.unwrap_or_else(|| notes.call_id(place));
    let (wire, arguments, kind) = match (call.function, call.custom) {
        (_, Some(custom)) => {
            let input = custom.input.map(Text::into_owned).unwrap_or_default();
            (custom.name, input, ToolKind::Custom)
        }
        (Some(function), None) => {
            let text =
                |raw: &serde_json::value::RawValue| text_of(raw).unwrap_or_else(|| raw.get().to_owned());
            (function.name, function.arguments.map(text).unwrap_or_default(), ToolKind::Function)
        }
        (None, None) => (None, String::new(), ToolKind::Function),
    };
    let wire = wire.map(Text::into_owned).unwrap_or_default();
    let bare = ToolCall { id, name: wire, namespace: None, kind, arguments, signature: None };
    let mut restored = restored(bare, notes);
    if restored.kind == ToolKind::Custom && kind == ToolKind::Function {
        restored.arguments = free_text(&restored.arguments);
    }
    restored
}

/// The call under its client's name, namespace and kind.
pub(in super::super) fn restored(call: ToolCall, notes: &ReplyNotes) -> ToolCall {
    match notes.tool(&call.name) {
        Some(known) => ToolCall {
            name: known.name.clone(),
            namespace: known.namespace.clone(),
            kind: known.kind,
            ..call
        },
        None => call,
    }
}

/// The one argument of a function that stands for a custom tool.
pub(in super::super) fn free_text(arguments: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Only {
        input: String,
    }
    debug_assert_eq!(CUSTOM_INPUT, "input", "the struct names it");
    serde_json::from_str::<Only>(arguments).map_or_else(|_| arguments.to_owned(), |only| only.input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::object;

    #[test]
    fn a_custom_tools_text_is_found_in_the_function_that_stood_for_it() {
        let input = object(|input| input.text(CUSTOM_INPUT, "a\nb"));
        assert_eq!(free_text(std::str::from_utf8(&input).unwrap()), "a\nb");
        assert_eq!(free_text("plain"), "plain");
    }
}
