//! A provider's whole answer, read.

use serde_json::value::RawValue;
use weighhouse_types::chat::{Block, BlockKind, ChatAnswer, Choice, Opening, Signature, ToolCall, ToolKind};
use weighhouse_types::{Dialect, Error, Kind, ProviderReply, Usage, UsageClass};

use super::super::part::{PartIs, arguments};
use super::super::usage::read_usage;
use super::super::wire::{Candidate, FunctionCall, Part, Reply};
use super::grounding::{Founded, searches};
use super::logprobs;
use super::stop::Finish;
use crate::registry::UsageRules;
use crate::translation::{CUSTOM_INPUT, ReplyNotes};
use crate::wire::{Text, read_reply, read_reply_piece, unknown_to_extra};

/// Reads a provider's whole answer.
///
/// # Errors
/// `UpstreamGarbled`: not what the dialect allows. `UpstreamStatus`: an error behind a status of success.
pub fn read_answer(body: &[u8], notes: &ReplyNotes, rules: UsageRules) -> Result<ChatAnswer, Error> {
    let reply: Reply<'_> = read_reply(body)?;
    if let Some(error) = reply.error {
        return Err(error_of(error));
    }
    let usage = usage_of(&reply, rules);
    let mut calls = 0;
    let blocked = reply.feedback.as_ref().and_then(|feedback| feedback.reason.as_ref()).is_some();
    let mut choices = Vec::new();
    for candidate in reply.candidates.unwrap_or_default() {
        choices.push(choice(candidate, notes, &mut calls)?);
    }
    if choices.is_empty() {
        let finish = if blocked { Finish::blocked() } else { Finish::default() };
        choices.push(Choice { stop: finish.reason(false), ..Choice::default() });
    }
    Ok(ChatAnswer {
        id: reply.id.map(Text::into_owned).unwrap_or_default(),
        model: reply.model.map(Text::into_owned).unwrap_or_default(),
        created: None,
        choices,
        usage,
        service_tier: reply.usage.and_then(service_tier),
        extra: unknown_to_extra(&reply.unknown, Dialect::Gemini),
    })
}

fn usage_of(reply: &Reply<'_>, rules: UsageRules) -> Option<Usage> {
    let usage = read_usage(reply.usage?.get().as_bytes(), rules)?;
    let groundings = reply.candidates.iter().flatten().filter_map(|candidate| candidate.grounding);
    let count = searches(reply.model.as_ref().map(Text::as_str), groundings);
    Some(usage.with(UsageClass::Search, count))
}

/// The tier that served an answer: Vertex tells it as a kind of traffic
/// (<https://cloud.google.com/vertex-ai/generative-ai/docs/priority-paygo>).
pub(in super::super) fn service_tier(usage: &RawValue) -> Option<String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Tier {
        service_tier: Option<String>,
        traffic_type: Option<String>,
    }
    let read: Tier = serde_json::from_str(usage.get()).ok()?;
    let of_traffic = || match read.traffic_type.as_deref() {
        Some("ON_DEMAND_PRIORITY") => Some("priority".to_owned()),
        Some("ON_DEMAND_FLEX") => Some("flex".to_owned()),
        Some(_) | None => None,
    };
    read.service_tier.map(|tier| tier.to_ascii_lowercase()).or_else(of_traffic)
}

/// The error object that a provider put in the place of an answer.
pub(in super::super) fn error_of(raw: &RawValue) -> Error {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Said {
        code: Option<u16>,
        message: Option<String>,
    }
    let said: Said = serde_json::from_str(raw.get()).unwrap_or_default();
    let status = said.code.filter(|code| (400..600).contains(code)).unwrap_or(500);
    let message = said.message.unwrap_or_else(|| "the provider broke off without a word".to_owned());
    let body = crate::wire::object(|body| body.raw("error", raw.get().as_bytes()));
    let reply = ProviderReply { provider: Dialect::Gemini.name().to_owned(), status, body: body.into() };
    Error::new(Kind::UpstreamStatus, message).provider(reply)
}

fn choice(candidate: Candidate<'_>, notes: &ReplyNotes, calls: &mut usize) -> Result<Choice, Error> {
    let raws = candidate.content.and_then(|content| content.parts);
    let founded = candidate.grounding.and_then(Founded::read);
    let mut blocks: Vec<Block> = Vec::new();
    let mut has_calls = false;
    for (place, raw) in raws.unwrap_or_default().0.into_iter().enumerate() {
        let part: Part<'_> = read_reply_piece(raw)?;
        let proof = |text: &str| Signature { origin: Dialect::Gemini, value: text.to_owned() };
        match PartIs::of(part, raw, proof) {
            PartIs::Block(mut block) => {
                if let (BlockKind::Text(text), Some(founded)) = (&mut block.kind, &founded) {
                    text.citations = founded.citations(u32::try_from(place).unwrap_or(u32::MAX), &text.text);
                }
                blocks.push(block);
            }
            PartIs::Call(call, signature) => {
                has_calls = true;
                blocks.push(BlockKind::ToolCall(tool_call(call, signature, notes, calls)).into());
            }
            PartIs::Response(_) => {}
        }
    }
    blocks.extend(founded.and_then(|founded| founded.block()));
    let finish = Finish(candidate.finish.map(Text::into_owned));
    Ok(Choice {
        blocks,
        stop: finish.reason(has_calls),
        stop_sequence: None,
        logprobs: candidate.logprobs.and_then(logprobs::from_gemini),
    })
}

/// A call under the name and in the shape that the client knows.
fn tool_call(
    call: FunctionCall<'_>,
    signature: Option<Signature>,
    notes: &ReplyNotes,
    calls: &mut usize,
) -> ToolCall {
    let place = *calls;
    *calls += 1;
    let wire = call.name.map(Text::into_owned).unwrap_or_default();
    let id = call.id.map(Text::into_owned).filter(|id| !id.is_empty());
    let id = id.unwrap_or_else(|| notes.call_id(place));
    let arguments = arguments(call.args);
    match notes.tool(&wire) {
        Some(known) => ToolCall {
            id,
            name: known.name.clone(),
            namespace: known.namespace.clone(),
            kind: known.kind,
            arguments: match known.kind {
                ToolKind::Function => arguments,
                ToolKind::Custom => free_text(&arguments),
            },
            signature,
        },
        None => ToolCall { id, name: wire, namespace: None, kind: ToolKind::Function, arguments, signature },
    }
}

/// The opening of a call in a stream, and its arguments.
pub(in super::super) fn call_opening(
    call: FunctionCall<'_>,
    signature: Option<Signature>,
    notes: &ReplyNotes,
    calls: &mut usize,
) -> (Opening, String) {
    let ToolCall { id, name, namespace, kind, arguments, signature } =
        tool_call(call, signature, notes, calls);
    (Opening::ToolCall { id, name, namespace, kind, signature }, arguments)
}

/// The one argument of a function that stands for a custom tool.
fn free_text(arguments: &str) -> String {
    let members: Option<std::collections::BTreeMap<String, serde_json::Value>> =
        serde_json::from_str(arguments).ok();
    let input = members.and_then(|mut members| members.remove(CUSTOM_INPUT));
    match input {
        Some(serde_json::Value::String(text)) => text,
        Some(_) | None => arguments.to_owned(),
    }
}
