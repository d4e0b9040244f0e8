//! The shape of what the fake Anthropic says.

mod refusals;

use serde_json::{Value, json};

use crate::fake_chat::{FakeChat, Said, SaidBlock, Wire};
use crate::http::{self, Connection, Reply, Request};

fn request(body: &Value) -> Request {
    Request::post("/v1/messages", body).header("x-api-key", "k").header("anthropic-version", "2023-06-01")
}

/// A request that is in order, with these members set or, where null, taken away.
fn body(changes: &Value) -> Value {
    let mut body = json!({
        "model": "claude", "max_tokens": 4096, "messages": [{"role": "user", "content": "call get_weather"}],
    });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    body
}

fn weather() -> Value {
    json!([{"name": "get_weather", "description": "d", "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["C", "F"]}},
        "required": ["city", "unit"],
    }}])
}

fn asked(fake: &FakeChat, changes: &Value) -> Reply {
    http::send(fake.address(), &request(&body(changes))).unwrap()
}

fn saying(role: &str, content: &Value) -> Value {
    json!({"messages": [{"role": role, "content": content}]})
}

/// A conversation in which tools were called; the last turn is given.
fn called(calls: &[Value], last: &Value) -> Value {
    json!({"tools": weather(), "messages": [
        {"role": "user", "content": "call get_weather"},
        {"role": "assistant", "content": calls},
        {"role": "user", "content": last},
    ]})
}

fn result(id: &str) -> Value {
    json!({"type": "tool_result", "tool_use_id": id, "content": "sun"})
}

#[test]
fn thoughts_come_back_as_they_were() {
    let fake = FakeChat::start(Wire::Anthropic);
    let on = json!({"type": "enabled", "budget_tokens": 1024});
    let first = asked(&fake, &json!({"tools": weather(), "thinking": on})).json();
    assert_eq!(first["stop_reason"], "tool_use");
    assert_eq!(first["content"][0]["thinking"], "Let me think.");
    let call = &first["content"][1];
    assert_eq!(call["input"], json!({"city": "x", "unit": "C"}));
    let back = |thoughts: &Value| {
        let mut ask = called(&[], &json!([result(call["id"].as_str().unwrap())]));
        ask["messages"][1]["content"] = thoughts.clone();
        ask["thinking"] = on.clone();
        asked(&fake, &ask).json()
    };
    let second = back(&first["content"]);
    assert_eq!(second["content"][1]["text"], "The tool said: sun");
    let mut tampered = first["content"].clone();
    tampered[0]["thinking"] = json!("Let me  think.");
    assert_eq!(
        back(&tampered)["error"]["message"],
        "messages.1.content.0: Invalid `signature` in `thinking` block"
    );
    let without = back(&json!([call]));
    let said = without["error"]["message"].as_str().unwrap();
    assert!(
        said.starts_with(
            "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`."
        ),
        "{said}"
    );
}

#[test]
fn a_whole_answer_has_the_official_shape() {
    let fake = FakeChat::start(Wire::Anthropic);
    fake.enqueue(
        Said::thinking("Hm.")
            .and(SaidBlock::Redacted("opaque".into()))
            .and_text("It is so.")
            .and_call("get_weather", json!({"city": "Ulm"}))
            .input(20)
            .cache(5, 7)
            .output(11)
            .reasoning(3),
    );
    let reply = asked(&fake, &json!({"tools": weather()}));
    assert_eq!(reply.head.header("request-id"), Some("req_fake"));
    assert_eq!(
        reply.json(),
        json!({
            "id": "msg_01Fake000001", "type": "message", "role": "assistant", "model": "claude",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": crate::fake_chat::spoken::signature("Hm.")},
                {"type": "redacted_thinking", "data": "opaque"},
                {"type": "text", "text": "It is so."},
                {"type": "tool_use", "id": "toolu_01Fake000001_3", "name": "get_weather", "input": {"city": "Ulm"}},
            ],
            "stop_reason": "tool_use", "stop_sequence": null,
            "usage": {
                "input_tokens": 20, "cache_creation_input_tokens": 7, "cache_read_input_tokens": 5,
                "cache_creation": {"ephemeral_5m_input_tokens": 7, "ephemeral_1h_input_tokens": 0},
                "output_tokens": 14, "output_tokens_details": {"thinking_tokens": 3}, "service_tier": "standard",
            },
        })
    );
    let bill = fake.bill();
    assert_eq!(
        (bill.calls, bill.input_tokens, bill.cache_read_tokens, bill.cache_write_tokens),
        (1, 20, 5, 7)
    );
    assert_eq!((bill.output_tokens, bill.reasoning_tokens), (11, 3));
}

#[test]
fn limits_and_stops_end_the_answer() {
    let fake = FakeChat::start(Wire::Anthropic);
    let ask = |more: Value| {
        let mut changes = saying("user", &json!("one two three"));
        changes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked(&fake, &changes).json()
    };
    let cut = ask(json!({"max_tokens": 3}));
    assert_eq!(
        (&cut["content"][0]["text"], &cut["stop_reason"]),
        (&json!("You said: one"), &json!("max_tokens"))
    );
    assert_eq!(cut["usage"]["output_tokens"], 3);
    let stopped = ask(json!({"stop_sequences": [" two"]}));
    assert_eq!(stopped["content"][0]["text"], "You said: one");
    assert_eq!(
        (&stopped["stop_reason"], &stopped["stop_sequence"]),
        (&json!("stop_sequence"), &json!(" two"))
    );
    let warmed = ask(json!({"max_tokens": 0}));
    assert_eq!((&warmed["content"], &warmed["usage"]["input_tokens"]), (&json!([]), &json!(4)));
}

#[test]
fn tokens_are_counted_without_a_bill() {
    let fake = FakeChat::start(Wire::Anthropic);
    let count =
        Request::post("/v1/messages/count_tokens", &body(&json!({"max_tokens": null, "system": "abcd"})));
    let count = count.header("x-api-key", "k").header("anthropic-version", "2023-06-01");
    assert_eq!(http::send(fake.address(), &count).unwrap().json(), json!({"input_tokens": 5}));
    let count = Request::post("/v1/messages/count_tokens", &body(&json!({})));
    let count = count.header("x-api-key", "k").header("anthropic-version", "2023-06-01");
    let reply = http::send(fake.address(), &count).unwrap().json();
    assert_eq!(reply["error"]["message"], "max_tokens: Extra inputs are not permitted");
    assert_eq!(fake.bill().calls, 0);
}

/// The events of a stream, each with its name.
fn stream(fake: &FakeChat, changes: &Value) -> Vec<(String, Value)> {
    let mut connection = Connection::open(fake.address()).unwrap();
    let mut body = body(changes);
    body["stream"] = json!(true);
    connection.send(&request(&body)).unwrap();
    let head = connection.head().unwrap();
    assert_eq!((head.status, head.header("transfer-encoding")), (200, Some("chunked")));
    let mut events = Vec::new();
    while let Some(event) = connection.event().unwrap() {
        events.push((event.event.unwrap(), serde_json::from_str(&event.data).unwrap()));
    }
    events
}

#[test]
fn a_stream_has_the_official_events() {
    let fake = FakeChat::start(Wire::Anthropic);
    fake.enqueue(
        Said::thinking("Hm. So.").and_text("Yes it is").and_call("t", json!({"city": "Ulm"})).input(9),
    );
    let events = stream(&fake, &json!({}));
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    let deltas = |count: usize| vec!["content_block_delta"; count];
    let mut expected = vec!["message_start", "ping"];
    for count in [3, 3, 3] {
        expected.push("content_block_start");
        expected.extend(deltas(count));
        expected.push("content_block_stop");
    }
    expected.extend(["message_delta", "message_stop"]);
    assert_eq!(names, expected);
    assert!(events.iter().all(|(name, data)| data["type"] == *name));
    let joined = |index: u64, member: &str| -> String {
        let of = events.iter().filter(|(_, data)| data["index"] == index);
        of.filter_map(|(_, data)| data["delta"][member].as_str()).collect()
    };
    assert_eq!(joined(0, "thinking"), "Hm. So.");
    assert_eq!(joined(0, "signature"), crate::fake_chat::spoken::signature("Hm. So."));
    assert_eq!(joined(1, "text"), "Yes it is");
    assert_eq!(joined(2, "partial_json"), r#"{"city":"Ulm"}"#);
    assert_eq!(events[0].1["message"]["usage"]["input_tokens"], 9);
    let (_, ending) = &events[events.len() - 2];
    assert_eq!(ending["delta"], json!({"stop_reason": "tool_use", "stop_sequence": null}));
    assert_eq!(ending["usage"]["output_tokens"], 6);
    let bill = fake.bill();
    assert_eq!((bill.input_tokens, bill.output_tokens, bill.reasoning_tokens), (9, 4, 2));
}

#[test]
fn an_error_may_come_in_mid_stream() {
    let fake = FakeChat::start(Wire::Anthropic);
    fake.enqueue(Said::text("a b c").error_after(4));
    let events = stream(&fake, &json!({}));
    let (name, last) = events.last().unwrap();
    assert_eq!((events.len(), name.as_str()), (5, "error"));
    assert_eq!(last["error"], json!({"type": "overloaded_error", "message": "Overloaded"}));
}

#[test]
fn strange_members_are_strewn_in() {
    let fake = FakeChat::start(Wire::Anthropic);
    fake.set_default(Said::default().unknown_members());
    let reply = asked(&fake, &json!({})).json();
    assert_eq!(reply["unheard_of"]["deep"][0], 1);
    assert!(stream(&fake, &json!({})).iter().any(|(name, _)| name == "fake_notice"));
}
