//! The turns of a client's conversation, read.

use std::fmt::Arguments;

use serde_json::value::RawValue;
use weighhouse_types::chat::{Block, BlockKind, Message, Role, ToolCall, ToolKind, ToolResult};
use weighhouse_types::{Dialect, Error};

use super::super::part::{PartIs, arguments, given, media};
use super::super::proof;
use super::super::wire::{Content, FunctionCall, FunctionResponse, Part};
use super::ids;
use super::read::{under, wrong};
use crate::wire::{OneOrMany, Text, read_piece, unknown_to_extra};

/// Reads turns into messages.
pub(super) fn read(turns: Vec<Content<'_>>, messages: &mut Vec<Message>) -> Result<(), Error> {
    let mut reader = Reader { turn: 0, calls: 0, results: 0, last: None, open: ids::OpenCalls::default() };
    for (place, turn) in turns.into_iter().enumerate() {
        let at = format_args!("contents[{place}]");
        let role = role_of(turn.role.as_ref().map(Text::as_str), at)?;
        reader.begin(role);
        let mut blocks = Vec::new();
        for (place, raw) in turn.parts.unwrap_or_default().0.into_iter().enumerate() {
            blocks.push(reader.block(raw, format_args!("{at}.parts[{place}]"))?);
        }
        let extra = unknown_to_extra(&turn.unknown, Dialect::Gemini);
        messages.push(Message { role, blocks, name: None, extra });
    }
    Ok(())
}

/// The texts of a system instruction.
pub(super) fn instruction_blocks(content: Content<'_>) -> Result<Vec<Block>, Error> {
    let parts = content.parts.unwrap_or_default().0;
    let read = |(place, raw): (usize, &RawValue)| {
        let at = format_args!("systemInstruction.parts[{place}]");
        let part: Part<'_> = read_part(raw, at)?;
        part.text
            .map(|text| Block::text(text.into_owned()))
            .ok_or_else(|| wrong(at, "a system instruction is made of texts; send {\"text\": \"…\"}"))
    };
    parts.into_iter().enumerate().map(read).collect()
}

fn role_of(role: Option<&str>, at: Arguments<'_>) -> Result<Role, Error> {
    match role {
        // The first models took results from a role of their own.
        None | Some("user" | "function" | "tool" | "") => Ok(Role::User),
        Some("model") => Ok(Role::Assistant),
        Some(other) => Err(wrong(
            format_args!("{at}.role"),
            &format!(
                "`{other}` is not a role; use \"user\" or \"model\", and `systemInstruction` for instructions"
            ),
        )),
    }
}

/// Reads a part, with its place in errors.
fn read_part<'a>(raw: &'a RawValue, at: Arguments<'_>) -> Result<Part<'a>, Error> {
    read_piece(raw).map_err(|error| under(at, &error))
}

struct Reader {
    /// The turn's number, where turns of one role that follow each other are one.
    turn: usize,
    /// Calls and results of this turn so far.
    calls: usize,
    results: usize,
    last: Option<Role>,
    open: ids::OpenCalls,
}

impl Reader {
    fn begin(&mut self, role: Role) {
        if self.last == Some(role) {
            return;
        }
        self.turn += usize::from(self.last.is_some());
        (self.calls, self.results, self.last) = (0, 0, Some(role));
    }

    fn block(&mut self, raw: &RawValue, at: Arguments<'_>) -> Result<Block, Error> {
        let part = read_part(raw, at)?;
        Ok(match PartIs::of(part, raw, proof::from_client) {
            PartIs::Block(block) => block,
            PartIs::Call(call, signature) => BlockKind::ToolCall(self.call(call, signature, at)?).into(),
            PartIs::Response(response) => BlockKind::ToolResult(self.result(response, at)?).into(),
        })
    }

    fn call(
        &mut self,
        call: FunctionCall<'_>,
        signature: Option<weighhouse_types::chat::Signature>,
        at: Arguments<'_>,
    ) -> Result<ToolCall, Error> {
        let place = self.calls;
        self.calls += 1;
        let name =
            call.name.ok_or_else(|| wrong(format_args!("{at}.functionCall.name"), "it is required"))?;
        let id = id_of(call.id).unwrap_or_else(|| ids::minted(self.turn, place));
        self.open.call(name.as_str(), &id);
        Ok(ToolCall {
            id,
            name: name.into_owned(),
            namespace: None,
            kind: ToolKind::Function,
            arguments: arguments(call.args),
            signature,
        })
    }

    fn result(&mut self, response: FunctionResponse<'_>, at: Arguments<'_>) -> Result<ToolResult, Error> {
        let place = self.results;
        self.results += 1;
        let name = response.name.ok_or_else(|| {
            wrong(format_args!("{at}.functionResponse.name"), "it is required; repeat the function's name")
        })?;
        let call_id = id_of(response.id)
            .or_else(|| self.open.next_of(name.as_str()))
            .unwrap_or_else(|| ids::minted(self.turn, place));
        self.open.answer(&call_id);
        let (text, is_error) = given(response.response);
        let mut content: Vec<Block> = text.into_iter().map(Block::text).collect();
        for part in response.parts.map(|OneOrMany(parts)| parts).unwrap_or_default() {
            if let (Some(data), Some(raw)) = (part.inline.or(part.file), response.response) {
                content.push(media(data, None, raw).into());
            }
        }
        Ok(ToolResult { call_id, name: Some(name.into_owned()), kind: ToolKind::Function, content, is_error })
    }
}

fn id_of(id: Option<Text<'_>>) -> Option<String> {
    id.map(Text::into_owned).filter(|id| !id.is_empty())
}
