//! The built-in facts: one sorted text in the binary, searched by halving, parsed a line at a time.

use crate::facts::ModelFacts;
use crate::names::{self, Match};

/// First a line `#weighhouse-catalog …`, then lines `provider/model<TAB>JSON`, sorted by their bytes.
static BUILTIN: &str = include_str!("../data/models.txt");

/// A handle on facts about models. Nothing is read before it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Catalog {
    header: &'static str,
    lines: &'static str,
}

impl Catalog {
    /// The facts in the binary.
    #[must_use]
    pub fn builtin() -> Self {
        let (header, lines) = BUILTIN.split_once('\n').unwrap_or((BUILTIN, ""));
        Self { header, lines }
    }

    /// The sources and their versions, such as `litellm-1.109.1+genai-prices-0.2.3`; it stands on every
    /// ledger row, so that a cost can be reckoned again.
    #[must_use]
    pub fn version(self) -> &'static str {
        self.header.split(' ').find_map(|word| word.strip_prefix("version=")).unwrap_or("")
    }

    /// The facts of a model. `provider` may be empty where only the model is known.
    ///
    /// These names are tried in turn, and the first that the catalogue has is taken:
    /// 1. `provider/model` ([`Match::Exact`]), the provider under the name that LiteLLM's keys have
    ///    (`bedrock_converse` → `bedrock`, `vertex_ai_beta` → `vertex_ai`, …);
    /// 2. `model` as a whole key, where it names the same provider itself or no provider is given; without
    ///    a provider also at the providers whose names LiteLLM lists bare ([`Match::Bare`]);
    /// 3. without a prefix that says where it is served and not what it is: routes and regions of Bedrock
    ///    (`converse/`, `us-east-1/`, `us.`), `accounts/fireworks/models/`, `models/`,
    ///    `publishers/google/models/`, and the tail of a fine-tuned model's name (`ft:base:org::id`)
    ///    ([`Match::Prefix`]);
    /// 4. each of these without its date (`-2024-08-06`, `-20240806`, `@20240806`, `@default`) or
    ///    `-latest` ([`Match::Undated`]);
    /// 5. for `azure_ai` the same at `azure` and then `openai`, as LiteLLM does ([`Match::Sibling`]).
    ///
    /// Another provider's price is otherwise never taken, and a variant (`:free`, `:thinking`) is found
    /// only where the catalogue has it, because it may cost more or less than its base.
    #[must_use]
    pub fn find(self, provider: &str, model: &str) -> Option<ModelFacts> {
        names::candidates(provider, model).find_map(|(key, matched)| self.at(&key, matched))
    }

    /// The names of a provider's models, in order.
    pub fn models(self, provider: &str) -> impl Iterator<Item = &'static str> + use<> {
        let prefix = format!("{provider}/");
        let start = self.lower_bound(&prefix);
        let lines = self.lines.get(start..).unwrap_or("").lines();
        lines.map_while(move |line| line.split('\t').next().unwrap_or("").strip_prefix(prefix.as_str()))
    }

    /// All lines as key and JSON, in order; for checks and exports of the whole.
    pub fn records(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.lines.lines().filter_map(|line| line.split_once('\t'))
    }

    fn at(self, key: &str, matched: Match) -> Option<ModelFacts> {
        let start = self.lower_bound(key);
        let line = self.lines.get(start..)?.lines().next()?;
        let (found, json) = line.split_once('\t')?;
        let facts = (found == key).then(|| ModelFacts::from_json(key, json).ok()).flatten()?;
        Some(ModelFacts { matched, ..facts })
    }

    /// Where the first line begins whose key is not before `key`.
    fn lower_bound(self, key: &str) -> usize {
        let text = self.lines.as_bytes();
        let (mut low, mut high) = (0, text.len());
        // Both ends are always starts of lines (or the end of the text).
        while low < high {
            let middle = low + (high - low) / 2;
            let before = text.get(low..middle).unwrap_or_default();
            let start =
                before.iter().rposition(|byte| *byte == b'\n').map_or(low, |newline| low + newline + 1);
            let line = text.get(start..).unwrap_or_default();
            let length = line.iter().position(|byte| *byte == b'\n').unwrap_or(line.len());
            let found = line.split(|byte| *byte == b'\t').next().unwrap_or_default();
            if found < key.as_bytes() {
                low = (start + length + 1).min(text.len());
            } else {
                high = start;
            }
        }
        low
    }
}

#[cfg(test)]
mod tests;
