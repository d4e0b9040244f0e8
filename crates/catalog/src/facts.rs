//! What is known of a model, and the JSON that one line of the catalogue's file holds.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use weighhouse_types::Picos;

use crate::book::{ExtraPrice, PriceBook};
use crate::capability::{Capabilities, Capability};
use crate::date;
use crate::names::Match;

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// Answers messages.
    Chat,
    /// Answers through the Responses API only.
    Responses,
    /// Continues a text.
    Completion,
    /// Makes vectors.
    Embedding,
    /// Orders documents by relevance.
    Rerank,
    /// Draws images.
    ImageGeneration,
    /// Changes images.
    ImageEdit,
    /// Makes videos.
    VideoGeneration,
    /// Writes down speech.
    AudioTranscription,
    /// Speaks a text.
    AudioSpeech,
    /// Converses by voice over an open connection.
    Realtime,
    /// Judges whether content is harmful.
    Moderation,
    /// Searches the web.
    Search,
    /// Reads documents.
    Ocr,
    /// Pulls fields out of documents.
    Extraction,
    /// Grades answers.
    Evaluation,
    /// Chooses among options.
    Decisions,
    /// Guards prompts and answers.
    Guardrail,
    /// Searches stored documents.
    VectorStore,
}

/// How much a model takes and gives, in tokens; none where no source says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Prompt and answer together.
    pub context: Option<u64>,
    /// The prompt.
    pub max_input: Option<u64>,
    /// The answer.
    pub max_output: Option<u64>,
}

/// What is known of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFacts {
    /// `provider/model`, as it stands in the catalogue.
    pub key: String,
    /// The rule by which the look-up came here.
    pub matched: Match,
    /// The kind of provider that LiteLLM counts it to where that says more than the key
    /// (`vertex_ai-anthropic_models`, `bedrock_converse`).
    pub base_provider: Option<String>,
    /// What it is for.
    pub mode: Option<Mode>,
    /// How much it takes and gives.
    pub limits: Limits,
    /// What it can do.
    pub capabilities: Capabilities,
    /// The first millisecond of the day on which the provider takes it away or has done so.
    pub deprecated_ms: Option<i64>,
    /// What it costs.
    pub prices: PriceBook,
}

impl ModelFacts {
    /// A model of which only the name is known.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            matched: Match::Exact,
            base_provider: None,
            mode: None,
            limits: Limits::default(),
            capabilities: Capabilities::default(),
            deprecated_ms: None,
            prices: PriceBook::default(),
        }
    }

    /// The provider that serves it.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.key.split_once('/').map_or("", |(provider, _)| provider)
    }

    /// Its name at the provider.
    #[must_use]
    pub fn model(&self) -> &str {
        self.key.split_once('/').map_or(self.key.as_str(), |(_, model)| model)
    }

    /// The JSON that the catalogue's file holds after the key.
    ///
    /// # Errors
    /// None that can happen: the record is made of texts and numbers.
    pub fn to_json(&self) -> Result<String, RecordError> {
        let price =
            |extra: &ExtraPrice| (extra.field.clone(), u64::try_from(extra.price.get()).unwrap_or(u64::MAX));
        let names: Vec<&str> = self.capabilities.iter().map(Capability::name).collect();
        let record = Record {
            mode: self.mode,
            base: self.base_provider.clone(),
            context: self.limits.context,
            input: self.limits.max_input,
            output: self.limits.max_output,
            can: names.join(" "),
            ends: self.deprecated_ms.map(date::format_date),
            prices: self.prices.lines().iter().map(ToString::to_string).collect(),
            off_peak: self.prices.off_peak().map(ToString::to_string),
            extra: self.prices.extras().iter().map(price).collect(),
        };
        serde_json::to_string(&record).map_err(|error| RecordError(error.to_string()))
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// The text is not such JSON, or names a class, a capability, a mode or a day that does not exist.
    pub fn from_json(key: &str, json: &str) -> Result<Self, RecordError> {
        let record: Record = serde_json::from_str(json).map_err(|error| RecordError(error.to_string()))?;
        let wrong = |what: &str| RecordError(what.to_owned());
        let mut capabilities = Capabilities::default();
        for name in record.can.split_whitespace() {
            capabilities = capabilities.with(Capability::from_name(name).ok_or_else(|| wrong(name))?);
        }
        let mut lines = Vec::with_capacity(record.prices.len());
        for line in &record.prices {
            lines.push(line.parse().map_err(|_| wrong(line))?);
        }
        let off_peak =
            record.off_peak.as_deref().map(|text| text.parse().map_err(|_| wrong(text))).transpose()?;
        let ends =
            record.ends.as_deref().map(|day| date::parse_date(day).ok_or_else(|| wrong(day))).transpose()?;
        let extra = |(field, picos)| ExtraPrice { field, price: Picos::new(i128::from(picos)) };
        Ok(Self {
            base_provider: record.base,
            mode: record.mode,
            limits: Limits { context: record.context, max_input: record.input, max_output: record.output },
            capabilities,
            deprecated_ms: ends,
            prices: PriceBook::new(lines, off_peak, record.extra.into_iter().map(extra).collect()),
            ..Self::new(key)
        })
    }
}

/// The schema of the catalogue's file: `provider/model`, a tab, and this as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mode: Option<Mode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<u64>,
    /// Names of capabilities with spaces between.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    can: String,
    /// `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends: Option<String>,
    /// The text form of price lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    prices: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    off_peak: Option<String>,
    /// Pico-dollars by LiteLLM's name of the field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    extra: BTreeMap<String, u64>,
}

/// A line of the catalogue's file is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordError(String);

impl fmt::Display for RecordError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "no record of a model: {}", self.0)
    }
}

impl std::error::Error for RecordError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_as_it_prints() {
        let json = concat!(
            r#"{"mode":"chat","base":"vertex_ai-anthropic_models","context":1000,"input":900,"output":100,"#,
            r#""can":"tools vision url_context","ends":"2027-01-01","prices":["input_text 3","output_text 4 batch"],"#,
            r#""off_peak":"+0 12@00:00-01:00","extra":{"input_cost_per_second":5}}"#
        );
        let facts = ModelFacts::from_json("vertex_ai/a/b", json).unwrap();
        assert_eq!((facts.provider(), facts.model()), ("vertex_ai", "a/b"));
        assert!(facts.capabilities.has(Capability::Vision) && !facts.capabilities.has(Capability::Pdf));
        assert_eq!(facts.to_json().as_deref(), Ok(json));
        assert_eq!(ModelFacts::new("a/b").to_json().as_deref(), Ok("{}"));
    }

    #[test]
    fn a_broken_record_is_refused() {
        for bad in [
            "",
            r#"{"mode":"dance"}"#,
            r#"{"can":"fly"}"#,
            r#"{"prices":["x"]}"#,
            r#"{"ends":"soon"}"#,
            r#"{"x":1}"#,
        ] {
            assert!(ModelFacts::from_json("a/b", bad).is_err(), "{bad}");
        }
    }
}
