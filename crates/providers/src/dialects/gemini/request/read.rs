//! A client's request, read.

use std::fmt::{Arguments, Display};

use weighhouse_types::chat::{
    ChatRequest, Effort, Extra, Json, Message, OutputFormat, ReasoningAsk, ReasoningMode, Role, Sampling,
};
use weighhouse_types::{Dialect, Error, Kind};

use super::super::schema;
use super::super::wire::{Body, Content, Generation, Thinking};
use super::{contents, read_tools};
use crate::wire::{Number, OneOrMany, Text, TextOr, object, read_request as read_body, unknown_to_extra};

/// Reads a client's request.
///
/// # Errors
/// `InvalidRequest` with the JSON path of what does not fit.
pub fn read_request(body: &[u8]) -> Result<ChatRequest, Error> {
    let body: Body<'_> = read_body(body)?;
    let Some(OneOrMany(turns)) = body.contents else {
        return Err(wrong("contents", "it is required; send the conversation as a list of contents"));
    };
    let mut request =
        ChatRequest { extra: unknown_to_extra(&body.unknown, Dialect::Gemini), ..ChatRequest::default() };
    request.messages.extend(instructions(body.system)?);
    contents::read(turns, &mut request.messages)?;
    request.tools = read_tools::tools(body.tools)?;
    if let Some(config) = body.tool_config {
        let (choice, rest) = read_tools::choice(config)?;
        request.tool_choice = choice;
        put_extra(&mut request.extra, "toolConfig", rest);
    }
    if let Some(tier) = body.service_tier {
        match tier.as_str().to_ascii_lowercase().as_str() {
            "standard" => request.service_tier = Some("default".into()),
            "unspecified" => {}
            other => request.service_tier = Some(other.to_owned()),
        }
    }
    if let Some(generation) = body.generation {
        take_generation(generation, &mut request)?;
    }
    Ok(request)
}

/// An error about a member of the request.
pub(super) fn wrong(at: impl Display, what: &str) -> Error {
    let at = at.to_string();
    Error::new(Kind::InvalidRequest, format!("`{at}`: {what}")).at(at)
}

/// The error of a reader that saw only a piece, with the place of the piece.
pub(super) fn under(at: Arguments<'_>, error: &Error) -> Error {
    let inside = error.at.as_deref().filter(|place| *place != "body");
    let whole = inside.map_or_else(|| at.to_string(), |inside| format!("{at}.{inside}"));
    let what = error.message.split_once("`: ").map_or(error.message.as_str(), |(_, what)| what);
    wrong(&whole, what)
}

fn put_extra(extra: &mut Extra, name: &str, value: Option<Json>) {
    if let Some(value) = value {
        extra.origin = Some(Dialect::Gemini);
        extra.put(name, value);
    }
}

fn instructions(system: Option<TextOr<'_, Content<'_>>>) -> Result<Option<Message>, Error> {
    let blocks = match system {
        None => return Ok(None),
        Some(TextOr::Text(text)) => vec![weighhouse_types::chat::Block::text(text.as_str())],
        Some(TextOr::Other(content)) => contents::instruction_blocks(content)?,
    };
    Ok((!blocks.is_empty()).then(|| Message::new(Role::System, blocks)))
}

fn take_generation(generation: Generation<'_>, request: &mut ChatRequest) -> Result<(), Error> {
    let mut rest = generation.unknown;
    let float = |number: Option<Number>| number.map(|Number(number)| number);
    request.sampling = Sampling {
        temperature: float(generation.temperature),
        top_p: float(generation.top_p),
        top_k: generation.top_k.map(|number| whole(number, "topK")).transpose()?,
        frequency_penalty: float(generation.frequency_penalty),
        presence_penalty: float(generation.presence_penalty),
        seed: generation.seed,
        logprobs: generation.wants_logprobs,
        top_logprobs: generation.top_logprobs.map(|number| whole(number, "logprobs")).transpose()?,
        logit_bias: None,
    };
    request.max_output = generation.max_output.map(|number| whole(number, "maxOutputTokens")).transpose()?;
    request.choices = generation.candidates.map(|number| whole(number, "candidateCount")).transpose()?;
    request.stop = generation.stop.unwrap_or_default().into_iter().map(Text::into_owned).collect();
    request.reasoning = generation.thinking.map(reasoning).transpose()?;
    let modalities = generation.modalities.unwrap_or_default();
    let named = modalities.iter().map(|name| name.as_str().to_ascii_lowercase());
    request.modalities = named.filter(|name| name != "text").collect();
    let mime_type = generation.mime_type.as_ref().map(Text::as_str);
    let schema = generation
        .json_schema
        .map(Json::from)
        .or_else(|| generation.schema.map(|openapi| schema::from_openapi(&openapi.into())));
    request.output = match (mime_type, schema) {
        (None | Some("application/json"), Some(schema)) => {
            OutputFormat::Schema { name: None, description: None, schema, strict: None }
        }
        (Some("application/json"), None) => OutputFormat::Json,
        (None | Some("text/plain"), _) => OutputFormat::Text,
        (Some(_), _) => {
            // Forms of Google's own, such as one word of a list.
            if let Some(schema) = generation.schema {
                rest.push((Text("responseSchema".into()), schema));
            }
            OutputFormat::Text
        }
    };
    let own_form = mime_type.filter(|name| !matches!(*name, "application/json" | "text/plain"));
    if !rest.is_empty() || own_form.is_some() {
        let members = object(|members| {
            members.text_if("responseMimeType", own_form);
            rest.iter().for_each(|(name, value)| members.raw(name.as_str(), value.get().as_bytes()));
        });
        let members = String::from_utf8(members).ok().and_then(|text| Json::parse(&text));
        put_extra(&mut request.extra, "generationConfig", members);
    }
    Ok(())
}

fn whole(number: Number, name: &str) -> Result<u64, Error> {
    number
        .whole()
        .ok_or_else(|| wrong(format_args!("generationConfig.{name}"), "it must be a whole number from 0 on"))
}

fn reasoning(thinking: Thinking<'_>) -> Result<ReasoningAsk, Error> {
    // What is not asked for is not shown (<https://ai.google.dev/gemini-api/docs/thinking#summaries>).
    let mut ask = ReasoningAsk { shown: Some(thinking.shown.unwrap_or(false)), ..ReasoningAsk::default() };
    match thinking.budget {
        None => {}
        Some(Number(-1.0)) => ask.mode = Some(ReasoningMode::Adaptive),
        Some(Number(0.0)) => ask.mode = Some(ReasoningMode::Off),
        Some(budget) => ask.budget = Some(whole(budget, "thinkingConfig.thinkingBudget")?),
    }
    if let Some(level) = thinking.level {
        let name = level.as_str().to_ascii_lowercase();
        if name != "thinking_level_unspecified" {
            let effort = Effort::from_name(&name).ok_or_else(|| {
                let what = "it must be one of minimal, low, medium, high";
                wrong("generationConfig.thinkingConfig.thinkingLevel", what)
            })?;
            ask.effort = Some(effort);
        }
    }
    Ok(ask)
}
