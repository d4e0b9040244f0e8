//! genai-prices' data: dated prices and variants, and which of our models they speak of.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::litellm::Models;
use crate::process;

const READER: &str = include_str!("genai_prices.py");

/// Providers of genai-prices by the names of LiteLLM's keys; those left out are called the same by both.
const PROVIDERS: [(&str, &[&str]); 11] = [
    ("aws", &["bedrock"]),
    ("fireworks", &["fireworks_ai"]),
    ("github-copilot", &["github_copilot"]),
    ("google", &["gemini", "vertex_ai"]),
    ("meta", &["meta", "meta_llama"]),
    ("moonshotai", &["moonshot"]),
    ("together", &["together_ai"]),
    ("voyageai", &["voyage"]),
    ("x-ai", &["xai"]),
    ("zhipuai", &["bigmodel"]),
    // The same models again, for calls that no operation of ours makes.
    ("openai-decisions", &[]),
];

/// Providers whose models have a slash in their name; elsewhere a slash marks a region or a size, whose
/// prices are their own.
const SLASHES: [&str; 9] = [
    "fireworks_ai",
    "together_ai",
    "novita",
    "groq",
    "openrouter",
    "cloudflare",
    "baseten",
    "perplexity",
    "databricks",
];

/// All of genai-prices, by its own names of providers.
pub(super) type Providers = BTreeMap<String, Provider>;

#[derive(Deserialize)]
pub(super) struct Provider {
    pub(super) models: BTreeMap<String, Model>,
    /// `provider/model` of ours to the id of the model that prices it.
    pub(super) matches: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(super) struct Model {
    pub(super) context: Option<u64>,
    /// Prices by the day from which they hold, oldest first.
    pub(super) periods: Vec<Period>,
    /// Some prices hold only in hours of the day; `periods` has the others.
    pub(super) hours: bool,
    pub(super) variants: Vec<Variant>,
}

#[derive(Deserialize)]
pub(super) struct Period {
    pub(super) from: Option<String>,
    pub(super) classes: BTreeMap<String, Price>,
    pub(super) extras: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(super) struct Variant {
    pub(super) when: BTreeMap<String, String>,
    pub(super) from: Option<String>,
    pub(super) classes: BTreeMap<String, Price>,
}

/// Dollars per unit, and above thresholds of prompt tokens.
#[derive(Clone, Deserialize)]
pub(super) struct Price {
    pub(super) base: String,
    pub(super) tiers: Vec<(u64, String)>,
}

/// The names of a provider of genai-prices in our keys.
pub(super) fn ours(provider: &str) -> Vec<&str> {
    let listed = PROVIDERS.iter().find(|(name, _)| *name == provider);
    listed.map_or_else(|| vec![provider], |(_, names)| names.to_vec())
}

/// Reads the package with Python, in which its data is written.
pub(super) fn read(package: &Path, cache: &Path, models: &Models) -> Result<Providers> {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut keys: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    let listed = fs::read_to_string(package.join("data.py"))
        .with_context(|| format!("cannot read {}", package.display()))?;
    let providers: Vec<&str> = listed.lines().filter_map(provider_id).collect();
    for provider in &providers {
        for facts in ours(provider).iter().flat_map(|name| of_provider(models, name)) {
            let (ours, model) = (facts.provider(), facts.model());
            if model.contains('/') && !SLASHES.contains(&ours) {
                continue;
            }
            names.entry(*provider).or_default().push(model);
            keys.entry((*provider, model)).or_default().push(&facts.key);
        }
    }
    let questions = cache.join("names.json");
    fs::write(&questions, serde_json::to_string(&names)?)
        .with_context(|| format!("cannot write {}", questions.display()))?;
    let answer = process::output(Command::new("python3").args(["-c", READER]).arg(package).arg(&questions))?;
    let mut found: Providers =
        serde_json::from_str(&answer).context("genai_prices.py printed no such JSON")?;
    for (provider, data) in &mut found {
        let by_name = std::mem::take(&mut data.matches);
        for (name, id) in by_name {
            for key in keys.get(&(provider.as_str(), name.as_str())).into_iter().flatten() {
                data.matches.insert((*key).to_owned(), id.clone());
            }
        }
    }
    Ok(found)
}

/// `    Provider(` is followed by `        id='anthropic',`, and models stand deeper.
fn provider_id(line: &str) -> Option<&str> {
    line.strip_prefix("        id='")?.strip_suffix("',")
}

fn of_provider<'a>(
    models: &'a Models,
    provider: &str,
) -> impl Iterator<Item = &'a weighhouse_catalog::ModelFacts> {
    let prefix = format!("{provider}/");
    models.range(prefix.clone()..).map_while(move |(key, facts)| key.starts_with(&prefix).then_some(facts))
}
