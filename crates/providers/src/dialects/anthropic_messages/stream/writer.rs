//! A stream, written for a client: one block is open at a time, usage and the reason to stop come at the end.

use weighhouse_types::chat::{
    Block, BlockKind, Delta, Event, Opening, Reasoning, Signature, StopReason, TextBlock, ToolCall, ToolKind,
};
use weighhouse_types::{Error, Usage};

use super::super::answer::{stop_word, write_head, write_message_usage, write_sequence};
use super::super::block::{BlockWriter, Marks, OURS, Side, citation_object};
use super::super::error::write_error;
use super::super::usage::write_usage;
use crate::envelope::quote;
use crate::framing::sse::put_data;
use crate::translation::{CUSTOM_INPUT, Shown};
use crate::wire::{Object, object};

/// Writes a stream for a client.
#[derive(Clone, Debug)]
pub struct StreamWriter {
    shown: Shown,
    is_started: bool,
    is_ended: bool,
    /// The next block's number on the wire.
    next: u64,
    open: Option<OpenBlock>,
    waiting: Vec<WaitingBlock>,
    usage: Option<Usage>,
    stop: Option<(StopReason, Option<String>)>,
}

/// The block that the client sees growing.
#[derive(Clone, Copy, Debug)]
struct OpenBlock {
    block: u32,
    /// Its text goes inside a JSON string: a custom tool's call.
    is_custom: bool,
}

/// A block that began while another was open.
#[derive(Clone, Debug)]
struct WaitingBlock {
    block: u32,
    opening: Opening,
    deltas: Vec<Delta>,
    is_closed: bool,
}

fn put(out: &mut Vec<u8>, kind: &str, fill: impl FnOnce(&mut Object<'_>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(kind.as_bytes());
    out.push(b'\n');
    let data = object(|event| {
        event.text("type", kind);
        fill(event);
    });
    put_data(&data, b"\n\n", out);
}

const fn blocks<'a>() -> BlockWriter<'a> {
    BlockWriter::new(Side::Client, Marks::of(0))
}

impl StreamWriter {
    /// A stream that begins.
    #[must_use]
    pub const fn new(shown: Shown) -> Self {
        Self {
            shown,
            is_started: false,
            is_ended: false,
            next: 0,
            open: None,
            waiting: Vec::new(),
            usage: None,
            stop: None,
        }
    }

    /// Adds what an event becomes to `out`: no frame, one, or several.
    pub fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        if self.is_ended {
            return;
        }
        match event {
            Event::Start(start) => self.start(&start.id, start.service_tier.as_deref(), out),
            Event::Open { choice: 0, block, opening } => {
                self.start("", None, out);
                if self.open.is_some() {
                    self.waiting.push(WaitingBlock {
                        block: *block,
                        opening: opening.clone(),
                        deltas: Vec::new(),
                        is_closed: false,
                    });
                } else {
                    self.open_block(*block, opening, out);
                }
            }
            Event::Delta { choice: 0, block, delta } => match self.open {
                Some(open) if open.block == *block => self.go_on(open, delta, out),
                _ => {
                    if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.block == *block) {
                        waiting.deltas.push(delta.clone());
                    }
                }
            },
            Event::Close { choice: 0, block } => self.close(*block, out),
            Event::Usage(usage) => self.usage = Some(usage.clone()),
            Event::Stop { choice: 0, reason, sequence } => {
                self.stop = Some((reason.clone(), sequence.clone()));
            }
            // This dialect knows one answer to a question.
            Event::Open { .. } | Event::Delta { .. } | Event::Close { .. } | Event::Stop { .. } => {}
            Event::End => self.end(out),
            Event::Failed(error) => self.fail(error, out),
        }
    }

    /// Says that the stream breaks off.
    pub fn fail(&mut self, error: &Error, out: &mut Vec<u8>) {
        if self.is_ended {
            return;
        }
        self.is_ended = true;
        let (_, body) = write_error(error);
        out.extend_from_slice(b"event: error\n");
        put_data(&body, b"\n\n", out);
    }

    fn start(&mut self, id: &str, tier: Option<&str>, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.is_started, true) {
            return;
        }
        let (shown, usage) = (&self.shown, self.usage.as_ref());
        put(out, "message_start", |event| {
            event.object("message", |message| {
                write_head(id, shown, message);
                message.array("content", |_| {});
                message.null("stop_reason");
                message.null("stop_sequence");
                message.object("usage", |members| write_message_usage(usage, tier, members));
            });
        });
    }

    fn open_block(&mut self, block: u32, opening: &Opening, out: &mut Vec<u8>) {
        let mut writer = blocks();
        let (begun, said) = beginning(opening);
        if !matches!(opening, Opening::Reasoning { .. }) && !writer.takes(&begun) {
            return;
        }
        let index = self.next;
        put(out, "content_block_start", |event| {
            event.number("index", index);
            event.raw("content_block", &writer.whole(&begun));
        });
        let is_custom = matches!(opening, Opening::ToolCall { kind: ToolKind::Custom, .. });
        let open = OpenBlock { block, is_custom };
        self.open = Some(open);
        if is_custom {
            self.put_delta("input_json_delta", "partial_json", &format!("{{\"{CUSTOM_INPUT}\":\""), out);
        }
        said.iter().for_each(|delta| self.go_on(open, delta, out));
    }

    fn put_delta(&self, kind: &str, member: &str, text: &str, out: &mut Vec<u8>) {
        put(out, "content_block_delta", |event| {
            event.number("index", self.next);
            event.object("delta", |delta| {
                delta.text("type", kind);
                delta.text(member, text);
            });
        });
    }

    fn go_on(&self, open: OpenBlock, delta: &Delta, out: &mut Vec<u8>) {
        match delta {
            Delta::Text(text) | Delta::Refusal(text) => self.put_delta("text_delta", "text", text, out),
            Delta::Reasoning(text) => self.put_delta("thinking_delta", "thinking", text, out),
            Delta::ReasoningPart => self.put_delta("thinking_delta", "thinking", "\n\n", out),
            Delta::Signature(signature) => {
                self.put_delta("signature_delta", "signature", &signature.for_client(OURS), out);
            }
            Delta::Arguments(more) if open.is_custom => {
                let quoted = quote(more);
                let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
                self.put_delta("input_json_delta", "partial_json", inside.unwrap_or_default(), out);
            }
            Delta::Arguments(more) => self.put_delta("input_json_delta", "partial_json", more, out),
            Delta::Citation(citation) => {
                let Some(citation) = citation_object(citation) else { return };
                put(out, "content_block_delta", |event| {
                    event.number("index", self.next);
                    event.object("delta", |delta| {
                        delta.text("type", "citations_delta");
                        delta.json("citation", &citation);
                    });
                });
            }
            Delta::Logprobs(_) => {}
        }
    }

    fn close(&mut self, block: u32, out: &mut Vec<u8>) {
        if self.open.is_some_and(|open| open.block == block) {
            self.close_open(out);
        } else if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.block == block) {
            waiting.is_closed = true;
        }
    }

    /// Closes the block that is open; those that waited follow, the last of them may stay open.
    fn close_open(&mut self, out: &mut Vec<u8>) {
        self.put_stop(out);
        while self.open.is_none() && !self.waiting.is_empty() {
            let waited = self.waiting.remove(0);
            self.open_block(waited.block, &waited.opening, out);
            if let Some(open) = self.open {
                waited.deltas.iter().for_each(|delta| self.go_on(open, delta, out));
                if waited.is_closed {
                    self.put_stop(out);
                }
            }
        }
    }

    fn put_stop(&mut self, out: &mut Vec<u8>) {
        let Some(open) = self.open.take() else { return };
        if open.is_custom {
            self.put_delta("input_json_delta", "partial_json", "\"}", out);
        }
        put(out, "content_block_stop", |event| event.number("index", self.next));
        self.next += 1;
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.start("", None, out);
        while self.open.is_some() {
            self.close_open(out);
        }
        self.is_ended = true;
        let (reason, sequence) = self.stop.take().unwrap_or_default();
        put(out, "message_delta", |event| {
            event.object("delta", |delta| {
                delta.text("stop_reason", stop_word(&reason));
                write_sequence(sequence.as_deref(), delta);
            });
            event.object("usage", |usage| write_usage(&self.usage.clone().unwrap_or_default(), usage));
        });
        put(out, "message_stop", |_| {});
    }
}

/// A block as it begins, and what of it is said by deltas at once: clients build texts and inputs from those.
fn beginning(opening: &Opening) -> (Block, Vec<Delta>) {
    let begun = |kind: BlockKind| (kind.into(), Vec::new());
    match opening {
        Opening::Text | Opening::Refusal => begun(BlockKind::Text(TextBlock::default())),
        Opening::Reasoning { .. } => begun(BlockKind::Reasoning(Reasoning::default())),
        Opening::ToolCall { id, name, namespace, kind: _, signature } => {
            begun(BlockKind::ToolCall(call(id, name, namespace.as_deref(), signature.as_ref())))
        }
        Opening::Whole(block) => match &block.kind {
            BlockKind::Text(text) => {
                let citations = text.citations.iter().cloned().map(Delta::Citation);
                let said = std::iter::once(Delta::Text(text.text.clone())).chain(citations).collect();
                (BlockKind::Text(TextBlock::default()).into(), said)
            }
            BlockKind::Refusal(text) => {
                (BlockKind::Text(TextBlock::default()).into(), vec![Delta::Text(text.clone())])
            }
            BlockKind::Reasoning(reasoning) if !reasoning.redacted => {
                let proof = reasoning.signature.clone().map(Delta::Signature);
                let said = std::iter::once(Delta::Reasoning(reasoning.text())).chain(proof).collect();
                (BlockKind::Reasoning(Reasoning::default()).into(), said)
            }
            BlockKind::Media(_)
            | BlockKind::Reasoning(_)
            | BlockKind::ToolCall(_)
            | BlockKind::ToolResult(_)
            | BlockKind::ServerTool(_)
            | BlockKind::Foreign(_) => begun(block.kind.clone()),
        },
    }
}

/// A call without its arguments yet.
fn call(id: &str, name: &str, namespace: Option<&str>, signature: Option<&Signature>) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        namespace: namespace.map(str::to_owned),
        kind: ToolKind::Function,
        arguments: String::new(),
        signature: signature.cloned(),
    }
}
