//! A provider's stream, read.

use serde_json::value::RawValue;
use weighhouse_types::chat::{Block, BlockKind, Delta, Event, Opening, Signature, Start, TextBlock};
use weighhouse_types::{Dialect, Error, Kind, Usage, UsageClass};

use super::super::answer::{Finish, Founded, call_opening, error_of, logprobs_from, searches, service_tier};
use super::super::part::PartIs;
use super::super::usage::read_usage;
use super::super::wire::{Candidate, Part, Reply};
use crate::framing::sse;
use crate::registry::UsageRules;
use crate::translation::ReplyNotes;
use crate::wire::{read_reply, read_reply_piece};

/// Most answers to one question that a stream is believed.
const MAX_CHOICES: u32 = 128;

/// Reads a provider's stream.
#[derive(Clone, Debug)]
pub struct StreamReader {
    notes: ReplyNotes,
    rules: UsageRules,
    has_begun: bool,
    model: Option<String>,
    usage: Option<Usage>,
    calls: usize,
    choices: Vec<ChoiceSoFar>,
    has_failed: bool,
}

/// One answer as far as it has come.
#[derive(Clone, Debug, Default)]
struct ChoiceSoFar {
    /// Blocks that were opened.
    blocks: u32,
    open: Option<OpenBlock>,
    /// The text of the last text block, in whose bytes sources are placed.
    text: String,
    has_calls: bool,
    finish: Option<Finish>,
    grounding: Option<Box<RawValue>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenBlock {
    Text,
    Reasoning,
}

impl StreamReader {
    /// A stream that begins.
    #[must_use]
    pub const fn new(notes: ReplyNotes, rules: UsageRules) -> Self {
        Self {
            notes,
            rules,
            has_begun: false,
            model: None,
            usage: None,
            calls: 0,
            choices: Vec::new(),
            has_failed: false,
        }
    }

    /// Takes a frame (one server-sent event with its blank line) and adds what it says to `events`.
    ///
    /// # Errors
    /// `UpstreamGarbled`: not what the dialect allows.
    pub fn frame(&mut self, frame: &[u8], events: &mut Vec<Event>) -> Result<(), Error> {
        let Some(data) = sse::data(frame) else { return Ok(()) };
        let data = data.trim_ascii();
        if data.is_empty() || data == b"[DONE]" || self.has_failed {
            return Ok(());
        }
        let reply: Reply<'_> = read_reply(data)?;
        if let Some(error) = reply.error {
            self.has_failed = true;
            events.push(Event::Failed(Box::new(error_of(error))));
            return Ok(());
        }
        self.begin(&reply, events);
        if reply.feedback.as_ref().is_some_and(|feedback| feedback.reason.is_some()) {
            self.choice(0)?.finish = Some(Finish::blocked());
        }
        let usage = reply.usage;
        for candidate in reply.candidates.unwrap_or_default() {
            self.candidate(candidate, events)?;
        }
        if let Some(usage) = usage.and_then(|raw| read_usage(raw.get().as_bytes(), self.rules)) {
            let usage = self.with_searches(usage);
            if self.usage.as_ref() != Some(&usage) {
                events.push(Event::Usage(usage.clone()));
                self.usage = Some(usage);
            }
        }
        Ok(())
    }

    /// The bytes are over: what is still open is closed, if the stream came to its own end.
    pub fn finish(&mut self, events: &mut Vec<Event>) {
        let is_whole = !self.choices.is_empty() && self.choices.iter().all(|choice| choice.finish.is_some());
        if self.has_failed || !is_whole {
            return;
        }
        for (index, choice) in self.choices.iter_mut().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            choice.end(index, events);
        }
        self.choices.clear();
        events.push(Event::End);
    }

    fn begin(&mut self, reply: &Reply<'_>, events: &mut Vec<Event>) {
        if self.has_begun {
            return;
        }
        self.has_begun = true;
        self.model = reply.model.as_ref().map(|model| model.as_str().to_owned());
        events.push(Event::Start(Start {
            id: reply.id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
            model: self.model.clone().unwrap_or_default(),
            created: None,
            service_tier: reply.usage.and_then(service_tier),
        }));
    }

    fn with_searches(&self, usage: Usage) -> Usage {
        let groundings = self.choices.iter().filter_map(|choice| choice.grounding.as_deref());
        usage.with(UsageClass::Search, searches(self.model.as_deref(), groundings))
    }

    fn choice(&mut self, index: u32) -> Result<&mut ChoiceSoFar, Error> {
        let place = index as usize;
        if index < MAX_CHOICES && place >= self.choices.len() {
            self.choices.resize_with(place + 1, ChoiceSoFar::default);
        }
        self.choices.get_mut(place).ok_or_else(|| {
            Error::new(Kind::UpstreamGarbled, format!("the provider's stream holds an answer number {index}"))
        })
    }

    fn candidate(&mut self, candidate: Candidate<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        let index = candidate.index.unwrap_or(0);
        self.choice(index)?;
        let raws = candidate.content.and_then(|content| content.parts);
        for raw in raws.unwrap_or_default().0 {
            self.part(index, raw, events)?;
        }
        let choice = self.choice(index)?;
        if let Some(logprobs) = candidate.logprobs.and_then(logprobs_from) {
            let block = choice.opened(index, OpenBlock::Text, events);
            events.push(Event::Delta { choice: index, block, delta: Delta::Logprobs(logprobs) });
        }
        if let Some(grounding) = candidate.grounding {
            // Each says all that is known so far, or the whole comes once: the last one counts.
            choice.grounding =
                Founded::read(grounding).map(|_| grounding.to_owned()).or(choice.grounding.take());
        }
        if let Some(reason) = candidate.finish {
            // Some models give a reason in every chunk, so the answer ends with the bytes.
            choice.finish = Some(Finish(Some(reason.into_owned())));
        }
        Ok(())
    }

    fn part(&mut self, index: u32, raw: &RawValue, events: &mut Vec<Event>) -> Result<(), Error> {
        let part: Part<'_> = read_reply_piece(raw)?;
        let proof = |text: &str| Signature { origin: Dialect::Gemini, value: text.to_owned() };
        match PartIs::of(part, raw, proof) {
            PartIs::Call(call, signature) => {
                let (opening, arguments) = call_opening(call, signature, &self.notes, &mut self.calls);
                let choice = self.choice(index)?;
                choice.has_calls = true;
                choice.close(index, events);
                let block = choice.open(index, opening, events);
                events.push(Event::Delta { choice: index, block, delta: Delta::Arguments(arguments) });
                events.push(Event::Close { choice: index, block });
            }
            PartIs::Block(block) => self.choice(index)?.block(index, block, events),
            PartIs::Response(_) => {}
        }
        Ok(())
    }
}

impl ChoiceSoFar {
    fn block(&mut self, index: u32, block: Block, events: &mut Vec<Event>) {
        match block.kind {
            BlockKind::Text(TextBlock { text, signature, .. }) => {
                if !text.is_empty() {
                    let block = self.opened(index, OpenBlock::Text, events);
                    self.text.push_str(&text);
                    events.push(Event::Delta { choice: index, block, delta: Delta::Text(text) });
                }
                self.proof(index, signature, OpenBlock::Text, events);
            }
            BlockKind::Reasoning(reasoning) => {
                for text in reasoning.parts {
                    let block = self.opened(index, OpenBlock::Reasoning, events);
                    events.push(Event::Delta { choice: index, block, delta: Delta::Reasoning(text) });
                }
                self.proof(index, reasoning.signature, OpenBlock::Reasoning, events);
            }
            kind @ (BlockKind::Refusal(_)
            | BlockKind::Media(_)
            | BlockKind::ToolCall(_)
            | BlockKind::ToolResult(_)
            | BlockKind::ServerTool(_)
            | BlockKind::Foreign(_)) => {
                self.close(index, events);
                let block = self.open(index, Opening::Whole(Box::new(kind.into())), events);
                events.push(Event::Close { choice: index, block });
            }
        }
    }

    /// A proof may come behind its text, in a part without any: it belongs to what is open.
    fn proof(&mut self, index: u32, signature: Option<Signature>, kind: OpenBlock, events: &mut Vec<Event>) {
        if let Some(signature) = signature {
            let block = self.opened(index, self.open.unwrap_or(kind), events);
            events.push(Event::Delta { choice: index, block, delta: Delta::Signature(signature) });
        }
    }

    /// The block of that kind that is open, opened where it is not.
    fn opened(&mut self, index: u32, kind: OpenBlock, events: &mut Vec<Event>) -> u32 {
        if self.open == Some(kind) {
            return self.blocks.saturating_sub(1);
        }
        self.close(index, events);
        let opening = match kind {
            OpenBlock::Text => Opening::Text,
            OpenBlock::Reasoning => Opening::Reasoning { id: None },
        };
        let block = self.open(index, opening, events);
        self.open = Some(kind);
        if kind == OpenBlock::Text {
            self.text.clear();
        }
        block
    }

    fn open(&mut self, index: u32, opening: Opening, events: &mut Vec<Event>) -> u32 {
        let block = self.blocks;
        self.blocks = self.blocks.saturating_add(1);
        events.push(Event::Open { choice: index, block, opening });
        block
    }

    fn close(&mut self, index: u32, events: &mut Vec<Event>) {
        if self.open.take().is_some() {
            events.push(Event::Close { choice: index, block: self.blocks.saturating_sub(1) });
        }
    }

    fn end(&mut self, index: u32, events: &mut Vec<Event>) {
        let grounding = self.grounding.take();
        let founded = grounding.as_deref().and_then(Founded::read);
        if let (Some(founded), Some(OpenBlock::Text)) = (&founded, self.open) {
            let block = self.blocks.saturating_sub(1);
            for citation in founded.all_citations(&self.text) {
                events.push(Event::Delta { choice: index, block, delta: Delta::Citation(citation) });
            }
        }
        self.close(index, events);
        if let Some(whole) = founded.and_then(|founded| founded.block()) {
            let block = self.open(index, Opening::Whole(Box::new(whole)), events);
            events.push(Event::Close { choice: index, block });
        }
        let finish = self.finish.take().unwrap_or_default();
        events.push(Event::Stop { choice: index, reason: finish.reason(self.has_calls), sequence: None });
    }
}
