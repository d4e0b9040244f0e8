//! A stream for a client of this dialect, written: the events of the official SDKs in their order
//! (<https://platform.openai.com/docs/api-reference/responses-streaming>).

use weighhouse_types::chat::{
    Block, BlockKind, Delta, Event, Json, Opening, Reasoning, StopReason, TextBlock, ToolCall, ToolKind,
};
use weighhouse_types::{Error, Usage};

use super::super::answer::{Head, Output, Progress, items, tokens_of, words_of, write_response};
use super::super::error::write_error;
use super::waiting::{Step, Waiting};
use crate::framing::sse::put_data;
use crate::translation::Shown;
use crate::wire::{Object, object};

/// Writes a stream for a client.
#[derive(Clone, Debug)]
pub struct StreamWriter {
    shown: Shown,
    pub(super) output: Output,
    head: Option<Head>,
    sequence: u64,
    waiting: Waiting,
    /// What was written: the parts and items of the output.
    pub(super) blocks: Vec<Block>,
    /// Items that were begun before the one that is open.
    pub(super) place: usize,
    pub(super) open: Open,
    /// Parts of the message that is open: it closes with the first block that is no part of it.
    pub(super) parts: usize,
    pub(super) tokens: Vec<Json>,
    pub(super) has_message: bool,
    usage: Option<Usage>,
    stop: StopReason,
    is_over: bool,
}

/// The block that is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// None, or one that came whole.
    Nothing,
    Text,
    Refusal,
    /// Reasoning; whether a part of its summary is open.
    Reasoning(bool),
    Call(ToolKind),
}

impl StreamWriter {
    /// A stream that begins.
    #[must_use]
    pub fn new(shown: Shown) -> Self {
        Self {
            output: Output::of(&shown),
            shown,
            head: None,
            sequence: 0,
            waiting: Waiting::new(),
            blocks: Vec::new(),
            place: 0,
            open: Open::Nothing,
            parts: 0,
            tokens: Vec::new(),
            has_message: false,
            usage: None,
            stop: StopReason::End,
            is_over: false,
        }
    }

    /// Adds what an event becomes to `out`: no frame, one, or several. An answer here has one choice.
    pub fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        if self.is_over {
            return;
        }
        match event {
            Event::Start(start) => {
                let head = Head::of(&start.id, start.created, start.service_tier.as_deref(), &self.shown);
                self.begin(head, out);
            }
            Event::Open { choice: 0, block, opening } => self.step(*block, Step::Open(opening.clone()), out),
            Event::Delta { choice: 0, block, delta } => self.step(*block, Step::Delta(delta.clone()), out),
            Event::Close { choice: 0, block } => self.step(*block, Step::Close, out),
            Event::Stop { choice: 0, reason, sequence: _ } => self.stop = reason.clone(),
            Event::Usage(usage) => self.usage = Some(usage.clone()),
            Event::End => self.end(out),
            Event::Failed(error) => self.fail(error, out),
            Event::Open { .. } | Event::Delta { .. } | Event::Close { .. } | Event::Stop { .. } => {}
        }
    }

    /// Says that the stream breaks off.
    pub fn fail(&mut self, error: &Error, out: &mut Vec<u8>) {
        if self.is_over {
            return;
        }
        self.is_over = true;
        self.begin_if_not(out);
        let failure = Failure::of(error);
        self.frame("error", out, |event| {
            event.text("code", &failure.code);
            event.text("message", &failure.message);
            match &failure.param {
                Some(param) => event.text("param", param),
                None => event.null("param"),
            }
        });
        let error = Some((failure.code.as_str(), failure.message.as_str()));
        self.snapshot("response.failed", "failed", None, error, out);
    }

    fn begin_if_not(&mut self, out: &mut Vec<u8>) {
        if self.head.is_none() {
            let head = Head::of("", None, None, &self.shown);
            self.begin(head, out);
        }
    }

    fn begin(&mut self, head: Head, out: &mut Vec<u8>) {
        self.head = Some(head);
        self.snapshot("response.created", "in_progress", None, None, out);
        self.snapshot("response.in_progress", "in_progress", None, None, out);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.begin_if_not(out);
        for step in self.waiting.rest() {
            self.apply(step, out);
        }
        let stop = std::mem::take(&mut self.stop);
        let (name, status, incomplete) = match words_of(&stop) {
            ("incomplete", reason) => ("response.incomplete", "incomplete", reason),
            _ => ("response.completed", "completed", None),
        };
        self.end_message(status, out);
        self.snapshot(name, status, incomplete, None, out);
        self.is_over = true;
    }

    /// An event that shows the whole response as it is now.
    fn snapshot(
        &mut self,
        name: &str,
        status: &str,
        incomplete: Option<&str>,
        error: Option<(&str, &str)>,
        out: &mut Vec<u8>,
    ) {
        let of_items = if status == "failed" { "incomplete" } else { status };
        let progress = Progress {
            status,
            incomplete,
            error,
            output: items(&self.output, &self.blocks, of_items, &self.tokens),
            usage: self.usage.as_ref().filter(|_| status != "in_progress"),
        };
        let none = Head::default();
        let head = self.head.as_ref().unwrap_or(&none);
        let response = object(|response| write_response(head, &progress, &self.shown, response));
        self.frame(name, out, |event| event.raw("response", &response));
    }

    fn step(&mut self, block: u32, step: Step, out: &mut Vec<u8>) {
        self.begin_if_not(out);
        for step in self.waiting.take(block, step) {
            self.apply(step, out);
        }
    }

    fn apply(&mut self, step: Step, out: &mut Vec<u8>) {
        match step {
            Step::Open(opening) => self.open(opening, out),
            Step::Delta(delta) => self.delta(delta, out),
            Step::Close => self.close(out),
        }
    }

    fn open(&mut self, opening: Opening, out: &mut Vec<u8>) {
        match opening {
            Opening::Text => self.open_part(BlockKind::Text(TextBlock::default()), out),
            Opening::Refusal => self.open_part(BlockKind::Refusal(String::new()), out),
            Opening::Reasoning { id } => {
                let reasoning = Reasoning { id, ..Reasoning::default() };
                self.open_item(Open::Reasoning(false), BlockKind::Reasoning(reasoning), out);
            }
            Opening::ToolCall { id, name, namespace, kind, signature } => {
                let arguments = String::new();
                let call = ToolCall { id, name, namespace, kind, arguments, signature };
                self.open_item(Open::Call(kind), BlockKind::ToolCall(call), out);
            }
            Opening::Whole(block) => self.whole(*block, out),
        }
    }

    fn delta(&mut self, delta: Delta, out: &mut Vec<u8>) {
        let item = self.item_id();
        match (delta, self.open) {
            (Delta::Text(text), Open::Text) => self.text(&item, &text, out),
            (Delta::Citation(citation), Open::Text) => self.citation(&item, citation, out),
            (Delta::Logprobs(logprobs), Open::Text) => {
                let tokens = tokens_of(Some(&logprobs));
                self.text_delta(&item, "", &tokens, out);
                self.tokens.extend(tokens);
            }
            (Delta::Refusal(text), Open::Refusal) => {
                if let Some(BlockKind::Refusal(said)) = self.last() {
                    said.push_str(&text);
                }
                self.part_frame("response.refusal.delta", &item, out, |event| event.text("delta", &text));
            }
            (Delta::Reasoning(text), Open::Reasoning(has_part)) => {
                self.reasoning(&item, &text, has_part, out);
            }
            (Delta::ReasoningPart, Open::Reasoning(true)) => self.end_summary(&item, out),
            (Delta::Signature(signature), Open::Reasoning(_)) => {
                if let Some(BlockKind::Reasoning(reasoning)) = self.last() {
                    reasoning.signature = Some(signature);
                }
            }
            (Delta::Arguments(text), Open::Call(kind)) => {
                if let Some(BlockKind::ToolCall(call)) = self.last() {
                    call.arguments.push_str(&text);
                }
                self.arguments_delta(&item, kind, &text, out);
            }
            // What stands on a kind of block that has no place for it here.
            (
                Delta::Text(_)
                | Delta::Citation(_)
                | Delta::Logprobs(_)
                | Delta::Refusal(_)
                | Delta::Reasoning(_)
                | Delta::ReasoningPart
                | Delta::Signature(_)
                | Delta::Arguments(_),
                _,
            ) => {}
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let item = self.item_id();
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing => {}
            Open::Text | Open::Refusal => self.end_part(&item, out),
            Open::Reasoning(has_part) => {
                if has_part {
                    self.end_summary(&item, out);
                    self.open = Open::Nothing;
                }
                self.end_item("completed", out);
            }
            Open::Call(kind) => self.end_call(&item, kind, out),
        }
    }

    /// The content of the block that is open.
    pub(super) fn last(&mut self) -> Option<&mut BlockKind> {
        self.blocks.last_mut().map(|block| &mut block.kind)
    }

    /// The id of the item that is open.
    fn item_id(&self) -> String {
        match self.blocks.last().map(|block| &block.kind) {
            Some(BlockKind::Reasoning(reasoning)) => {
                self.output.reasoning_id(reasoning.id.as_deref(), self.place)
            }
            Some(BlockKind::ToolCall(call)) => self.output.call_id(call.kind, self.place),
            Some(
                BlockKind::Text(_)
                | BlockKind::Refusal(_)
                | BlockKind::Media(_)
                | BlockKind::ToolResult(_)
                | BlockKind::ServerTool(_)
                | BlockKind::Foreign(_),
            )
            | None => self.output.id("msg", self.place),
        }
    }

    /// One frame: its type, its number, and what belongs to it.
    pub(super) fn frame(&mut self, name: &str, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        let data = object(|event| {
            event.text("type", name);
            event.number("sequence_number", self.sequence);
            fill(event);
        });
        self.sequence += 1;
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
        put_data(&data, b"\n\n", out);
    }
}

/// Code and words of a failure, as the client's error object has them.
struct Failure {
    code: String,
    message: String,
    param: Option<String>,
}

impl Failure {
    fn of(error: &Error) -> Self {
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Envelope {
            error: Said,
        }
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Said {
            code: Option<String>,
            message: Option<String>,
            param: Option<String>,
        }
        let (status, body) = write_error(error);
        let said = serde_json::from_slice::<Envelope>(&body).unwrap_or_default().error;
        // A code that is a status is no word of this dialect's (SDK type `ResponseError`).
        let word = said.code.filter(|code| !code.bytes().all(|byte| byte.is_ascii_digit()));
        let of_status = || match status {
            429 => "rate_limit_exceeded",
            400..=428 | 430..=499 => "invalid_prompt",
            _ => "server_error",
        };
        Self {
            code: word.unwrap_or_else(|| of_status().to_owned()),
            message: said.message.unwrap_or_else(|| error.to_string()),
            param: said.param,
        }
    }
}
