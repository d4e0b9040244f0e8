//! A client's request, read.

use std::fmt::Display;

use weighhouse_types::chat::{
    Block, ChatRequest, Effort, Extra, Json, Message, OutputFormat, ReasoningAsk, Role, Sampling,
};
use weighhouse_types::{Dialect, Error, Kind};

use super::super::wire_request::{Body, Format, Reasoning};
use super::{read_items, read_tools};
use crate::relay::HOUSE_MEMBERS;
use crate::wire::{Number, Text, object, read_request as read_body, unknown_to_extra};

/// What a client includes to go on without the provider's memory.
pub(super) const ENCRYPTED: &str = "reasoning.encrypted_content";

/// Reads a client's request.
///
/// # Errors
/// `InvalidRequest` with the JSON path of what does not fit.
pub fn read_request(body: &[u8]) -> Result<ChatRequest, Error> {
    let mut body: Body<'_> = read_body(body)?;
    body.unknown.retain(|(name, _)| !HOUSE_MEMBERS.contains(&name.as_str()));
    let mut extra = unknown_to_extra(&body.unknown, Dialect::OpenAiResponses);
    let mut messages = Vec::new();
    if let Some(instructions) = body.instructions.take().filter(|text| !text.as_str().is_empty()) {
        messages.push(Message::new(Role::System, vec![Block::text(instructions.into_owned())]));
    }
    if let Some(input) = body.input.take() {
        read_items::read(input, &mut messages)?;
    }
    let includes = body.include.take().unwrap_or_default();
    let wants_proof = includes.iter().any(|include| include.as_str() == ENCRYPTED);
    keep_includes(&includes, &mut extra);
    let (format, verbosity) = match body.text.take() {
        Some(text) => (text.format, text.verbosity),
        None => (None, None),
    };
    let (tools, tool_choice) = read_tools::read(&mut body)?;
    let float = |number: Option<Number>| number.map(|Number(number)| number);
    Ok(ChatRequest {
        messages,
        tools,
        tool_choice,
        parallel_tools: body.parallel,
        output: output(format)?,
        verbosity: verbosity.map(Text::into_owned),
        reasoning: reasoning(body.reasoning.take(), wants_proof)?,
        sampling: Sampling {
            temperature: float(body.temperature),
            top_p: float(body.top_p),
            top_logprobs: count(body.top_logprobs, "top_logprobs")?,
            ..Sampling::default()
        },
        max_output: count(body.max_output, "max_output_tokens")?,
        stream: body.stream.unwrap_or(false),
        service_tier: body.service_tier.take().map(Text::into_owned),
        user: body.user.take().or(body.safety_identifier.take()).map(Text::into_owned),
        metadata: body.metadata.map(Json::from),
        cache_key: body.cache_key.take().map(Text::into_owned),
        store: body.store,
        previous_response: body.previous.take().map(Text::into_owned),
        extra,
        ..ChatRequest::default()
    })
}

/// An error about a member of the request.
pub(super) fn wrong(at: impl Display, what: &str) -> Error {
    let at = at.to_string();
    Error::new(Kind::InvalidRequest, format!("`{at}`: {what}")).at(at)
}

fn count(number: Option<Number>, name: &str) -> Result<Option<u64>, Error> {
    let whole = |number: Number| number.whole().ok_or_else(|| wrong(name, "it must be a whole number"));
    number.map(whole).transpose()
}

/// Other includes have no place in the canonical form.
fn keep_includes(includes: &[Text<'_>], extra: &mut Extra) {
    let others: Vec<String> = includes
        .iter()
        .map(|include| include.as_str().to_owned())
        .filter(|include| include != ENCRYPTED)
        .collect();
    if others.is_empty() {
        return;
    }
    let text = object(|out| out.texts("a", &others));
    let list = std::str::from_utf8(&text)
        .ok()
        .and_then(|text| Json::parse(text.strip_prefix("{\"a\":")?.strip_suffix('}')?));
    if let Some(list) = list {
        extra.origin = Some(Dialect::OpenAiResponses);
        extra.put("include", list);
    }
}

fn output(format: Option<Format<'_>>) -> Result<OutputFormat, Error> {
    let Some(format) = format else { return Ok(OutputFormat::Text) };
    match format.kind.as_ref().map(Text::as_str) {
        Some("json_schema") => Ok(OutputFormat::Schema {
            schema: format
                .schema
                .map(Json::from)
                .ok_or_else(|| wrong("text.format.schema", "it is required with the type `json_schema`"))?,
            name: format.name.map(Text::into_owned),
            description: format.description.map(Text::into_owned),
            strict: format.strict,
        }),
        Some("json_object") => Ok(OutputFormat::Json),
        Some("text") | None => Ok(OutputFormat::Text),
        Some(_) => Err(wrong("text.format.type", "it must be `text`, `json_object` or `json_schema`")),
    }
}

fn reasoning(asked: Option<Reasoning<'_>>, wants_proof: bool) -> Result<Option<ReasoningAsk>, Error> {
    let mut ask = ReasoningAsk { wants_proof, ..ReasoningAsk::default() };
    if let Some(asked) = asked {
        if let Some(word) = asked.effort {
            ask.effort = Some(Effort::from_name(word.as_str()).ok_or_else(|| {
                let words = Effort::ALL.map(Effort::name).join(", ");
                wrong("reasoning.effort", &format!("it must be one of {words}"))
            })?);
        }
        ask.summary = asked.summary.or(asked.generate_summary).map(Text::into_owned);
        // Nothing is shown unless a summary is asked for.
        ask.shown = Some(ask.summary.is_some());
    }
    Ok((ask != ReasoningAsk::default()).then_some(ask))
}
