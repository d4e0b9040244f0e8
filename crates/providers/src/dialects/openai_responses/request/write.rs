//! A request for a provider, written.

use weighhouse_catalog::Capability;
use weighhouse_types::chat::{ChatRequest, Effort, Json, OutputFormat, ReasoningAsk, ReasoningMode};
use weighhouse_types::{Dialect, Error};

use super::read::ENCRYPTED;
use super::{write_items, write_tools};
use crate::tool_names::{NameRules, Names};
use crate::translation::{Leaving, ReplyNotes, Toward, Written};
use crate::wire::{Object, object};

const OWN: Dialect = Dialect::OpenAiResponses;
/// The least bound on output that is taken.
const LEAST_OUTPUT: u64 = 16;
/// How names of models begin that reason, and so take no temperature.
const REASONS: &[&str] = &["o1", "o3", "o4", "gpt-5", "gpt-6", "codex"];

/// Writes a request for a provider.
///
/// # Errors
/// `Unsupported`, naming what cannot be said in this dialect.
pub fn write_request(request: &ChatRequest, toward: &Toward<'_>) -> Result<Written, Error> {
    let is_own = request.extra.origin == Some(OWN);
    let names = Names::of(request, NameRules { takes_custom: true, ..NameRules::default() });
    let mut leaving = Leaving::new(*toward);
    leave_out(request, &mut leaving)?;
    let reasons = REASONS.iter().any(|start| toward.model.starts_with(start))
        || toward.can(Capability::Reasoning) == Some(true);
    if reasons && !is_own {
        leaving.out("temperature", request.sampling.temperature.is_some_and(|warmth| warmth != 1.0))?;
        leaving.out("top_p", request.sampling.top_p.is_some_and(|mass| mass != 1.0))?;
    }
    leaving.foreign_tools(request, OWN)?;
    let body = object(|body| {
        body.text("model", toward.model);
        let rest = write_items::write_instructions(request, is_own, body);
        body.array("input", |list| write_items::write(rest, &names, is_own, list));
        write_tools::write(request, &names, body);
        write_text(request, is_own, body);
        if is_own || !reasons {
            body.float_if("temperature", request.sampling.temperature);
            body.float_if("top_p", request.sampling.top_p);
        }
        body.number_if("top_logprobs", request.sampling.top_logprobs);
        let bound = request.max_output.map(|bound| if is_own { bound } else { bound.max(LEAST_OUTPUT) });
        body.number_if("max_output_tokens", bound);
        body.flag_if(
            "parallel_tool_calls",
            request.parallel_tools.filter(|_| is_own || !request.tools.is_empty()),
        );
        write_reasoning(request.reasoning.as_ref(), is_own, reasons, body);
        write_memory(request, is_own, reasons, body);
        if request.stream {
            body.flag("stream", true);
        }
        body.text_if("service_tier", request.service_tier.as_deref());
        body.text_if("user", request.user.as_deref());
        body.json_if(
            "metadata",
            request.metadata.as_ref().filter(|metadata| is_own || is_map_of_strings(metadata)),
        );
        body.text_if("prompt_cache_key", request.cache_key.as_deref());
        for (name, value) in request.extra.for_dialect(OWN).filter(|(name, _)| *name != "include") {
            body.json(name, value);
        }
    });
    // Namespaces go as they are.
    let tools = names.notes().into_iter().filter(|tool| tool.wire != tool.name).collect();
    let notes = ReplyNotes { tools, json_tool: None, seed: toward.seed.to_owned() };
    Ok(Written { body, headers: Vec::new(), dropped: leaving.dropped(), notes })
}

fn leave_out(request: &ChatRequest, leaving: &mut Leaving<'_>) -> Result<(), Error> {
    let sampling = &request.sampling;
    leaving.out("frequency_penalty", sampling.frequency_penalty.is_some_and(|penalty| penalty != 0.0))?;
    leaving.out("presence_penalty", sampling.presence_penalty.is_some_and(|penalty| penalty != 0.0))?;
    leaving.out("seed", sampling.seed.is_some())?;
    leaving.out("logit_bias", sampling.logit_bias.is_some())?;
    leaving.out("top_k", sampling.top_k.is_some())?;
    leaving.out("stop", !request.stop.is_empty())?;
    leaving.out("n", request.choices.is_some_and(|count| count > 1))?;
    leaving.out("modalities", !request.modalities.is_empty())
}

fn is_map_of_strings(metadata: &Json) -> bool {
    metadata.read::<std::collections::BTreeMap<String, String>>().is_some()
}

fn write_text(request: &ChatRequest, is_own: bool, body: &mut Object<'_>) {
    if request.output == OutputFormat::Text && request.verbosity.is_none() {
        return;
    }
    body.object("text", |text| {
        match &request.output {
            OutputFormat::Text => {}
            OutputFormat::Json => text.object("format", |format| format.text("type", "json_object")),
            OutputFormat::Schema { name, description, schema, strict } => text.object("format", |format| {
                format.text("type", "json_schema");
                format.text("name", name.as_deref().unwrap_or("answer"));
                format.text_if("description", description.as_deref());
                format.json("schema", schema);
                // A client that says nothing means: as well as you can.
                match (strict, is_own) {
                    (Some(strict), _) => format.flag("strict", *strict),
                    (None, true) => {}
                    (None, false) => format.flag("strict", false),
                }
            }),
        }
        text.text_if("verbosity", request.verbosity.as_deref());
    });
}

fn write_reasoning(ask: Option<&ReasoningAsk>, is_own: bool, reasons: bool, body: &mut Object<'_>) {
    let Some(ask) = ask else { return };
    let is_off = ask.mode == Some(ReasoningMode::Off);
    let of_budget =
        ask.budget.filter(|budget| *budget > 0).map(|budget| Effort::of_budget(budget).min(Effort::High));
    let effort = match (ask.effort, of_budget) {
        _ if is_off => None,
        (Some(effort), _) if is_own => Some(effort),
        // Not every model knows the words beyond.
        (Some(effort), _) => Some(effort.min(Effort::High)),
        (None, of_budget) => of_budget,
    };
    // Clients of other dialects see reasoning unless they say that they want none.
    let shows = ask.shown != Some(false) && !is_off && reasons;
    let summary = match (&ask.summary, is_own) {
        (Some(summary), _) => Some(summary.as_str()),
        (None, false) if shows => Some("auto"),
        (None, _) => None,
    };
    if effort.is_none() && summary.is_none() {
        return;
    }
    body.object("reasoning", |reasoning| {
        reasoning.text_if("effort", effort.map(Effort::name));
        reasoning.text_if("summary", summary);
    });
}

/// Clients of other dialects keep their conversations themselves: nothing is stored for them, and what a model
/// that reasons thought goes along, so that it can go on from it.
fn write_memory(request: &ChatRequest, is_own: bool, reasons: bool, body: &mut Object<'_>) {
    body.text_if("previous_response_id", request.previous_response.as_deref());
    let own_includes = request.extra.get("include").filter(|_| is_own);
    if is_own {
        body.flag_if("store", request.store);
    } else {
        body.flag("store", false);
    }
    let wants_proof = match is_own {
        true => request.reasoning.as_ref().is_some_and(|ask| ask.wants_proof),
        false => reasons,
    };
    let others: Vec<String> = own_includes.and_then(Json::read).unwrap_or_default();
    if wants_proof || !others.is_empty() {
        let mut all = others;
        all.extend(wants_proof.then(|| ENCRYPTED.to_owned()));
        body.texts("include", &all);
    }
}
