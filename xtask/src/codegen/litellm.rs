//! LiteLLM's model map, read into facts of ours.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::value::RawValue;
use weighhouse_catalog::{Capability, ModelFacts, PriceBook, canonical_provider, parse_date};

/// Facts by their key.
pub(super) type Models = BTreeMap<String, ModelFacts>;

type Entry<'a> = BTreeMap<&'a str, &'a RawValue>;

/// Entries of the map that are no models.
const NO_MODELS: [&str; 2] = ["sample_spec", "fallback_generalizations"];

const FLAGS: [(&str, Capability); 15] = [
    ("supports_function_calling", Capability::Tools),
    ("supports_parallel_function_calling", Capability::ParallelTools),
    ("supports_tool_choice", Capability::ToolChoice),
    ("supports_vision", Capability::Vision),
    ("supports_pdf_input", Capability::Pdf),
    ("supports_audio_input", Capability::AudioInput),
    ("supports_audio_output", Capability::AudioOutput),
    ("supports_video_input", Capability::VideoInput),
    ("supports_response_schema", Capability::JsonSchema),
    ("supports_reasoning", Capability::Reasoning),
    ("supports_prompt_caching", Capability::PromptCaching),
    ("supports_system_messages", Capability::SystemMessages),
    ("supports_web_search", Capability::WebSearch),
    ("supports_assistant_prefill", Capability::AssistantPrefill),
    ("supports_computer_use", Capability::ComputerUse),
];

const MODALITIES: [(&str, &str, Capability); 6] = [
    ("supported_modalities", "image", Capability::Vision),
    ("supported_modalities", "audio", Capability::AudioInput),
    ("supported_modalities", "video", Capability::VideoInput),
    ("supported_output_modalities", "image", Capability::ImageOutput),
    ("supported_output_modalities", "audio", Capability::AudioOutput),
    ("supports_url_context", "", Capability::UrlContext),
];

/// Reads the map. Two of its entries may be one key of ours (`gemini-x` and `vertex_ai/gemini-x`): the one
/// with the provider in its name is kept; the second result counts them.
pub(super) fn read(path: &Path) -> Result<(Models, usize)> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let map: BTreeMap<&str, Entry<'_>> =
        serde_json::from_str(&text).with_context(|| format!("{} is no model map", path.display()))?;
    let (mut models, mut doubles) = (Models::new(), 0);
    for (name, entry) in map.iter().filter(|(name, _)| !NO_MODELS.contains(name)) {
        let facts = facts(name, entry).with_context(|| format!("LiteLLM's entry `{name}`"))?;
        let is_explicit = facts.key == *name;
        let known = models.contains_key(&facts.key);
        doubles += usize::from(known);
        if is_explicit || !known {
            models.insert(facts.key.clone(), facts);
        }
    }
    Ok((models, doubles))
}

fn facts(name: &str, entry: &Entry<'_>) -> Result<ModelFacts> {
    let base = text(entry, "litellm_provider").context("it names no provider")?;
    let mut facts = ModelFacts::new(key(name, base));
    facts.base_provider = (base != facts.provider()).then(|| base.to_owned());
    facts.mode = text(entry, "mode").map(mode).transpose()?;
    facts.limits.max_input = number(entry, "max_input_tokens")?;
    facts.limits.max_output = number(entry, "max_output_tokens")?;
    facts.deprecated_ms = match text(entry, "deprecation_date") {
        Some(day) => Some(parse_date(day).with_context(|| format!("`{day}` is no date"))?),
        None => None,
    };
    let flags = FLAGS.iter().filter(|(flag, _)| raw(entry, flag) == Some("true"));
    let modalities = MODALITIES.iter().filter(|(field, word, _)| {
        let value = raw(entry, field);
        if word.is_empty() {
            value == Some("true")
        } else {
            value.is_some_and(|list| list.contains(&format!("\"{word}\"")))
        }
    });
    let all = flags.map(|(_, has)| *has).chain(modalities.map(|(.., has)| *has));
    facts.capabilities = all.fold(facts.capabilities, |set, has| set.with(has));
    let fields = entry.iter().map(|(field, value)| (*field, unquoted(value.get())));
    facts.prices = PriceBook::from_litellm_fields(fields)?;
    Ok(facts)
}

/// `provider/model`; LiteLLM leaves the provider out for some, and writes it in two ways for others.
fn key(name: &str, base: &str) -> String {
    let provider = canonical_provider(base);
    match name.split_once('/') {
        Some((first, _)) if first == provider => name.to_owned(),
        Some((first, model)) if canonical_provider(first) == provider => format!("{provider}/{model}"),
        _ => format!("{provider}/{name}"),
    }
}

fn raw<'a>(entry: &Entry<'a>, field: &str) -> Option<&'a str> {
    entry.get(field).map(|value| value.get()).filter(|value| *value != "null")
}

fn text<'a>(entry: &Entry<'a>, field: &str) -> Option<&'a str> {
    raw(entry, field).map(unquoted)
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

/// A whole number of tokens, which the map sometimes writes as `4096.0`.
fn number(entry: &Entry<'_>, field: &str) -> Result<Option<u64>> {
    let Some(value) = text(entry, field) else { return Ok(None) };
    let whole = value.strip_suffix(".0").unwrap_or(value);
    whole.parse().map(Some).with_context(|| format!("`{field}` is `{value}`, no whole number"))
}

fn mode(name: &str) -> Result<weighhouse_catalog::Mode> {
    serde_json::from_str(&format!("\"{name}\"")).with_context(|| format!("the mode `{name}` is new to us"))
}
