//! A client's request: what everyone needs to know of it, and the body that the provider gets.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use weighhouse_types::{Error, Kind, Operation};

use crate::envelope::{Edits, Envelope, quote};
use crate::quirks::Rules;
use crate::registry::StreamUsage;

/// Most answers to one question; OpenAI's own limit.
const MAX_CHOICES: u64 = 128;

/// Members that LiteLLM's clients send to the gateway and that no provider knows.
const HOUSE_MEMBERS: &[&str] = &[
    "cache",
    "caching",
    "cooldown_time",
    "disable_fallbacks",
    "fallbacks",
    "guardrails",
    "litellm_call_id",
    "litellm_metadata",
    "litellm_session_id",
    "litellm_trace_id",
    "mock_response",
    "num_retries",
    "tags",
];

/// What the house needs to know of a request, read in one pass.
#[derive(Clone, Debug, Default)]
pub struct Peek {
    /// The model as the client wrote it.
    pub model: Option<Box<str>>,
    /// Whether the answer is to be a stream.
    pub stream: bool,
    /// Whether the client wants the usage chunk.
    pub wants_usage: bool,
    /// The client's bound on generated tokens of one choice.
    pub max_output: Option<u64>,
    /// Answers that are generated for one question.
    pub choices: u64,
    /// The client says how many.
    pub has_choices: bool,
    /// The end user.
    pub user: Option<Box<str>>,
    /// LiteLLM's tags, from `metadata.tags` or `tags`.
    pub tags: Vec<String>,
    /// Whether the answer may hold audio.
    pub asks_audio: bool,
    /// Whether the client asks for a tier of service, which changes the price.
    pub asks_tier: bool,
    /// LiteLLM's own retry count for this call.
    pub num_retries: Option<u32>,
    /// The client wants no fallback.
    pub disable_fallbacks: bool,
    /// The client's own fallback groups, in order.
    pub fallbacks: Vec<String>,
}

/// A request that was read: its envelope and what is known of it.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// The body with its members.
    pub envelope: Envelope,
    /// What is known of it.
    pub peek: Peek,
}

impl Ask {
    /// Whether the prompt refers to media whose tokens its bytes do not bound. A look through the whole body,
    /// so it is asked only where a budget depends on it.
    #[must_use]
    pub fn has_media(&self) -> bool {
        const MARKS: [&[u8]; 3] = [b"_url\"", b"\"file\"", b"\"input_audio\""];
        let body = self.envelope.body();
        let holds = |mark: &[u8]| memchr::memmem::find(body, mark).is_some();
        MARKS.iter().any(|mark| holds(mark)) || (holds(b"\\u00") && self.has_media_under_escapes())
    }

    /// Names may be written with escapes (`image\u005furl`): then the messages are read.
    fn has_media_under_escapes(&self) -> bool {
        let Ok(Some(member)) = self.envelope.member("messages") else { return false };
        // What our reader does not take (1e999, a lone surrogate) a provider might: then the most is assumed.
        let Ok(messages) = serde_json::from_slice::<Vec<serde_json::Value>>(self.envelope.raw(member)) else {
            return true;
        };
        let parts = messages.iter().filter_map(|message| message.get("content")?.as_array()).flatten();
        let kinds = parts.map(|part| part.get("type").and_then(|kind| kind.as_str()));
        kinds.into_iter().any(|kind| !matches!(kind, Some("text" | "refusal")))
    }
}

/// What goes to the provider.
#[derive(Clone, Debug)]
pub struct Wire {
    /// The body.
    pub body: Bytes,
    /// The usage chunk was asked for by the house, not by the client.
    pub hides_usage: bool,
}

/// Reads a request.
///
/// # Errors
/// `InvalidRequest` naming the member: what is missing, of the wrong type, out of range or sent twice.
pub fn peek(body: &Bytes, operation: Operation) -> Result<Ask, Error> {
    let envelope = Envelope::read(body)?;
    let mut peek = Peek { choices: 1, ..Peek::default() };
    let mut has_input = false;
    for member in envelope.members() {
        let name = envelope.name(member);
        let raw = envelope.raw(member);
        if raw == b"null" {
            continue;
        }
        match name.as_ref() {
            "model" => once(&envelope, "model").and_then(|()| read_model(raw, &mut peek))?,
            "stream" => once(&envelope, "stream")
                .and_then(|()| read(raw, "stream", "true or false", &mut peek.stream))?,
            "stream_options" => {
                once(&envelope, "stream_options").and_then(|()| read_stream_options(raw, &mut peek))?
            }
            "max_tokens" | "max_completion_tokens" => {
                once(&envelope, &name)?;
                let bound = read_bound(raw, &name, operation)?;
                peek.max_output = peek.max_output.max(bound);
            }
            "n" | "best_of" => {
                once(&envelope, &name)?;
                peek.choices = peek.choices.max(read_count(raw, &name, MAX_CHOICES)?);
                peek.has_choices = true;
            }
            "modalities" | "audio" => peek.asks_audio = true,
            "service_tier" => peek.asks_tier = true,
            "user" => peek.user = serde_json::from_slice(raw).ok(),
            "metadata" | "litellm_metadata" => read_metadata(raw, &mut peek),
            "tags" => peek.tags.extend(serde_json::from_slice::<Vec<String>>(raw).unwrap_or_default()),
            "num_retries" => read(raw, "num_retries", "a whole number", &mut peek.num_retries)?,
            "disable_fallbacks" => {
                read(raw, "disable_fallbacks", "true or false", &mut peek.disable_fallbacks)?
            }
            "fallbacks" => read(raw, "fallbacks", "a list of model names", &mut peek.fallbacks)?,
            "messages" if operation == Operation::Chat => {
                has_input = once(&envelope, "messages").and_then(|()| is_messages(raw))?;
            }
            "prompt" if operation == Operation::Completion => has_input = true,
            "input" if operation == Operation::Embedding => has_input = true,
            _ => {}
        }
    }
    if !has_input {
        let member = input_member(operation);
        return Err(invalid(member, format!("`{member}` is required; send it in the JSON body")));
    }
    Ok(Ask { envelope, peek })
}

/// The member that holds what the model is given.
const fn input_member(operation: Operation) -> &'static str {
    match operation {
        Operation::Completion => "prompt",
        Operation::Embedding => "input",
        _ => "messages",
    }
}

fn invalid(at: &str, message: String) -> Error {
    Error::new(Kind::InvalidRequest, message).at(at)
}

fn once(envelope: &Envelope, name: &str) -> Result<(), Error> {
    envelope.member(name).map(drop)
}

fn read<T: DeserializeOwned>(raw: &[u8], name: &str, expected: &str, into: &mut T) -> Result<(), Error> {
    *into = serde_json::from_slice(raw).map_err(|_| invalid(name, format!("`{name}` must be {expected}")))?;
    Ok(())
}

fn read_model(raw: &[u8], peek: &mut Peek) -> Result<(), Error> {
    let mut model: Box<str> = Box::default();
    read(raw, "model", "a string, the name of a model", &mut model)?;
    if model.len() > 512 || model.chars().any(char::is_control) {
        return Err(invalid(
            "model",
            "`model` must be at most 512 characters, without control characters".into(),
        ));
    }
    peek.model = Some(model);
    Ok(())
}

fn read_count(raw: &[u8], name: &str, most: u64) -> Result<u64, Error> {
    let mut count = 0_u64;
    read(raw, name, &format!("a whole number from 1 to {most}"), &mut count)?;
    if (1..=most).contains(&count) {
        Ok(count)
    } else {
        Err(invalid(name, format!("`{name}` must be from 1 to {most}")))
    }
}

/// A bound on output. Local servers take -1 for none, and a legacy completion may ask for nothing but an echo.
fn read_bound(raw: &[u8], name: &str, operation: Operation) -> Result<Option<u64>, Error> {
    match raw {
        b"-1" => Ok(None),
        b"0" if operation == Operation::Completion => Ok(Some(0)),
        _ => read_count(raw, name, u64::from(u32::MAX)).map(Some),
    }
}

fn read_stream_options(raw: &[u8], peek: &mut Peek) -> Result<(), Error> {
    let options = Envelope::read(&Bytes::copy_from_slice(raw))
        .map_err(|_| invalid("stream_options", "`stream_options` must be an object".into()))?;
    if let Some(member) = options.member("include_usage")? {
        let raw = options.raw(member);
        peek.wants_usage = raw == b"true";
        if !matches!(raw, b"true" | b"false" | b"null") {
            return Err(invalid(
                "stream_options.include_usage",
                "`include_usage` must be true or false".into(),
            ));
        }
    }
    Ok(())
}

/// OpenAI's `metadata` is a map of strings; LiteLLM's carries tags for the books.
fn read_metadata(raw: &[u8], peek: &mut Peek) {
    #[derive(serde::Deserialize)]
    struct Metadata {
        #[serde(default)]
        tags: Vec<String>,
    }
    if let Ok(metadata) = serde_json::from_slice::<Metadata>(raw) {
        peek.tags.extend(metadata.tags);
    }
}

fn is_messages(raw: &[u8]) -> Result<bool, Error> {
    match raw.first() {
        Some(b'[') if raw.iter().skip(1).find(|byte| !byte.is_ascii_whitespace()) != Some(&b']') => Ok(true),
        _ => Err(invalid("messages", "`messages` must be a list of at least one message".into())),
    }
}

/// The body for the provider: the client's bytes with the model's name, the house's bound on output and
/// the row's quirks spliced in.
///
/// # Errors
/// `Unsupported`: a parameter that the provider cannot honour.
pub fn write_request(
    ask: &Ask,
    operation: Operation,
    upstream_model: &str,
    rules: &Rules,
    output_cap: Option<u64>,
    provider: &str,
) -> Result<Wire, Error> {
    let Ask { envelope, peek } = ask;
    let mut edits = Edits::default();
    write_model(ask, upstream_model, &mut edits)?;
    remove_house_members(ask, &mut edits);
    if let Some(cap) = output_cap {
        write_cap(ask, cap, rules, &mut edits)?;
    }
    rules.put_to(envelope, &mut edits, provider, output_cap.is_some())?;
    let mut hides_usage = false;
    if peek.stream && operation != Operation::Embedding {
        match rules.stream_usage {
            StreamUsage::Ask => {
                hides_usage = !peek.wants_usage;
                if hides_usage {
                    ask_for_usage(envelope, &mut edits)?;
                }
            }
            StreamUsage::Always => hides_usage = !peek.wants_usage,
            StreamUsage::Never => {}
        }
    }
    Ok(Wire { body: edits.apply(envelope), hides_usage })
}

fn write_model(ask: &Ask, upstream_model: &str, edits: &mut Edits) -> Result<(), Error> {
    match ask.envelope.member("model")? {
        Some(_) if ask.peek.model.as_deref() == Some(upstream_model) => {}
        Some(member) => edits.replace(member.value.clone(), quote(upstream_model)),
        None => edits.append("model", &quote(upstream_model)),
    }
    Ok(())
}

fn remove_house_members(ask: &Ask, edits: &mut Edits) {
    let envelope = &ask.envelope;
    let is_house = |index: &usize| {
        let Some(member) = envelope.members().get(*index) else { return false };
        let name = envelope.name(member);
        HOUSE_MEMBERS.contains(&name.as_ref())
            || (name == "metadata" && !is_map_of_strings(envelope.raw(member)))
    };
    (0..envelope.members().len()).filter(is_house).for_each(|index| edits.remove(index));
}

fn is_map_of_strings(raw: &[u8]) -> bool {
    serde_json::from_slice::<std::collections::BTreeMap<String, String>>(raw).is_ok()
}

fn write_cap(ask: &Ask, cap: u64, rules: &Rules, edits: &mut Edits) -> Result<(), Error> {
    let mut stands = false;
    for name in ["max_tokens", "max_completion_tokens"] {
        let Some(member) = ask.envelope.member(name)? else { continue };
        let raw = ask.envelope.raw(member);
        if raw == b"null" {
            continue;
        }
        stands = true;
        let asked: u64 = serde_json::from_slice(raw).unwrap_or(u64::MAX);
        if asked > cap {
            edits.replace(member.value.clone(), cap.to_string());
        }
    }
    if !stands {
        edits.append(rules.name_of("max_tokens"), &cap.to_string());
    }
    Ok(())
}

fn ask_for_usage(envelope: &Envelope, edits: &mut Edits) -> Result<(), Error> {
    const ASKED: &str = r#"{"include_usage":true}"#;
    let Some(member) = envelope.member("stream_options")? else {
        edits.append("stream_options", ASKED);
        return Ok(());
    };
    let raw = Bytes::copy_from_slice(envelope.raw(member));
    let Ok(options) = Envelope::read(&raw) else {
        edits.replace(member.value.clone(), ASKED.into());
        return Ok(());
    };
    let mut inner = Edits::default();
    match options.member("include_usage")? {
        Some(flag) => inner.replace(flag.value.clone(), "true".into()),
        None => inner.append("include_usage", "true"),
    }
    let text = String::from_utf8_lossy(&inner.apply(&options)).into_owned();
    edits.replace(member.value.clone(), text);
    Ok(())
}
