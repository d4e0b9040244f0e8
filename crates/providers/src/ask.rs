//! A client's request: the body that is relayed, and what everyone needs to know of it.

use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use memchr::memmem::Finder;
use serde::de::DeserializeOwned;
use weighhouse_types::{Dialect, Error, Kind, Operation};

use crate::envelope::Envelope;
use crate::{carrier, dialects};

/// Most answers to one question; OpenAI's own limit.
const MAX_CHOICES: u64 = 128;

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
    /// The prompt goes on from what the provider keeps, so its length is not known here (`previous_response_id`).
    pub goes_on: bool,
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
#[derive(Clone, Debug)]
pub struct Ask {
    /// In which the client speaks.
    pub dialect: Dialect,
    /// The body with its members.
    pub envelope: Envelope,
    /// What is known of it.
    pub peek: Peek,
    /// The client's headers that belong to its dialect ([`crate::carrier::forwarded_names`]).
    pub forwarded: Vec<(&'static str, HeaderValue)>,
}

/// What a path says of a call; its body need not say it again.
#[derive(Clone, Copy, Debug, Default)]
pub struct PathSays<'path> {
    /// The model.
    pub model: Option<&'path str>,
    /// Whether the answer is to be a stream (Gemini's method).
    pub stream: Option<bool>,
}

/// How an ASCII letter may be written in JSON, so that no search for a name finds it.
static ESCAPED_ASCII: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\\u00"));

impl Ask {
    /// Reads a request, as far as everyone needs to know it.
    ///
    /// # Errors
    /// `InvalidRequest` naming the member: what is missing, of the wrong type, out of range or sent twice.
    pub fn read(
        body: &Bytes,
        operation: Operation,
        dialect: Dialect,
        path: PathSays<'_>,
    ) -> Result<Self, Error> {
        let envelope = Envelope::read(body)?;
        let mut peek = Peek { choices: 1, ..Peek::default() };
        for member in envelope.members() {
            let (name, raw) = (envelope.name(member), envelope.raw(member));
            if raw != b"null" {
                peek.take_shared(&envelope, &name, raw)?;
            }
        }
        dialects::peek(dialect, &envelope, operation, &mut peek)?;
        peek.stream = path.stream.unwrap_or(peek.stream);
        if let Some(model) = path.model.filter(|_| peek.model.is_none() || path.stream.is_some()) {
            peek.model = Some(model.into());
        }
        Ok(Self { dialect, envelope, peek, forwarded: Vec::new() })
    }

    /// Takes the headers that belong to the client's dialect.
    #[must_use]
    pub fn with_headers(mut self, headers: &HeaderMap) -> Self {
        for name in carrier::forwarded_names(self.dialect) {
            self.forwarded.extend(headers.get_all(*name).iter().map(|value| (*name, value.clone())));
        }
        self
    }

    /// Whether the prompt refers to media whose tokens its bytes do not bound, or goes on from what the
    /// provider keeps. A look through the whole body, so it is asked only where a budget depends on it.
    #[must_use]
    pub fn has_media(&self) -> bool {
        if self.peek.goes_on {
            return true;
        }
        let body = self.envelope.body();
        dialects::tells_of_media(self.dialect, body)
            || (ESCAPED_ASCII.find(body).is_some() && self.has_media_under_escapes())
    }

    /// Names may be written with escapes (`image\u005furl`): then the messages are read.
    fn has_media_under_escapes(&self) -> bool {
        if self.dialect != Dialect::OpenAiChat {
            return true;
        }
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

impl Peek {
    /// Members that mean the same in every dialect.
    fn take_shared(&mut self, envelope: &Envelope, name: &str, raw: &[u8]) -> Result<(), Error> {
        match name {
            "model" => once(envelope, "model").and_then(|()| self.read_model(raw))?,
            "stream" => once(envelope, "stream")
                .and_then(|()| read(raw, "stream", "true or false", &mut self.stream))?,
            "metadata" | "litellm_metadata" => self.read_tags(raw),
            "tags" => self.tags.extend(serde_json::from_slice::<Vec<String>>(raw).unwrap_or_default()),
            "num_retries" => read(raw, "num_retries", "a whole number", &mut self.num_retries)?,
            "disable_fallbacks" => {
                read(raw, "disable_fallbacks", "true or false", &mut self.disable_fallbacks)?;
            }
            "fallbacks" => read(raw, "fallbacks", "a list of model names", &mut self.fallbacks)?,
            "service_tier" => self.asks_tier = true,
            _ => {}
        }
        Ok(())
    }

    fn read_model(&mut self, raw: &[u8]) -> Result<(), Error> {
        let mut model: Box<str> = Box::default();
        read(raw, "model", "a string, the name of a model", &mut model)?;
        if model.len() > 512 || model.chars().any(char::is_control) {
            let message = "`model` must be at most 512 characters, without control characters";
            return Err(invalid("model", message.into()));
        }
        self.model = Some(model);
        Ok(())
    }

    /// OpenAI's `metadata` is a map of strings; LiteLLM's carries tags for the books.
    fn read_tags(&mut self, raw: &[u8]) {
        #[derive(serde::Deserialize)]
        struct Metadata {
            #[serde(default)]
            tags: Vec<String>,
        }
        if let Ok(metadata) = serde_json::from_slice::<Metadata>(raw) {
            self.tags.extend(metadata.tags);
        }
    }

    /// The number of answers that are asked for.
    pub(crate) fn read_choices(&mut self, raw: &[u8], name: &str) -> Result<(), Error> {
        self.choices = self.choices.max(read_count(raw, name, MAX_CHOICES)?);
        self.has_choices = true;
        Ok(())
    }
}

/// An error about a member.
pub(crate) fn invalid(at: &str, message: String) -> Error {
    Error::new(Kind::InvalidRequest, message).at(at)
}

/// Refuses a member that stands twice.
pub(crate) fn once(envelope: &Envelope, name: &str) -> Result<(), Error> {
    envelope.member(name).map(drop)
}

/// Reads a member.
pub(crate) fn read<T: DeserializeOwned>(
    raw: &[u8],
    name: &str,
    expected: &str,
    into: &mut T,
) -> Result<(), Error> {
    *into = serde_json::from_slice(raw).map_err(|_| invalid(name, format!("`{name}` must be {expected}")))?;
    Ok(())
}

/// Reads a count from 1 on.
pub(crate) fn read_count(raw: &[u8], name: &str, most: u64) -> Result<u64, Error> {
    let mut count = 0_u64;
    read(raw, name, &format!("a whole number from 1 to {most}"), &mut count)?;
    if (1..=most).contains(&count) {
        Ok(count)
    } else {
        Err(invalid(name, format!("`{name}` must be from 1 to {most}")))
    }
}

/// Reads a bound on generated tokens.
pub(crate) fn read_bound(raw: &[u8], name: &str) -> Result<u64, Error> {
    read_count(raw, name, u64::from(u32::MAX))
}

/// Whether a value is a list that is not empty.
pub(crate) fn is_full_list(raw: &[u8]) -> bool {
    raw.first() == Some(&b'[') && raw.iter().skip(1).find(|byte| !byte.is_ascii_whitespace()) != Some(&b']')
}
