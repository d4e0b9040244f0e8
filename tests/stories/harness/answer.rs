//! What the house answers: whole, streamed, or refused.

use serde_json::Value;
use weighhouse_testkit::http::{Connection, Head, Reply};
use weighhouse_types::Nanos;

use super::config::PROVIDER_KEY;
use super::house::MASTER_KEY;

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer(Reply);

impl Answer {
    pub(crate) fn new(reply: Reply) -> Self {
        let text = reply.text();
        for secret in [PROVIDER_KEY, MASTER_KEY] {
            assert!(!text.contains(secret), "a secret in the answer: {text}");
            let told = reply.head.headers.iter().any(|(_, value)| value.contains(secret));
            assert!(!told, "a secret in a header: {:?}", reply.head.headers);
        }
        Self(reply)
    }

    /// The status.
    pub(crate) fn status(&self) -> u16 {
        self.0.status()
    }

    /// A header; `name` in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.0.head.header(name)
    }

    /// The answer, which must have this status.
    #[track_caller]
    pub(crate) fn whole(self, status: u16) -> Reply {
        assert_eq!(self.0.status(), status, "{}", self.0.text());
        self.0
    }

    /// The JSON of a good answer.
    #[track_caller]
    pub(crate) fn answered(&self) -> Value {
        assert_eq!(self.0.status(), 200, "{}", self.0.text());
        self.0.json()
    }

    /// The words of the first choice.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        self.answered()["choices"][0]["message"]["content"].as_str().expect("words").to_owned()
    }

    /// A refusal in LiteLLM's shape, with its status as a text in `code`. Gives the `error` object.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16) -> Value {
        assert_eq!(self.0.status(), status, "{}", self.0.text());
        let error = self.0.json()["error"].clone();
        assert_eq!(error["code"], status.to_string(), "{error}");
        assert!(error["message"].as_str().is_some_and(|words| words.len() > 10), "{error}");
        assert!(error["type"].is_string(), "{error}");
        assert!(error.as_object().unwrap().contains_key("param"), "{error}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        error
    }

    /// A refusal whose message has these words in it.
    #[track_caller]
    pub(crate) fn refused_saying(&self, status: u16, words: &str) -> Value {
        let error = self.refused(status);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(words), "{words:?} is not in {message:?}");
        error
    }
}

/// A streamed answer.
pub(crate) struct Stream {
    pub(crate) connection: Connection,
    pub(crate) head: Head,
}

impl Stream {
    pub(crate) fn new(connection: Connection, head: Head) -> Self {
        Self { connection, head }
    }

    /// The data of all events, of a stream that began well.
    #[track_caller]
    pub(crate) fn events(&mut self) -> Vec<String> {
        self.began();
        self.connection.events().expect("the stream ends well")
    }

    /// The chunks of a stream that ends with `[DONE]`.
    #[track_caller]
    pub(crate) fn chunks(&mut self) -> Vec<Value> {
        let mut events = self.events();
        assert_eq!(events.pop().as_deref(), Some("[DONE]"), "after {events:?}");
        events.iter().map(|event| serde_json::from_str(event).expect("JSON")).collect()
    }

    /// Reads until so many chunks with words have come.
    #[track_caller]
    pub(crate) fn read_words(&mut self, count: usize) {
        self.began();
        let mut seen = 0;
        while seen < count {
            let event = self.connection.event().expect("the stream goes on").expect("more words");
            let chunk: Value = serde_json::from_str(&event.data).expect("JSON");
            let words = &chunk["choices"][0]["delta"]["content"];
            seen += usize::from(words.as_str().is_some_and(|words| !words.is_empty()));
        }
    }

    /// The refusal of a stream that did not begin.
    #[track_caller]
    pub(crate) fn refused(mut self, status: u16) -> Value {
        let body = self.connection.body().expect("a body");
        Answer::new(Reply { head: self.head, body }).refused(status)
    }

    #[track_caller]
    fn began(&mut self) {
        if self.head.status != 200 {
            let body = self.connection.body().unwrap_or_default();
            panic!("status {}: {}", self.head.status, String::from_utf8_lossy(&body));
        }
        let kind = self.head.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("text/event-stream"), "{kind}");
    }
}

/// The words of a stream's chunks.
pub(crate) fn words_of(chunks: &[Value]) -> String {
    chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect()
}

/// Dollars of a JSON number as nano-dollars; up to millions of dollars a float names each one.
#[track_caller]
pub(crate) fn nanos(dollars: &Value) -> Nanos {
    let text = dollars.to_string();
    let parsed: f64 = text.trim_matches('"').parse().unwrap_or_else(|_| panic!("{text} is no amount"));
    #[expect(clippy::cast_possible_truncation, reason = "amounts of tests are small")]
    Nanos::new((parsed * 1e9).round() as i64)
}
