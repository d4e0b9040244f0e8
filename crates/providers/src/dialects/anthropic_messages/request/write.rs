//! A request, written for a provider.

use weighhouse_catalog::Capability;
use weighhouse_types::chat::{
    Block, BlockKind, ChatRequest, Json, MediaKind, MediaSource, OutputFormat, Tool, ToolChoice,
};
use weighhouse_types::{Dialect, Error};

use super::super::block::{BlockWriter, Marks, OURS, Side, is_blank};
use super::super::generation::Manner;
use super::betas::betas;
use super::sampling::{Drawing, stops};
use super::schema::{input_schema, output_schema};
use super::thinking::{Circumstances, Thinking};
use super::turns::{Conversation, Part, Turn};
use super::write_tools::{Toolbox, is_known};
use super::{JSON_TOOL, Names};
use crate::translation::{Leaving, ReplyNotes, Toward, Written};
use crate::wire::{Object, object};

/// The bound on output where nobody knows one; LiteLLM's.
const USUAL_OUTPUT: u64 = 4_096;

/// OpenAI's members that mean nothing here, among those that LiteLLM's clients pass through.
const OPENAI_ONLY: [&str; 9] = [
    "function_call",
    "functions",
    "moderation",
    "prediction",
    "prompt_cache_retention",
    "response_format",
    "safety_identifier",
    "stream_options",
    "web_search_options",
];

/// Members that are written from the canonical form.
const WRITTEN: [&str; 9] = [
    "model",
    "max_tokens",
    "stream",
    "system",
    "messages",
    "tools",
    "tool_choice",
    "stop_sequences",
    "service_tier",
];

/// Writes a request for a provider.
///
/// # Errors
/// `Unsupported`, naming what cannot be said in this dialect.
pub fn write_request(request: &ChatRequest, toward: &Toward<'_>) -> Result<Written, Error> {
    let is_faithful = request.extra.origin == Some(OURS);
    let (mut leaving, mut dropped) = (Leaving::new(*toward), Vec::new());
    leave_out(request, &mut leaving)?;
    let names = Names::of(request);
    let mut writer = BlockWriter::new(Side::Provider { names: &names, is_faithful }, marks_of(request));
    let conversation = if is_faithful {
        Conversation::faithful(request, |block| writer.takes(block))
    } else {
        Conversation::mended(request, |block| writer.takes(block))
    };
    let manner = Manner::of(toward.model);
    let max_tokens = max_tokens(request, toward);
    let thinking = Thinking::of(
        request.reasoning.as_ref(),
        &Circumstances {
            manner,
            cannot: toward.can(Capability::Reasoning) == Some(false),
            max_tokens,
            is_faithful,
            forces_tool: forces_tool(request),
            lacks_proof: conversation.lacks_proof(),
        },
    );
    if thinking.is_dropped {
        dropped.push("thinking");
    }
    let drawing = Drawing::of(&request.sampling, manner, thinking.is_on(), &mut leaving, &mut dropped)?;
    let output = Output::of(&request.output, manner, toward, is_faithful);
    let toolbox = Toolbox {
        request,
        names: &names,
        manner,
        json_tool: output.tool,
        wants_dummy: toward.mends && request.tools.is_empty() && conversation.has_tools(),
        thinks: thinking.is_on(),
    };
    let has_json_tool = toolbox.json_tool.is_some();
    let body = object(|body| {
        body.text("model", toward.model);
        body.number("max_tokens", max_tokens);
        if request.stream {
            body.flag("stream", true);
        }
        // The order in which the cache marks count.
        let mut marks = std::mem::take(&mut writer.marks);
        toolbox.write(&mut marks, body);
        writer.marks = marks;
        write_conversation(&conversation, &mut writer, body);
        write_unless_kept(request, "thinking", body, |body| thinking.write(body));
        write_unless_kept(request, "output_config", body, |body| {
            write_output(thinking.effort, output.schema.as_ref(), body);
        });
        drawing.write(body);
        write_rest(request, is_faithful, body);
    });
    dropped.extend(leaving.dropped());
    let notes = ReplyNotes {
        json_tool: has_json_tool.then(|| JSON_TOOL.to_owned()),
        seed: toward.seed.to_owned(),
        tools: names.notes(),
    };
    let headers = betas(request).map(|list| ("anthropic-beta", list)).into_iter().collect();
    Ok(Written { body, headers, dropped, notes })
}

/// The parameters that the API has no words for.
fn leave_out(request: &ChatRequest, leaving: &mut Leaving<'_>) -> Result<(), Error> {
    let sampling = &request.sampling;
    let is_foreign = |tool: &Tool| matches!(tool, Tool::Native(native) if !is_known(native));
    let is_foreign_choice =
        matches!(&request.tool_choice, Some(ToolChoice::Native(origin, _)) if *origin != OURS);
    for (parameter, is_said) in [
        ("n", request.choices.is_some_and(|count| count > 1)),
        ("frequency_penalty", sampling.frequency_penalty.is_some_and(|penalty| penalty != 0.0)),
        ("presence_penalty", sampling.presence_penalty.is_some_and(|penalty| penalty != 0.0)),
        ("seed", sampling.seed.is_some()),
        ("logprobs", sampling.logprobs == Some(true)),
        ("top_logprobs", sampling.top_logprobs.is_some_and(|count| count > 0)),
        ("logit_bias", sampling.logit_bias.as_ref().is_some_and(|bias| bias.text() != "{}")),
        ("modalities", request.modalities.iter().any(|kind| !kind.eq_ignore_ascii_case("text"))),
        ("audio", request.audio.is_some()),
        ("previous_response_id", request.previous_response.is_some()),
        ("prediction", request.extra.get("prediction").is_some()),
        ("tools", request.tools.iter().any(is_foreign)),
        ("tool_choice", is_foreign_choice),
        ("input_audio", holds_media(request, MediaKind::Audio)),
        ("video_url", holds_media(request, MediaKind::Video)),
        ("stop", stops(&request.stop).len() < request.stop.len()),
    ] {
        leaving.out(parameter, is_said)?;
    }
    Ok(())
}

fn holds_media(request: &ChatRequest, kind: MediaKind) -> bool {
    let is_it = |block: &Block| matches!(&block.kind, BlockKind::Media(media) if media.kind == kind);
    request.messages.iter().flat_map(|message| &message.blocks).any(is_it)
}

fn forces_tool(request: &ChatRequest) -> bool {
    !request.tools.is_empty()
        && matches!(
            request.tool_choice,
            Some(
                ToolChoice::Required | ToolChoice::Named { .. } | ToolChoice::Allowed { required: true, .. }
            )
        )
}

fn max_tokens(request: &ChatRequest, toward: &Toward<'_>) -> u64 {
    let most = toward.max_output();
    let asked = request.max_output.map(|asked| most.map_or(asked, |most| asked.min(most)));
    let budget =
        request.reasoning.as_ref().and_then(|ask| ask.budget.or(ask.effort.map(|effort| effort.budget())));
    asked.or(most).unwrap_or_else(|| USUAL_OUTPUT.saturating_add(budget.unwrap_or_default()))
}

/// How JSON output is asked for.
#[derive(Debug, Default)]
struct Output {
    schema: Option<Json>,
    tool: Option<Json>,
}

impl Output {
    fn of(format: &OutputFormat, manner: Manner, toward: &Toward<'_>, is_faithful: bool) -> Self {
        let is_native =
            manner.schemas.unwrap_or_else(|| toward.can(Capability::JsonSchema) == Some(true) || is_faithful);
        match format {
            OutputFormat::Text => Self::default(),
            OutputFormat::Json => {
                let open = Json::parse(r#"{"type":"object","properties":{},"additionalProperties":true}"#);
                Self { tool: open, schema: None }
            }
            OutputFormat::Schema { schema, .. } if is_native => {
                let schema = if is_faithful { schema.clone() } else { output_schema(schema) };
                Self { schema: Some(schema), tool: None }
            }
            OutputFormat::Schema { schema, .. } => {
                Self { tool: Some(input_schema(Some(schema))), schema: None }
            }
        }
    }
}

fn write_output(effort: Option<&str>, schema: Option<&Json>, body: &mut Object<'_>) {
    if effort.is_none() && schema.is_none() {
        return;
    }
    body.object("output_config", |config| {
        config.text_if("effort", effort);
        if let Some(schema) = schema {
            config.object("format", |format| {
                format.text("type", "json_schema");
                format.json("schema", schema);
            });
        }
    });
}

/// A member that a client of this dialect said in words that have no other place goes as it came.
fn write_unless_kept(
    request: &ChatRequest,
    name: &str,
    body: &mut Object<'_>,
    write: impl FnOnce(&mut Object<'_>),
) {
    if request.extra.for_dialect(OURS).all(|(kept, _)| kept != name) {
        write(body);
    }
}

fn write_conversation(conversation: &Conversation<'_>, writer: &mut BlockWriter<'_>, body: &mut Object<'_>) {
    match conversation.system.as_slice() {
        [] => {}
        [only] if only.cache.is_none() => body.text("system", only.as_text().unwrap_or_default()),
        blocks => body.array("system", |list| blocks.iter().for_each(|block| writer.write(block, list))),
    }
    body.array("messages", |list| {
        for turn in &conversation.turns {
            list.object(|message| write_turn(turn, writer, message));
        }
    });
}

fn write_turn(turn: &Turn<'_>, writer: &mut BlockWriter<'_>, message: &mut Object<'_>) {
    message.text("role", turn.role);
    match turn.parts.as_slice() {
        [Part::Said(text)] => message.text("content", text),
        [Part::Block(block)] => writer.write_content(std::slice::from_ref(block), message),
        parts => message.array("content", |list| {
            for part in parts {
                match part {
                    Part::Block(block) => writer.write(block, list),
                    Part::Said(text) => list.object(|said| {
                        said.text("type", "text");
                        said.text("text", text);
                    }),
                }
            }
        }),
    }
    for (name, value) in turn.extra.into_iter().flat_map(|extra| extra.for_dialect(OURS)) {
        message.json(name, value);
    }
}

fn write_rest(request: &ChatRequest, is_faithful: bool, body: &mut Object<'_>) {
    let stops = stops(&request.stop);
    if !stops.is_empty() {
        body.texts("stop_sequences", &stops);
    }
    // The API refuses what looks like an address of a person (LiteLLM leaves those out as well).
    let user = request.user.as_deref().filter(|user| is_faithful || !(user.contains('@') || is_blank(user)));
    write_unless_kept(request, "metadata", body, |body| {
        if let Some(user) = user {
            body.object("metadata", |metadata| metadata.text("user_id", user));
        }
    });
    match request.service_tier.as_deref() {
        Some("auto" | "priority") => body.text("service_tier", "auto"),
        Some("default" | "standard") => body.text("service_tier", "standard_only"),
        Some(other) if is_faithful => body.text("service_tier", other),
        Some(_) | None => {}
    }
    let passes = |name: &str| match request.extra.origin {
        Some(OURS) => true,
        Some(Dialect::OpenAiChat) => !OPENAI_ONLY.contains(&name) && !is_written(request, name),
        Some(Dialect::OpenAiResponses | Dialect::Gemini) | None => false,
    };
    for (name, value) in request.extra.members.iter().filter(|(name, _)| passes(name)) {
        body.json(name, value);
    }
}

/// Whether a member of that name already stands in the body.
fn is_written(request: &ChatRequest, name: &str) -> bool {
    let sampling = &request.sampling;
    WRITTEN.contains(&name)
        || match name {
            "thinking" => request.reasoning.is_some(),
            "output_config" => request.reasoning.is_some() || request.output != OutputFormat::Text,
            "metadata" => true,
            "temperature" => sampling.temperature.is_some(),
            "top_p" => sampling.top_p.is_some(),
            "top_k" => sampling.top_k.is_some(),
            _ => false,
        }
}

/// All cache marks of a request. One that stands for the whole request takes a place as well.
fn marks_of(request: &ChatRequest) -> Marks {
    let of_tools = request.tools.iter().filter(|tool| match tool {
        Tool::Function(tool) => tool.cache.is_some(),
        Tool::Native(tool) => tool.cache.is_some(),
        Tool::Custom(_) | Tool::WebSearch(_) => false,
    });
    let of_messages: usize = request.messages.iter().flat_map(|message| &message.blocks).map(marks_in).sum();
    let whole = usize::from(request.extra.get("cache_control").is_some());
    let count = of_tools.count() + of_messages + whole;
    Marks::of(count)
}

fn marks_in(block: &Block) -> usize {
    let inner: usize = match &block.kind {
        BlockKind::ToolResult(result) => result.content.iter().map(marks_in).sum(),
        BlockKind::Media(media) => match &media.source {
            MediaSource::Blocks(blocks) => blocks.iter().map(marks_in).sum(),
            MediaSource::Base64(_) | MediaSource::Url(_) | MediaSource::FileId(_) | MediaSource::Text(_) => 0,
        },
        // The API refuses a mark on thinking.
        BlockKind::Reasoning(_) => return 0,
        BlockKind::Text(_)
        | BlockKind::Refusal(_)
        | BlockKind::ToolCall(_)
        | BlockKind::ServerTool(_)
        | BlockKind::Foreign(_) => 0,
    };
    inner + usize::from(block.cache.is_some())
}
