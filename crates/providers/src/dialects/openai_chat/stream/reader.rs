//! A provider's stream, read: chunks of choices, of which each text, reasoning and call is a block.

use weighhouse_types::chat::{
    Block, BlockKind, Delta, Event, Json, Opening, Start, StopReason, ToolCall, ToolKind,
};
use weighhouse_types::{Error, Kind};

use super::super::answer::{restored, stop_of};
use super::super::error::read_error;
use super::super::request::{annotation_to_citation, media_part, thinking_block};
use super::super::usage::read_usage;
use super::super::wire::{Choice, Message, Reply, ToolCall as WireCall, text_of};
use crate::error_object;
use crate::framing::sse;
use crate::registry::UsageRules;
use crate::translation::ReplyNotes;
use crate::wire::{Number, Text, TextOr, read_reply};

/// Most answers to one question.
const MAX_CHOICES: u32 = 128;
/// Most calls in one answer.
const MAX_CALLS: usize = 1_024;

/// Reads a provider's stream.
#[derive(Clone, Debug)]
pub struct StreamReader {
    notes: ReplyNotes,
    rules: UsageRules,
    has_begun: bool,
    choices: Vec<ChoiceSoFar>,
    calls: usize,
    is_over: bool,
}

/// What of one choice has come.
#[derive(Clone, Debug, Default)]
struct ChoiceSoFar {
    /// Blocks opened so far.
    blocks: u32,
    /// The text, refusal or reasoning that is open.
    open: Option<(Spoken, u32)>,
    calls: Vec<CallSoFar>,
    stopped: bool,
}

/// Kinds of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spoken {
    Text,
    Refusal,
    Reasoning,
}

/// A call whose arguments are coming.
#[derive(Clone, Debug)]
struct CallSoFar {
    index: u32,
    block: u32,
    arguments: String,
    /// It stands for a custom tool: its text is told when it is whole.
    is_wrapped: bool,
    is_closed: bool,
}

impl StreamReader {
    /// A stream that begins.
    #[must_use]
    pub const fn new(notes: ReplyNotes, rules: UsageRules) -> Self {
        Self { notes, rules, has_begun: false, choices: Vec::new(), calls: 0, is_over: false }
    }

    /// Takes a frame (one server-sent event with its blank line) and adds what it says to `events`.
    ///
    /// # Errors
    /// `UpstreamGarbled`: not what the dialect allows.
    pub fn frame(&mut self, frame: &[u8], events: &mut Vec<Event>) -> Result<(), Error> {
        let Some(data) = sse::data(frame) else { return Ok(()) };
        let data = data.trim_ascii();
        if data.is_empty() || self.is_over {
            return Ok(());
        }
        if data == b"[DONE]" {
            self.end(events);
            return Ok(());
        }
        let reply: Reply<'_> = read_reply(data)?;
        if let Some(error) = reply.error {
            self.is_over = true;
            let status = error_object::status(error.get().as_bytes());
            let body = bytes::Bytes::copy_from_slice(data);
            events.push(Event::Failed(Box::new(read_error("", status, &body))));
            return Ok(());
        }
        if !self.has_begun {
            self.has_begun = true;
            events.push(Event::Start(Start {
                id: reply.id.map(Text::into_owned).unwrap_or_default(),
                model: reply.model.map(Text::into_owned).unwrap_or_default(),
                created: reply
                    .created
                    .and_then(Number::whole)
                    .and_then(|seconds| i64::try_from(seconds).ok()),
                service_tier: reply.service_tier.map(Text::into_owned),
            }));
        }
        for choice in reply.choices.unwrap_or_default() {
            self.choice(choice, events)?;
        }
        if let Some(usage) = reply.usage.and_then(|raw| read_usage(raw.get().as_bytes(), self.rules)) {
            events.push(Event::Usage(usage));
        }
        Ok(())
    }

    /// The bytes are over: a stream whose choices have all said why they ended is complete without its mark.
    pub fn finish(&mut self, events: &mut Vec<Event>) {
        let is_whole = !self.choices.is_empty() && self.choices.iter().all(|choice| choice.stopped);
        if !self.is_over && is_whole {
            self.end(events);
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        self.is_over = true;
        for (index, choice) in (0_u32..).zip(&mut self.choices) {
            choice.stop(index, StopReason::End, events);
        }
        events.push(Event::End);
    }

    fn choice(&mut self, choice: Choice<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        let index = choice.index.unwrap_or(0);
        let place = index as usize;
        if index < MAX_CHOICES && place >= self.choices.len() {
            self.choices.resize_with(place + 1, ChoiceSoFar::default);
        }
        let (notes, calls) = (&self.notes, &mut self.calls);
        let Some(so_far) = self.choices.get_mut(place) else {
            let message = format!("the provider's stream holds an answer number {index}");
            return Err(Error::new(Kind::UpstreamGarbled, message));
        };
        if let Some(delta) = choice.delta.or(choice.message) {
            so_far.delta(index, delta, notes, calls, events)?;
        }
        if let Some(logprobs) = choice.logprobs {
            let block = so_far.spoken(index, Spoken::Text, events);
            events.push(Event::Delta { choice: index, block, delta: Delta::Logprobs(Json::from(logprobs)) });
        }
        if let Some(finish) = choice.finish.filter(|finish| !finish.as_str().is_empty()) {
            so_far.stop(index, stop_of(finish.as_str()), events);
        }
        Ok(())
    }
}

impl ChoiceSoFar {
    fn delta(
        &mut self,
        index: u32,
        delta: Message<'_>,
        notes: &ReplyNotes,
        calls: &mut usize,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        let reasoning = delta.reasoning_content.map(Text::into_owned);
        let reasoning =
            reasoning.or_else(|| delta.reasoning.and_then(text_of)).filter(|text| !text.is_empty());
        let has_text = reasoning.is_some();
        if let Some(text) = reasoning {
            self.say(index, Spoken::Reasoning, Delta::Reasoning(text), events);
        }
        for part in delta.thinking_blocks.unwrap_or_default() {
            self.thinking(index, part, has_text, events);
        }
        let text = match delta.content {
            Some(TextOr::Text(text)) => text.into_owned(),
            Some(TextOr::Other(_)) | None => String::new(),
        };
        if !text.is_empty() {
            self.say(index, Spoken::Text, Delta::Text(text), events);
        }
        if let Some(refusal) = delta.refusal.map(Text::into_owned).filter(|text| !text.is_empty()) {
            self.say(index, Spoken::Refusal, Delta::Refusal(refusal), events);
        }
        for citation in delta.annotations.unwrap_or_default().into_iter().filter_map(annotation_to_citation) {
            self.say(index, Spoken::Text, Delta::Citation(citation), events);
        }
        for image in delta.images.unwrap_or_default().into_iter().filter_map(media_part) {
            self.whole(index, image, events);
        }
        for call in delta.tool_calls.unwrap_or_default() {
            self.call(index, call, notes, calls, events)?;
        }
        if let Some(function) = delta.function_call {
            let call = WireCall { index: Some(0), function: Some(function), ..WireCall::default() };
            self.call(index, call, notes, calls, events)?;
        }
        Ok(())
    }

    fn say(&mut self, index: u32, kind: Spoken, delta: Delta, events: &mut Vec<Event>) {
        let block = self.spoken(index, kind, events);
        events.push(Event::Delta { choice: index, block, delta });
    }

    /// The open block of a kind of words; another one is closed.
    fn spoken(&mut self, index: u32, kind: Spoken, events: &mut Vec<Event>) -> u32 {
        if let Some((open, block)) = self.open
            && open == kind
        {
            return block;
        }
        self.close_words(index, events);
        let opening = match kind {
            Spoken::Text => Opening::Text,
            Spoken::Refusal => Opening::Refusal,
            Spoken::Reasoning => Opening::Reasoning { id: None },
        };
        let block = self.open(index, opening, events);
        self.open = Some((kind, block));
        block
    }

    fn open(&mut self, index: u32, opening: Opening, events: &mut Vec<Event>) -> u32 {
        let block = self.blocks;
        self.blocks = self.blocks.saturating_add(1);
        events.push(Event::Open { choice: index, block, opening });
        block
    }

    fn close_words(&mut self, index: u32, events: &mut Vec<Event>) {
        if let Some((_, block)) = self.open.take() {
            events.push(Event::Close { choice: index, block });
        }
    }

    /// LiteLLM repeats in these what `reasoning_content` said; only their proofs are news then.
    fn thinking(
        &mut self,
        index: u32,
        part: super::super::wire::Part<'_>,
        has_text: bool,
        events: &mut Vec<Event>,
    ) {
        let reasoning = thinking_block(part);
        if reasoning.redacted {
            self.whole(index, BlockKind::Reasoning(reasoning).into(), events);
            return;
        }
        let said = self.open.is_some_and(|(kind, _)| kind == Spoken::Reasoning);
        if !has_text && !said {
            for text in reasoning.parts {
                self.say(index, Spoken::Reasoning, Delta::Reasoning(text), events);
            }
        }
        if let Some(signature) = reasoning.signature {
            self.say(index, Spoken::Reasoning, Delta::Signature(signature), events);
        }
    }

    fn whole(&mut self, index: u32, block: Block, events: &mut Vec<Event>) {
        self.close_words(index, events);
        let block = self.open(index, Opening::Whole(Box::new(block)), events);
        events.push(Event::Close { choice: index, block });
    }

    fn call(
        &mut self,
        index: u32,
        call: WireCall<'_>,
        notes: &ReplyNotes,
        calls: &mut usize,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        let id = call.id.as_ref().map(|id| id.as_str().to_owned()).filter(|id| !id.is_empty());
        // Where a server leaves the index out, an id begins a call and its absence goes on with the last.
        let at = call.index.unwrap_or_else(|| {
            let count = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
            if id.is_some() { count } else { count.saturating_sub(1) }
        });
        let is_custom = call.custom.is_some();
        let (name, piece) = match (call.function, call.custom) {
            (_, Some(custom)) => (custom.name, custom.input.map(Text::into_owned)),
            (Some(function), None) => (
                function.name,
                function.arguments.map(|raw| text_of(raw).unwrap_or_else(|| raw.get().to_owned())),
            ),
            (None, None) => (None, None),
        };
        if !self.calls.iter().any(|known| known.index == at) {
            if self.calls.len() >= MAX_CALLS {
                return Err(Error::new(Kind::UpstreamGarbled, "the provider's stream holds too many calls"));
            }
            self.close_words(index, events);
            self.close_whole_calls(index, events);
            let bare = ToolCall {
                id: id.unwrap_or_else(|| notes.call_id(*calls)),
                name: name.map(Text::into_owned).unwrap_or_default(),
                namespace: None,
                kind: if is_custom { ToolKind::Custom } else { ToolKind::Function },
                arguments: String::new(),
                signature: None,
            };
            *calls += 1;
            let ToolCall { id, name, namespace, kind, signature, .. } = restored(bare, notes);
            let is_wrapped = kind == ToolKind::Custom && !is_custom;
            let opening = Opening::ToolCall { id, name, namespace, kind, signature };
            let block = self.open(index, opening, events);
            let arguments = String::new();
            self.calls.push(CallSoFar { index: at, block, arguments, is_wrapped, is_closed: false });
        }
        let known = self.calls.iter_mut().find(|known| known.index == at);
        if let (Some(known), Some(piece)) = (known, piece.filter(|piece| !piece.is_empty())) {
            known.arguments.push_str(&piece);
            if !known.is_wrapped && !known.is_closed {
                let delta = Delta::Arguments(piece);
                events.push(Event::Delta { choice: index, block: known.block, delta });
            }
        }
        Ok(())
    }

    /// Calls come one after the other: one whose arguments are whole JSON is complete when the next begins.
    fn close_whole_calls(&mut self, index: u32, events: &mut Vec<Event>) {
        let is_whole = |call: &CallSoFar| {
            !call.is_closed && serde_json::from_str::<serde::de::IgnoredAny>(&call.arguments).is_ok()
        };
        self.calls.iter_mut().filter(|call| is_whole(call)).for_each(|call| call.close(index, events));
    }

    fn stop(&mut self, index: u32, reason: StopReason, events: &mut Vec<Event>) {
        self.close_words(index, events);
        self.calls.iter_mut().filter(|call| !call.is_closed).for_each(|call| call.close(index, events));
        if std::mem::replace(&mut self.stopped, true) {
            return;
        }
        // Some servers say `stop` beside tool calls.
        let has_calls = !self.calls.is_empty();
        let reason = if has_calls && reason == StopReason::End { StopReason::ToolCalls } else { reason };
        events.push(Event::Stop { choice: index, reason, sequence: None });
    }
}

impl CallSoFar {
    fn close(&mut self, index: u32, events: &mut Vec<Event>) {
        self.is_closed = true;
        if self.is_wrapped {
            let text = super::super::answer::free_text(&self.arguments);
            events.push(Event::Delta { choice: index, block: self.block, delta: Delta::Arguments(text) });
        }
        events.push(Event::Close { choice: index, block: self.block });
    }
}
