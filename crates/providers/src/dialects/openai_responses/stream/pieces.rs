//! The events of one item: it is added, its pieces come, it is done.

use weighhouse_types::chat::{Block, BlockKind, Citation, Json, TextBlock, ToolKind};

use super::super::answer::{
    Entry, arguments_of, is_item, is_part, part, write_citation, write_summary, write_tokens,
};
use super::writer::{Open, StreamWriter};
use crate::wire::{Object, object};

impl StreamWriter {
    /// A text or refusal: the next part of the message that is open, or the first of a new one.
    pub(super) fn open_part(&mut self, kind: BlockKind, out: &mut Vec<u8>) {
        let item = self.output.id("msg", self.place);
        if self.parts == 0 {
            let added = object(|added| {
                added.text("id", &item);
                added.text("type", "message");
                added.text("status", "in_progress");
                added.text("role", "assistant");
                added.array("content", |_| {});
            });
            self.item_frame("response.output_item.added", &added, out);
        }
        self.parts += 1;
        self.open = if matches!(kind, BlockKind::Refusal(_)) { Open::Refusal } else { Open::Text };
        let block = Block::from(kind);
        let empty = part(&block, &[]);
        self.blocks.push(block);
        self.part_frame("response.content_part.added", &item, out, |event| event.raw("part", &empty));
    }

    pub(super) fn text(&mut self, item: &str, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        if let Some(BlockKind::Text(said)) = self.last() {
            said.text.push_str(text);
        }
        self.text_delta(item, text, &[], out);
    }

    pub(super) fn text_delta(&mut self, item: &str, text: &str, tokens: &[Json], out: &mut Vec<u8>) {
        self.part_frame("response.output_text.delta", item, out, |event| {
            event.text("delta", text);
            event.array("logprobs", |list| write_tokens(tokens, list));
        });
    }

    pub(super) fn citation(&mut self, item: &str, citation: Citation, out: &mut Vec<u8>) {
        let Some(BlockKind::Text(said)) = self.last() else { return };
        let Some(written) = write_citation(&citation, said.text.chars().count() as u64) else { return };
        let place = said.citations.len() as u64;
        said.citations.push(citation);
        self.part_frame("response.output_text.annotation.added", item, out, |event| {
            event.number("annotation_index", place);
            event.raw("annotation", &written);
        });
    }

    pub(super) fn end_part(&mut self, item: &str, out: &mut Vec<u8>) {
        let Some(block) = self.blocks.last().cloned() else { return };
        // As in the whole answer the first part has all tokens.
        let is_first = !self.has_message && self.parts == 1;
        let tokens = if is_first { self.tokens.clone() } else { Vec::new() };
        match &block.kind {
            BlockKind::Refusal(text) => {
                self.part_frame("response.refusal.done", item, out, |event| event.text("refusal", text));
            }
            BlockKind::Text(TextBlock { text, .. }) => {
                self.part_frame("response.output_text.done", item, out, |event| {
                    event.text("text", text);
                    event.array("logprobs", |list| write_tokens(&tokens, list));
                });
            }
            BlockKind::Media(_)
            | BlockKind::Reasoning(_)
            | BlockKind::ToolCall(_)
            | BlockKind::ToolResult(_)
            | BlockKind::ServerTool(_)
            | BlockKind::Foreign(_) => {}
        }
        let whole = part(&block, &tokens);
        self.part_frame("response.content_part.done", item, out, |event| event.raw("part", &whole));
    }

    /// Ends the message that is open, if one is.
    pub(super) fn end_message(&mut self, status: &str, out: &mut Vec<u8>) {
        if self.parts == 0 {
            return;
        }
        let parts: Vec<&Block> =
            self.blocks.iter().skip(self.blocks.len().saturating_sub(self.parts)).collect();
        let tokens: &[Json] = if self.has_message { &[] } else { &self.tokens };
        let done = self.output.item(&Entry::Message(parts), self.place, status, tokens);
        self.item_frame("response.output_item.done", &done, out);
        self.has_message = true;
        self.parts = 0;
        self.place += 1;
    }

    /// An item that is no message.
    pub(super) fn open_item(&mut self, open: Open, kind: BlockKind, out: &mut Vec<u8>) {
        self.end_message("completed", out);
        let block = Block::from(kind);
        // The arguments of a call that has just begun are none, not an empty object.
        let added = match &block.kind {
            BlockKind::ToolCall(call) => object(|item| self.output.begun(call, self.place, item)),
            BlockKind::Text(_)
            | BlockKind::Refusal(_)
            | BlockKind::Media(_)
            | BlockKind::Reasoning(_)
            | BlockKind::ToolResult(_)
            | BlockKind::ServerTool(_)
            | BlockKind::Foreign(_) => self.output.item(&Entry::One(&block), self.place, "in_progress", &[]),
        };
        self.blocks.push(block);
        self.open = open;
        self.item_frame("response.output_item.added", &added, out);
    }

    pub(super) fn end_item(&mut self, status: &str, out: &mut Vec<u8>) {
        let Some(block) = self.blocks.last() else { return };
        let done = self.output.item(&Entry::One(block), self.place, status, &[]);
        self.item_frame("response.output_item.done", &done, out);
        self.place += 1;
    }

    /// A block that came in one piece; one that cannot be said in this dialect is passed over.
    pub(super) fn whole(&mut self, block: Block, out: &mut Vec<u8>) {
        if is_item(&block) {
            self.open_item(Open::Nothing, block.kind, out);
            self.end_item("completed", out);
        } else if is_part(&block) {
            self.open_part(block.kind, out);
        }
    }

    pub(super) fn reasoning(&mut self, item: &str, text: &str, has_part: bool, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        if !has_part {
            self.open = Open::Reasoning(true);
            if let Some(BlockKind::Reasoning(said)) = self.last() {
                said.parts.push(String::new());
            }
            let begun = object(|part| write_summary("", part));
            self.summary_frame("response.reasoning_summary_part.added", item, out, |event| {
                event.raw("part", &begun);
            });
        }
        if let Some(BlockKind::Reasoning(said)) = self.last()
            && let Some(part) = said.parts.last_mut()
        {
            part.push_str(text);
        }
        self.summary_frame("response.reasoning_summary_text.delta", item, out, |event| {
            event.text("delta", text);
        });
    }

    pub(super) fn end_summary(&mut self, item: &str, out: &mut Vec<u8>) {
        self.open = Open::Reasoning(false);
        let Some(BlockKind::Reasoning(said)) = self.last() else { return };
        let text = said.parts.last().cloned().unwrap_or_default();
        self.summary_frame("response.reasoning_summary_text.done", item, out, |event| {
            event.text("text", &text);
        });
        let whole = object(|part| write_summary(&text, part));
        self.summary_frame("response.reasoning_summary_part.done", item, out, |event| {
            event.raw("part", &whole);
        });
    }

    pub(super) fn arguments_delta(&mut self, item: &str, kind: ToolKind, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let name = match kind {
            ToolKind::Function => "response.function_call_arguments.delta",
            ToolKind::Custom => "response.custom_tool_call_input.delta",
        };
        self.piece_frame(name, item, out, |event| event.text("delta", text));
    }

    pub(super) fn end_call(&mut self, item: &str, kind: ToolKind, out: &mut Vec<u8>) {
        let Some(BlockKind::ToolCall(call)) = self.last() else { return };
        let is_empty = call.arguments.trim().is_empty();
        call.arguments = arguments_of(call).to_owned();
        let said = call.arguments.clone();
        if is_empty {
            self.arguments_delta(item, kind, &said, out);
        }
        let (name, member) = match kind {
            ToolKind::Function => ("response.function_call_arguments.done", "arguments"),
            ToolKind::Custom => ("response.custom_tool_call_input.done", "input"),
        };
        self.piece_frame(name, item, out, |event| event.text(member, &said));
        self.end_item("completed", out);
    }

    fn item_frame(&mut self, name: &str, item: &[u8], out: &mut Vec<u8>) {
        let place = self.place as u64;
        self.frame(name, out, |event| {
            event.number("output_index", place);
            event.raw("item", item);
        });
    }

    /// A frame of a piece of an item.
    fn piece_frame(&mut self, name: &str, item: &str, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        let place = self.place as u64;
        self.frame(name, out, |event| {
            event.text("item_id", item);
            event.number("output_index", place);
            fill(event);
        });
    }

    /// A frame of a part of a message.
    pub(super) fn part_frame(
        &mut self,
        name: &str,
        item: &str,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut Object<'_>),
    ) {
        let index = self.parts.saturating_sub(1) as u64;
        self.piece_frame(name, item, out, |event| {
            event.number("content_index", index);
            fill(event);
        });
    }

    /// A frame of a part of a reasoning summary.
    fn summary_frame(
        &mut self,
        name: &str,
        item: &str,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut Object<'_>),
    ) {
        let parts = self.blocks.last().map_or(0, |block| match &block.kind {
            BlockKind::Reasoning(reasoning) => reasoning.parts.len(),
            BlockKind::Text(_)
            | BlockKind::Refusal(_)
            | BlockKind::Media(_)
            | BlockKind::ToolCall(_)
            | BlockKind::ToolResult(_)
            | BlockKind::ServerTool(_)
            | BlockKind::Foreign(_) => 0,
        });
        self.piece_frame(name, item, out, |event| {
            event.number("summary_index", parts.saturating_sub(1) as u64);
            fill(event);
        });
    }
}
