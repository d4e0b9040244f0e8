//! What the fake Gemini promises to tests.

mod answers;
mod refusals;
mod turns;

use serde_json::{Value, json};

use crate::fake_chat::{FakeChat, Wire};
use crate::http::{Connection, Reply, Request, send};

const OLD: &str = "gemini-2.5-flash";
const NEW: &str = "gemini-3-flash-preview";

fn fake() -> FakeChat {
    FakeChat::start(Wire::Gemini)
}

fn ask(model: &str, method: &str, body: &Value) -> Request {
    Request::post(&format!("/v1beta/models/{model}:{method}"), body).header("x-goog-api-key", "any")
}

fn generate(fake: &FakeChat, model: &str, body: &Value) -> Reply {
    send(fake.address(), &ask(model, "generateContent", body)).unwrap()
}

/// An answer that has to be one.
#[track_caller]
fn answer(fake: &FakeChat, model: &str, body: &Value) -> Value {
    let reply = generate(fake, model, body);
    assert_eq!(reply.status(), 200, "{}", reply.text());
    reply.json()
}

#[track_caller]
fn stream(fake: &FakeChat, model: &str, body: &Value) -> Vec<String> {
    let mut connection = Connection::open(fake.address()).unwrap();
    connection.send(&ask(model, "streamGenerateContent?alt=sse", body)).unwrap();
    assert_eq!(connection.head().unwrap().status, 200);
    connection.events().unwrap()
}

fn user(text: &str) -> Value {
    json!({"role": "user", "parts": [{"text": text}]})
}

/// A request of one text, with more members.
fn say(text: &str, more: Value) -> Value {
    let mut body = json!({"contents": [user(text)]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn weather_tools() -> Value {
    json!([{"functionDeclarations": [
        {"name": "get_weather", "description": "d", "parameters": {
            "type": "OBJECT", "properties": {"city": {"type": "STRING"}, "days": {"type": "INTEGER"}},
            "required": ["city"],
        }},
        {"name": "get_time", "parametersJsonSchema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
            "properties": {"zone": {"enum": ["utc", "local"]}}, "required": ["zone"], "additionalProperties": false,
        }},
    ]}])
}

fn with(contents: Vec<Value>) -> Value {
    json!({"contents": contents})
}

fn call(names: &[&str]) -> Value {
    let parts: Vec<Value> =
        names.iter().map(|name| json!({"functionCall": {"name": name, "args": {}}})).collect();
    json!({"role": "model", "parts": parts})
}

fn results(names: &[&str]) -> Value {
    let parts: Vec<Value> = names
        .iter()
        .map(|name| json!({"functionResponse": {"name": name, "response": {"output": 1}}}))
        .collect();
    json!({"role": "user", "parts": parts})
}

/// Sends each body and looks for the words.
#[track_caller]
fn check(model: &str, cases: Vec<(Value, &str)>) {
    let fake = fake();
    for (body, words) in cases {
        let reply = generate(&fake, model, &body);
        assert_eq!(reply.status(), 400, "{body} got {}", reply.text());
        let error = reply.json();
        assert_eq!(error["error"]["status"], "INVALID_ARGUMENT");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{body}\n got {message}\n not {words}");
    }
    assert_eq!(fake.bill().calls, 0);
}
