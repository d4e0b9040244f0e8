//! A whole answer for a client, written.

use weighhouse_types::Dialect;
use weighhouse_types::chat::{
    Block, BlockKind, ChatAnswer, Choice, Citation, Media, MediaKind, MediaSource, Reasoning, ToolCall,
    ToolKind,
};

use super::super::request::{data_url, write_annotations};
use super::super::usage::write_usage;
use super::stop::finish_name;
use crate::thought::id_with;
use crate::translation::Shown;
use crate::wire::{Object, object};

/// Writes a whole answer for a client.
#[must_use]
pub fn write_answer(answer: &ChatAnswer, shown: &Shown) -> Vec<u8> {
    object(|body| {
        let minted = format!("chatcmpl-{}", shown.seed);
        body.text("id", if answer.id.is_empty() { &minted } else { &answer.id });
        body.text("object", "chat.completion");
        body.signed("created", answer.created.unwrap_or(shown.created));
        body.text("model", &shown.model);
        body.array("choices", |list| {
            for (index, choice) in answer.choices.iter().enumerate() {
                list.object(|out| write_choice(index, choice, out));
            }
        });
        if let Some(usage) = &answer.usage {
            body.object("usage", |members| write_usage(usage, members));
        }
        body.text_if("service_tier", answer.service_tier.as_deref());
        for (name, value) in answer.extra.for_dialect(Dialect::OpenAiChat) {
            body.json(name, value);
        }
    })
}

fn write_choice(index: usize, choice: &Choice, out: &mut Object<'_>) {
    out.number("index", index as u64);
    out.object("message", |message| write_message(&choice.blocks, message));
    match &choice.logprobs {
        Some(logprobs) => out.json("logprobs", logprobs),
        None => out.null("logprobs"),
    }
    out.text("finish_reason", finish_name(&choice.stop));
}

fn write_message(blocks: &[Block], message: &mut Object<'_>) {
    let mut said = Said::default();
    blocks.iter().for_each(|block| said.take(block));
    message.text("role", "assistant");
    if said.text.is_empty() {
        message.null("content");
    } else {
        message.text("content", &said.text);
    }
    let shown: Vec<String> =
        said.reasoning.iter().map(|reasoning| reasoning.text()).filter(|text| !text.is_empty()).collect();
    if !shown.is_empty() {
        message.text("reasoning_content", &shown.join("\n\n"));
    }
    let proven: Vec<&&Reasoning> =
        said.reasoning.iter().filter(|reasoning| reasoning.signature.is_some()).collect();
    if !proven.is_empty() {
        message.array("thinking_blocks", |list| {
            for reasoning in proven {
                list.object(|part| write_thinking(reasoning, part));
            }
        });
    }
    match said.refusal {
        Some(refusal) => message.text("refusal", refusal),
        None => message.null("refusal"),
    }
    write_annotations(&said.citations, message);
    if let Some(audio) = said.audio {
        write_audio(audio, message);
    }
    if !said.images.is_empty() {
        message.array("images", |list| {
            said.images.iter().for_each(|image| list.object(|part| write_image(image, part)));
        });
    }
    if !said.calls.is_empty() {
        message.array("tool_calls", |list| {
            said.calls.iter().for_each(|call| list.object(|out| write_call(call, out)));
        });
    }
}

/// What a message says, by its members.
#[derive(Default)]
struct Said<'answer> {
    text: String,
    reasoning: Vec<&'answer Reasoning>,
    refusal: Option<&'answer str>,
    citations: Vec<Citation>,
    audio: Option<&'answer Media>,
    images: Vec<&'answer Media>,
    calls: Vec<&'answer ToolCall>,
}

impl<'answer> Said<'answer> {
    fn take(&mut self, block: &'answer Block) {
        match &block.kind {
            BlockKind::Text(text) => {
                // Places are counted within a block, and the blocks become one text.
                let before = self.text.chars().count() as u64;
                self.citations.extend(text.citations.iter().map(|citation| Citation {
                    start: citation.start.map(|start| start + before),
                    end: citation.end.map(|end| end + before),
                    ..citation.clone()
                }));
                self.text.push_str(&text.text);
            }
            BlockKind::Refusal(text) => self.refusal = Some(text),
            BlockKind::Reasoning(reasoning) => self.reasoning.push(reasoning),
            BlockKind::ToolCall(call) => self.calls.push(call),
            BlockKind::Media(media) if media.kind == MediaKind::Audio => self.audio = Some(media),
            BlockKind::Media(media) => self.images.push(media),
            BlockKind::ToolResult(_) | BlockKind::ServerTool(_) | BlockKind::Foreign(_) => {}
        }
    }
}

/// LiteLLM's form of reasoning with its proof, which is Anthropic's.
pub(in super::super) fn write_thinking(reasoning: &Reasoning, part: &mut Object<'_>) {
    let proof =
        reasoning.signature.as_ref().map(|signature| signature.for_client(Dialect::AnthropicMessages));
    if reasoning.redacted {
        part.text("type", "redacted_thinking");
        part.text("data", proof.as_deref().unwrap_or_default());
        return;
    }
    part.text("type", "thinking");
    part.text("thinking", &reasoning.text());
    part.text_if("signature", proof.as_deref());
}

fn write_audio(media: &Media, message: &mut Object<'_>) {
    message.object("audio", |audio| {
        audio.text("id", media.name.as_deref().unwrap_or("audio_0"));
        if let MediaSource::Base64(data) = &media.source {
            audio.text("data", data);
        }
        audio.text("transcript", media.context.as_deref().unwrap_or_default());
        audio.number("expires_at", 0);
    });
}

/// A picture as LiteLLM's clients know it.
pub(in super::super) fn write_image(media: &Media, part: &mut Object<'_>) {
    let url = match &media.source {
        MediaSource::Base64(data) => data_url(media.media_type.as_deref(), "image/png", data),
        MediaSource::Url(url) => url.clone(),
        MediaSource::FileId(id) => id.clone(),
        MediaSource::Text(_) | MediaSource::Blocks(_) => String::new(),
    };
    part.text("type", "image_url");
    part.object("image_url", |address| address.text("url", &url));
}

fn write_call(call: &ToolCall, out: &mut Object<'_>) {
    out.text("id", &id_with(&call.id, call.signature.as_ref(), Dialect::OpenAiChat));
    match call.kind {
        ToolKind::Function => {
            out.text("type", "function");
            out.object("function", |function| {
                function.text("name", &flat_name(call.namespace.as_deref(), &call.name));
                function.text("arguments", if call.arguments.is_empty() { "{}" } else { &call.arguments });
            });
        }
        ToolKind::Custom => {
            out.text("type", "custom");
            out.object("custom", |custom| {
                custom.text("name", &flat_name(call.namespace.as_deref(), &call.name));
                custom.text("input", &call.arguments);
            });
        }
    }
}

/// Chat knows no namespaces.
pub(in super::super) fn flat_name(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}__{name}"))
}
