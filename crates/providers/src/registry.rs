//! The provider rows that the crate carries: `registry/<name>.toml`, a row a provider.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

/// Name and text of every row, put in by `build.rs`.
const ROWS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/rows.rs"));

/// What is known about a provider. Unknown keys are refused, so a typing error cannot pass for a rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// LiteLLM's prefix.
    pub name: String,
    /// For people.
    pub title: String,
    /// The page that the row is taken from.
    pub source: String,
    /// Where it answers; none where the configuration must say.
    pub base_url: Option<String>,
    /// Variables that override the base URL; the first one set wins.
    #[serde(default)]
    pub base_url_env: Vec<String>,
    /// Variables that hold the key; the first one set wins.
    #[serde(default)]
    pub key_env: Vec<String>,
    /// Whether a key is needed.
    #[serde(default)]
    pub key: KeyNeed,
    /// How the key is shown.
    #[serde(default)]
    pub auth: Auth,
    /// How keys begin that are shown as bearers whatever `auth` says (Anthropic's OAuth tokens), and a header
    /// that goes with them.
    #[serde(default)]
    pub bearer_keys: Option<BearerKeys>,
    /// Other LiteLLM prefixes for the same provider.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Headers sent with every call.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Path of each way below the base URL; see [`crate::way::WAYS`] for their names.
    pub operations: BTreeMap<String, String>,
    /// How its usage reports differ.
    #[serde(default)]
    pub usage: UsageRules,
    /// How it differs from the dialect.
    #[serde(default)]
    pub quirks: Vec<Quirk>,
}

/// Whether a provider wants a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyNeed {
    /// Without one nothing works.
    #[default]
    Required,
    /// Local servers mostly want none.
    Optional,
}

/// How a key is shown to a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// `Authorization: Bearer`.
    #[default]
    Bearer,
    /// Not at all.
    None,
    /// In a header of its own.
    Header(String),
}

/// Keys that are shown as bearers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BearerKeys {
    /// How they begin.
    pub prefix: String,
    /// A header that goes with them: name and value.
    pub header: (String, String),
}

/// How a provider's usage differs from OpenAI's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageRules {
    /// Whether reasoning tokens are part of the completion tokens.
    #[serde(default)]
    pub reasoning: ReasoningPlace,
}

/// Where reasoning tokens are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningPlace {
    /// In the completion tokens, as OpenAI does.
    #[default]
    Inside,
    /// Apart from them.
    Beside,
}

/// A deviation from the dialect, for some models and operations.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quirk {
    /// Patterns of the provider's model names (`*` stands for anything); empty means all.
    #[serde(default)]
    pub models: Vec<String>,
    /// Names of ways, such as `chat` or `messages`; empty means all.
    #[serde(default)]
    pub operations: Vec<String>,
    /// The page that states the rule.
    pub source: String,
    /// Parameters that have another name here.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// Parameters never sent, because the provider ignores or refuses them and nothing is lost.
    #[serde(default)]
    pub drop: Vec<String>,
    /// Parameters that the provider cannot honour: refused, or dropped where the operator said so.
    #[serde(default)]
    pub forbid: Vec<String>,
    /// Sent where the client says nothing.
    #[serde(default)]
    pub default: BTreeMap<String, serde_json::Value>,
    /// Ranges of numbers.
    #[serde(default)]
    pub clamp: BTreeMap<String, Range>,
    /// String values that have another name here.
    #[serde(default)]
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    /// Roles of messages that have another name here.
    #[serde(default)]
    pub roles: BTreeMap<String, String>,
    /// How usage of a stream is had.
    pub stream_usage: Option<StreamUsage>,
    /// What must stand before the model's name.
    pub model_prefix: Option<String>,
}

/// A closed range; an end that is missing is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Least value.
    pub min: Option<f64>,
    /// Greatest value.
    pub max: Option<f64>,
}

/// How usage of a stream is had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamUsage {
    /// By `stream_options.include_usage`.
    #[default]
    Ask,
    /// It comes unasked; asking is an error.
    Always,
    /// Not at all; it is counted here.
    Never,
}

/// The row of that name or alias.
#[must_use]
pub fn find(name: &str) -> Option<&'static Row> {
    all()
        .iter()
        .find(|row| row.name == name)
        .or_else(|| all().iter().find(|row| row.aliases.iter().any(|alias| alias == name)))
}

/// All rows, by name. Read once, at the first question.
///
/// # Panics
/// A row that the crate carries cannot be read: a defect that the crate's tests find.
pub fn all() -> &'static [Row] {
    static PARSED: OnceLock<Vec<Row>> = OnceLock::new();
    PARSED.get_or_init(|| ROWS.iter().filter_map(|(_, text)| toml::from_str(text).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::way::WayName;

    #[test]
    fn every_row_reads_and_names_itself() {
        for (file, text) in ROWS {
            let row: Row =
                toml::from_str(text).unwrap_or_else(|error| panic!("registry/{file}.toml: {error}"));
            assert_eq!(row.name, *file);
            assert!(row.source.starts_with("http") || row.source.contains("litellm"), "{file}: source");
            for operation in row.operations.keys() {
                assert!(WayName::find(operation).is_some(), "{file}: operation {operation}");
            }
            for quirk in &row.quirks {
                assert!(!quirk.source.is_empty(), "{file}: a quirk without source");
                assert!(quirk.operations.iter().all(|name| WayName::find(name).is_some()), "{file}");
            }
            if row.key == KeyNeed::Required {
                assert!(!row.key_env.is_empty(), "{file}: a key is required but no variable named");
            }
            if let Some(url) = &row.base_url {
                assert!(url.starts_with("http") && !url.ends_with('/'), "{file}: base_url");
            }
        }
    }

    #[test]
    fn names_and_aliases_are_unique() {
        let mut names: Vec<&str> = Vec::new();
        for row in all() {
            names.push(&row.name);
            names.extend(row.aliases.iter().map(String::as_str));
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(all().len() >= 26);
    }
}
