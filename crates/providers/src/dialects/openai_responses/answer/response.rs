//! The whole response object, as the official SDKs read it: what the model made, and the client's request said back.

use weighhouse_types::chat::{Block, ChatAnswer, Choice, Json};
use weighhouse_types::{Dialect, Usage};

use super::super::usage::{write_tool_usage, write_usage};
use super::output::{Entry, Output, entries, tokens_of};
use super::stop::words_of;
use crate::translation::Shown;
use crate::wire::{Object, object};

/// Members that say the client's request back, and those that an answer always has: no extras.
pub(super) const ECHOED: [&str; 23] = [
    "object",
    "background",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "output_text",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
    "completed_at",
];

/// Tiers that this dialect has a word for (SDK type `ServiceTier`).
const TIERS: [&str; 6] = ["auto", "default", "flex", "scale", "priority", "fast"];

/// What is known of an answer from its beginning on.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Head {
    pub(in super::super) id: String,
    pub(in super::super) created: i64,
    pub(in super::super) tier: Option<String>,
}

impl Head {
    /// The provider's id where it is one of this dialect, or else one made from the call's own.
    pub(in super::super) fn of(id: &str, created: Option<i64>, tier: Option<&str>, shown: &Shown) -> Self {
        let own = id.starts_with("resp_");
        Self {
            id: if own { id.to_owned() } else { format!("resp_{}", shown.seed.replace('-', "")) },
            created: created.unwrap_or(shown.created),
            tier: tier.filter(|tier| TIERS.contains(tier)).map(str::to_owned),
        }
    }
}

/// How far an answer has come.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Progress<'a> {
    pub(in super::super) status: &'a str,
    /// Why it is not complete.
    pub(in super::super) incomplete: Option<&'a str>,
    /// Code and words of the failure.
    pub(in super::super) error: Option<(&'a str, &'a str)>,
    /// Items, written.
    pub(in super::super) output: Vec<Vec<u8>>,
    pub(in super::super) usage: Option<&'a Usage>,
}

/// Writes a whole answer for a client.
#[must_use]
pub fn write_answer(answer: &ChatAnswer, shown: &Shown) -> Vec<u8> {
    let head = Head::of(&answer.id, answer.created, answer.service_tier.as_deref(), shown);
    let none = Choice::default();
    let choice = answer.choices.first().unwrap_or(&none);
    let (status, incomplete) = words_of(&choice.stop);
    let tokens = tokens_of(choice.logprobs.as_ref());
    let progress = Progress {
        status,
        incomplete,
        error: None,
        output: items(&Output::of(shown), &choice.blocks, status, &tokens),
        usage: answer.usage.as_ref(),
    };
    object(|response| {
        write_response(&head, &progress, shown, response);
        answer
            .extra
            .for_dialect(Dialect::OpenAiResponses)
            .for_each(|(name, value)| response.json(name, value));
    })
}

/// All items of an answer that ended with a status: where it was cut off, its last item was.
pub(in super::super) fn items(
    output: &Output,
    blocks: &[Block],
    status: &str,
    tokens: &[Json],
) -> Vec<Vec<u8>> {
    let entries = entries(blocks);
    let last = entries.len().saturating_sub(1);
    let mut tokens = tokens;
    let mut items = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        let is_cut = place == last && status == "incomplete";
        items.push(output.item(entry, place, if is_cut { "incomplete" } else { "completed" }, tokens));
        if matches!(entry, Entry::Message(_)) {
            // The first message has them all: which of them were whose is not known here.
            tokens = &[];
        }
    }
    items
}

/// Writes the members of a response, in the order in which OpenAI does.
pub(in super::super) fn write_response(
    head: &Head,
    progress: &Progress<'_>,
    shown: &Shown,
    response: &mut Object<'_>,
) {
    response.text("id", &head.id);
    response.text("object", "response");
    response.signed("created_at", head.created);
    response.text("status", progress.status);
    response.flag("background", false);
    match progress.error {
        Some((code, message)) => response.object("error", |error| {
            error.text("code", code);
            error.text("message", message);
        }),
        None => response.null("error"),
    }
    match progress.incomplete {
        Some(reason) => response.object("incomplete_details", |details| details.text("reason", reason)),
        None => response.null("incomplete_details"),
    }
    echo(shown, "instructions", "null", response);
    echo(shown, "max_output_tokens", "null", response);
    echo(shown, "max_tool_calls", "null", response);
    response.text("model", &shown.model);
    response.array("output", |list| progress.output.iter().for_each(|item| list.raw(item)));
    for (name, default) in [
        ("parallel_tool_calls", "true"),
        ("previous_response_id", "null"),
        ("prompt_cache_key", "null"),
        ("reasoning", r#"{"effort":null,"summary":null}"#),
        ("safety_identifier", "null"),
    ] {
        echo(shown, name, default, response);
    }
    response.text("service_tier", head.tier.as_deref().unwrap_or("default"));
    for (name, default) in [
        ("store", "true"),
        ("temperature", "1.0"),
        ("text", r#"{"format":{"type":"text"}}"#),
        ("tool_choice", r#""auto""#),
        ("tools", "[]"),
        ("top_logprobs", "0"),
        ("top_p", "1.0"),
        ("truncation", r#""disabled""#),
    ] {
        echo(shown, name, default, response);
    }
    match progress.usage {
        Some(usage) => response.object("usage", |members| write_usage(usage, members)),
        None => response.null("usage"),
    }
    echo(shown, "user", "null", response);
    echo(shown, "metadata", "{}", response);
    if let Some(usage) = progress.usage {
        write_tool_usage(usage, response);
    }
}

/// A member of the client's request, said back as it came, or what it is where nothing was said.
fn echo(shown: &Shown, name: &str, default: &str, response: &mut Object<'_>) {
    match shown.asked(name).filter(|said| said.text() != "null") {
        Some(said) => response.json(name, &said),
        None => response.raw(name, default.as_bytes()),
    }
}
