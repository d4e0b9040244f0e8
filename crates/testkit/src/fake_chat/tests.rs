//! Facts that hold for every wire.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use super::asked::{Asked, ToolDemand};
use super::model::{least, speak};
use super::spoken::{SpokenBlock, signature};
use super::{FakeChat, Said, Wire};
use crate::http::{self, Connection, Request};

fn ask(stream: bool) -> Request {
    let body = json!({
        "model": "m", "max_tokens": 99, "stream": stream,
        "messages": [{"role": "user", "content": "a b c d"}],
    });
    Request::post("/v1/messages", &body).header("x-api-key", "k").header("anthropic-version", "2023-06-01")
}

fn connect(fake: &FakeChat, stream: bool) -> Connection {
    let mut connection = Connection::open(fake.address()).unwrap();
    connection.send(&ask(stream)).unwrap();
    connection
}

#[test]
fn a_schema_is_satisfied_minimally() {
    let cases = [
        (json!({"type": "string"}), json!("x")),
        (json!({"type": "STRING"}), json!("x")),
        (json!({"type": ["integer", "null"]}), json!(1)),
        (json!({"enum": ["b", "a"]}), json!("b")),
        (json!({"const": 7}), json!(7)),
        (json!({"type": "array", "items": {"type": "string"}}), json!([])),
        (json!({"type": "array", "minItems": 1, "items": {"type": "boolean"}}), json!([true])),
        (json!({"anyOf": [{"type": "number"}, {"type": "null"}]}), json!(1)),
        (
            json!({"type": "object", "properties": {"a": {}, "b": {"type": "string"}}, "required": ["b"]}),
            json!({"b": "x"}),
        ),
        (json!({"$ref": "#/$defs/A", "$defs": {"A": {"type": "string"}}}), json!("x")),
        (json!({}), json!({})),
    ];
    for (schema, value) in cases {
        assert_eq!(least(&schema), value, "{schema}");
    }
}

#[test]
fn the_model_calls_the_tools_that_are_named() {
    let tools = vec![("get_time".to_owned(), json!({})), ("get_weather".to_owned(), json!({}))];
    let asked =
        Asked { tools, last_text: "Please call get_weather and get_time.".into(), ..Asked::default() };
    let names = |asked: &Asked| -> Vec<String> {
        let blocks = speak(asked, &Said::default(), 1).blocks.into_iter();
        blocks
            .map(|block| match block {
                SpokenBlock::Call { name, .. } => name,
                other => format!("{other:?}"),
            })
            .collect()
    };
    assert_eq!(names(&asked), ["get_weather", "get_time"]);
    assert_eq!(names(&Asked { one_call: true, ..asked.clone() }), ["get_weather"]);
    assert_eq!(
        names(&Asked { tool_demand: ToolDemand::Named("get_time".into()), ..asked.clone() }),
        ["get_time"]
    );
    let silent = Asked { last_text: "Hm".into(), ..asked.clone() };
    assert_eq!(names(&Asked { tool_demand: ToolDemand::Any, ..silent.clone() }), ["get_time"]);
    assert_eq!(names(&silent), [r#"Text("You said: Hm")"#]);
    let answered = Asked { tool_results: vec!["sun".into(), "noon".into()], ..asked };
    assert_eq!(names(&answered), [r#"Text("The tool said: sun | noon")"#]);
}

#[test]
fn a_signature_is_that_of_its_text() {
    assert_eq!(signature(""), "sig_cbf29ce484222325");
    assert_ne!(signature("a"), signature("b"));
}

#[test]
fn a_connection_serves_many_calls_and_every_request_is_kept() {
    let fake = FakeChat::start(Wire::Anthropic);
    let mut connection = Connection::open(fake.address()).unwrap();
    for stream in [false, true, false] {
        connection.send(&ask(stream)).unwrap();
        assert_eq!(connection.reply().unwrap().status(), 200);
    }
    fake.await_requests(3);
    let seen = fake.requests();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[1].json()["stream"], Value::Bool(true));
    assert_eq!(seen[1].header("anthropic-version"), Some("2023-06-01"));
    assert_eq!((fake.bill().calls, fake.disconnects()), (3, 0));
}

#[test]
fn a_refusal_is_said_with_its_headers() {
    let fake = FakeChat::start(Wire::Anthropic);
    fake.enqueue(Said::refused(429, "rate_limit_error", "Slow down.").header("retry-after", "7"));
    let reply = http::send(fake.address(), &ask(true)).unwrap();
    assert_eq!((reply.status(), reply.head.header("retry-after")), (429, Some("7")));
    assert_eq!(reply.json()["error"], json!({"type": "rate_limit_error", "message": "Slow down."}));
    assert_eq!(fake.bill().calls, 0);
}

#[test]
fn a_stream_is_cut_where_the_script_says() {
    let fake = FakeChat::start(Wire::Anthropic);
    fake.enqueue(Said::text("a b c").cut_after(3));
    let mut connection = connect(&fake, true);
    assert_eq!(connection.head().unwrap().status, 200);
    for _ in 0..3 {
        assert!(connection.event().unwrap().is_some());
    }
    assert_eq!(connection.event().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(fake.disconnects(), 0);
}

#[test]
fn a_whole_answer_is_cut_in_its_middle() {
    let fake = FakeChat::start(Wire::Anthropic);
    fake.enqueue(Said::text("a b c").cut_after(0));
    let mut connection = connect(&fake, false);
    assert!(connection.head().unwrap().header("content-length").is_some());
    assert_eq!(connection.body().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn who_leaves_a_stream_is_noticed_and_pays_for_what_was_sent() {
    let fake = FakeChat::start(Wire::Anthropic);
    // Start, ping, block, "a ", "b ", "c ", "d", stop, end, end: five of ten.
    fake.enqueue(Said::text("a b c d").input(40).stall_after(5));
    let mut connection = connect(&fake, true);
    connection.head().unwrap();
    for _ in 0..5 {
        connection.event().unwrap();
    }
    drop(connection);
    fake.await_disconnects(1);
    let bill = fake.bill();
    assert_eq!((bill.calls, bill.input_tokens, bill.output_tokens), (1, 40, 2));
}

#[test]
fn who_leaves_before_a_whole_answer_is_noticed() {
    let fake = FakeChat::start(Wire::Anthropic);
    fake.enqueue(Said::text("a").stall_after(0));
    fake.enqueue(Said::text("a").latency(Duration::from_secs(3600)));
    for left in 1..=2 {
        let connection = connect(&fake, false);
        fake.await_requests(left);
        drop(connection);
        fake.await_disconnects(left);
    }
    assert_eq!(fake.bill().calls, 0);
}

#[test]
fn events_come_one_by_one() {
    let fake = FakeChat::start(Wire::Anthropic);
    fake.enqueue(Said::text("a b").pace(Duration::from_millis(1)));
    let mut connection = connect(&fake, true);
    connection.head().unwrap();
    let mut chunks = 0;
    while let Some(chunk) = connection.read().unwrap() {
        assert!(chunk.ends_with(b"\n\n"));
        chunks += 1;
    }
    assert_eq!(chunks, 8);
}
