//! A client's request, read.

use std::fmt::{Arguments, Display};

use weighhouse_types::chat::{
    Block, BlockKind, ChatRequest, Effort, Extra, Json, Message, OutputFormat, Reasoning, ReasoningAsk,
    ReasoningMode, Role, Sampling, ToolCall, ToolKind, ToolResult,
};
use weighhouse_types::{Dialect, Error, Kind};

use super::super::wire::{Body, EffortObject, Format, Message as WireMessage, Thinking};
use super::{parts, read_tools};
use crate::relay::HOUSE_MEMBERS;
use crate::thought::id_and_signature;
use crate::wire::{Number, Text, TextOr, read_request as read_body, unknown_to_extra};

/// Reads a client's request.
///
/// # Errors
/// `InvalidRequest` with the JSON path of what does not fit.
pub fn read_request(body: &[u8]) -> Result<ChatRequest, Error> {
    let mut body: Body<'_> = read_body(body)?;
    body.unknown.retain(|(name, _)| !HOUSE_MEMBERS.contains(&name.as_str()));
    let mut messages: Vec<Message> = Vec::new();
    for (index, message) in body.messages.take().unwrap_or_default().into_iter().enumerate() {
        read_message(message, format_args!("messages[{index}]"), &mut messages)?;
    }
    let float = |number: Option<Number>| number.map(|Number(number)| number);
    let mut request = ChatRequest {
        messages,
        output: output(body.format.take())?,
        reasoning: reasoning(body.effort.take(), body.thinking.take())?,
        sampling: Sampling {
            temperature: float(body.temperature),
            top_p: float(body.top_p),
            top_k: count(body.top_k, "top_k")?,
            frequency_penalty: float(body.frequency_penalty),
            presence_penalty: float(body.presence_penalty),
            seed: body.seed,
            logprobs: body.logprobs,
            top_logprobs: count(body.top_logprobs, "top_logprobs")?,
            logit_bias: body.logit_bias.map(Json::from),
        },
        max_output: bound(body.max_completion_tokens, "max_completion_tokens")?
            .or(bound(body.max_tokens, "max_tokens")?),
        choices: count(body.n, "n")?.filter(|count| *count > 1),
        stop: match body.stop.take() {
            None => Vec::new(),
            Some(TextOr::Text(text)) => vec![text.into_owned()],
            Some(TextOr::Other(texts)) => texts.into_iter().map(Text::into_owned).collect(),
        },
        stream: body.stream.unwrap_or(false),
        parallel_tools: body.parallel,
        verbosity: body.verbosity.take().map(Text::into_owned),
        service_tier: body.service_tier.take().map(Text::into_owned),
        user: body.user.take().or(body.safety_identifier.take()).map(Text::into_owned),
        metadata: body.metadata.map(Json::from).filter(is_map_of_strings),
        cache_key: body.cache_key.take().map(Text::into_owned),
        modalities: body.modalities.take().unwrap_or_default().into_iter().map(Text::into_owned).collect(),
        audio: body.audio.map(Json::from),
        store: body.store,
        extra: unknown_to_extra(&body.unknown, Dialect::OpenAiChat),
        ..ChatRequest::default()
    };
    request.modalities.retain(|modality| modality != "text");
    read_tools::read(&mut body, &mut request)?;
    Ok(request)
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

/// Local servers take -1 for no bound.
fn bound(number: Option<Number>, name: &str) -> Result<Option<u64>, Error> {
    count(number.filter(|Number(number)| *number >= 0.0), name)
}

fn is_map_of_strings(metadata: &Json) -> bool {
    metadata.read::<std::collections::BTreeMap<String, String>>().is_some()
}

fn output(format: Option<Format<'_>>) -> Result<OutputFormat, Error> {
    let Some(format) = format else { return Ok(OutputFormat::Text) };
    let kind = format.kind.as_ref().map(Text::as_str);
    match (kind, format.schema, format.response_schema) {
        (Some("json_schema"), Some(schema), _) => Ok(OutputFormat::Schema {
            name: schema.name.map(Text::into_owned),
            description: schema.description.map(Text::into_owned),
            schema: schema.schema.map_or_else(Json::empty_object, Json::from),
            strict: schema.strict,
        }),
        (Some("json_schema"), None, _) => {
            Err(wrong("response_format.json_schema", "it is required with the type `json_schema`"))
        }
        // LiteLLM's older way to give a schema.
        (Some("json_object"), _, Some(schema)) => {
            Ok(OutputFormat::Schema { name: None, description: None, schema: schema.into(), strict: None })
        }
        (Some("json_object"), _, None) => Ok(OutputFormat::Json),
        (Some("text") | None, ..) => Ok(OutputFormat::Text),
        (Some(_), ..) => {
            Err(wrong("response_format.type", "it must be `text`, `json_object` or `json_schema`"))
        }
    }
}

fn reasoning(
    effort: Option<TextOr<'_, EffortObject<'_>>>,
    thinking: Option<Thinking<'_>>,
) -> Result<Option<ReasoningAsk>, Error> {
    let mut ask = ReasoningAsk::default();
    let word = match effort {
        None => None,
        Some(TextOr::Text(word)) => Some(word.into_owned()),
        Some(TextOr::Other(object)) => {
            ask.summary = object.summary.map(Text::into_owned);
            object.effort.map(Text::into_owned)
        }
    };
    if let Some(word) = word.filter(|word| word != "default") {
        ask.effort = Some(Effort::from_name(&word).ok_or_else(|| {
            let words = Effort::ALL.map(Effort::name).join(", ");
            wrong("reasoning_effort", &format!("it must be one of {words}"))
        })?);
    }
    if let Some(thinking) = thinking {
        ask.mode = match thinking.kind.as_ref().map(Text::as_str) {
            Some("disabled") => Some(ReasoningMode::Off),
            Some("adaptive") => Some(ReasoningMode::Adaptive),
            _ => Some(ReasoningMode::On),
        };
        ask.budget = count(thinking.budget, "thinking.budget_tokens")?;
        ask.shown = thinking.display.map(|display| display.as_str() != "omitted");
    }
    Ok((ask != ReasoningAsk::default()).then_some(ask))
}

fn read_message(
    message: WireMessage<'_>,
    at: Arguments<'_>,
    messages: &mut Vec<Message>,
) -> Result<(), Error> {
    let role = message.role.as_ref().map_or("", Text::as_str).to_owned();
    let name = message.name.as_ref().map(|name| name.as_str().to_owned());
    let extra = unknown_to_extra(&message.unknown, Dialect::OpenAiChat);
    let cache = message.cache.as_ref().map(parts::mark);
    let content = |message: &WireMessage<'_>| match &message.content {
        Some(content) => parts::blocks(content, format_args!("{at}.content")),
        None => Ok(Vec::new()),
    };
    let (role, mut blocks) = match role.as_str() {
        "system" => (Role::System, content(&message)?),
        "developer" => (Role::Developer, content(&message)?),
        "user" => (Role::User, content(&message)?),
        "assistant" => {
            let said = content(&message)?;
            (Role::Assistant, assistant(message, said, at)?)
        }
        "tool" | "function" => {
            let result = result(&message, content(&message)?, at)?;
            put_result(Block { kind: result, cache }, name, extra, messages);
            return Ok(());
        }
        "" => return Err(wrong(format_args!("{at}.role"), "a message needs its role")),
        _ => {
            let what = "it must be one of system, developer, user, assistant, tool";
            return Err(wrong(format_args!("{at}.role"), what));
        }
    };
    if let (Some(cache), Some(last)) = (cache, blocks.last_mut()) {
        last.cache = Some(cache);
    }
    messages.push(Message { role, blocks, name, extra });
    Ok(())
}

/// Results that stand behind each other are one turn.
fn put_result(block: Block, name: Option<String>, extra: Extra, messages: &mut Vec<Message>) {
    let is_results = |message: &Message| {
        message.role == Role::User
            && !message.blocks.is_empty()
            && message.blocks.iter().all(|block| matches!(block.kind, BlockKind::ToolResult(_)))
    };
    match messages.last_mut().filter(|last| is_results(last)) {
        Some(last) => last.blocks.push(block),
        None => messages.push(Message {
            role: Role::User,
            blocks: vec![block],
            name: name.filter(|_| false),
            extra,
        }),
    }
}

fn result(message: &WireMessage<'_>, content: Vec<Block>, at: Arguments<'_>) -> Result<BlockKind, Error> {
    let name = message.name.as_ref().map(|name| name.as_str().to_owned());
    let shown = message.tool_call_id.as_ref().map(|id| id.as_str().to_owned());
    // The legacy `function` role names the function instead of a call.
    let shown = shown.or_else(|| name.clone()).ok_or_else(|| {
        wrong(format_args!("{at}.tool_call_id"), "a tool's message needs the id of the call that it answers")
    })?;
    let (call_id, _) = id_and_signature(&shown, Dialect::OpenAiChat);
    Ok(BlockKind::ToolResult(ToolResult {
        call_id,
        name,
        kind: ToolKind::Function,
        content,
        is_error: false,
    }))
}

fn assistant(message: WireMessage<'_>, said: Vec<Block>, at: Arguments<'_>) -> Result<Vec<Block>, Error> {
    let mut blocks: Vec<Block> = Vec::new();
    let thinking = message.thinking_blocks.unwrap_or_default();
    match message.reasoning_content {
        Some(text) if thinking.is_empty() && !text.as_str().is_empty() => {
            let reasoning = Reasoning { parts: vec![text.into_owned()], ..Reasoning::default() };
            blocks.push(BlockKind::Reasoning(reasoning).into());
        }
        _ => {}
    }
    blocks.extend(thinking.into_iter().map(|part| BlockKind::Reasoning(parts::thinking_block(part)).into()));
    blocks.extend(said);
    if let Some(refusal) = message.refusal.filter(|refusal| !refusal.as_str().is_empty()) {
        blocks.push(BlockKind::Refusal(refusal.into_owned()).into());
    }
    for (index, call) in message.tool_calls.unwrap_or_default().into_iter().enumerate() {
        let at = format_args!("{at}.tool_calls[{index}]");
        let shown = call.id.map(Text::into_owned);
        let shown = shown.ok_or_else(|| wrong(format_args!("{at}.id"), "a call needs its id"))?;
        blocks.push(BlockKind::ToolCall(read_tools::call(&shown, call.function, call.custom, at)?).into());
    }
    if let Some(function) = message.function_call {
        // The legacy call has no id: its result names the function.
        let name = function.name.as_ref().map(|name| name.as_str().to_owned()).unwrap_or_default();
        let call: ToolCall =
            read_tools::call(&name, Some(function), None, format_args!("{at}.function_call"))?;
        blocks.push(BlockKind::ToolCall(call).into());
    }
    Ok(blocks)
}
