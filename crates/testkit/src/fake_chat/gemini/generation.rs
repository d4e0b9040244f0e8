//! `generationConfig`: ranges, JSON output and thinking, with what differs from model to model.
//! Rules by version: <https://ai.google.dev/gemini-api/docs/thinking> and the pages on what is new in each model.

use serde_json::{Value, json};

use super::super::asked::Refused;
use super::refusal::invalid;
use super::schema;
use super::shape::list;
use super::version::Version;

const MIME_TYPES: [&str; 5] =
    ["text/plain", "application/json", "application/xml", "application/yaml", "text/x.enum"];
const MOST_STOPS: usize = 5;
/// The numbers with a range, by their names in JSON and in Google's words.
const RANGES: [(&str, &str, f64, f64); 7] = [
    ("temperature", "temperature", 0.0, 2.0),
    ("topP", "top_p", 0.0, 1.0),
    ("topK", "top_k", 1.0, 1000.0),
    ("presencePenalty", "presence_penalty", -2.0, 2.0),
    ("frequencyPenalty", "frequency_penalty", -2.0, 2.0),
    ("logprobs", "logprobs", 0.0, 20.0),
    ("candidateCount", "candidate_count", 1.0, 8.0),
];

/// How an answer is to be made.
#[derive(Debug, Default)]
pub(super) struct Generation {
    pub(super) output_schema: Option<Value>,
    pub(super) max_output: Option<u64>,
    pub(super) stops: Vec<String>,
    /// Whether thoughts are to be shown.
    pub(super) shows_thoughts: bool,
}

/// Notes what the validators find wrong.
pub(super) fn check(config: &Value, root: &str, faults: &mut Vec<String>) {
    let place = format!("{root}.generation_config");
    for (name, told, least, most) in RANGES {
        let number = config.get(name).and_then(Value::as_f64);
        if number.is_some_and(|number| !(least..=most).contains(&number)) {
            faults.push(format!("{place}.{told}: {told} must be in the range [{least}, {most}]."));
        }
    }
    if config.get("maxOutputTokens").and_then(Value::as_i64).is_some_and(|most| most < 1) {
        faults.push(format!("{place}.max_output_tokens: max_output_tokens must be positive."));
    }
    if list(config, "stopSequences").len() > MOST_STOPS {
        faults.push(format!("{place}.stop_sequences: at most {MOST_STOPS} stop sequences are supported."));
    }
    let mime = config.get("responseMimeType").and_then(Value::as_str);
    if mime.is_some_and(|mime| !MIME_TYPES.contains(&mime)) {
        faults.push(format!(
            "{place}.response_mime_type: allowed mimetypes are `text/plain`, `application/json`, `application/xml`, \
             `application/yaml` and `text/x.enum`."
        ));
    }
    let plain = mime.is_none_or(|mime| mime == "text/plain");
    for (name, told) in
        [("responseSchema", "response_schema"), ("responseJsonSchema", "response_json_schema")]
    {
        if config.get(name).is_some() && plain {
            faults.push(format!(
                "{place}.{told}: {told} is only supported when response_mime_type is `application/json`."
            ));
        }
    }
    if let Some(schema) = config.get("responseSchema") {
        schema::check(schema, &format!("{place}.response_schema"), faults);
        if config.get("responseJsonSchema").is_some() {
            faults
                .push(format!("{place}.response_json_schema: must not be set when response_schema is set."));
        }
    }
    if config.get("logprobs").is_some() && config.get("responseLogprobs") != Some(&json!(true)) {
        faults.push(format!("{place}.logprobs: logprobs requires response_logprobs to be true."));
    }
    if let Some(budget) = config.pointer("/thinkingConfig/thinkingBudget").and_then(Value::as_i64)
        && !(-1..=65535).contains(&budget)
    {
        faults.push(format!(
            "{place}.thinking_config.thinking_budget: thinking_budget must be in the range [-1, 65535]"
        ));
    }
}

/// Reads what matters to the answer, and refuses what this model does not take.
pub(super) fn read(config: &Value, version: &Version) -> Result<Generation, Refused> {
    if config.get("candidateCount").and_then(Value::as_i64).is_some_and(|count| count > 1) {
        return Err(invalid("Multiple candidates is not enabled for this model"));
    }
    let penalty = |name: &str| config.get(name).and_then(Value::as_f64).is_some_and(|penalty| penalty != 0.0);
    if version.since(2, 5) && (penalty("presencePenalty") || penalty("frequencyPenalty")) {
        return Err(invalid("Penalty is not enabled for this model"));
    }
    let json_wanted = config.get("responseMimeType").and_then(Value::as_str) == Some("application/json");
    let schema = config.get("responseSchema").or_else(|| config.get("responseJsonSchema"));
    Ok(Generation {
        output_schema: json_wanted.then(|| schema.cloned().unwrap_or_else(|| json!({}))),
        max_output: config.get("maxOutputTokens").and_then(Value::as_u64),
        stops: list(config, "stopSequences").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        shows_thoughts: shows_thoughts(config, version)?,
    })
}

fn shows_thoughts(config: &Value, version: &Version) -> Result<bool, Refused> {
    let Some(thinking) = config.get("thinkingConfig") else { return Ok(false) };
    let level = thinking.get("thinkingLevel").and_then(Value::as_str);
    let budget = thinking.get("thinkingBudget").and_then(Value::as_i64);
    if level.is_some() && budget.is_some() {
        return Err(invalid("You can only set only one of thinking budget and thinking level."));
    }
    if let Some(level) = level {
        check_level(level, version)?;
    }
    if let Some(budget) = budget {
        check_budget(budget, version)?;
    }
    Ok(budget != Some(0) && thinking.get("includeThoughts") == Some(&json!(true)))
}

fn check_level(level: &str, version: &Version) -> Result<(), Refused> {
    if !version.since(3, 0) && !version.has("gemma") {
        return Err(invalid("Thinking level is not supported for this model."));
    }
    let pro = version.has("pro");
    let known = match level {
        "MINIMAL" => !pro && !version.since(3, 7),
        "MEDIUM" => !(pro && version.is(3, 0)),
        "XHIGH" => false,
        _ => true,
    };
    if known {
        Ok(())
    } else {
        Err(invalid(format!("Thinking level {level} is not supported for this model.")))
    }
}

fn check_budget(budget: i64, version: &Version) -> Result<(), Refused> {
    if version.since(4, 0) || version.has("gemma") {
        return Err(invalid("Thinking budget is not supported for this model."));
    }
    if !version.is(2, 5) {
        return Ok(());
    }
    let pro = version.has("pro");
    if pro && budget == 0 {
        return Err(invalid("Budget 0 is invalid. This model only works in thinking mode."));
    }
    let range = match (pro, version.has("lite")) {
        (true, _) => 128..=32768,
        (false, true) => 512..=24576,
        (false, false) => 1..=24576,
    };
    if matches!(budget, -1 | 0) || range.contains(&budget) {
        return Ok(());
    }
    Err(invalid(format!("The thinking budget ({budget}) is invalid.")))
}
