//! A key, and what its holder asks with it.

use serde_json::{Value, json};
use weighhouse_testkit::http::{self, Connection, Request};

use super::answer::{Answer, Stream};
use super::house::House;

/// A key to a house.
#[derive(Clone)]
pub(crate) struct Key<'house> {
    house: &'house House,
    secret: String,
}

/// The body of a chat with model `m`.
pub(crate) fn chat(text: &str) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": text}]})
}

impl<'house> Key<'house> {
    pub(crate) fn new(house: &'house House, secret: &str) -> Self {
        Self { house, secret: secret.into() }
    }

    /// The key itself.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// One chat turn with model `m`.
    #[track_caller]
    pub(crate) fn chat(&self, text: &str) -> Answer {
        self.ask(&chat(text))
    }

    /// One chat turn with another model.
    #[track_caller]
    pub(crate) fn chat_with(&self, model: &str, text: &str) -> Answer {
        let mut body = chat(text);
        body["model"] = model.into();
        self.ask(&body)
    }

    /// A chat with a body of one's own.
    #[track_caller]
    pub(crate) fn ask(&self, body: &Value) -> Answer {
        self.post("/v1/chat/completions", body)
    }

    /// A streamed chat turn with model `m`, up to its first bytes.
    #[track_caller]
    pub(crate) fn stream(&self, text: &str) -> Stream {
        self.ask_stream("/v1/chat/completions", chat(text))
    }

    /// A streamed call with a body of one's own.
    #[track_caller]
    pub(crate) fn ask_stream(&self, path: &str, mut body: Value) -> Stream {
        body["stream"] = true.into();
        let mut connection = self.connect();
        connection.send(&Request::post(path, &body).bearer(&self.secret)).expect("the house takes it");
        let head = connection.head().expect("the house answers");
        Stream::new(connection, head)
    }

    /// POST.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(&Request::post(path, body))
    }

    /// GET.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(&Request::get(path))
    }

    /// A request of one's own, with the key.
    #[track_caller]
    pub(crate) fn send(&self, request: &Request) -> Answer {
        let reply = http::send(self.house.address(), &request.clone().bearer(&self.secret));
        Answer::new(reply.expect("the house answers"))
    }

    /// A connection on which nothing was sent yet.
    #[track_caller]
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.house.address()).expect("the house listens")
    }

    /// A connection on which this was asked, and nothing read.
    #[track_caller]
    pub(crate) fn asked(&self, body: &Value) -> Connection {
        let mut connection = self.connect();
        let request = Request::post("/v1/chat/completions", body).bearer(&self.secret);
        connection.send(&request).expect("the house takes it");
        connection
    }
}
