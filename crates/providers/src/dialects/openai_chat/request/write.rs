//! A request for a provider, written.

use weighhouse_types::chat::{ChatRequest, Effort, OutputFormat, ReasoningAsk, ReasoningMode};
use weighhouse_types::{Dialect, Error};

use super::{write_messages, write_tools};
use crate::tool_names::{NameRules, Names};
use crate::translation::{Leaving, ReplyNotes, Toward, Written};
use crate::wire::{Object, object};

/// What a provider at this wire takes beyond what all of them do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manners {
    /// OpenAI itself and its twin at Azure: newer names, custom tools, several parts of text.
    pub(super) is_openai: bool,
    /// Cache marks may stand in messages.
    pub(super) takes_cache_marks: bool,
    /// The model's earlier reasoning is wanted back as `reasoning_content`.
    pub(super) wants_reasoning: bool,
}

/// Providers that take Anthropic's cache marks at this wire.
const TAKE_CACHE_MARKS: &[&str] = &["openrouter", "litellm_proxy", "vercel_ai_gateway"];
/// Providers that want reasoning back (contract §8d, deepseek; their own pages say the same of tool turns).
const WANT_REASONING: &[&str] = &["deepseek", "moonshot", "zai", "minimax", "litellm_proxy"];

/// Providers at this wire whose pages name `top_k`; OpenAI and the servers that follow it closely refuse it.
#[rustfmt::skip]
const TAKE_TOP_K: &[&str] = &[
    "chutes", "dashscope", "deepinfra", "featherless_ai", "fireworks_ai", "hosted_vllm", "hyperbolic", "litellm_proxy",
    "llamafile", "lm_studio", "nebius", "novita", "ollama_openai", "openrouter", "parasail", "sambanova", "together_ai",
];

impl Manners {
    fn of(provider: &str) -> Self {
        Self {
            is_openai: matches!(provider, "openai" | "azure"),
            takes_cache_marks: TAKE_CACHE_MARKS.contains(&provider),
            wants_reasoning: WANT_REASONING.contains(&provider),
        }
    }
}

/// Writes a request for a provider.
///
/// # Errors
/// `Unsupported`, naming what cannot be said in this dialect.
pub fn write_request(request: &ChatRequest, toward: &Toward<'_>) -> Result<Written, Error> {
    let manners = Manners::of(toward.provider);
    let mut leaving = Leaving::new(*toward);
    let rules = NameRules { takes_custom: manners.is_openai, ..NameRules::default() };
    let names = Names::of(request, rules);
    leaving.out("previous_response_id", request.previous_response.is_some())?;
    let is_own = request.extra.origin == Some(Dialect::OpenAiChat);
    let takes_top_k = is_own || TAKE_TOP_K.contains(&toward.provider);
    if !takes_top_k {
        leaving.out("top_k", request.sampling.top_k.is_some())?;
    }
    leaving.foreign_tools(request, Dialect::OpenAiChat)?;
    let search = write_tools::search(request, &mut leaving);
    let body = object(|body| {
        body.text("model", toward.model);
        body.array("messages", |list| write_messages::write(request, &names, manners, list));
        write_tools::write(request, &names, search, body);
        write_output(request, body);
        write_sampling(request, takes_top_k, body);
        let bound = if manners.is_openai { "max_completion_tokens" } else { "max_tokens" };
        body.number_if(bound, request.max_output);
        if !request.stop.is_empty() {
            body.texts("stop", &request.stop);
        }
        if request.stream {
            body.flag("stream", true);
            body.object("stream_options", |options| options.flag("include_usage", true));
        }
        write_reasoning(request.reasoning.as_ref(), is_own, body);
        write_rest(request, manners.is_openai, body);
    });
    let notes = ReplyNotes { tools: names.notes(), json_tool: None, seed: toward.seed.to_owned() };
    Ok(Written { body, headers: Vec::new(), dropped: leaving.dropped(), notes })
}

fn write_output(request: &ChatRequest, body: &mut Object<'_>) {
    match &request.output {
        OutputFormat::Text => {}
        OutputFormat::Json => {
            body.object("response_format", |format| format.text("type", "json_object"));
        }
        OutputFormat::Schema { name, description, schema, strict } => {
            body.object("response_format", |format| {
                format.text("type", "json_schema");
                format.object("json_schema", |inside| {
                    inside.text("name", name.as_deref().unwrap_or("answer"));
                    inside.text_if("description", description.as_deref());
                    inside.json("schema", schema);
                    inside.flag_if("strict", *strict);
                });
            });
        }
    }
}

fn write_sampling(request: &ChatRequest, takes_top_k: bool, body: &mut Object<'_>) {
    let sampling = &request.sampling;
    body.float_if("temperature", sampling.temperature);
    body.float_if("top_p", sampling.top_p);
    body.number_if("top_k", sampling.top_k.filter(|_| takes_top_k));
    body.float_if("frequency_penalty", sampling.frequency_penalty);
    body.float_if("presence_penalty", sampling.presence_penalty);
    if let Some(seed) = sampling.seed {
        body.signed("seed", seed);
    }
    body.flag_if("logprobs", sampling.logprobs);
    body.number_if("top_logprobs", sampling.top_logprobs);
    body.json_if("logit_bias", sampling.logit_bias.as_ref());
    body.number_if("n", request.choices);
}

/// Effort is the word that servers of this make know; `thinking` goes only where the client said it itself.
fn write_reasoning(ask: Option<&ReasoningAsk>, is_own: bool, body: &mut Object<'_>) {
    let Some(ask) = ask else { return };
    if is_own && ask.mode.is_some() {
        body.object("thinking", |thinking| {
            let kind = match ask.mode {
                Some(ReasoningMode::Off) => "disabled",
                Some(ReasoningMode::Adaptive) => "adaptive",
                Some(ReasoningMode::On) | None => "enabled",
            };
            thinking.text("type", kind);
            thinking.number_if("budget_tokens", ask.budget);
            if let Some(shown) = ask.shown {
                thinking.text("display", if shown { "summarized" } else { "omitted" });
            }
        });
    }
    let of_budget =
        ask.budget.filter(|_| !is_own).map(|budget| Effort::of_budget(budget.max(1)).min(Effort::High));
    let effort = ask.effort.or(of_budget);
    match (effort, &ask.summary) {
        (Some(effort), Some(summary)) if is_own => body.object("reasoning_effort", |object| {
            object.text("effort", effort.name());
            object.text("summary", summary);
        }),
        (Some(effort), _) if is_own => body.text("reasoning_effort", effort.name()),
        // The least and the most words are not every server's.
        (Some(Effort::None), _) => {}
        (Some(effort), _) => {
            let effort = effort.clamp(Effort::Low, Effort::High);
            body.text("reasoning_effort", effort.name());
        }
        (None, _) => {}
    }
}

fn write_rest(request: &ChatRequest, is_openai: bool, body: &mut Object<'_>) {
    body.flag_if("parallel_tool_calls", request.parallel_tools.filter(|_| !request.tools.is_empty()));
    let is_own = request.extra.origin == Some(Dialect::OpenAiChat);
    if is_openai || is_own {
        body.text_if("verbosity", request.verbosity.as_deref());
        body.text_if("prompt_cache_key", request.cache_key.as_deref());
        body.flag_if("store", request.store.filter(|_| is_own));
        body.json_if("metadata", request.metadata.as_ref().filter(|_| is_own));
        body.text_if("service_tier", request.service_tier.as_deref());
    }
    body.text_if("user", request.user.as_deref());
    if !request.modalities.is_empty() {
        let all: Vec<String> = std::iter::once("text".to_owned()).chain(request.modalities.clone()).collect();
        body.texts("modalities", &all);
    }
    body.json_if("audio", request.audio.as_ref());
    for (name, value) in request.extra.for_dialect(Dialect::OpenAiChat) {
        body.json(name, value);
    }
}
