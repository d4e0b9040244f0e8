//! The output of an answer, written: items made of blocks.

use weighhouse_types::Dialect;
use weighhouse_types::chat::{
    Block, BlockKind, Json, Media, MediaKind, MediaSource, Reasoning, TextBlock, ToolCall, ToolKind,
};

use super::citation::write_citation;
use crate::thought;
use crate::translation::Shown;
use crate::wire::{Array, Object, object};

/// What this dialect calls its answers' parts.
const OWN: Dialect = Dialect::OpenAiResponses;

/// An item of the output.
#[derive(Clone, Debug)]
pub(in super::super) enum Entry<'a> {
    /// A message: texts and refusals that follow each other are its parts.
    Message(Vec<&'a Block>),
    /// Any other block is an item of its own.
    One(&'a Block),
}

/// Whether a block is a part of a message.
pub(in super::super) const fn is_part(block: &Block) -> bool {
    matches!(block.kind, BlockKind::Text(_) | BlockKind::Refusal(_))
}

/// Whether a block is an item of its own; what neither is nor is a part cannot be said in this dialect.
pub(in super::super) fn is_item(block: &Block) -> bool {
    match &block.kind {
        BlockKind::Reasoning(_) | BlockKind::ToolCall(_) => true,
        BlockKind::Media(media) => picture(media).is_some(),
        BlockKind::ServerTool(tool) => tool.origin == OWN,
        BlockKind::Foreign(foreign) => foreign.origin == OWN,
        BlockKind::Text(_) | BlockKind::Refusal(_) | BlockKind::ToolResult(_) => false,
    }
}

/// The bytes of a picture and their format.
fn picture(media: &Media) -> Option<(&str, &str)> {
    let MediaSource::Base64(bytes) = &media.source else { return None };
    let format = media.media_type.as_deref().and_then(|name| name.strip_prefix("image/")).unwrap_or("png");
    let format = if format == "svg+xml" { "svg" } else { format };
    (media.kind == MediaKind::Image).then_some((bytes, format))
}

/// The items that blocks make.
pub(in super::super) fn entries(blocks: &[Block]) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    for block in blocks {
        if is_part(block) {
            match entries.last_mut() {
                Some(Entry::Message(parts)) => parts.push(block),
                Some(Entry::One(_)) | None => entries.push(Entry::Message(vec![block])),
            }
        } else if is_item(block) {
            entries.push(Entry::One(block));
        }
    }
    entries
}

/// How items are written for one client.
#[derive(Clone, Debug)]
pub(in super::super) struct Output {
    seed: String,
    /// The client goes on without the provider's memory and asked for the proofs that this needs.
    shows_proofs: bool,
}

impl Output {
    pub(in super::super) fn of(shown: &Shown) -> Self {
        let include = shown.asked("include");
        let names: Vec<String> = include.and_then(|include| include.read()).unwrap_or_default();
        let shows_proofs = names.iter().any(|name| name == "reasoning.encrypted_content");
        Self { seed: shown.seed.replace('-', ""), shows_proofs }
    }

    /// The id of the item at a place.
    pub(in super::super) fn id(&self, kind: &str, place: usize) -> String {
        format!("{kind}_{}_{place}", self.seed)
    }

    /// The id of a call's item.
    pub(in super::super) fn call_id(&self, kind: ToolKind, place: usize) -> String {
        match kind {
            ToolKind::Function => self.id("fc", place),
            ToolKind::Custom => self.id("ctc", place),
        }
    }

    /// The id of a reasoning item: the provider's, where it is one of this dialect.
    pub(in super::super) fn reasoning_id(&self, given: Option<&str>, place: usize) -> String {
        let own = given.filter(|id| id.starts_with("rs_"));
        own.map_or_else(|| self.id("rs", place), str::to_owned)
    }

    /// The item at a place.
    pub(in super::super) fn item(
        &self,
        entry: &Entry<'_>,
        place: usize,
        status: &str,
        logprobs: &[Json],
    ) -> Vec<u8> {
        match entry {
            Entry::Message(parts) => object(|item| self.message(parts, place, status, logprobs, item)),
            Entry::One(block) => match &block.kind {
                BlockKind::Reasoning(reasoning) => object(|item| self.reasoning(reasoning, place, item)),
                BlockKind::ToolCall(call) => {
                    object(|item| self.call_of(call, arguments_of(call), place, status, item))
                }
                BlockKind::Media(media) => object(|item| self.picture(media, place, item)),
                BlockKind::ServerTool(tool) => tool.payload.text().as_bytes().to_vec(),
                BlockKind::Foreign(foreign) => foreign.payload.text().as_bytes().to_vec(),
                BlockKind::Text(_) | BlockKind::Refusal(_) | BlockKind::ToolResult(_) => object(|_| {}),
            },
        }
    }

    fn message(
        &self,
        parts: &[&Block],
        place: usize,
        status: &str,
        logprobs: &[Json],
        item: &mut Object<'_>,
    ) {
        item.text("id", &self.id("msg", place));
        item.text("type", "message");
        item.text("status", status);
        item.text("role", "assistant");
        item.array("content", |content| {
            let mut logprobs = logprobs;
            for block in parts {
                content.raw(&part(block, logprobs));
                logprobs = &[];
            }
        });
    }

    fn reasoning(&self, reasoning: &Reasoning, place: usize, item: &mut Object<'_>) {
        item.text("id", &self.reasoning_id(reasoning.id.as_deref(), place));
        item.text("type", "reasoning");
        item.array("summary", |summary| {
            for text in &reasoning.parts {
                summary.object(|part| write_summary(text, part));
            }
        });
        match reasoning.signature.as_ref().filter(|_| self.shows_proofs) {
            Some(signature) => item.text("encrypted_content", &signature.for_client(OWN)),
            None => item.null("encrypted_content"),
        }
    }

    /// A call that has just begun: its arguments are still to come.
    pub(in super::super) fn begun(&self, call: &ToolCall, place: usize, item: &mut Object<'_>) {
        self.call_of(call, "", place, "in_progress", item);
    }

    /// Writes a call of a tool; Gemini's proof on it rides in its id.
    fn call_of(&self, call: &ToolCall, said: &str, place: usize, status: &str, item: &mut Object<'_>) {
        let (kind, member) = match call.kind {
            ToolKind::Function => ("function_call", "arguments"),
            ToolKind::Custom => ("custom_tool_call", "input"),
        };
        item.text("id", &self.call_id(call.kind, place));
        item.text("type", kind);
        item.text("status", status);
        item.text(member, said);
        item.text("call_id", &thought::id_with(&call.id, call.signature.as_ref(), OWN));
        item.text("name", &call.name);
        item.text_if("namespace", call.namespace.as_deref());
    }

    fn picture(&self, media: &Media, place: usize, item: &mut Object<'_>) {
        let (bytes, format) = picture(media).unwrap_or_default();
        item.text("id", &self.id("ig", place));
        item.text("type", "image_generation_call");
        item.text("status", "completed");
        item.text("output_format", format);
        item.text("result", bytes);
    }
}

/// Arguments as a client reads them: those of a function are always JSON.
pub(in super::super) fn arguments_of(call: &ToolCall) -> &str {
    if call.kind == ToolKind::Function && call.arguments.trim().is_empty() { "{}" } else { &call.arguments }
}

/// A part of a reasoning summary.
pub(in super::super) fn write_summary(text: &str, part: &mut Object<'_>) {
    part.text("type", "summary_text");
    part.text("text", text);
}

/// A part of a message.
pub(in super::super) fn part(block: &Block, logprobs: &[Json]) -> Vec<u8> {
    match &block.kind {
        BlockKind::Text(text) => object(|part| write_text(text, logprobs, part)),
        BlockKind::Refusal(text) => object(|part| {
            part.text("type", "refusal");
            part.text("refusal", text);
        }),
        BlockKind::Media(_)
        | BlockKind::Reasoning(_)
        | BlockKind::ToolCall(_)
        | BlockKind::ToolResult(_)
        | BlockKind::ServerTool(_)
        | BlockKind::Foreign(_) => object(|_| {}),
    }
}

fn write_text(text: &TextBlock, logprobs: &[Json], part: &mut Object<'_>) {
    let length = text.text.chars().count() as u64;
    part.text("type", "output_text");
    part.array("annotations", |list| {
        let written = text.citations.iter().filter_map(|citation| write_citation(citation, length));
        written.for_each(|annotation| list.raw(&annotation));
    });
    part.array("logprobs", |list| write_tokens(logprobs, list));
    part.text("text", &text.text);
}

/// Writes tokens with their log probabilities.
pub(in super::super) fn write_tokens(tokens: &[Json], list: &mut Array<'_>) {
    tokens.iter().for_each(|token| list.json(token));
}

/// The tokens of log probabilities in OpenAI chat's shape.
pub(in super::super) fn tokens_of(chat: Option<&Json>) -> Vec<Json> {
    #[derive(serde::Deserialize)]
    struct Chat {
        content: Option<Vec<Json>>,
    }
    chat.and_then(Json::read::<Chat>).and_then(|chat| chat.content).unwrap_or_default()
}
