//! A provider's stream, read.

use serde_json::value::RawValue;
use weighhouse_types::chat::{Event, Json, Start, ToolKind};
use weighhouse_types::{Error, UsageClass};

use super::super::answer::{
    ItemKind, blocks_of, error_of, incomplete_of, logprobs_of, message_of, read_citation, reason_of, seconds,
    text_of, usage_of,
};
use super::super::usage::is_search;
use super::super::wire_answer::{Item, Part, Response, Streamed, Typed};
use super::item::{Emitter, ItemSoFar};
use crate::framing::sse;
use crate::registry::UsageRules;
use crate::translation::ReplyNotes;
use crate::wire::{Text, read_reply, read_reply_piece};

/// Reads a provider's stream.
#[derive(Clone, Debug)]
pub struct StreamReader {
    notes: ReplyNotes,
    rules: UsageRules,
    has_begun: bool,
    /// The answer came to its end, or the provider broke off.
    is_over: bool,
    items: Vec<ItemSoFar>,
    emitter: Emitter,
    searches: u64,
}

impl StreamReader {
    /// A stream that begins.
    #[must_use]
    pub const fn new(notes: ReplyNotes, rules: UsageRules) -> Self {
        Self {
            notes,
            rules,
            has_begun: false,
            is_over: false,
            items: Vec::new(),
            emitter: Emitter::new(),
            searches: 0,
        }
    }

    /// Takes a frame (one server-sent event with its blank line) and adds what it says to `events`.
    ///
    /// # Errors
    /// `UpstreamGarbled`: not what the dialect allows.
    pub fn frame(&mut self, frame: &[u8], events: &mut Vec<Event>) -> Result<(), Error> {
        let Some(data) = sse::data(frame) else { return Ok(()) };
        let data = data.trim_ascii();
        if data.is_empty() || data == b"[DONE]" || self.is_over {
            return Ok(());
        }
        let event: Streamed<'_> = read_reply(data)?;
        match event.kind.as_ref().map_or("", Text::as_str) {
            "response.created" | "response.queued" | "response.in_progress" => {
                self.begin(event.response, events)
            }
            "response.completed" => self.end(event.response, "completed", events),
            "response.incomplete" => self.end(event.response, "incomplete", events),
            "response.failed" => {
                let reply: Response<'_> = event.response.map_or_else(|| Ok(Response::default()), read)?;
                self.fail(reply.error, events);
                Ok(())
            }
            "error" => {
                // Some servers put the error into an object of its own.
                let whole = serde_json::from_slice::<&RawValue>(data).ok();
                self.fail(event.error.or(whole), events);
                Ok(())
            }
            kind => self.piece(kind, &event, events),
        }
    }

    /// The bytes are over. An answer that came to its own end was closed then, with its last event.
    pub fn finish(&mut self, _events: &mut Vec<Event>) {
        self.is_over = true;
    }

    fn fail(&mut self, error: Option<&RawValue>, events: &mut Vec<Event>) {
        self.is_over = true;
        events.push(Event::Failed(Box::new(error_of(error))));
    }

    fn begin(&mut self, response: Option<&RawValue>, events: &mut Vec<Event>) -> Result<(), Error> {
        if self.has_begun {
            return Ok(());
        }
        self.has_begun = true;
        let reply: Response<'_> = response.map_or_else(|| Ok(Response::default()), read)?;
        events.push(Event::Start(Start {
            id: reply.id.map(Text::into_owned).unwrap_or_default(),
            model: reply.model.map(Text::into_owned).unwrap_or_default(),
            created: reply.created.and_then(|created| i64::try_from(seconds(created.0)).ok()),
            service_tier: reply.service_tier.map(Text::into_owned),
        }));
        Ok(())
    }

    /// A piece of an item; events that have no name here are passed over.
    fn piece(&mut self, kind: &str, event: &Streamed<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        match kind {
            "response.output_item.added" => return self.added(event, events),
            "response.output_item.done" => return self.done(event, events),
            "response.content_part.done" => {}
            "response.output_text.delta"
            | "response.output_text.done"
            | "response.output_text.annotation.added"
            | "response.refusal.delta"
            | "response.refusal.done" => {
                self.begin(None, events)?;
                if let Some(at) = self.place(event, ItemKind::Message, true) {
                    self.text(kind, at, event, events);
                }
            }
            "response.reasoning_summary_text.delta"
            | "response.reasoning_summary_text.done"
            | "response.reasoning_text.delta"
            | "response.reasoning_text.done" => {
                self.begin(None, events)?;
                if let Some(at) = self.place(event, ItemKind::Reasoning, true) {
                    self.reasoning(kind, at, event, events);
                }
            }
            "response.function_call_arguments.delta" => {
                self.arguments(ToolKind::Function, event, events);
            }
            "response.custom_tool_call_input.delta" => {
                self.arguments(ToolKind::Custom, event, events);
            }
            _ => {}
        }
        Ok(())
    }

    fn added(&mut self, event: &Streamed<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        self.begin(None, events)?;
        let Some(raw) = event.item else { return Ok(()) };
        let kind = kind_of(raw)?;
        let id = serde_json::from_str::<Item<'_>>(raw.get()).ok().and_then(|item| item.id.or(item.call_id));
        if event.output_index.is_none() {
            // llama.cpp tells of all ends together, at the end: what came before is complete all the same.
            self.items.iter_mut().for_each(|item| item.close_early(events));
        }
        let mut item = ItemSoFar::new(kind, id.map(Text::into_owned), event.output_index);
        if let ItemKind::Call(_) = kind {
            item.open_call(read(raw)?, self.items.len(), &self.notes, &mut self.emitter, events);
        }
        self.items.push(item);
        Ok(())
    }

    /// The item of a piece: by its place, by its id, or the last one that fits; a message or reasoning that nobody
    /// announced begins with its first piece.
    fn place(&mut self, event: &Streamed<'_>, kind: ItemKind, may_begin: bool) -> Option<usize> {
        let id = event.item_id.as_ref().map(Text::as_str);
        let fits = |item: &ItemSoFar| item.kind == kind && !item.is_done;
        let last =
            |is: &dyn Fn(&ItemSoFar) -> bool| self.items.iter().rposition(|item| fits(item) && is(item));
        let of_index = || event.output_index.and_then(|index| last(&|item| item.output_index == Some(index)));
        let of_id = || id.and_then(|id| last(&|item| item.id.as_deref() == Some(id)));
        if let Some(found) = of_index().or_else(of_id) {
            return Some(found);
        }
        // Two that both say their place are two.
        let is_another = |item: &ItemSoFar| item.output_index.is_some() && event.output_index.is_some();
        if let Some(found) = last(&|item| !is_another(item)) {
            return Some(found);
        }
        may_begin.then(|| {
            self.items.push(ItemSoFar::new(kind, id.map(str::to_owned), event.output_index));
            self.items.len() - 1
        })
    }

    fn text(&mut self, kind: &str, at: usize, event: &Streamed<'_>, events: &mut Vec<Event>) {
        let Some(item) = self.items.get_mut(at) else { return };
        let index = event.content_index.unwrap_or(0);
        let emitter = &mut self.emitter;
        match kind {
            "response.output_text.annotation.added" => {
                if let Some(annotation) = event.annotation {
                    item.citation(index, read_citation(annotation), emitter, events);
                }
            }
            "response.output_text.done" => item.rest_of_text(index, event.text, false, emitter, events),
            "response.refusal.done" => item.rest_of_text(index, event.refusal, true, emitter, events),
            _ => {
                let is_refusal = kind == "response.refusal.delta";
                item.text(index, text_of(event.delta), is_refusal, emitter, events);
                let tokens: Vec<Json> =
                    event.logprobs.iter().flatten().map(|token| Json::from(*token)).collect();
                if let Some(logprobs) = logprobs_of(&tokens) {
                    item.logprobs(index, logprobs, emitter, events);
                }
            }
        }
    }

    fn reasoning(&mut self, kind: &str, at: usize, event: &Streamed<'_>, events: &mut Vec<Event>) {
        let Some(item) = self.items.get_mut(at) else { return };
        let is_summary = kind.starts_with("response.reasoning_summary");
        let index = if is_summary { event.summary_index } else { event.content_index }.unwrap_or(0);
        let is_done = event.delta.is_none();
        let text = text_of(if is_done { event.text } else { event.delta });
        item.reasoning((is_summary, index), &text, is_done, &mut self.emitter, events);
    }

    fn arguments(&mut self, kind: ToolKind, event: &Streamed<'_>, events: &mut Vec<Event>) {
        if let Some(at) = self.place(event, ItemKind::Call(kind), false)
            && let Some(item) = self.items.get_mut(at)
        {
            item.arguments(text_of(event.delta), events);
        }
    }

    fn done(&mut self, event: &Streamed<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        self.begin(None, events)?;
        let Some(raw) = event.item else { return Ok(()) };
        let kind = kind_of(raw)?;
        self.searches += u64::from(is_search(raw));
        let item: Item<'_> = if kind == ItemKind::Whole { Item::default() } else { read(raw)? };
        // The item says its id itself.
        let named = Streamed {
            item_id: event.item_id.clone().or_else(|| item.id.clone()).or_else(|| item.call_id.clone()),
            output_index: event.output_index,
            ..Streamed::default()
        };
        let found = self.place(&named, kind, false);
        let place = found.unwrap_or(self.items.len());
        if found.is_none() {
            self.items.push(ItemSoFar::new(kind, None, event.output_index));
        }
        let Some(so_far) = self.items.get_mut(place) else { return Ok(()) };
        so_far.is_done = true;
        if so_far.is_closed {
            return Ok(());
        }
        if found.is_none() || kind == ItemKind::Whole {
            return self.whole(raw, place, events);
        }
        match kind {
            ItemKind::Message => {
                for (index, raw) in item.content.iter().flatten().enumerate() {
                    let part: Part<'_> = read(raw)?;
                    so_far.end_part(
                        index as u64,
                        &part,
                        || message_of(&item, raw),
                        &mut self.emitter,
                        events,
                    );
                }
                so_far.close(events);
            }
            ItemKind::Call(kind) => {
                let said = if kind == ToolKind::Function { item.arguments } else { item.input };
                so_far.end_call(&text_of(said), events);
            }
            ItemKind::Reasoning => so_far.end_reasoning(item, &mut self.emitter, events),
            ItemKind::Whole => {}
        }
        Ok(())
    }

    /// An item that comes in one piece.
    fn whole(&mut self, raw: &RawValue, place: usize, events: &mut Vec<Event>) -> Result<(), Error> {
        let mut tokens = Vec::new();
        for block in blocks_of(raw, place, &self.notes, &mut tokens)? {
            self.emitter.whole(block, logprobs_of(&std::mem::take(&mut tokens)), events);
        }
        Ok(())
    }

    fn end(
        &mut self,
        response: Option<&RawValue>,
        status: &str,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        self.begin(response, events)?;
        let reply: Response<'_> = response.map_or_else(|| Ok(Response::default()), read)?;
        if self.items.is_empty() {
            // Nothing was streamed: all of it stands here.
            for (place, item) in reply.output.iter().flatten().enumerate() {
                self.whole(item, place, events)?;
            }
        }
        self.items.iter_mut().filter(|item| !item.is_done).for_each(|item| item.close(events));
        self.is_over = true;
        if let Some(usage) = usage_of(&reply, self.rules) {
            let is_unsaid = reply.tool_usage.is_none() && usage.get(UsageClass::Search) == 0;
            let searches = if is_unsaid { self.searches } else { usage.get(UsageClass::Search) };
            events.push(Event::Usage(usage.with(UsageClass::Search, searches)));
        }
        let status = reply.status.as_ref().map_or(status, Text::as_str);
        let reason = reason_of(Some(status), incomplete_of(reply.incomplete.as_ref()), self.emitter.seen);
        events.push(Event::Stop { choice: 0, reason, sequence: None });
        events.push(Event::End);
        Ok(())
    }
}

fn read<'a, T: serde::Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Error> {
    read_reply_piece(raw)
}

fn kind_of(raw: &RawValue) -> Result<ItemKind, Error> {
    let typed: Typed<'_> = read(raw)?;
    Ok(ItemKind::of(typed.kind.as_ref().map_or("", Text::as_str)))
}
