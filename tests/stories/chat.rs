//! A call goes through the house and comes back as the provider said it.

use serde_json::{Value, json};
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_testkit::http::Request;

use crate::harness::{House, PROVIDER_KEY, chat, priced, words_of};

const PATHS: &[&str] = &[
    "/v1/chat/completions",
    "/chat/completions",
    "/openai/v1/chat/completions",
    "/openai/deployments/m/chat/completions",
    "/engines/m/chat/completions",
];
const KEY_HEADERS: &[&str] =
    &["x-litellm-api-key", "api-key", "x-api-key", "x-goog-api-key", "ocp-apim-subscription-key"];

#[test]
fn every_alias_of_the_path_answers_whole_and_streamed() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().tokens(3));
    let house = House::before(&fake);
    let key = house.key(json!({}));
    for path in PATHS {
        let answer = key.post(path, &chat("hi"));
        assert_eq!(answer.text(), "tok tok tok ", "{path}");
        let chunks = key.ask_stream(path, chat("hi")).chunks();
        assert_eq!(words_of(&chunks), "tok tok tok ", "{path}");
    }
    assert!(fake.requests().iter().all(|seen| seen.path == "/v1/chat/completions"));
}

#[test]
fn every_key_header_is_taken() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({}));
    for header in KEY_HEADERS {
        let request = Request::post("/v1/chat/completions", &chat("hi")).header(header, key.secret());
        assert_eq!(house.send(&request).status(), 200, "{header}");
    }
    let lower = Request::post("/v1/chat/completions", &chat("hi"))
        .header("authorization", &format!("bearer {}", key.secret()));
    assert_eq!(house.send(&lower).status(), 200);
    for seen in fake.requests() {
        assert_eq!(seen.header("authorization"), Some(&*format!("Bearer {PROVIDER_KEY}")));
        assert!(!seen.headers.iter().any(|(_, value)| value.contains(key.secret())), "{:?}", seen.headers);
    }
}

#[test]
fn the_model_that_was_asked_for_is_named_in_the_answer_and_the_providers_in_the_question() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().echo_model("m-upstream-2026-01-01"));
    let house = House::before(&fake);
    let key = house.key(json!({}));
    assert_eq!(key.chat("hi").answered()["model"], "m");
    for chunk in key.stream("hi").chunks() {
        assert_eq!(chunk["model"], "m");
    }
    assert!(fake.requests().iter().all(|seen| seen.json()["model"] == "m-upstream"));
}

#[test]
fn a_model_in_the_path_is_enough() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({}));
    let body = json!({"messages": [{"role": "user", "content": "hi"}]});
    for path in ["/openai/deployments/m/chat/completions", "/engines/m/chat/completions"] {
        assert_eq!(key.post(path, &body).answered()["model"], "m", "{path}");
    }
    assert_eq!(fake.requests()[0].json()["model"], "m-upstream");
}

#[test]
fn usage_comes_in_a_stream_only_where_it_was_asked_for() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({}));
    for chunk in key.stream("hi").chunks() {
        assert!(chunk["usage"].is_null(), "{chunk}");
        assert_eq!(chunk["choices"].as_array().unwrap().len(), 1, "{chunk}");
    }
    let mut body = chat("hi");
    body["stream_options"] = json!({"include_usage": true});
    let chunks = key.ask_stream("/v1/chat/completions", body).chunks();
    let last = chunks.last().unwrap();
    assert_eq!(last["usage"]["completion_tokens"], 10);
    assert_eq!(last["choices"], json!([]));
    // The house itself always asks, for its books.
    assert!(fake.requests().iter().all(|seen| seen.json()["stream_options"]["include_usage"] == true));
}

#[test]
fn the_answers_headers_tell_its_course_and_cost() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().tokens(5).header("x-ratelimit-remaining-requests", "7"));
    let house = House::before(&fake);
    let key = house.key(json!({"max_budget": 1.0, "rpm_limit": 100}));
    let answer = key.chat("four");
    answer.answered();
    for (name, value) in [
        ("x-litellm-response-cost", "0.000011"),
        ("x-litellm-model-group", "m"),
        ("x-litellm-attempted-retries", "0"),
        ("x-litellm-attempted-fallbacks", "0"),
        ("x-litellm-key-rpm-limit", "100"),
        ("x-ratelimit-remaining-requests", "99"),
        ("llm_provider-x-ratelimit-remaining-requests", "7"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    for name in [
        "x-litellm-call-id",
        "x-litellm-model-id",
        "x-litellm-version",
        "x-litellm-response-duration-ms",
        "x-litellm-overhead-duration-ms",
        "x-litellm-key-spend",
        "x-litellm-key-max-budget",
    ] {
        assert!(answer.header(name).is_some_and(|value| !value.is_empty()), "{name}");
    }
    let streamed = key.stream("four");
    assert!(streamed.head.header("x-litellm-call-id").is_some());
}

#[test]
fn completions_answer_whole_and_streamed() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().tokens(2));
    let house = House::before(&fake);
    let key = house.key(json!({}));
    let body = json!({"model": "m", "prompt": "once"});
    for path in ["/v1/completions", "/completions", "/engines/m/completions"] {
        assert_eq!(key.post(path, &body).answered()["choices"][0]["text"], "tok tok ", "{path}");
        let chunks = key.ask_stream(path, body.clone()).chunks();
        let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["text"].as_str()).collect();
        assert_eq!(text, "tok tok ", "{path}");
    }
}

#[test]
fn embeddings_come_as_they_were_asked_for() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({}));
    for path in ["/v1/embeddings", "/embeddings", "/openai/deployments/m/embeddings"] {
        let answer = key.post(path, &json!({"model": "m", "input": ["a", "b"]})).answered();
        assert_eq!(answer["data"].as_array().unwrap().len(), 2, "{path}");
        assert!(answer["data"][0]["embedding"].is_array(), "{path}");
        assert_eq!(answer["model"], "m", "{path}");
    }
    let packed = json!({"model": "m", "input": "a", "encoding_format": "base64"});
    assert!(key.post("/v1/embeddings", &packed).answered()["data"][0]["embedding"].is_string());
}

#[test]
fn tool_calls_come_through_piece_by_piece() {
    let fake = FakeProvider::start();
    let arguments = r#"{"city":"Delft","unit":"K"}"#;
    fake.set_default(Script::default().tool_call("call_1", "weather", arguments));
    let house = House::before(&fake);
    let key = house.key(json!({}));
    let mut body = chat("weather?");
    body["tools"] = json!([{"type": "function", "function": {"name": "weather", "parameters": {}}}]);
    let whole = key.ask(&body).answered();
    assert_eq!(whole["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], arguments);
    let chunks = key.ask_stream("/v1/chat/completions", body).chunks();
    let calls = |chunk: &Value| chunk["choices"][0]["delta"]["tool_calls"][0]["function"].clone();
    let joined: String =
        chunks.iter().map(calls).filter_map(|call| call["arguments"].as_str().map(str::to_owned)).collect();
    assert_eq!(joined, arguments);
    assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
}

#[test]
fn what_the_house_does_not_know_reaches_the_provider_byte_for_byte() {
    let fake = FakeProvider::start();
    fake.allow_unknown_parameters();
    let house = House::before(&fake);
    let key = house.key(json!({}));
    let odd = r#"{ "zeta": {"b":1,  "a":[1.0,2e3,12345678901234567890123]} ,"model":"m","messages":[{"role":"user","content":"h\u00e9 \ud83d\ude00","x":null}],"temperature":0.70 }"#;
    let request = Request::new("POST", "/v1/chat/completions").body(odd.as_bytes());
    key.send(&request).answered();
    let seen = String::from_utf8(fake.requests()[0].body.clone()).unwrap();
    assert_eq!(seen, odd.replace(r#""model":"m""#, r#""model":"m-upstream""#));
}

#[test]
fn the_bytes_of_an_answer_are_the_providers_but_for_the_model() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({}));
    let through = key.chat("hi").whole(200).body;
    let through = String::from_utf8(through).unwrap();
    assert!(
        through.contains(r#""model":"m""#) && through.contains(r#""service_tier":"default""#),
        "{through}"
    );
    assert!(
        through.ends_with(r#""usage":{"completion_tokens":10,"prompt_tokens":1,"total_tokens":11}}"#),
        "{through}"
    );
}

#[test]
fn streams_survive_every_cut_comments_and_crlf() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({}));
    for script in [
        Script::default().pieces(&[1]),
        Script::default().pieces(&[3, 1, 7]),
        Script::default().crlf(),
        Script::default().comments().pieces(&[5]),
    ] {
        fake.enqueue(script);
        assert_eq!(words_of(&key.stream("hi").chunks()), "tok ".repeat(10));
    }
}

#[test]
fn models_lists_what_the_key_may_use() {
    let fake = FakeProvider::start();
    let house =
        House::with(&format!("model_list:\n{}{}", priced("m", &fake, ""), priced("other", &fake, "")));
    let names = |listed: Value| -> Vec<String> {
        let data = listed["data"].as_array().unwrap();
        data.iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(house.master().get("/v1/models").answered()), ["m", "other"]);
    let narrow = house.key(json!({"models": ["other"]}));
    assert_eq!(names(narrow.get("/models").answered()), ["other"]);
    assert_eq!(narrow.get("/v1/models/other").answered()["id"], "other");
    narrow.get("/v1/models/m").refused(404);
}

#[test]
fn a_callers_own_headers_stay_in_the_house() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let request = Request::post("/v1/chat/completions", &chat("hi"))
        .header("cookie", "session=of-the-caller")
        .header("x-forwarded-for", "10.1.2.3")
        .header("openai-organization", "org-of-the-caller")
        .header("accept-encoding", "gzip, br");
    house.master().send(&request).answered();
    let seen = &fake.requests()[0];
    for name in ["cookie", "x-forwarded-for", "openai-organization"] {
        assert_eq!(seen.header(name), None, "{name}");
    }
    assert!(seen.header("accept-encoding").is_none_or(|coding| coding == "identity"), "{seen:?}");
}

#[test]
fn events_that_the_house_cannot_read_pass_as_they_are() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({}));
    fake.enqueue(Script::default().garbage_at(3));
    let events = key.stream("hi").events();
    assert_eq!(events.len(), 13, "{events:?}");
    assert_eq!(events[3], r#"{"id":"chatcmpl-fake","choices":[{"#);
    fake.enqueue(Script::default().huge_at(2, 1_000_000));
    let events = key.stream("hi").events();
    assert!(events[2].len() > 1_000_000 && events.len() == 13, "{}", events.len());
}
