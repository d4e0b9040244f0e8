//! An item of a stream as far as it was read, and the events that its pieces become.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use weighhouse_types::Dialect;
use weighhouse_types::chat::{
    Block, BlockKind, Citation, Delta, Event, Foreign, Json, Opening, Reasoning, ToolCall, ToolKind,
};

use super::super::answer::{
    ItemKind, Seen, free_text, logprobs_of, read_citation, reasoning, text_of, tool_call,
};
use super::super::wire_answer::{Item, Part};
use crate::translation::ReplyNotes;
use crate::wire::Text;

/// Numbers the blocks, and remembers what the reason of the end depends on.
#[derive(Clone, Debug)]
pub(super) struct Emitter {
    blocks: u32,
    pub(super) seen: Seen,
}

impl Emitter {
    pub(super) const fn new() -> Self {
        Self { blocks: 0, seen: Seen { calls: false, refusal: false } }
    }

    fn open(&mut self, opening: Opening, events: &mut Vec<Event>) -> u32 {
        self.seen.calls |= matches!(opening, Opening::ToolCall { .. });
        self.seen.refusal |= matches!(opening, Opening::Refusal);
        let block = self.blocks;
        self.blocks = self.blocks.saturating_add(1);
        events.push(Event::Open { choice: 0, block, opening });
        block
    }

    /// A block that came at once.
    pub(super) fn whole(&mut self, block: Block, logprobs: Option<Json>, events: &mut Vec<Event>) {
        let (opening, deltas) = match block.kind {
            BlockKind::Text(text) => {
                let citations = text.citations.into_iter().map(Delta::Citation);
                let said = Some(text.text).filter(|text| !text.is_empty()).map(Delta::Text);
                let deltas = said.into_iter().chain(citations).chain(logprobs.map(Delta::Logprobs));
                (Opening::Text, deltas.collect())
            }
            BlockKind::Refusal(text) => (Opening::Refusal, vec![Delta::Refusal(text)]),
            BlockKind::Reasoning(said) if !said.redacted => {
                let mut deltas = Vec::new();
                for (index, text) in said.parts.into_iter().enumerate() {
                    deltas.extend((index > 0).then_some(Delta::ReasoningPart));
                    deltas.push(Delta::Reasoning(text));
                }
                deltas.extend(said.signature.map(Delta::Signature));
                (Opening::Reasoning { id: said.id }, deltas)
            }
            BlockKind::ToolCall(call) => {
                let (opening, arguments) = opening_of(call);
                (opening, vec![Delta::Arguments(arguments)])
            }
            kind @ (BlockKind::Reasoning(_)
            | BlockKind::Media(_)
            | BlockKind::ToolResult(_)
            | BlockKind::ServerTool(_)
            | BlockKind::Foreign(_)) => (Opening::Whole(Box::new(kind.into())), Vec::new()),
        };
        let block = self.open(opening, events);
        deltas.into_iter().for_each(|delta| push(block, delta, events));
        close(block, events);
    }
}

fn push(block: u32, delta: Delta, events: &mut Vec<Event>) {
    events.push(Event::Delta { choice: 0, block, delta });
}

fn close(block: u32, events: &mut Vec<Event>) {
    events.push(Event::Close { choice: 0, block });
}

fn opening_of(call: ToolCall) -> (Opening, String) {
    let ToolCall { id, name, namespace, kind, arguments, signature } = call;
    (Opening::ToolCall { id, name, namespace, kind, signature }, arguments)
}

/// A part of a message. Parts open with their first piece: an empty one is nothing to other dialects.
#[derive(Clone, Copy, Debug)]
struct PartSoFar {
    block: u32,
    has_text: bool,
    citations: usize,
    has_logprobs: bool,
}

/// A call whose arguments are coming.
#[derive(Clone, Debug)]
struct CallSoFar {
    block: u32,
    has_arguments: bool,
    /// Arguments of a function that stands for a custom tool: its text is known only with their end.
    held: Option<String>,
}

/// Reasoning that is being shown.
#[derive(Clone, Copy, Debug)]
struct ReasoningSoFar {
    block: u32,
    /// Whether it is the summary that is shown, or the text itself, and which part of it.
    part: (bool, u64),
    has_text: bool,
}

/// An item as far as it was read.
#[derive(Clone, Debug)]
pub(super) struct ItemSoFar {
    pub(super) kind: ItemKind,
    pub(super) id: Option<String>,
    pub(super) output_index: Option<u64>,
    pub(super) is_done: bool,
    /// Its blocks are closed: what is still said of it says only again what was told.
    pub(super) is_closed: bool,
    parts: BTreeMap<u64, PartSoFar>,
    call: Option<CallSoFar>,
    reasoning: Option<ReasoningSoFar>,
}

impl ItemSoFar {
    pub(super) const fn new(kind: ItemKind, id: Option<String>, output_index: Option<u64>) -> Self {
        Self {
            kind,
            id,
            output_index,
            is_done: false,
            is_closed: false,
            parts: BTreeMap::new(),
            call: None,
            reasoning: None,
        }
    }

    /// Opens a call: its name and id come before its arguments.
    pub(super) fn open_call(
        &mut self,
        item: Item<'_>,
        place: usize,
        notes: &ReplyNotes,
        emitter: &mut Emitter,
        events: &mut Vec<Event>,
    ) {
        let ItemKind::Call(wire) = self.kind else { return };
        let call = tool_call(item, wire, place, notes);
        let is_held = wire == ToolKind::Function && call.kind == ToolKind::Custom;
        let (opening, _) = opening_of(call);
        let block = emitter.open(opening, events);
        let held = is_held.then(String::new);
        self.call = Some(CallSoFar { block, has_arguments: false, held });
    }

    pub(super) fn arguments(&mut self, text: String, events: &mut Vec<Event>) {
        let Some(call) = self.call.as_mut().filter(|_| !text.is_empty()) else { return };
        call.has_arguments = true;
        match &mut call.held {
            Some(held) => held.push_str(&text),
            None => push(call.block, Delta::Arguments(text), events),
        }
    }

    /// The call is complete; `said` are its arguments where none came before.
    pub(super) fn end_call(&mut self, said: &str, events: &mut Vec<Event>) {
        if self.call.as_ref().is_some_and(|call| !call.has_arguments) {
            self.arguments(said.to_owned(), events);
        }
        self.close(events);
    }

    fn part(
        &mut self,
        index: u64,
        is_refusal: bool,
        emitter: &mut Emitter,
        events: &mut Vec<Event>,
    ) -> &mut PartSoFar {
        self.parts.entry(index).or_insert_with(|| {
            let opening = if is_refusal { Opening::Refusal } else { Opening::Text };
            let block = emitter.open(opening, events);
            PartSoFar { block, has_text: false, citations: 0, has_logprobs: false }
        })
    }

    pub(super) fn text(
        &mut self,
        index: u64,
        text: String,
        is_refusal: bool,
        emitter: &mut Emitter,
        events: &mut Vec<Event>,
    ) {
        if text.is_empty() || self.is_closed {
            return;
        }
        let part = self.part(index, is_refusal, emitter, events);
        part.has_text = true;
        let delta = if is_refusal { Delta::Refusal(text) } else { Delta::Text(text) };
        push(part.block, delta, events);
    }

    /// The whole text of a part, which counts where no piece of it came before.
    pub(super) fn rest_of_text(
        &mut self,
        index: u64,
        text: Option<&RawValue>,
        is_refusal: bool,
        emitter: &mut Emitter,
        events: &mut Vec<Event>,
    ) {
        if !self.parts.get(&index).is_some_and(|part| part.has_text) {
            self.text(index, text_of(text), is_refusal, emitter, events);
        }
    }

    pub(super) fn citation(
        &mut self,
        index: u64,
        citation: Citation,
        emitter: &mut Emitter,
        events: &mut Vec<Event>,
    ) {
        let part = self.part(index, false, emitter, events);
        part.citations += 1;
        push(part.block, Delta::Citation(citation), events);
    }

    pub(super) fn logprobs(
        &mut self,
        index: u64,
        logprobs: Json,
        emitter: &mut Emitter,
        events: &mut Vec<Event>,
    ) {
        let part = self.part(index, false, emitter, events);
        part.has_logprobs = true;
        push(part.block, Delta::Logprobs(logprobs), events);
    }

    /// A part as its message says it in the end: what was not told before is told now.
    pub(super) fn end_part(
        &mut self,
        index: u64,
        part: &Part<'_>,
        foreign: impl FnOnce() -> Json,
        emitter: &mut Emitter,
        events: &mut Vec<Event>,
    ) {
        let kind = part.kind.as_ref().map_or("", Text::as_str);
        let text = match kind {
            "output_text" | "text" => &part.text,
            "refusal" => &part.refusal,
            _ => {
                let foreign = Foreign { origin: Dialect::OpenAiResponses, payload: foreign() };
                emitter.whole(BlockKind::Foreign(foreign).into(), None, events);
                return;
            }
        };
        let is_refusal = kind == "refusal";
        if !self.parts.get(&index).is_some_and(|known| known.has_text) {
            let text = text.as_ref().map_or("", Text::as_str).to_owned();
            self.text(index, text, is_refusal, emitter, events);
        }
        let known = self.parts.get(&index).map_or(0, |known| known.citations);
        for annotation in part.annotations.iter().flatten().skip(known) {
            self.citation(index, read_citation(annotation), emitter, events);
        }
        let tokens: Vec<Json> = part.logprobs.iter().flatten().map(|token| Json::from(*token)).collect();
        let is_untold = self.parts.get(&index).is_some_and(|known| !known.has_logprobs);
        if let Some(logprobs) = logprobs_of(&tokens).filter(|_| is_untold) {
            self.logprobs(index, logprobs, emitter, events);
        }
    }

    /// A piece of reasoning, or a whole part of it, which counts where no piece of it came before.
    pub(super) fn reasoning(
        &mut self,
        part: (bool, u64),
        text: &str,
        is_whole: bool,
        emitter: &mut Emitter,
        events: &mut Vec<Event>,
    ) {
        // Where both the text and its summary are shown, what comes first is taken.
        let is_other = self.reasoning.is_some_and(|known| known.part.0 != part.0);
        let is_told = self.reasoning.is_some_and(|known| known.part == part && known.has_text);
        if text.is_empty() || self.is_closed || is_other || (is_whole && is_told) {
            return;
        }
        let known = self.reasoning.get_or_insert_with(|| {
            let block = emitter.open(Opening::Reasoning { id: self.id.clone() }, events);
            ReasoningSoFar { block, part, has_text: false }
        });
        if known.part != part {
            known.part = part;
            push(known.block, Delta::ReasoningPart, events);
        }
        known.has_text = true;
        push(known.block, Delta::Reasoning(text.to_owned()), events);
    }

    /// The item as it is in the end: its proof comes only here.
    pub(super) fn end_reasoning(&mut self, item: Item<'_>, emitter: &mut Emitter, events: &mut Vec<Event>) {
        let said: Reasoning = reasoning(item);
        match self.reasoning {
            Some(known) => {
                if let Some(signature) = said.signature {
                    push(known.block, Delta::Signature(signature), events);
                }
            }
            None if said.parts.is_empty() && said.signature.is_none() => {}
            None => emitter.whole(BlockKind::Reasoning(said).into(), None, events),
        }
        self.close(events);
    }

    /// Closes a text or reasoning of which something was told, before its own end.
    pub(super) fn close_early(&mut self, events: &mut Vec<Event>) {
        if !self.parts.is_empty() || self.reasoning.is_some() {
            self.is_closed = true;
            self.close(events);
        }
    }

    /// Closes what is open.
    pub(super) fn close(&mut self, events: &mut Vec<Event>) {
        for part in std::mem::take(&mut self.parts).into_values() {
            close(part.block, events);
        }
        if let Some(call) = self.call.take() {
            if let Some(held) = call.held {
                push(call.block, Delta::Arguments(free_text(&held)), events);
            }
            close(call.block, events);
        }
        if let Some(reasoning) = self.reasoning.take() {
            close(reasoning.block, events);
        }
    }
}
