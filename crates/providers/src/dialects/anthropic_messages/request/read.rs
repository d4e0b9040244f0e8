//! A client's request, read.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use weighhouse_types::Error;
use weighhouse_types::chat::{
    Block, BlockKind, ChatRequest, Effort, Extra, Json, Message, OutputFormat, ReasoningAsk, ReasoningMode,
    Role, Sampling,
};

use super::super::block::{OURS, need, part, read_texts_or_blocks, under};
use super::super::wire::{
    FormatObject, MessageObject, MetadataObject, OutputObject, RequestObject, ThinkingObject,
};
use super::read_tools::{read_choice, read_tools};
use crate::ask::invalid;
use crate::wire::{self, Text, unknown_to_extra};

/// Reads a client's request.
///
/// # Errors
/// `InvalidRequest` with the JSON path of what does not fit.
pub fn read_request(body: &[u8]) -> Result<ChatRequest, Error> {
    let object: RequestObject<'_> = wire::read_request(body)?;
    let mut extra = unknown_to_extra(&object.unknown, OURS);
    // That a request came in this dialect is told by its extra, even where there is nothing in it.
    extra.origin = Some(OURS);
    let mut messages = read_system(object.system)?;
    for (index, message) in need(object.messages, "messages")?.into_iter().enumerate() {
        messages.push(read_message(message).map_err(|error| under(error, &format!("messages[{index}]")))?);
    }
    name_results(&mut messages);
    let (tool_choice, parallel_tools) = read_choice(object.tool_choice)?;
    let (output, effort) = read_output(object.output_config, object.output_format, body, &mut extra)?;
    Ok(ChatRequest {
        messages,
        tools: read_tools(object.tools.unwrap_or_default())?,
        tool_choice,
        parallel_tools,
        output,
        reasoning: read_reasoning(object.thinking, effort, &mut extra)?,
        sampling: Sampling {
            temperature: object.temperature.map(|number| number.0),
            top_p: object.top_p.map(|number| number.0),
            top_k: object.top_k,
            ..Sampling::default()
        },
        max_output: object.max_tokens,
        stop: object.stop_sequences.unwrap_or_default().into_iter().map(Text::into_owned).collect(),
        stream: object.stream.unwrap_or_default(),
        service_tier: object.service_tier.map(|tier| match tier.as_str() {
            "standard_only" => "default".to_owned(),
            other => other.to_owned(),
        }),
        user: read_user(object.metadata, body, &mut extra),
        extra,
        ..ChatRequest::default()
    })
}

fn read_system(system: Option<wire::TextOr<'_, Vec<&RawValue>>>) -> Result<Vec<Message>, Error> {
    let blocks = system.map(|system| read_texts_or_blocks(system, "system")).transpose()?.unwrap_or_default();
    let is_said = !matches!(blocks.as_slice(), [] | [Block { cache: None, kind: BlockKind::Text(_) }]
        if blocks.iter().all(|block| block.as_text().is_some_and(str::is_empty)));
    Ok(if is_said { vec![Message::new(Role::System, blocks)] } else { Vec::new() })
}

fn read_message(object: MessageObject<'_>) -> Result<Message, Error> {
    let role = match need(object.role, "role")?.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        other => {
            let message = format!("`role`: `{other}` is no role here; send `user`, `assistant` or `system`");
            return Err(invalid("role", message));
        }
    };
    let blocks = read_texts_or_blocks(need(object.content, "content")?, "content")?;
    Ok(Message { extra: unknown_to_extra(&object.unknown, OURS), ..Message::new(role, blocks) })
}

/// Results name only their call; other dialects want the tool's name as well.
fn name_results(messages: &mut [Message]) {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for block in messages.iter_mut().flat_map(|message| &mut message.blocks) {
        match &mut block.kind {
            BlockKind::ToolCall(call) => {
                names.insert(call.id.clone(), call.name.clone());
            }
            BlockKind::ToolResult(result) => result.name = names.get(&result.call_id).cloned(),
            BlockKind::Text(_)
            | BlockKind::Refusal(_)
            | BlockKind::Media(_)
            | BlockKind::Reasoning(_)
            | BlockKind::ServerTool(_)
            | BlockKind::Foreign(_) => {}
        }
    }
}

/// Keeps a member as it came, because it says more than the canonical form has words for.
fn keep_whole(body: &[u8], name: &str, extra: &mut Extra) {
    let members: BTreeMap<&str, &RawValue> = serde_json::from_slice(body).unwrap_or_default();
    if let Some(raw) = members.get(name) {
        extra.put(name, Json::from(*raw));
    }
}

fn read_output(
    config: Option<OutputObject<'_>>,
    older: Option<FormatObject<'_>>,
    body: &[u8],
    extra: &mut Extra,
) -> Result<(OutputFormat, Option<Effort>), Error> {
    let config = config.unwrap_or_default();
    let effort = config.effort.as_ref().and_then(|effort| Effort::from_name(effort.as_str()));
    let is_odd = |format: &FormatObject<'_>| {
        format.kind.as_ref().is_some_and(|kind| kind.as_str() != "json_schema") || !format.unknown.is_empty()
    };
    let is_foreign = !config.unknown.is_empty()
        || (config.effort.is_some() && effort.is_none())
        || config.format.as_ref().is_some_and(is_odd);
    if is_foreign {
        keep_whole(body, "output_config", extra);
    }
    let (format, place) = match (config.format, older) {
        (Some(format), _) => (format, "output_config.format.schema"),
        (None, Some(format)) => (format, "output_format.schema"),
        (None, None) => return Ok((OutputFormat::Text, effort)),
    };
    if is_odd(&format) && format.schema.is_none() {
        return Ok((OutputFormat::Text, effort));
    }
    let schema = Json::from(need(format.schema, place)?);
    Ok((OutputFormat::Schema { name: None, description: None, schema, strict: None }, effort))
}

fn read_reasoning(
    thinking: Option<&RawValue>,
    effort: Option<Effort>,
    extra: &mut Extra,
) -> Result<Option<ReasoningAsk>, Error> {
    let mut ask = ReasoningAsk { effort, ..ReasoningAsk::default() };
    let Some(raw) = thinking else { return Ok(effort.map(|_| ask)) };
    let object: ThinkingObject<'_> = part(raw).map_err(|error| under(error, "thinking"))?;
    let kind = need(object.kind, "thinking.type")?;
    ask.mode = match kind.as_str() {
        "enabled" => Some(ReasoningMode::On),
        "adaptive" => Some(ReasoningMode::Adaptive),
        "disabled" => Some(ReasoningMode::Off),
        _ => None,
    };
    ask.budget = object.budget_tokens;
    ask.shown = match object.display.as_ref().map(Text::as_str) {
        Some("summarized") => Some(true),
        Some("omitted") => Some(false),
        _ => None,
    };
    if ask.mode.is_none() || object.display.is_some() != ask.shown.is_some() || !object.unknown.is_empty() {
        extra.put("thinking", Json::from(raw));
    }
    Ok(Some(ask))
}

fn read_user(metadata: Option<MetadataObject<'_>>, body: &[u8], extra: &mut Extra) -> Option<String> {
    let metadata = metadata?;
    if !metadata.unknown.is_empty() {
        keep_whole(body, "metadata", extra);
    }
    metadata.user_id.map(Text::into_owned)
}
