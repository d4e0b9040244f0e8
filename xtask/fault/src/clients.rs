//! What clients do to a house: ask, stream, and leave when it pleases them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use weighhouse_testkit::fake_openai::FakeProvider;
use weighhouse_testkit::http::{Connection, Request};

use crate::house::SOON;

/// The body of a chat.
pub(crate) fn chat(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}]})
}

/// The bytes of a call, for clients that send them piece by piece.
pub(crate) fn bytes(secret: &str, body: &Value) -> Vec<u8> {
    let text = body.to_string();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {secret}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
        text.len()
    )
    .into_bytes()
}

/// Asks for a whole answer; gives its status and the answer's id.
pub(crate) fn whole(address: SocketAddr, secret: &str, body: &Value) -> Result<(u16, Option<String>)> {
    let mut connection = open(address, secret, body)?;
    let reply = connection.reply()?;
    let id = (reply.status() == 200).then(|| reply.json()["id"].as_str().map(str::to_owned)).flatten();
    Ok((reply.status(), id))
}

/// Reads a stream up to so many words and leaves, or to its end; gives the status, and the answer's id where it
/// came whole.
pub(crate) fn stream(
    address: SocketAddr,
    secret: &str,
    mut body: Value,
    words: usize,
) -> Result<(u16, Option<String>)> {
    body["stream"] = json!(true);
    let mut connection = open(address, secret, &body)?;
    let status = connection.head()?.status;
    if status != 200 {
        return Ok((status, None));
    }
    let (mut left, mut id, mut is_done) = (words, None, false);
    while left > 0 {
        // Only the end of the body is the end: the house settles before it.
        let Some(event) = connection.event()? else { return Ok((status, id.filter(|_| is_done))) };
        is_done |= event.data == "[DONE]";
        if id.is_none()
            && let Ok(chunk) = serde_json::from_str::<Value>(&event.data)
        {
            id = chunk["id"].as_str().map(str::to_owned);
        }
        left -= usize::from(event.data.contains("tok "));
    }
    Ok((status, None))
}

/// Asks for a whole answer and leaves once the provider has the question, or the house refuses; `mark` is in the
/// question and in no other. Gives 0, or the status.
pub(crate) fn leave_early(
    address: SocketAddr,
    secret: &str,
    body: &Value,
    (silent, mark): (&FakeProvider, &str),
) -> Result<u16> {
    let mut connection = open(address, secret, body)?;
    let deadline = Instant::now() + SOON;
    connection.set_patience(Duration::from_millis(5))?;
    loop {
        match connection.head() {
            Ok(head) => return Ok(head.status),
            Err(error) if is_silence(&error) => {}
            Err(error) => return Err(error).context("while the provider is silent"),
        }
        if silent.heard(mark) {
            return Ok(0);
        }
        ensure!(Instant::now() < deadline, "the provider never got {mark}, and nobody refused it");
    }
}

/// A read that gave up waiting.
pub(crate) fn is_silence(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

fn open(address: SocketAddr, secret: &str, body: &Value) -> Result<Connection> {
    let mut connection = Connection::open(address).context("the house does not listen")?;
    let request = Request::post("/v1/chat/completions", body).bearer(secret);
    connection.send(&request).context("the house takes no call")?;
    Ok(connection)
}
