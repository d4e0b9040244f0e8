//! A request for a model of this dialect, written.

use weighhouse_types::chat::{ChatRequest, Extra, Role};
use weighhouse_types::{Dialect, Error};

use super::super::model::Model;
use super::{config, turns, write_tools};
use crate::tool_names::{NameRules, Names};
use crate::translation::{Leaving, ReplyNotes, Toward, Written};
use crate::wire::{Object, object};

/// Members of the request beside those that have a place in the canonical form, in both spellings.
const MEMBERS: [(&str, &str); 5] = [
    ("safetySettings", "safety_settings"),
    ("cachedContent", "cached_content"),
    ("labels", "labels"),
    ("toolConfig", "tool_config"),
    ("modelArmorConfig", "model_armor_config"),
];

/// Names of functions: <https://ai.google.dev/api/caching#FunctionDeclaration>.
const NAMES: NameRules = NameRules { also: ".:", begins_with_letter: true, takes_custom: false };

/// Writes a request for a provider.
///
/// # Errors
/// `Unsupported`, naming what cannot be said in this dialect.
pub fn write_request(request: &ChatRequest, toward: &Toward<'_>) -> Result<Written, Error> {
    let model = Model::of(toward.model);
    let mut leaving = Leaving::new(*toward);
    let names = Names::of(request, NAMES);
    leave_out(request, &mut leaving)?;
    let turns = turns::of(request, model, toward, &names, &mut leaving)?;
    let tools = write_tools::of(&request.tools, model, &names, &mut leaving)?;
    let generation = config::generation(request, model, tools.has_functions(), &mut leaving)?;
    write_tools::check_choice(request, &mut leaving)?;
    let body = object(|body| {
        body.array("contents", |list| turns.iter().for_each(|turn| turn.write(list)));
        write_instructions(request, body);
        tools.write(body);
        write_tools::write_config(request, &names, &tools, body);
        if generation.len() > 2 {
            body.raw("generationConfig", &generation);
        }
        match request.service_tier.as_deref() {
            Some("default") => body.text("serviceTier", "standard"),
            Some(tier @ ("flex" | "priority" | "standard")) => body.text("serviceTier", tier),
            Some(_) | None => {}
        }
        write_extra(&request.extra, body);
    });
    let notes = ReplyNotes { tools: names.notes(), json_tool: None, seed: toward.seed.to_owned() };
    Ok(Written { body, headers: Vec::new(), dropped: leaving.dropped(), notes })
}

fn leave_out(request: &ChatRequest, leaving: &mut Leaving<'_>) -> Result<(), Error> {
    leaving.out("logit_bias", request.sampling.logit_bias.is_some())?;
    leaving.out("previous_response_id", request.previous_response.is_some())
}

/// Instructions of the whole conversation stand before it: there is no role for them within.
fn write_instructions(request: &ChatRequest, body: &mut Object<'_>) {
    let messages = request.messages.iter().filter(|message| message.role.instructs());
    let blocks = messages.flat_map(|message| &message.blocks);
    let texts: Vec<&str> =
        blocks.filter_map(|block| block.as_text()).filter(|text| !text.is_empty()).collect();
    if texts.is_empty() {
        return;
    }
    body.object("systemInstruction", |content| {
        content.array("parts", |parts| {
            for text in texts {
                parts.object(|part| part.text("text", text));
            }
        });
    });
}

/// What the dialect's own clients say without a place here, and what OpenAI's clients say for this provider.
fn write_extra(extra: &Extra, body: &mut Object<'_>) {
    match extra.origin {
        Some(Dialect::Gemini) => {
            for (name, value) in extra.for_dialect(Dialect::Gemini) {
                if !matches!(name, "generationConfig" | "toolConfig") {
                    body.json(name, value);
                }
            }
        }
        Some(Dialect::OpenAiChat) => {
            for (camel, snake) in MEMBERS.iter().filter(|(camel, _)| *camel != "toolConfig") {
                body.json_if(camel, extra.get(camel).or_else(|| extra.get(snake)));
            }
        }
        Some(Dialect::OpenAiResponses | Dialect::AnthropicMessages) | None => {}
    }
}

/// The role of a message that is no instruction.
pub(super) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Assistant => "model",
        Role::User | Role::System | Role::Developer => "user",
    }
}
