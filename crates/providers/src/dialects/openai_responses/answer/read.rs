//! A provider's whole answer, read.

use serde_json::value::RawValue;
use weighhouse_types::chat::{Block, BlockKind, ChatAnswer, Choice, Extra};
use weighhouse_types::{Dialect, Error, Usage, UsageClass};

use super::super::usage::{read_usage, searches};
use super::super::wire_answer::{Incomplete, Response};
use super::failure::error_of;
use super::item::{blocks_of, logprobs_of};
use super::response::ECHOED;
use super::stop::{Seen, reason_of};
use crate::registry::UsageRules;
use crate::translation::ReplyNotes;
use crate::wire::{Members, Text, read_reply};

/// Reads a provider's whole answer.
///
/// # Errors
/// `UpstreamGarbled`: not what the dialect allows. `UpstreamStatus`: the answer failed, or is an error behind a
/// status of success.
pub fn read_answer(body: &[u8], notes: &ReplyNotes, rules: UsageRules) -> Result<ChatAnswer, Error> {
    let reply: Response<'_> = read_reply(body)?;
    let status = reply.status.as_ref().map(Text::as_str);
    if status == Some("failed") || (reply.error.is_some() && reply.output.is_none()) {
        return Err(error_of(reply.error));
    }
    let usage = usage_of(&reply, rules);
    let (mut blocks, mut logprobs) = (Vec::new(), Vec::new());
    for (place, item) in reply.output.iter().flatten().enumerate() {
        blocks.extend(blocks_of(item, place, notes, &mut logprobs)?);
    }
    let stop = reason_of(status, incomplete_of(reply.incomplete.as_ref()), seen(&blocks));
    let choice = Choice { blocks, stop, stop_sequence: None, logprobs: logprobs_of(&logprobs) };
    Ok(ChatAnswer {
        id: reply.id.map(Text::into_owned).unwrap_or_default(),
        model: reply.model.map(Text::into_owned).unwrap_or_default(),
        created: reply.created.and_then(|created| i64::try_from(seconds(created.0)).ok()),
        choices: vec![choice],
        usage,
        service_tier: reply.service_tier.map(Text::into_owned),
        extra: own_members(&reply.unknown),
    })
}

/// The usage of an answer with its searches.
pub(in super::super) fn usage_of(reply: &Response<'_>, rules: UsageRules) -> Option<Usage> {
    let usage = read_usage(reply.usage?.get().as_bytes(), rules)?;
    let items = reply.output.iter().flatten().copied();
    let count = searches(items, reply.tool_usage);
    Some(usage.with(UsageClass::Search, count))
}

pub(in super::super) fn incomplete_of<'a>(details: Option<&'a Incomplete<'_>>) -> Option<&'a str> {
    details?.reason.as_ref().map(Text::as_str)
}

/// A time without its fraction, which some providers write.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of floats saturates")]
pub(in super::super) const fn seconds(time: f64) -> u64 {
    time as u64
}

/// What blocks say of an answer's end.
fn seen(blocks: &[Block]) -> Seen {
    let any = |is: fn(&Block) -> bool| blocks.iter().any(is);
    Seen {
        calls: any(|block| matches!(block.kind, BlockKind::ToolCall(_))),
        refusal: any(|block| matches!(block.kind, BlockKind::Refusal(_))),
    }
}

/// Members that are not the client's own request said back to it.
fn own_members(unknown: &Members<'_>) -> Extra {
    let mut extra = Extra::default();
    for (name, value) in unknown.iter().filter(|(name, _)| !ECHOED.contains(&name.as_str())) {
        extra.origin = Some(Dialect::OpenAiResponses);
        extra.put(name.as_str(), (*value as &RawValue).into());
    }
    extra
}
