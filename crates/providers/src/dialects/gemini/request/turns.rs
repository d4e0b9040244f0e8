//! The conversation as turns of user and model, written.
//!
//! Gemini refuses a call whose results do not stand in the very next turn, all of them together
//! (<https://ai.google.dev/gemini-api/docs/function-calling>), and a conversation that begins with the model.

use std::collections::{BTreeMap, VecDeque};

use weighhouse_types::chat::{
    Block, BlockKind, ChatRequest, Extra, Message, Reasoning, Role, TextBlock, ToolCall, ToolKind, ToolResult,
};
use weighhouse_types::{Dialect, Error};

use super::super::model::Model;
use super::super::part::{args_object, input_object};
use super::super::proof::SKIPS_VALIDATION;
use super::write::role_name;
use super::{ids, media_parts};
use crate::tool_names::Names;
use crate::translation::{Leaving, Toward};
use crate::wire::{Array, object};

/// One turn.
#[derive(Debug)]
pub(super) struct Turn<'call> {
    role: Role,
    parts: Vec<Vec<u8>>,
    /// Some call in it is there.
    has_call: bool,
    extra: Option<&'call Extra>,
}

impl Turn<'_> {
    pub(super) fn write(&self, list: &mut Array<'_>) {
        list.object(|turn| {
            turn.text("role", role_name(self.role));
            turn.array("parts", |parts| self.parts.iter().for_each(|part| parts.raw(part)));
            if let Some(extra) = self.extra {
                extra.for_dialect(Dialect::Gemini).for_each(|(name, value)| turn.json(name, value));
            }
        });
    }

    const fn of(role: Role) -> Self {
        Self { role, parts: Vec::new(), has_call: false, extra: None }
    }
}

/// The turns of a request.
///
/// # Errors
/// `Unsupported`: a block that no model of this dialect takes.
pub(super) fn of<'call>(
    request: &'call ChatRequest,
    model: Model,
    toward: &Toward<'_>,
    names: &Names,
    leaving: &mut Leaving<'_>,
) -> Result<Vec<Turn<'call>>, Error> {
    let talk: Vec<&Message> = request.messages.iter().filter(|message| !message.role.instructs()).collect();
    let mut writer = Writer {
        model,
        mends: toward.mends,
        names,
        turns: Vec::new(),
        results: results_by_id(&talk),
        called: Vec::new(),
    };
    for message in talk {
        writer.message(message, leaving)?;
    }
    writer.answer_calls(leaving)?;
    let mut turns = writer.turns;
    if turns.first().is_none_or(|turn| turn.role == Role::Assistant) {
        let mut first = Turn::of(Role::User);
        first.parts.push(object(|part| part.text("text", " ")));
        turns.insert(0, first);
    }
    Ok(turns)
}

fn results_by_id<'call>(talk: &[&'call Message]) -> BTreeMap<&'call str, VecDeque<&'call ToolResult>> {
    let mut results: BTreeMap<&str, VecDeque<&ToolResult>> = BTreeMap::new();
    for block in talk.iter().flat_map(|message| &message.blocks) {
        if let BlockKind::ToolResult(result) = &block.kind {
            results.entry(&result.call_id).or_default().push_back(result);
        }
    }
    results
}

struct Writer<'call, 'names> {
    model: Model,
    mends: bool,
    names: &'names Names,
    turns: Vec<Turn<'call>>,
    /// Results that are not written yet.
    results: BTreeMap<&'call str, VecDeque<&'call ToolResult>>,
    /// Calls of the last turn that wait for their results.
    called: Vec<&'call ToolCall>,
}

impl<'call> Writer<'call, '_> {
    fn message(&mut self, message: &'call Message, leaving: &mut Leaving<'_>) -> Result<(), Error> {
        let role = if message.role == Role::Assistant { Role::Assistant } else { Role::User };
        if role == Role::User {
            self.answer_calls(leaving)?;
        }
        for block in &message.blocks {
            if let BlockKind::ToolResult(result) = &block.kind {
                // What was written behind its call does not stand here again.
                let is_left = self.results.get_mut(result.call_id.as_str()).is_some_and(|left| {
                    let place = left.iter().position(|other| std::ptr::eq(*other, result));
                    place.map(|place| left.remove(place)).is_some()
                });
                if is_left {
                    let name = result.name.as_deref().unwrap_or(&result.call_id);
                    let wire = self.names.wire(name, None);
                    let beside = self.result(result, &wire, leaving)?;
                    beside.into_iter().for_each(|part| self.push(Role::User, part));
                }
                continue;
            }
            self.block(block, role, leaving)?;
        }
        if let Some(turn) = self.turns.last_mut().filter(|turn| turn.role == role && turn.extra.is_none()) {
            turn.extra = Some(&message.extra);
        }
        Ok(())
    }

    fn push(&mut self, role: Role, part: Vec<u8>) {
        match self.turns.last_mut().filter(|turn| turn.role == role) {
            Some(turn) => turn.parts.push(part),
            None => {
                let mut turn = Turn::of(role);
                turn.parts.push(part);
                self.turns.push(turn);
            }
        }
    }

    fn block(&mut self, block: &'call Block, role: Role, leaving: &mut Leaving<'_>) -> Result<(), Error> {
        match &block.kind {
            BlockKind::Text(text) => {
                if let Some(part) = text_part(text) {
                    self.push(role, part);
                }
            }
            BlockKind::Refusal(text) => {
                if !text.is_empty() {
                    self.push(role, object(|part| part.text("text", text)));
                }
            }
            BlockKind::Media(media) => {
                for part in media_parts::of(media, self.model, leaving)? {
                    self.push(role, part);
                }
            }
            BlockKind::Reasoning(reasoning) => {
                if let Some(part) = reasoning_part(reasoning) {
                    self.push(role, part);
                }
            }
            BlockKind::ToolCall(call) => self.call(call, role),
            BlockKind::ToolResult(_) => {}
            BlockKind::ServerTool(tool) if tool.origin == Dialect::Gemini => {
                self.push(role, tool.payload.text().as_bytes().to_vec());
            }
            // What another provider's own tools did is in its words afterwards.
            BlockKind::ServerTool(_) => {}
            BlockKind::Foreign(foreign) if foreign.origin == Dialect::Gemini => {
                self.push(role, foreign.payload.text().as_bytes().to_vec());
            }
            BlockKind::Foreign(_) => leaving.out("messages.content", role == Role::User)?,
        }
        Ok(())
    }

    fn call(&mut self, call: &'call ToolCall, role: Role) {
        let is_first = self.turns.last().is_none_or(|turn| turn.role != role || !turn.has_call);
        let proof = call.signature.as_ref().and_then(|proof| proof.for_provider(Dialect::Gemini));
        // Gemini signs the first of several calls; those of other models have no proof at all.
        let proof = proof.or((is_first && self.model.is_third()).then_some(SKIPS_VALIDATION));
        let id = self.id_of(&call.id);
        let name = self.names.wire(&call.name, call.namespace.as_deref());
        let args = match call.kind {
            ToolKind::Function => args_object(&call.arguments),
            ToolKind::Custom => input_object(&call.arguments),
        };
        let part = object(|part| {
            part.object("functionCall", |written| {
                written.text_if("id", id);
                written.text("name", &name);
                written.json("args", &args);
            });
            part.text_if("thoughtSignature", proof);
        });
        self.push(role, part);
        if let Some(turn) = self.turns.last_mut() {
            turn.has_call = true;
        }
        self.called.push(call);
    }

    /// Ids as models from 3 on take them; older ones refuse the member (contract §8d).
    fn id_of<'id>(&self, id: &'id str) -> Option<&'id str> {
        (self.model.is_third() && !ids::is_minted(id)).then_some(id)
    }

    /// Writes the results of the last turn's calls, in the order of the calls.
    fn answer_calls(&mut self, leaving: &mut Leaving<'_>) -> Result<(), Error> {
        // Media that stand beside a response wait until all responses are there.
        let mut beside = Vec::new();
        for call in std::mem::take(&mut self.called) {
            let result = self.results.get_mut(call.id.as_str()).and_then(VecDeque::pop_front);
            let wire = self.names.wire(&call.name, call.namespace.as_deref());
            match result {
                Some(result) => beside.extend(self.result(result, &wire, leaving)?),
                None if self.mends => {
                    let id = self.id_of(&call.id);
                    let part = object(|part| {
                        part.object("functionResponse", |written| {
                            written.text_if("id", id);
                            written.text("name", &wire);
                            written.object("response", |response| response.text("error", "no result"));
                        });
                    });
                    self.push(Role::User, part);
                }
                None => {}
            }
        }
        beside.into_iter().for_each(|part| self.push(Role::User, part));
        Ok(())
    }

    /// Writes a result's response, and gives the parts that stand beside it.
    fn result(
        &mut self,
        result: &ToolResult,
        wire: &str,
        leaving: &mut Leaving<'_>,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let id = self.id_of(&result.call_id);
        let mut parts = media_parts::result(result, wire, id, self.model, leaving)?.into_iter();
        parts.next().into_iter().for_each(|part| self.push(Role::User, part));
        Ok(parts.collect())
    }
}

fn text_part(text: &TextBlock) -> Option<Vec<u8>> {
    let proof = text.signature.as_ref().and_then(|proof| proof.for_provider(Dialect::Gemini));
    (!text.text.is_empty() || proof.is_some()).then(|| {
        object(|part| {
            part.text("text", &text.text);
            part.text_if("thoughtSignature", proof);
        })
    })
}

/// Thoughts go back only with this provider's proof; without one they are another's, or tell the model nothing.
fn reasoning_part(reasoning: &Reasoning) -> Option<Vec<u8>> {
    let proof = reasoning.signature.as_ref()?.for_provider(Dialect::Gemini)?;
    Some(object(|part| {
        part.text("text", &reasoning.text());
        part.flag("thought", true);
        part.text("thoughtSignature", proof);
    }))
}
