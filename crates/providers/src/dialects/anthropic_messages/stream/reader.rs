//! A provider's stream, read.

use bytes::Bytes;
use serde_json::value::RawValue;
use weighhouse_types::Error;
use weighhouse_types::chat::{
    Block, BlockKind, Delta, Event, Foreign, Json, Opening, ServerTool, Signature, Start, ToolCall, ToolKind,
};

use super::super::answer::{custom_text, stop_of, tier_of};
use super::super::block::{OURS, read_block, read_citation};
use super::super::error::read_error_object;
use super::super::usage::Counts;
use super::super::wire::{AnswerObject, DeltaObject, EventObject};
use crate::framing::sse;
use crate::registry::UsageRules;
use crate::translation::ReplyNotes;
use crate::wire::{self, Members, Text, object, wire_object};

wire_object! {
    /// Only what kind of event it is.
    struct KindObject<'a> { "type" => kind: Text<'a>, }
}

wire_object! {
    /// Any object, its members in their order.
    struct AnyObject<'a> {}
}

/// Reads a provider's stream.
#[derive(Clone, Debug)]
pub struct StreamReader {
    notes: ReplyNotes,
    rules: UsageRules,
    counts: Counts,
    open: Vec<OpenBlock>,
    next: u32,
    has_calls: bool,
    is_started: bool,
    is_stopped: bool,
    is_ended: bool,
}

/// A block that has begun.
#[derive(Clone, Debug)]
struct OpenBlock {
    /// Its number on the wire.
    index: u64,
    /// Its number among the events; none until it is shown.
    number: Option<u32>,
    going: Going,
}

/// How a block goes on.
#[derive(Clone, Debug)]
enum Going {
    /// By deltas that are passed on, or not at all.
    Freely,
    /// A call, whose whole input may stand in its beginning instead.
    Call { begun: String, has_said: bool },
    /// The JSON text that a tool stands for.
    Json { begun: String, has_said: bool },
    /// A call of a custom tool: its text is taken out of the JSON when that is complete.
    Custom { input: String },
    /// A block of one piece that comes in several: shown when it is complete.
    Gathered { payload: Json, input: String, changed: Vec<(String, Json)> },
}

impl StreamReader {
    /// A stream that begins.
    #[must_use]
    pub fn new(notes: ReplyNotes, rules: UsageRules) -> Self {
        Self {
            notes,
            rules,
            counts: Counts::default(),
            open: Vec::new(),
            next: 0,
            has_calls: false,
            is_started: false,
            is_stopped: false,
            is_ended: false,
        }
    }

    /// Takes a frame (one server-sent event with its blank line) and adds what it says to `events`.
    ///
    /// # Errors
    /// `UpstreamGarbled`: not what the dialect allows.
    pub fn frame(&mut self, frame: &[u8], events: &mut Vec<Event>) -> Result<(), Error> {
        let Some(data) = sse::data(frame) else { return Ok(()) };
        if self.is_ended || !data.trim_ascii().starts_with(b"{") {
            return Ok(());
        }
        let event: EventObject<'_> = match wire::read_reply(&data) {
            Ok(event) => event,
            Err(error) => {
                let kind = serde_json::from_slice::<KindObject<'_>>(&data).ok().and_then(|event| event.kind);
                // An event of a kind that is not known may hold anything under any name.
                let is_unknown = kind.is_some_and(|kind| !is_named_here(kind.as_str()));
                return if is_unknown { Ok(()) } else { Err(error) };
            }
        };
        let kind = event.kind.as_ref().map(Text::as_str);
        // Some servers begin with the first block; an answer begins with its start all the same.
        if !self.is_started && matches!(kind, Some("content_block_start" | "message_delta")) {
            self.start(AnswerObject::default(), events);
        }
        match kind {
            Some("message_start") => self.start(event.message.unwrap_or_default(), events),
            Some("content_block_start") => {
                if let Some(raw) = event.content_block {
                    self.open_block(event.index.unwrap_or_default(), raw, events);
                }
            }
            Some("content_block_delta") => {
                self.go_on(event.index.unwrap_or_default(), event.delta.unwrap_or_default(), events);
            }
            Some("content_block_stop") => self.close_block(event.index.unwrap_or_default(), events),
            Some("message_delta") => {
                if let Some(raw) = event.usage {
                    self.take_usage(raw, events);
                }
                self.stop(event.delta.unwrap_or_default(), events);
            }
            Some("message_stop") => self.end(events),
            Some("error") => {
                self.is_ended = true;
                let error = read_error_object(&Bytes::copy_from_slice(&data));
                events.push(Event::Failed(Box::new(error)));
            }
            _ => {}
        }
        Ok(())
    }

    /// The bytes are over: what is still open is closed, if the stream came to its own end.
    pub fn finish(&mut self, events: &mut Vec<Event>) {
        // A stop reason is the last that an answer says; some providers leave `message_stop` out.
        if self.is_stopped {
            self.end(events);
        }
    }

    fn start(&mut self, message: AnswerObject<'_>, events: &mut Vec<Event>) {
        self.is_started = true;
        let owned = |text: Option<Text<'_>>| text.map(Text::into_owned).unwrap_or_default();
        events.push(Event::Start(Start {
            id: owned(message.id),
            model: owned(message.model),
            created: None,
            service_tier: message.usage.and_then(tier_of),
        }));
        if let Some(raw) = message.usage {
            self.take_usage(raw, events);
        }
    }

    fn take_usage(&mut self, raw: &RawValue, events: &mut Vec<Event>) {
        if let Some(counts) = Counts::read(raw.get().as_bytes()) {
            self.counts.take(counts);
        }
        events.extend(self.counts.usage(self.rules).map(Event::Usage));
    }

    fn show(&mut self, opening: Opening, events: &mut Vec<Event>) -> u32 {
        let block = self.next;
        self.next += 1;
        events.push(Event::Open { choice: 0, block, opening });
        block
    }

    fn open_block(&mut self, index: u64, raw: &RawValue, events: &mut Vec<Event>) {
        let Ok(block) = read_block(raw) else {
            self.open.push(OpenBlock { index, number: None, going: gathered(raw) });
            return;
        };
        let (number, going) = match block.kind {
            BlockKind::Text(text) => {
                let number = self.show(Opening::Text, events);
                let citations = text.citations.into_iter().map(Delta::Citation);
                let said = (!text.text.is_empty()).then_some(Delta::Text(text.text));
                events.extend(said.into_iter().chain(citations).map(|delta| on(number, delta)));
                (Some(number), Going::Freely)
            }
            BlockKind::Reasoning(ref reasoning) if !reasoning.redacted => {
                let number = self.show(Opening::Reasoning { id: None }, events);
                let said = (!reasoning.parts.is_empty()).then(|| Delta::Reasoning(reasoning.text()));
                let proof = reasoning.signature.clone().map(Delta::Signature);
                events.extend(said.into_iter().chain(proof).map(|delta| on(number, delta)));
                (Some(number), Going::Freely)
            }
            BlockKind::ToolCall(call) => self.open_call(call, events),
            BlockKind::ServerTool(_) | BlockKind::Foreign(_) => (None, gathered(raw)),
            BlockKind::Refusal(_)
            | BlockKind::Media(_)
            | BlockKind::ToolResult(_)
            | BlockKind::Reasoning(_) => {
                let whole = Opening::Whole(Box::new(block));
                (Some(self.show(whole, events)), Going::Freely)
            }
        };
        self.open.push(OpenBlock { index, number, going });
    }

    fn open_call(&mut self, call: ToolCall, events: &mut Vec<Event>) -> (Option<u32>, Going) {
        let begun = if call.arguments == "{}" { String::new() } else { call.arguments };
        if self.notes.json_tool.as_ref() == Some(&call.name) {
            return (Some(self.show(Opening::Text, events)), Going::Json { begun, has_said: false });
        }
        self.has_calls = true;
        let known = self.notes.tool(&call.name).cloned();
        let kind = known.as_ref().map_or(ToolKind::Function, |tool| tool.kind);
        let opening = Opening::ToolCall {
            id: call.id,
            name: known.as_ref().map_or(call.name, |tool| tool.name.clone()),
            namespace: known.and_then(|tool| tool.namespace),
            kind,
            signature: call.signature,
        };
        let going = match kind {
            ToolKind::Function => Going::Call { begun, has_said: false },
            ToolKind::Custom => Going::Custom { input: begun },
        };
        (Some(self.show(opening, events)), going)
    }

    fn go_on(&mut self, index: u64, delta: DeltaObject<'_>, events: &mut Vec<Event>) {
        let Some(block) = self.open.iter_mut().rev().find(|block| block.index == index) else { return };
        if let Going::Gathered { input, changed, .. } = &mut block.going {
            match delta.partial_json {
                Some(more) => input.push_str(more.as_str()),
                None => changed.extend(members_of(&delta.unknown)),
            }
            return;
        }
        let Some(number) = block.number else { return };
        let more = delta.partial_json.map(Text::into_owned).filter(|more| !more.is_empty());
        match &mut block.going {
            Going::Call { has_said, .. } => {
                *has_said |= more.is_some();
                events.extend(more.map(|more| on(number, Delta::Arguments(more))));
            }
            Going::Json { has_said, .. } => {
                *has_said |= more.is_some();
                events.extend(more.map(|more| on(number, Delta::Text(more))));
            }
            Going::Custom { input } => input.push_str(&more.unwrap_or_default()),
            Going::Freely | Going::Gathered { .. } => {
                events.extend(
                    free_delta(delta.text, delta.thinking, delta.signature, delta.citation)
                        .map(|delta| on(number, delta)),
                );
            }
        }
    }

    fn close_block(&mut self, index: u64, events: &mut Vec<Event>) {
        let Some(place) = self.open.iter().rposition(|block| block.index == index) else { return };
        let block = self.open.remove(place);
        let said = match block.going {
            Going::Freely | Going::Call { has_said: true, .. } | Going::Json { has_said: true, .. } => None,
            Going::Call { begun, .. } => Some(Delta::Arguments(or_empty_object(begun))),
            Going::Json { begun, .. } => Some(Delta::Text(or_empty_object(begun))),
            Going::Custom { input } => Some(Delta::Arguments(custom_text(input))),
            Going::Gathered { payload, input, changed } => {
                let whole = Opening::Whole(Box::new(gathered_block(&payload, &input, &changed)));
                let number = self.show(whole, events);
                events.push(Event::Close { choice: 0, block: number });
                return;
            }
        };
        let Some(number) = block.number else { return };
        events.extend(said.map(|delta| on(number, delta)));
        events.push(Event::Close { choice: 0, block: number });
    }

    fn stop(&mut self, delta: DeltaObject<'_>, events: &mut Vec<Event>) {
        let Some(word) = delta.stop_reason.filter(|_| !self.is_stopped) else { return };
        self.is_stopped = true;
        self.close_all(events);
        events.push(Event::Stop {
            choice: 0,
            reason: stop_of(Some(word.as_str()), self.has_calls, &self.notes),
            sequence: delta.stop_sequence.map(Text::into_owned),
        });
    }

    fn close_all(&mut self, events: &mut Vec<Event>) {
        while let Some(index) = self.open.first().map(|block| block.index) {
            self.close_block(index, events);
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        if !self.is_ended {
            self.close_all(events);
            self.is_ended = true;
            events.push(Event::End);
        }
    }
}

fn is_named_here(kind: &str) -> bool {
    kind.starts_with("message_") || kind.starts_with("content_block_") || kind == "error"
}

const fn on(block: u32, delta: Delta) -> Event {
    Event::Delta { choice: 0, block, delta }
}

fn or_empty_object(text: String) -> String {
    if text.is_empty() { "{}".to_owned() } else { text }
}

fn free_delta(
    text: Option<Text<'_>>,
    thinking: Option<Text<'_>>,
    signature: Option<Text<'_>>,
    citation: Option<&RawValue>,
) -> Option<Delta> {
    if let Some(text) = text {
        return Some(Delta::Text(text.into_owned()));
    }
    if let Some(thinking) = thinking {
        return Some(Delta::Reasoning(thinking.into_owned()));
    }
    if let Some(signature) = signature {
        return Some(Delta::Signature(Signature::from_client(signature.as_str(), OURS)));
    }
    citation.map(|raw| Delta::Citation(read_citation(raw)))
}

fn gathered(raw: &RawValue) -> Going {
    Going::Gathered { payload: raw.into(), input: String::new(), changed: Vec::new() }
}

fn members_of(unknown: &Members<'_>) -> Vec<(String, Json)> {
    unknown.iter().map(|(name, value)| (name.as_str().to_owned(), Json::from(*value))).collect()
}

/// A block as it would stand in a whole answer: as it began, with what came since in place.
fn gathered_block(payload: &Json, input: &str, changed: &[(String, Json)]) -> Block {
    let input = Json::parse(input);
    let changes = || changed.iter().map(|(name, value)| (name.as_str(), value));
    let is_changed =
        |name: &str| (name == "input" && input.is_some()) || changes().any(|(changed, _)| changed == name);
    let begun = payload.read::<AnyObject<'_>>().unwrap_or_default().unknown;
    let text = object(|body| {
        for (name, value) in begun.iter().filter(|(name, _)| !is_changed(name.as_str())) {
            body.raw(name.as_str(), value.get().as_bytes());
        }
        body.json_if("input", input.as_ref());
        changes().for_each(|(name, value)| body.json(name, value));
    });
    let whole = std::str::from_utf8(&text).ok().and_then(Json::parse).unwrap_or_else(|| payload.clone());
    let raw = whole.read::<&RawValue>();
    match raw.and_then(|raw| read_block(raw).ok()).map(|block| block.kind) {
        Some(BlockKind::ServerTool(tool)) => {
            BlockKind::ServerTool(ServerTool { payload: whole.clone(), ..tool }).into()
        }
        _ => BlockKind::Foreign(Foreign { origin: OURS, payload: whole.clone() }).into(),
    }
}
