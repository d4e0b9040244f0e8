//! Chat turns over `POST /v1/chat/completions`.

use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};
use weighhouse_api::RefusalDetail;
use weighhouse_types::Nanos;

use crate::answer::Answer;
use crate::error::ClientError;
use crate::sse::Events;
use crate::transport::Transport;

const DONE: &str = "[DONE]";

/// What is asked of a model.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ChatRequest {
    /// Whom.
    pub model: String,
    /// What was said so far.
    pub messages: Vec<ChatMessage>,
    /// The most tokens of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
}

/// A turn of the conversation.
#[derive(Clone, Debug, Serialize)]
pub struct ChatMessage {
    /// `system`, `user` or `assistant`.
    pub role: &'static str,
    /// What was said.
    pub content: String,
}

/// What the head of an answer tells.
#[derive(Clone, Debug, Default)]
pub struct Spoken {
    /// By which the ledger knows the call.
    pub call_id: Option<String>,
    /// What it cost; a stream's head does not know it yet.
    pub cost: Option<Nanos>,
}

/// Tokens of a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ChatUsage {
    /// Of what was asked.
    #[serde(default)]
    pub prompt_tokens: u64,
    /// Of the answer.
    #[serde(default)]
    pub completion_tokens: u64,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct ChatAnswer {
    /// Its words; none where the model asked for a tool, or refused.
    pub text: String,
    /// Its tokens.
    pub usage: Option<ChatUsage>,
    /// Why it ended: `stop`, `length`, …
    pub finish_reason: Option<String>,
    /// What its head tells.
    pub spoken: Spoken,
    /// The answer as it was written.
    pub written: Answer<serde_json::Value>,
}

/// What a stream tells next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatEvent {
    /// More words.
    Text(String),
    /// Why it ended.
    Finished(String),
    /// Its tokens.
    Usage(ChatUsage),
}

/// An answer that comes in pieces.
#[derive(Debug)]
pub struct ChatStream {
    spoken: Spoken,
    body: Incoming,
    transport: Transport,
    events: Events,
    /// Read and not yet given.
    waiting: Vec<ChatEvent>,
    is_done: bool,
}

impl ChatRequest {
    pub(crate) fn body(&self, is_streamed: bool) -> Result<Vec<u8>, ClientError> {
        let mut body = serde_json::to_value(self).map_err(ClientError::Request)?;
        if is_streamed && let Some(fields) = body.as_object_mut() {
            fields.insert("stream".into(), true.into());
            fields.insert("stream_options".into(), serde_json::json!({ "include_usage": true }));
        }
        serde_json::to_vec(&body).map_err(ClientError::Request)
    }
}

impl Spoken {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            call_id: text("x-litellm-call-id").map(str::to_owned),
            cost: text("x-litellm-response-cost").and_then(|cost| Nanos::parse_usd(cost).ok()),
        }
    }
}

impl ChatAnswer {
    pub(crate) fn new(headers: &HeaderMap, written: Answer<serde_json::Value>) -> Result<Self, ClientError> {
        let Chunk { choices, usage, .. } = written.part(None)?;
        let first = choices.into_iter().next().unwrap_or_default();
        let text = first.message.and_then(Words::said).unwrap_or_default();
        Ok(Self { text, usage, finish_reason: first.finish_reason, spoken: Spoken::of(headers), written })
    }
}

impl ChatStream {
    pub(crate) fn new(headers: &HeaderMap, body: Incoming, transport: Transport) -> Self {
        Self {
            spoken: Spoken::of(headers),
            body,
            transport,
            events: Events::default(),
            waiting: Vec::new(),
            is_done: false,
        }
    }

    /// What its head tells.
    #[must_use]
    pub const fn spoken(&self) -> &Spoken {
        &self.spoken
    }

    /// The next piece; none at its end. Each is waited for as long as the client waits for an answer.
    ///
    /// # Errors
    /// `Refused` where the gateway tells of an error in its midst, `Garbled` where it breaks off, `TimedOut`.
    pub async fn next(&mut self) -> Result<Option<ChatEvent>, ClientError> {
        loop {
            if !self.waiting.is_empty() {
                return Ok(Some(self.waiting.remove(0)));
            }
            if self.is_done {
                return Ok(None);
            }
            while let Some(data) = self.events.next() {
                if data == DONE {
                    self.is_done = true;
                    break;
                }
                self.waiting.extend(events(&data)?);
            }
            if !self.is_done && self.waiting.is_empty() {
                self.read().await?;
            }
        }
    }

    async fn read(&mut self) -> Result<(), ClientError> {
        let broken = |why: String| ClientError::Garbled(format!("its stream broke off before its end{why}"));
        match self.transport.in_time(self.body.frame()).await? {
            Some(Ok(frame)) => frame.into_data().map_or(Ok(()), |bytes| self.events.take(&bytes)),
            Some(Err(error)) => Err(broken(format!(": {error}"))),
            None => Err(broken(String::new())),
        }
    }
}

fn events(data: &str) -> Result<Vec<ChatEvent>, ClientError> {
    let chunk: Chunk = serde_json::from_str(data).map_err(|error| ClientError::Garbled(error.to_string()))?;
    if let Some(error) = chunk.error {
        return Err(ClientError::Refused {
            status: error.code.parse().unwrap_or(500),
            message: error.message,
            kind: error.kind,
            param: error.param,
        });
    }
    let mut events = Vec::new();
    for choice in chunk.choices {
        let text = choice.delta.and_then(Words::said).filter(|text| !text.is_empty());
        events.extend(text.map(ChatEvent::Text));
        events.extend(choice.finish_reason.map(ChatEvent::Finished));
    }
    events.extend(chunk.usage.map(ChatEvent::Usage));
    Ok(events)
}

/// An answer, or a piece of one.
#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<ChatUsage>,
    #[serde(default)]
    error: Option<RefusalDetail>,
}

#[derive(Default, Deserialize)]
struct Choice {
    #[serde(default)]
    message: Option<Words>,
    #[serde(default)]
    delta: Option<Words>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Words {
    #[serde(default)]
    content: Option<String>,
    /// What a model says instead, where it will not answer.
    #[serde(default)]
    refusal: Option<String>,
}

impl Words {
    fn said(self) -> Option<String> {
        self.content.or(self.refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_tells_words_end_and_tokens() {
        let events = |data| events(data).unwrap();
        assert_eq!(
            events(
                r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"hi"},"finish_reason":null}]}"#
            ),
            [ChatEvent::Text("hi".into())]
        );
        assert_eq!(
            events(
                r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#
            ),
            [
                ChatEvent::Finished("stop".into()),
                ChatEvent::Usage(ChatUsage { prompt_tokens: 1, completion_tokens: 2 })
            ]
        );
        assert!(events(r#"{"choices":[],"usage":null}"#).is_empty());
    }

    #[test]
    fn an_error_in_a_streams_midst_keeps_the_gateways_words() {
        let sent = r#"{"error":{"message":"No more.","type":"budget_exceeded","param":null,"code":"429"}}"#;
        let Err(ClientError::Refused { status, message, .. }) = events(sent) else { panic!("it was taken") };
        assert_eq!((status, message.as_str()), (429, "No more."));
        assert!(matches!(events("<html>"), Err(ClientError::Garbled(_))));
    }
}
