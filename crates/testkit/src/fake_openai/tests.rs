//! What the fake promises to tests.

use std::io::ErrorKind;
use std::time::Duration;

use serde_json::{Value, json};
use weighhouse_types::Nanos;

use super::*;
use crate::http::{Connection, Reply, Request, send};

const CHAT: &str = "/v1/chat/completions";

/// A chat of eleven bytes, so of three tokens, with more members.
fn chat(more: Value) -> Request {
    let mut body = json!({"model": "gpt-4o", "messages": [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "text", "text": "!!"}]},
    ]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Request::post(CHAT, &body)
}

fn call(fake: &FakeProvider, request: &Request) -> Reply {
    send(fake.address(), request).unwrap()
}

fn open_stream(fake: &FakeProvider, more: Value) -> Connection {
    let mut members = json!({"stream": true});
    members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut connection = Connection::open(fake.address()).unwrap();
    connection.send(&chat(members)).unwrap();
    assert_eq!(connection.head().unwrap().status, 200);
    connection
}

fn stream(fake: &FakeProvider, more: Value) -> Vec<String> {
    open_stream(fake, more).events().unwrap()
}

fn scripted(script: Script) -> FakeProvider {
    let fake = FakeProvider::start();
    fake.set_default(script);
    fake
}

fn parsed(event: &str) -> Value {
    serde_json::from_str(event).unwrap_or_else(|error| panic!("{error}: {event}"))
}

fn only_call(fake: &FakeProvider) -> BilledCall {
    let bill = fake.bill();
    assert_eq!(bill.calls.len(), 1, "{bill:?}");
    assert_eq!(bill.total, bill.calls[0].nanos);
    bill.calls[0]
}

#[test]
fn a_whole_answer_is_billed_by_its_rules() {
    let fake =
        scripted(Script::default().tokens(4).echo_model("gpt-4o-2024-08-06").header("x-request-id", "r1"));
    fake.price(2_500_000, 10_000_000);
    let reply = call(&fake, &chat(json!({})));
    assert_eq!(reply.head.header("x-request-id"), Some("r1"));
    let body = reply.json();
    assert_eq!(body["choices"][0]["message"]["content"], "tok tok tok tok ");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["model"], "gpt-4o-2024-08-06");
    assert_eq!(body["usage"], json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}));
    let billed = only_call(&fake);
    assert_eq!((billed.prompt_tokens, billed.completion_tokens, billed.aborted), (3, 4, false));
    assert_eq!(billed.nanos, Nanos::new(7_500 + 40_000));
}

#[test]
fn a_limit_cuts_the_answer_short() {
    let fake = FakeProvider::start();
    for limit in ["max_tokens", "max_completion_tokens"] {
        let body = call(&fake, &chat(json!({limit: 2}))).json();
        assert_eq!(body["choices"][0]["finish_reason"], "length");
        assert_eq!(body["usage"]["completion_tokens"], 2);
    }
    assert_eq!(call(&fake, &chat(json!({"max_tokens": 10}))).json()["choices"][0]["finish_reason"], "stop");
    fake.enqueue(Script::default().ignore_limit());
    assert_eq!(call(&fake, &chat(json!({"max_tokens": 2}))).json()["usage"]["completion_tokens"], 10);
    assert_eq!(call(&fake, &chat(json!({"max_tokens": 2, "n": 3}))).json()["usage"]["completion_tokens"], 6);
}

#[test]
fn a_stream_has_openais_shape() {
    let fake = scripted(Script::default().tokens(2));
    let events = stream(&fake, json!({}));
    assert_eq!(events.len(), 5, "{events:?}");
    assert_eq!(parsed(&events[0])["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(parsed(&events[1])["choices"][0]["delta"], json!({"content": "tok "}));
    assert_eq!(parsed(&events[3])["choices"][0]["finish_reason"], "stop");
    assert_eq!(parsed(&events[3]).get("usage"), None);
    assert_eq!(events[4], "[DONE]");
    assert_eq!(only_call(&fake).completion_tokens, 2);
}

#[test]
fn usage_in_streams_is_as_scripted() {
    let asked = || json!({"stream_options": {"include_usage": true}});
    let usages = |script: Script, more: Value| -> Vec<Value> {
        let events = stream(&scripted(script.tokens(2)), more);
        let chunks = events.iter().filter(|event| *event != "[DONE]");
        chunks.map(|event| parsed(event).get("usage").cloned().unwrap_or(json!("absent"))).collect()
    };
    let of = |completion: u64| json!({"prompt_tokens": 3, "completion_tokens": completion, "total_tokens": 3 + completion});
    let null = Value::Null;
    assert_eq!(
        usages(Script::default(), asked()),
        [null.clone(), null.clone(), null.clone(), null.clone(), of(2)]
    );
    assert_eq!(usages(Script::default().usage(UsageReport::Missing), asked()), vec![json!("absent"); 4]);
    assert_eq!(
        usages(Script::default().usage(UsageReport::EveryChunk), json!({})),
        [of(0), of(1), of(2), of(2), of(2)]
    );
    assert_eq!(usages(Script::default().usage(UsageReport::Twice), asked()).len(), 6);
    let wrong = Script::default().usage(UsageReport::Wrong(r#"{"prompt_tokens":-5}"#.into()));
    assert_eq!(usages(wrong, asked())[4], json!({"prompt_tokens": -5}));
}

#[test]
fn details_are_reported_and_billed() {
    let fake = scripted(Script::default().tokens(2).usage(UsageReport::Detailed {
        cached: 2,
        reasoning: 5,
        audio: 1,
    }));
    fake.price(1_000_000, 2_000_000);
    fake.price_cached(100_000);
    let usage = call(&fake, &chat(json!({}))).json()["usage"].clone();
    assert_eq!((&usage["prompt_tokens"], &usage["completion_tokens"]), (&json!(4), &json!(7)));
    assert_eq!(usage["prompt_tokens_details"], json!({"cached_tokens": 2, "audio_tokens": 1}));
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 5);
    let billed = only_call(&fake);
    assert_eq!((billed.cached_tokens, billed.reasoning_tokens), (2, 5));
    assert_eq!(billed.nanos, Nanos::new(2_000 + 200 + 14_000));
    stream(&fake, json!({}));
    assert_eq!(fake.bill().calls[1], billed);
}

#[test]
fn tools_are_called_whole_and_in_pieces() {
    let fake = scripted(Script::default().tool_call("call_1", "weather", r#"{"city":"Riga"}"#));
    let message = call(&fake, &chat(json!({"tools": []}))).json()["choices"][0]["message"].clone();
    assert_eq!(message["content"], Value::Null);
    assert_eq!(
        message["tool_calls"][0]["function"],
        json!({"name": "weather", "arguments": r#"{"city":"Riga"}"#})
    );
    let events = stream(&fake, json!({}));
    let calls: Vec<Value> = events[1..6]
        .iter()
        .map(|event| parsed(event)["choices"][0]["delta"]["tool_calls"][0].clone())
        .collect();
    assert_eq!(calls[0]["id"], "call_1");
    let arguments: String = calls.iter().filter_map(|call| call["function"]["arguments"].as_str()).collect();
    assert_eq!(arguments, r#"{"city":"Riga"}"#);
    assert_eq!(parsed(&events[6])["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(fake.bill().calls.iter().map(|call| call.completion_tokens).collect::<Vec<_>>(), [5, 5]);
}

#[test]
fn structured_output_is_the_scripts_text() {
    let fake = scripted(Script::default().json(r#"{"ok":true}"#));
    let format =
        json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}});
    assert_eq!(call(&fake, &chat(format)).json()["choices"][0]["message"]["content"], r#"{"ok":true}"#);
    assert_eq!(call(&fake, &chat(json!({}))).json()["usage"]["completion_tokens"], 10);
}

#[test]
fn completions_and_embeddings_answer_too() {
    let fake = FakeProvider::start();
    let ask = json!({"model": "m", "prompt": "12345", "max_tokens": 1});
    let body = call(&fake, &Request::post("/v1/completions", &ask)).json();
    assert_eq!((&body["choices"][0]["text"], &body["usage"]["prompt_tokens"]), (&json!("tok "), &json!(2)));
    let ask = json!({"model": "m", "input": ["12345678", "1"], "encoding_format": "base64", "dimensions": 1});
    let body = call(&fake, &Request::post("/v1/embeddings", &ask)).json();
    assert_eq!(body["data"][1]["embedding"], "AAAAPg==");
    assert_eq!(body["usage"], json!({"prompt_tokens": 3, "total_tokens": 3}));
    let ask = json!({"model": "m", "input": [1, 2, 3, 4, 5]});
    let body = call(&fake, &Request::post("/v1/embeddings", &ask)).json();
    assert_eq!(body["data"][0]["embedding"], json!([0.0, 0.125, 0.25, 0.375]));
    assert_eq!(fake.bill().calls.iter().map(|call| call.prompt_tokens).collect::<Vec<_>>(), [2, 3, 5]);
}

#[test]
fn what_openai_refuses_is_refused_and_free() {
    let fake = FakeProvider::start();
    let refused = |request: Request, status: u16, param: Value, code: Value| {
        let reply = call(&fake, &request);
        let error = reply.json()["error"].clone();
        assert_eq!((reply.status(), &error["param"], &error["code"]), (status, &param, &code), "{error}");
        assert!(error["message"].is_string() && error["type"] == "invalid_request_error", "{error}");
    };
    let post = |body: Value| Request::post(CHAT, &body);
    let null = || Value::Null;
    refused(post(json!({"messages": []})), 400, null(), null());
    refused(post(json!({"model": "m"})), 400, json!("messages"), json!("missing_required_parameter"));
    refused(post(json!({"model": "m", "messages": "hi"})), 400, json!("messages"), json!("invalid_type"));
    refused(chat(json!({"stream": "yes"})), 400, json!("stream"), json!("invalid_type"));
    refused(chat(json!({"max_tokens": 0})), 400, json!("max_tokens"), json!("integer_out_of_range"));
    refused(chat(json!({"max_tokens": 1.5})), 400, json!("max_tokens"), json!("invalid_type"));
    refused(chat(json!({"stream_options": {}})), 400, json!("stream_options"), json!("invalid_parameter"));
    refused(chat(json!({"tags": []})), 400, null(), null());
    refused(Request::new("POST", CHAT).body(b"{"), 400, null(), null());
    refused(Request::get(CHAT), 405, null(), null());
    refused(Request::get("/v2"), 404, null(), null());
    fake.set_models(&["only"]);
    refused(chat(json!({})), 404, null(), json!("model_not_found"));
    fake.require_key("sk-1");
    refused(chat(json!({})), 401, null(), null());
    refused(chat(json!({})).bearer("sk-2"), 401, null(), json!("invalid_api_key"));
    assert_eq!(fake.bill(), Bill::default());
    let models = call(&fake, &Request::get("/v1/models").bearer("sk-1")).json();
    assert_eq!(models["data"][0]["id"], "only");
    assert_eq!(fake.requests().len(), 15);
    assert_eq!(fake.requests()[14].header("authorization"), Some("Bearer sk-1"));
}

#[test]
fn queued_scripts_come_first_and_in_order() {
    let fake = FakeProvider::start();
    fake.enqueue(Script::rate_limited("7"));
    fake.enqueue(Script::context_length_exceeded());
    fake.enqueue(Script::refusing(529, "overloaded"));
    let reply = call(&fake, &chat(json!({})));
    assert_eq!((reply.status(), reply.head.header("retry-after")), (429, Some("7")));
    assert_eq!(call(&fake, &chat(json!({}))).json()["error"]["code"], "context_length_exceeded");
    let reply = call(&fake, &chat(json!({})));
    assert_eq!((reply.status(), reply.text()), (529, "overloaded".into()));
    assert_eq!(call(&fake, &chat(json!({}))).status(), 200);
    assert_eq!(fake.bill().calls.len(), 1);
}

#[test]
fn a_stream_that_is_left_is_billed_up_to_there() {
    let fake = scripted(Script::default().tokens(50).stall_after(3));
    let mut connection = open_stream(&fake, json!({}));
    for _ in 0..4 {
        connection.event().unwrap().unwrap();
    }
    assert_eq!((fake.bill(), fake.open_connections()), (Bill::default(), 1));
    connection.abort();
    fake.await_disconnects(1);
    let billed = only_call(&fake);
    assert_eq!((billed.prompt_tokens, billed.completion_tokens, billed.aborted), (3, 3, true));
    fake.await_open_connections(0);
}

#[test]
fn a_call_that_is_left_before_its_answer_costs_its_prompt() {
    let fake = FakeProvider::start();
    for (script, tokens) in [(Script::default(), 0), (Script::default().bill_abandoned_whole(), 10)] {
        fake.enqueue(script.latency(Duration::from_secs(60)));
        let mut connection = Connection::open(fake.address()).unwrap();
        connection.send(&chat(json!({}))).unwrap();
        fake.await_requests(fake.disconnects() + 1);
        let left = fake.disconnects();
        drop(connection);
        fake.await_disconnects(left + 1);
        let billed = fake.bill().calls.pop().unwrap();
        assert_eq!((billed.prompt_tokens, billed.completion_tokens, billed.aborted), (3, tokens, true));
    }
}

#[test]
fn a_cut_comes_at_its_byte() {
    let fake = FakeProvider::start();
    for at in [0, 1, 100, 400] {
        fake.enqueue(Script::default().cut_at(at));
        let mut connection = open_stream(&fake, json!({}));
        let mut body = 0;
        let error = loop {
            match connection.read() {
                Ok(bytes) => body += u64::try_from(bytes.unwrap().len()).unwrap(),
                Err(error) => break error,
            }
        };
        assert_eq!((body, error.kind()), (at, ErrorKind::UnexpectedEof));
    }
    fake.enqueue(Script::default().reset_at(10));
    let mut connection = Connection::open(fake.address()).unwrap();
    connection.send(&chat(json!({}))).unwrap();
    assert_eq!(connection.reply().unwrap_err().kind(), ErrorKind::ConnectionReset);
    fake.enqueue(Script::default().cut_before_headers());
    assert_eq!(send(fake.address(), &chat(json!({}))).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(fake.disconnects(), 0);
    assert!(fake.bill().calls.iter().all(|call| call.aborted), "{:?}", fake.bill());
    assert_eq!(fake.bill().calls.len(), 6);
}

#[test]
fn pieces_cut_events_anywhere_and_change_nothing() {
    let fake = FakeProvider::start();
    let whole = stream(&fake, json!({}));
    let without_id = |events: &[String]| -> Vec<String> {
        events
            .iter()
            .map(|event| event.split_once("\"id\"").map_or(event.clone(), |(start, _)| start.into()))
            .collect()
    };
    for sizes in [&[1][..], &[7, 3], &[1000]] {
        fake.enqueue(Script::default().pieces(sizes));
        let mut connection = open_stream(&fake, json!({}));
        let first = connection.read().unwrap().unwrap();
        assert_eq!(first.len(), sizes[0]);
        fake.enqueue(Script::default().pieces(sizes).crlf().comments());
        let events = stream(&fake, json!({}));
        assert_eq!(without_id(&events), without_id(&whole));
    }
}

#[test]
fn streams_can_be_spoilt() {
    let fake = FakeProvider::start();
    fake.enqueue(Script::default().tokens(2).without_done().garbage_at(1));
    let events = stream(&fake, json!({}));
    assert!(serde_json::from_str::<Value>(&events[1]).is_err());
    assert_eq!(parsed(events.last().unwrap())["choices"][0]["finish_reason"], "stop");
    fake.enqueue(Script::default().huge_at(2, 1_000_000));
    assert!(stream(&fake, json!({}))[2].len() > 1_000_000);
    fake.enqueue(Script::default().error_after(2));
    let events = stream(&fake, json!({}));
    assert_eq!((events.len(), &parsed(&events[3])["error"]["type"]), (4, &json!("server_error")));
    assert_eq!(fake.bill().calls[2].completion_tokens, 2);
}

#[test]
fn false_lengths_and_raw_bytes_go_out_as_they_are() {
    let fake = FakeProvider::start();
    fake.enqueue(Script::default().content_length("99999"));
    assert_eq!(send(fake.address(), &chat(json!({}))).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    fake.enqueue(Script::default().content_length("2"));
    let mut connection = Connection::open(fake.address()).unwrap();
    connection.send(&chat(json!({}))).unwrap();
    assert_eq!(connection.reply().unwrap().body.len(), 2);
    assert!(!connection.rest().unwrap().is_empty());
    fake.enqueue(Script::default().raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nx: y\r\n\r\nraw"));
    assert_eq!(call(&fake, &chat(json!({}))).text(), "raw");
}

#[test]
fn delays_are_kept() {
    let fake = FakeProvider::start();
    let pause = Duration::from_millis(20);
    fake.enqueue(Script::default().latency(pause).first_byte_delay(pause));
    fake.enqueue(Script::default().tokens(3).chunk_pace(pause));
    let start = std::time::Instant::now();
    call(&fake, &chat(json!({})));
    assert!(start.elapsed() >= 2 * pause);
    stream(&fake, json!({}));
    assert!(start.elapsed() >= 7 * pause, "{:?}", start.elapsed());
}

#[test]
fn a_connection_serves_many_calls() {
    let fake = FakeProvider::start();
    let mut connection = Connection::open(fake.address()).unwrap();
    for _ in 0..3 {
        connection.send(&chat(json!({}))).unwrap();
        assert_eq!(connection.reply().unwrap().status(), 200);
    }
    connection.send(&chat(json!({})).header("connection", "close")).unwrap();
    assert_eq!(connection.reply().unwrap().status(), 200);
    assert!(connection.rest().unwrap().is_empty());
    assert_eq!(fake.bill().calls.len(), 4);
}

#[test]
fn the_fast_fake_answers_whole_or_in_chunks() {
    let whole = FakeProvider::start_fast(FastScript { reply_bytes: 100, chunks: 3, ..FastScript::default() });
    let reply = send(whole.address(), &chat(json!({}))).unwrap();
    assert_eq!(reply.json()["choices"][0]["message"]["content"].as_str().unwrap().len(), 100);
    assert_eq!(reply.json()["usage"]["completion_tokens"], 25);
    for pace in [Duration::ZERO, Duration::from_millis(1)] {
        let streaming =
            FakeProvider::start_fast(FastScript { reply_bytes: 0, chunks: 20, pace, first_pause: pace });
        let mut connection = Connection::open(streaming.address()).unwrap();
        connection.send(&chat(json!({"stream": true}))).unwrap();
        connection.head().unwrap();
        let events = connection.events().unwrap();
        assert_eq!((events.len(), events.last().unwrap().as_str()), (24, "[DONE]"));
        assert_eq!((streaming.requests(), streaming.chunks()), (1, 20));
    }
}

#[test]
fn a_parrot_does_what_it_is_told() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().parrot());
    let ask = |messages: serde_json::Value| {
        let tools = json!([
            {"type": "function", "function": {"name": "a", "parameters": {"type": "object", "required": ["x"],
                "properties": {"x": {"type": "string"}, "y": {"type": "integer"}}}}},
            {"type": "function", "function": {"name": "b"}},
        ]);
        let body = json!({"model": "m", "messages": messages, "tools": tools});
        call(&fake, &Request::post(CHAT, &body))
    };
    let hello = json!({"role": "user", "content": "hello"});
    assert_eq!(ask(json!([hello])).json()["choices"][0]["message"]["content"], "You said: hello");
    let calling = json!({"role": "user", "content": "call b and a"});
    let called = ask(json!([calling])).json();
    let message = &called["choices"][0]["message"];
    assert_eq!(message["tool_calls"][0]["function"]["name"], "b");
    assert_eq!(message["tool_calls"][1]["function"]["arguments"], r#"{"x":"x"}"#);
    let told = |id: &str, text: &str| json!({"role": "tool", "tool_call_id": id, "content": text});
    let answered = ask(json!([calling, message, told("call_0", "one"), told("call_1", "two")])).json();
    assert_eq!(answered["choices"][0]["message"]["content"], "The tool said: one | two");
    assert_eq!(ask(json!([calling, message, told("call_0", "one")])).status(), 400);
    assert_eq!(ask(json!([calling, told("call_0", "one")])).status(), 400);
}
