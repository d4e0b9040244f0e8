//! A whole answer for a client of this dialect, written.

use weighhouse_types::Dialect;
use weighhouse_types::chat::{
    Block, BlockKind, ChatAnswer, Choice, Citation, Json, MediaSource, Signature, ToolCall,
};

use super::super::part::args_object;
use super::super::proof;
use super::super::usage::write_usage;
use super::grounding::write_founded;
use super::{logprobs, stop};
use crate::translation::Shown;
use crate::wire::{Array, Object, object};

/// Writes a whole answer for a client.
#[must_use]
pub fn write_answer(answer: &ChatAnswer, shown: &Shown) -> Vec<u8> {
    object(|body| {
        body.array("candidates", |list| {
            for (index, choice) in answer.choices.iter().enumerate() {
                list.object(|candidate| write_choice(choice, index as u64, candidate));
            }
        });
        if let Some(usage) = &answer.usage {
            body.object("usageMetadata", |members| write_usage(usage, members));
        }
        body.text("modelVersion", &shown.model);
        body.text("responseId", if answer.id.is_empty() { &shown.seed } else { &answer.id });
        answer.extra.for_dialect(Dialect::Gemini).for_each(|(name, value)| body.json(name, value));
    })
}

fn write_choice(choice: &Choice, index: u64, candidate: &mut Object<'_>) {
    let mut cited: Vec<(u32, &str, &[Citation])> = Vec::new();
    let mut place = 0;
    candidate.object("content", |content| {
        content.array("parts", |parts| {
            for block in &choice.blocks {
                if !write_block(block, parts) {
                    continue;
                }
                if let BlockKind::Text(text) = &block.kind {
                    cited.push((place, &text.text, &text.citations));
                }
                place += 1;
            }
        });
        content.text("role", "model");
    });
    candidate.text("finishReason", stop::name_of(&choice.stop));
    candidate.number("index", index);
    write_founded(&choice.blocks, &cited, candidate);
    candidate.json_if("logprobsResult", choice.logprobs.as_ref().and_then(logprobs::to_gemini).as_ref());
}

/// Writes a block as a part; whether it is one.
fn write_block(block: &Block, parts: &mut Array<'_>) -> bool {
    match &block.kind {
        BlockKind::Text(text) => parts.object(|part| {
            part.text("text", &text.text);
            part.text_if("thoughtSignature", proof_of(text.signature.as_ref()).as_deref());
        }),
        BlockKind::Refusal(text) => parts.object(|part| part.text("text", text)),
        BlockKind::Reasoning(reasoning) => parts.object(|part| {
            part.text("text", &reasoning.text());
            part.flag("thought", true);
            part.text_if("thoughtSignature", proof_of(reasoning.signature.as_ref()).as_deref());
        }),
        BlockKind::ToolCall(call) => parts.object(|part| write_call(call, part)),
        BlockKind::Media(media) => match &media.source {
            MediaSource::Base64(bytes) => parts.object(|part| {
                part.object("inlineData", |inline| {
                    inline.text("mimeType", media.media_type.as_deref().unwrap_or("image/png"));
                    inline.text("data", bytes);
                });
            }),
            MediaSource::Url(uri) | MediaSource::FileId(uri) => parts.object(|part| {
                part.object("fileData", |file| {
                    file.text_if("mimeType", media.media_type.as_deref());
                    file.text("fileUri", uri);
                });
            }),
            MediaSource::Text(text) => parts.object(|part| part.text("text", text)),
            MediaSource::Blocks(_) => return false,
        },
        BlockKind::ServerTool(tool) if tool.origin == Dialect::Gemini => {
            return write_own(&tool.payload, parts);
        }
        BlockKind::Foreign(foreign) if foreign.origin == Dialect::Gemini => {
            return write_own(&foreign.payload, parts);
        }
        BlockKind::ToolResult(_) | BlockKind::ServerTool(_) | BlockKind::Foreign(_) => return false,
    }
    true
}

/// A part as it came; what a search found stands beside the parts.
fn write_own(payload: &Json, parts: &mut Array<'_>) -> bool {
    let is_part = !payload.text().starts_with("{\"groundingMetadata\"");
    if is_part {
        parts.json(payload);
    }
    is_part
}

/// Writes the members of a part that calls a function.
pub(in super::super) fn write_call(call: &ToolCall, part: &mut Object<'_>) {
    part.object("functionCall", |written| {
        written.text_if("id", Some(call.id.as_str()).filter(|id| !id.is_empty()));
        written.text("name", &call.name);
        written.json("args", &args_object(&call.arguments));
    });
    part.text_if("thoughtSignature", proof_of(call.signature.as_ref()).as_deref());
}

/// A proof as a client is shown it.
pub(in super::super) fn proof_of(signature: Option<&Signature>) -> Option<String> {
    signature.map(proof::for_client)
}
