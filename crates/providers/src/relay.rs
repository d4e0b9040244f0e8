//! The body for a provider that speaks the client's dialect: the client's bytes, with the model's name, the
//! house's bound on output and the row's quirks spliced in. A translated body is finished here as well.

use bytes::Bytes;
use weighhouse_types::{Dialect, Error, Operation};

use crate::envelope::{Edits, Envelope, quote};
use crate::quirks::Rules;
use crate::registry::StreamUsage;

/// Members that LiteLLM's clients send to the gateway and that no provider knows.
pub(crate) const HOUSE_MEMBERS: &[&str] = &[
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

/// A request on its way into a provider's form.
#[derive(Clone, Copy, Debug)]
pub struct Relay<'call> {
    /// The dialect of the body, which is the provider's.
    pub dialect: Dialect,
    /// What is asked for.
    pub operation: Operation,
    /// The body.
    pub envelope: &'call Envelope,
    /// The answer is to be a stream.
    pub stream: bool,
    /// The client wants the usage of a stream.
    pub wants_usage: bool,
    /// The model as the provider knows it.
    pub model: &'call str,
    /// The row's rules.
    pub rules: &'call Rules,
    /// The house's bound on generated tokens.
    pub output_cap: Option<u64>,
    /// The provider's name, for errors.
    pub provider: &'call str,
}

/// What goes to the provider.
#[derive(Clone, Debug)]
pub struct Wire {
    /// The body.
    pub body: Bytes,
    /// The usage chunk was asked for by the house, not by the client.
    pub hides_usage: bool,
}

impl Relay<'_> {
    /// The body for the provider.
    ///
    /// # Errors
    /// `Unsupported`: a parameter that the provider cannot honour.
    pub fn write(&self) -> Result<Wire, Error> {
        let mut edits = Edits::default();
        self.write_model(&mut edits)?;
        self.remove_house_members(&mut edits);
        if let Some(cap) = self.output_cap {
            self.write_cap(cap, &mut edits)?;
        }
        self.rules.put_to(self.envelope, &mut edits, self.provider, self.output_cap.is_some())?;
        let mut hides_usage = false;
        if self.dialect == Dialect::OpenAiChat && self.stream && self.operation != Operation::Embedding {
            match self.rules.stream_usage {
                StreamUsage::Ask => {
                    hides_usage = !self.wants_usage;
                    if hides_usage {
                        ask_for_usage(self.envelope, &mut edits)?;
                    }
                }
                StreamUsage::Always => hides_usage = !self.wants_usage,
                StreamUsage::Never => {}
            }
        }
        Ok(Wire { body: edits.apply(self.envelope), hides_usage })
    }

    fn write_model(&self, edits: &mut Edits) -> Result<(), Error> {
        if self.dialect == Dialect::Gemini {
            // It stands in the path.
            return Ok(());
        }
        let quoted = quote(self.model);
        match self.envelope.member("model")? {
            Some(member) if self.envelope.raw(member) == quoted.as_bytes() => {}
            Some(member) => edits.replace(member.value.clone(), quoted),
            None => edits.append("model", &quoted),
        }
        Ok(())
    }

    fn remove_house_members(&self, edits: &mut Edits) {
        let envelope = self.envelope;
        let is_openai = matches!(self.dialect, Dialect::OpenAiChat | Dialect::OpenAiResponses);
        let is_house = |index: &usize| {
            let Some(member) = envelope.members().get(*index) else { return false };
            let name = envelope.name(member);
            // Anthropic has a `tags` of its own (contract of real clients), and its `metadata` is an object.
            let is_tags = name == "tags" && !is_openai;
            (HOUSE_MEMBERS.contains(&name.as_ref()) && !is_tags)
                || (is_openai && name == "metadata" && !is_map_of_strings(envelope.raw(member)))
        };
        (0..envelope.members().len()).filter(is_house).for_each(|index| edits.remove(index));
    }

    fn write_cap(&self, cap: u64, edits: &mut Edits) -> Result<(), Error> {
        match self.dialect {
            Dialect::OpenAiResponses => self.lower(&["max_output_tokens"], cap, edits),
            Dialect::AnthropicMessages => self.lower(&["max_tokens"], cap, edits),
            Dialect::Gemini => self.lower_inside(cap, edits),
            _ => self.lower(&["max_tokens", "max_completion_tokens"], cap, edits),
        }
    }

    fn lower(&self, names: &[&str], cap: u64, edits: &mut Edits) -> Result<(), Error> {
        let mut stands = false;
        for name in names {
            let Some(member) = self.envelope.member(name)? else { continue };
            let raw = self.envelope.raw(member);
            if raw == b"null" {
                continue;
            }
            stands = true;
            let asked: u64 = serde_json::from_slice(raw).unwrap_or(u64::MAX);
            if asked > cap {
                edits.replace(member.value.clone(), cap.to_string());
            }
        }
        if let (false, Some(name)) = (stands, names.first()) {
            edits.append(self.rules.name_of(name), &cap.to_string());
        }
        Ok(())
    }

    /// Gemini's bound stands inside `generationConfig`, under either of two spellings.
    fn lower_inside(&self, cap: u64, edits: &mut Edits) -> Result<(), Error> {
        let written = format!(r#"{{"maxOutputTokens":{cap}}}"#);
        let spellings = ["generationConfig", "generation_config"];
        let mut found = None;
        for name in spellings {
            found = found.or(self.envelope.member(name)?);
        }
        let Some(member) = found else {
            edits.append("generationConfig", &written);
            return Ok(());
        };
        let raw = Bytes::copy_from_slice(self.envelope.raw(member));
        let Ok(config) = Envelope::read(&raw) else {
            edits.replace(member.value.clone(), written);
            return Ok(());
        };
        let mut inner = Edits::default();
        let mut bound = None;
        for name in ["maxOutputTokens", "max_output_tokens"] {
            bound = bound.or(config.member(name)?);
        }
        match bound {
            Some(bound) => {
                let asked: u64 = serde_json::from_slice(config.raw(bound)).unwrap_or(u64::MAX);
                inner.replace(bound.value.clone(), asked.min(cap).to_string());
            }
            None => inner.append("maxOutputTokens", &cap.to_string()),
        }
        edits.replace(member.value.clone(), String::from_utf8_lossy(&inner.apply(&config)).into_owned());
        Ok(())
    }
}

fn is_map_of_strings(raw: &[u8]) -> bool {
    serde_json::from_slice::<std::collections::BTreeMap<String, String>>(raw).is_ok()
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
