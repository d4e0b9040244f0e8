//! Reading a request as strictly as OpenAI does, and counting its prompt.

use serde_json::{Map, Value};

use super::turns;

/// A request that is in order.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) kind: Kind,
    pub(super) model: String,
    pub(super) prompt_tokens: u64,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    /// The request's limit on output tokens, whatever its name.
    pub(super) most_tokens: Option<u64>,
    pub(super) choices: u64,
    pub(super) wants_json: bool,
    /// For embeddings: how many inputs there are, how they are wanted, and how long.
    pub(super) inputs: u64,
    pub(super) base64: bool,
    pub(super) dimensions: usize,
}

/// The operation that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Chat,
    Completion,
    Embedding,
}

/// A refusal in OpenAI's words: `{"error":{message, type, param, code}}`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) status: u16,
    pub(super) message: String,
    pub(super) param: Option<String>,
    pub(super) code: Option<&'static str>,
}

impl Fault {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), param: None, code: None }
    }

    pub(super) fn coded(mut self, param: Option<&str>, code: &'static str) -> Self {
        self.param = param.map(str::to_owned);
        self.code = Some(code);
        self
    }

    pub(super) fn body(&self) -> String {
        serde_json::json!({"error": {
            "message": self.message, "type": "invalid_request_error", "param": self.param, "code": self.code,
        }})
        .to_string()
    }
}

const ROLES: &[&str] = &["system", "developer", "user", "assistant", "tool", "function"];
const MOST_CHOICES: u64 = 128;
const DEFAULT_DIMENSIONS: usize = 4;

#[rustfmt::skip]
const CHAT_PARAMETERS: &[&str] = &[
    "model", "messages", "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs",
    "max_completion_tokens", "max_tokens", "metadata", "modalities", "n", "parallel_tool_calls", "prediction",
    "presence_penalty", "prompt_cache_key", "prompt_cache_retention", "reasoning_effort", "response_format",
    "safety_identifier", "seed", "service_tier", "stop", "store", "stream", "stream_options", "temperature",
    "tool_choice", "tools", "top_logprobs", "top_p", "user", "verbosity", "web_search_options",
];
#[rustfmt::skip]
const COMPLETION_PARAMETERS: &[&str] = &[
    "model", "prompt", "best_of", "echo", "frequency_penalty", "logit_bias", "logprobs", "max_tokens", "n",
    "presence_penalty", "seed", "stop", "stream", "stream_options", "suffix", "temperature", "top_p", "user",
];
const EMBEDDING_PARAMETERS: &[&str] = &["model", "input", "dimensions", "encoding_format", "user"];

/// Reads a body. With `lenient`, parameters that OpenAI does not know are let pass.
pub(super) fn read(kind: Kind, body: &[u8], lenient: bool) -> Result<Ask, Fault> {
    let parsed: Value = serde_json::from_slice(body)
        .map_err(|_| Fault::new(400, "We could not parse the JSON body of your request."))?;
    let Value::Object(members) = parsed else {
        return Err(Fault::new(400, "We could not parse the JSON body of your request: expected an object."));
    };
    if !lenient {
        refuse_unknown(kind, &members)?;
    }
    let model = match members.get("model") {
        Some(Value::String(model)) if !model.is_empty() => model.clone(),
        None | Some(Value::Null | Value::String(_)) => {
            return Err(Fault::new(400, "you must provide a model parameter"));
        }
        Some(other) => return Err(wrong_type("model", "a string", other)),
    };
    let mut ask = Ask {
        kind,
        model,
        prompt_tokens: 0,
        stream: false,
        include_usage: false,
        most_tokens: None,
        choices: 1,
        wants_json: false,
        inputs: 0,
        base64: false,
        dimensions: DEFAULT_DIMENSIONS,
    };
    match kind {
        Kind::Embedding => read_embedding(&members, &mut ask)?,
        Kind::Chat => {
            ask.prompt_tokens = count_messages(&members)?;
            ask.wants_json = read_format(&members)?;
            read_generation(&members, &mut ask)?;
        }
        Kind::Completion => {
            ask.prompt_tokens = count_inputs("prompt", required(&members, "prompt")?)?.0;
            read_generation(&members, &mut ask)?;
        }
    }
    Ok(ask)
}

/// Prompt tokens of so many bytes of text.
pub(super) fn tokens_of(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX)
}

fn refuse_unknown(kind: Kind, members: &Map<String, Value>) -> Result<(), Fault> {
    let known = match kind {
        Kind::Chat => CHAT_PARAMETERS,
        Kind::Completion => COMPLETION_PARAMETERS,
        Kind::Embedding => EMBEDDING_PARAMETERS,
    };
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Fault::new(400, format!("Unrecognized request argument supplied: {name}"))),
        None => Ok(()),
    }
}

fn read_generation(members: &Map<String, Value>, ask: &mut Ask) -> Result<(), Fault> {
    ask.stream = boolean(members, "stream")?;
    let limit = whole(members, "max_tokens", 1, u64::MAX)?;
    let newer = whole(members, "max_completion_tokens", 1, u64::MAX)?;
    if limit.is_some() && newer.is_some() {
        let text = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
        return Err(Fault::new(400, text).coded(Some("max_tokens"), "invalid_parameter_combination"));
    }
    ask.most_tokens = newer.or(limit);
    ask.choices = whole(members, "n", 1, MOST_CHOICES)?.unwrap_or(1);
    if let Some(value) = present(members, "temperature") {
        let number = value.as_f64().ok_or_else(|| wrong_type("temperature", "a decimal", value))?;
        if !(0.0..=2.0).contains(&number) {
            let text = format!("Invalid 'temperature': decimal out of range, got {number}.");
            return Err(Fault::new(400, text).coded(Some("temperature"), "decimal_out_of_range"));
        }
    }
    for name in ["tools", "functions"] {
        if let Some(value) = present(members, name).filter(|value| !value.is_array()) {
            return Err(wrong_type(name, "an array of objects", value));
        }
    }
    if let Some(options) = present(members, "stream_options") {
        if !ask.stream {
            let text = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
            return Err(Fault::new(400, text).coded(Some("stream_options"), "invalid_parameter"));
        }
        let options =
            options.as_object().ok_or_else(|| wrong_type("stream_options", "an object", options))?;
        ask.include_usage = boolean(options, "include_usage")?;
    }
    Ok(())
}

fn count_messages(members: &Map<String, Value>) -> Result<u64, Fault> {
    let value = required(members, "messages")?;
    let messages = value.as_array().ok_or_else(|| wrong_type("messages", "an array of objects", value))?;
    if messages.is_empty() {
        let text = "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.";
        return Err(Fault::new(400, text).coded(Some("messages"), "empty_array"));
    }
    turns::check(messages)?;
    let mut bytes = 0;
    for (at, message) in messages.iter().enumerate() {
        let place = format!("messages[{at}]");
        let message = message.as_object().ok_or_else(|| wrong_type(&place, "an object", message))?;
        let role =
            message.get("role").and_then(Value::as_str).ok_or_else(|| missing(&format!("{place}.role")))?;
        if !ROLES.contains(&role) {
            let text = format!("Invalid value: '{role}'. Supported values are: {ROLES:?}.");
            return Err(Fault::new(400, text).coded(Some(&format!("{place}.role")), "invalid_value"));
        }
        bytes += content_bytes(&format!("{place}.content"), role, message.get("content"))?;
    }
    Ok(tokens_of(bytes))
}

fn content_bytes(place: &str, role: &str, content: Option<&Value>) -> Result<usize, Fault> {
    match content {
        Some(Value::String(text)) => Ok(text.len()),
        Some(Value::Array(parts)) => parts.iter().enumerate().try_fold(0, |sum, (at, part)| {
            let place = format!("{place}[{at}]");
            let kind =
                part.get("type").and_then(Value::as_str).ok_or_else(|| missing(&format!("{place}.type")))?;
            match part.get("text") {
                Some(Value::String(text)) => Ok(sum + text.len()),
                Some(other) => Err(wrong_type(&format!("{place}.text"), "a string", other)),
                None if kind == "text" => Err(missing(&format!("{place}.text"))),
                None => Ok(sum),
            }
        }),
        None | Some(Value::Null) if matches!(role, "assistant" | "function") => Ok(0),
        None => Err(missing(place)),
        Some(other) => Err(wrong_type(place, "one of a string or an array of objects", other)),
    }
}

fn read_format(members: &Map<String, Value>) -> Result<bool, Fault> {
    let Some(format) = present(members, "response_format") else { return Ok(false) };
    let object = format.as_object().ok_or_else(|| wrong_type("response_format", "an object", format))?;
    match object.get("type").and_then(Value::as_str) {
        Some("text") => Ok(false),
        Some("json_object") => Ok(true),
        Some("json_schema") => {
            let named =
                object.get("json_schema").and_then(|schema| schema.get("name")).is_some_and(Value::is_string);
            if named { Ok(true) } else { Err(missing("response_format.json_schema.name")) }
        }
        _ => Err(missing("response_format.type")),
    }
}

fn read_embedding(members: &Map<String, Value>, ask: &mut Ask) -> Result<(), Fault> {
    (ask.prompt_tokens, ask.inputs) = count_inputs("input", required(members, "input")?)?;
    ask.base64 = match present(members, "encoding_format") {
        None => false,
        Some(Value::String(format)) if format == "float" => false,
        Some(Value::String(format)) if format == "base64" => true,
        Some(other) => return Err(wrong_type("encoding_format", "'float' or 'base64'", other)),
    };
    if let Some(dimensions) = whole(members, "dimensions", 1, 4096)? {
        ask.dimensions = usize::try_from(dimensions).unwrap_or(DEFAULT_DIMENSIONS);
    }
    Ok(())
}

/// Tokens and number of the inputs: a text, token ids, or an array of either.
fn count_inputs(name: &str, value: &Value) -> Result<(u64, u64), Fault> {
    let refuse = || wrong_type(name, "a string or an array", value);
    match value {
        Value::String(text) => Ok((tokens_of(text.len()), 1)),
        Value::Array(items) if items.is_empty() => {
            Err(Fault::new(400, format!("'{name}' must not be empty.")))
        }
        Value::Array(items) if items.iter().all(Value::is_u64) => Ok((count(items), 1)),
        Value::Array(items) => {
            let mut bytes = 0;
            let mut ids = 0;
            for item in items {
                match item {
                    Value::String(text) => bytes += text.len(),
                    Value::Array(tokens) if tokens.iter().all(Value::is_u64) => ids += count(tokens),
                    _ => return Err(refuse()),
                }
            }
            Ok((tokens_of(bytes) + ids, count(items)))
        }
        _ => Err(refuse()),
    }
}

fn count(items: &[Value]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

fn present<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).filter(|value| !value.is_null())
}

fn required<'a>(members: &'a Map<String, Value>, name: &str) -> Result<&'a Value, Fault> {
    present(members, name).ok_or_else(|| missing(name))
}

fn boolean(members: &Map<String, Value>, name: &str) -> Result<bool, Fault> {
    match present(members, name) {
        None => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(other) => Err(wrong_type(name, "a boolean", other)),
    }
}

fn whole(members: &Map<String, Value>, name: &str, least: u64, most: u64) -> Result<Option<u64>, Fault> {
    let Some(value) = present(members, name) else { return Ok(None) };
    if !value.is_u64() && !value.is_i64() {
        return Err(wrong_type(name, "an integer", value));
    }
    match value.as_u64().filter(|number| (least..=most).contains(number)) {
        Some(number) => Ok(Some(number)),
        None => {
            let text = format!("Invalid '{name}': integer out of range: {value}.");
            Err(Fault::new(400, text).coded(Some(name), "integer_out_of_range"))
        }
    }
}

fn missing(place: &str) -> Fault {
    Fault::new(400, format!("Missing required parameter: '{place}'."))
        .coded(Some(place), "missing_required_parameter")
}

fn wrong_type(place: &str, wanted: &str, got: &Value) -> Fault {
    let got = match got {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Fault::new(400, format!("Invalid type for '{place}': expected {wanted}, but got {got} instead."))
        .coded(Some(place), "invalid_type")
}
