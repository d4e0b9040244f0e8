//! What clients of the four dialects are promised beside their answers: errors in their own shape, their own ways
//! of showing a key, money that is the same whatever is spoken.

use serde_json::{Value, json};
use weighhouse_testkit::fake_chat::{FakeChat, Said, Wire};
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_testkit::http::{self, Connection, Request};
use weighhouse_types::Nanos;

use crate::harness::{House, PRICES, deployment};

const ASK: &str = "/v1/messages";

fn question() -> Value {
    json!({"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "hello there"}]})
}

/// A house whose model `m` is a fake of Anthropic's.
fn before(fake: &FakeChat, more: &str) -> House {
    let more = if more.is_empty() { PRICES.to_owned() } else { format!("{PRICES}, {more}") };
    let model = match fake.wire() {
        Wire::Anthropic => "anthropic/claude-sonnet-4-5",
        Wire::Gemini => "gemini/gemini-2.5-pro",
        Wire::Responses => "openai/responses/gpt-5.1",
    };
    let models = deployment("m", model, &fake.base_url(), &more);
    House::with(&format!("model_list:\n{models}router_settings: {{num_retries: 0}}\n"))
}

#[test]
fn errors_are_written_in_the_callers_own_dialect() {
    let fake = FakeChat::start(Wire::Anthropic);
    let house = before(&fake, "");
    let nobody = http::send(house.address(), &Request::post(ASK, &question())).unwrap();
    assert_eq!(nobody.status(), 401);
    assert_eq!(
        (&nobody.json()["type"], &nobody.json()["error"]["type"]),
        (&json!("error"), &json!("authentication_error"))
    );
    assert_eq!(nobody.head.header("x-should-retry"), Some("false"));

    let key = house.key(json!({}));
    let mut unknown = question();
    unknown["model"] = "nobody".into();
    let refused = key.post(ASK, &unknown).whole(404).json();
    assert_eq!(refused["error"]["type"], "not_found_error", "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("nobody"), "{refused}");

    let gemini =
        key.post("/v1beta/models/nobody:generateContent", &json!({"contents": "a"})).whole(400).json();
    assert_eq!(
        (&gemini["error"]["code"], &gemini["error"]["status"]),
        (&json!(400), &json!("INVALID_ARGUMENT"))
    );
    let responses = key.post("/v1/responses", &json!({"model": "nobody", "input": "a"}));
    responses.refused_saying(400, "nobody");
}

#[test]
fn a_providers_words_pass_unchanged_to_clients_that_act_on_them() {
    let fake = FakeChat::start(Wire::Anthropic);
    let house = before(&fake, "");
    let words = "prompt is too long: 250000 tokens > 200000 maximum";
    fake.enqueue(Said::refused(400, "invalid_request_error", words));
    let refused = house.master().post(ASK, &question()).whole(400).json();
    assert_eq!(refused["error"]["message"], words);
    fake.enqueue(Said::refused(529, "overloaded_error", "Overloaded"));
    let overloaded = house.master().post(ASK, &question()).whole(529).json();
    assert_eq!(overloaded["error"]["type"], "overloaded_error");
}

#[test]
fn a_spent_budget_is_anthropics_billing_error_and_litellms_422() {
    let fake = FakeChat::start(Wire::Anthropic);
    let house = before(&fake, "");
    let key = house.key(json!({"max_budget": 0.000_000_001}));
    let refused = key.post(ASK, &question()).whole(429);
    assert_eq!(refused.json()["error"]["type"], "billing_error");
    assert_eq!(refused.head.header("x-should-retry"), Some("false"));
    assert_eq!(refused.head.header("retry-after"), None);
    let chat = json!({"model": "m", "messages": [{"role": "user", "content": "hello there"}]});
    assert_eq!(key.ask(&chat).refused(422)["type"], "budget_exceeded");
}

#[test]
fn keys_are_taken_as_each_sdk_shows_them() {
    let fake = FakeChat::start(Wire::Gemini);
    let house = before(&fake, "");
    let key = house.key(json!({}));
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "hello there"}]}]});
    let path = "/v1beta/models/m:generateContent";
    for request in [
        Request::post(path, &body).header("x-goog-api-key", key.secret()),
        Request::post(&format!("{path}?key={}", key.secret()), &body),
        Request::post(ASK, &question()).header("x-api-key", key.secret()),
        Request::post(ASK, &question()).bearer(key.secret()),
    ] {
        let reply = http::send(house.address(), &request).unwrap();
        assert_eq!(reply.status(), 200, "{}", reply.text());
    }
    let wrong =
        http::send(house.address(), &Request::post(&format!("{path}?key=sk-nobody-knows"), &body)).unwrap();
    assert_eq!((wrong.status(), wrong.json()["error"]["status"].clone()), (401, json!("UNAUTHENTICATED")));
    // The provider's key is the house's own, in the provider's own header.
    assert!(
        fake.requests()
            .iter()
            .all(|seen| seen.header("x-goog-api-key").is_some_and(|shown| shown != key.secret()))
    );
}

#[test]
fn a_google_stream_without_events_is_one_json_array() {
    let fake = FakeChat::start(Wire::Anthropic);
    let house = before(&fake, "");
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "hello there"}]}]});
    let reply = house.master().post("/v1beta/models/m:streamGenerateContent", &body).whole(200);
    assert_eq!(reply.head.header("content-type"), Some("application/json"));
    let chunks = reply.json();
    let texts = chunks
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|chunk| chunk["candidates"][0]["content"]["parts"][0]["text"].as_str());
    assert_eq!(texts.collect::<String>(), "You said: hello there");
}

#[test]
fn clients_that_look_around_find_what_they_look_for() {
    let fake = FakeChat::start(Wire::Responses);
    let house = before(&fake, "");
    let mut probing = Connection::open(house.address()).unwrap();
    probing.send(&Request::new("HEAD", "/api/hello")).unwrap();
    assert_eq!(probing.head().unwrap().status, 200);
    let sink = Request::post("/api/event_logging/batch", &json!({"events": []}));
    assert_eq!(http::send(house.address(), &sink).unwrap().status(), 200);
    // Codex goes on with POST at once where it hears this.
    assert_eq!(house.master().get("/v1/responses").status(), 426);
    let listed = house.master().send(&Request::get("/v1/models").header("anthropic-version", "2023-06-01"));
    assert_eq!(listed.answered()["data"][0]["type"], "model");
    let google = house.master().get("/v1beta/models").answered();
    assert_eq!(google["models"][0]["name"], "models/m");
}

/// Every pair of client and provider books what the provider bills.
#[test]
fn the_books_agree_with_the_bill_whatever_is_spoken() {
    for wire in [Wire::Anthropic, Wire::Gemini, Wire::Responses] {
        let fake = FakeChat::start(wire);
        fake.set_default(Said::text("one two three").input(1_000).cache(0, 0).output(7));
        let house = before(&fake, "");
        let key = house.key(json!({"max_budget": 10.0}));
        let contents = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
        let asks = [
            ("/v1/chat/completions", json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]})),
            ("/v1/responses", json!({"model": "m", "input": "hi"})),
            (ASK, question()),
        ];
        let mut calls = 0;
        for (path, ask) in &asks {
            for streams in [false, true] {
                let mut ask = ask.clone();
                ask["stream"] = streams.into();
                key.post(path, &ask).whole(200);
                calls += 1;
            }
        }
        for method in ["generateContent", "streamGenerateContent?alt=sse"] {
            key.post(&format!("/v1beta/models/m:{method}"), &contents).whole(200);
            calls += 1;
        }
        house.await_rows(calls);
        // A thousand tokens at a micro-dollar and seven at two.
        let each = Nanos::new(1_000 * 1_000 + 7 * 2_000);
        let billed = i64::try_from(calls).unwrap() * each.get();
        assert_eq!(house.ledger_sum(), Nanos::new(billed), "{wire:?}");
        assert_eq!(fake.bill().calls, u64::try_from(calls).unwrap());
    }
}

#[test]
fn counting_costs_nothing_and_is_done_here_where_no_provider_counts() {
    let chat = FakeProvider::start();
    let model = deployment("m", "custom_openai/gpt-4o", &chat.base_url(), PRICES);
    let house = House::with(&format!("model_list:\n{model}"));
    let key = house.key(json!({"max_budget": 0.000_000_001}));
    let ask = json!({"model": "m", "messages": [{"role": "user", "content": "hello world"}]});
    let counted = key.post("/v1/messages/count_tokens", &ask).answered();
    assert_eq!(counted, json!({"input_tokens": 9}));
    let contents = json!({"contents": [{"role": "user", "parts": [{"text": "hello world"}]}]});
    assert_eq!(key.post("/v1beta/models/m:countTokens", &contents).answered(), json!({"totalTokens": 9}));
    let input = json!({"model": "m", "input": "hello world"});
    assert_eq!(key.post("/v1/responses/input_tokens", &input).answered()["input_tokens"], 9);
    assert!(chat.requests().is_empty());
    assert_eq!(house.spent(&key), Nanos::ZERO);
}

#[test]
fn what_a_provider_cannot_be_told_is_refused_by_name_or_left_out_and_listed() {
    let fake = FakeChat::start(Wire::Anthropic);
    let house = before(&fake, "");
    let mut ask = json!({"model": "m", "seed": 7, "messages": [{"role": "user", "content": "hello there"}]});
    let refused = house.master().ask(&ask).refused_saying(400, "drop_params");
    assert_eq!(refused["param"], "seed");
    let dropping = before(&fake, "drop_params: true");
    let answer = dropping.master().ask(&ask);
    assert_eq!(answer.header("x-weighhouse-dropped-params"), Some("seed"));
    assert_eq!(answer.text(), "You said: hello there");
    // The operator's own list, and defaults in chat's words.
    let listed = before(&fake, "additional_drop_params: [seed], max_tokens: 33, temperature: 0.25");
    assert_eq!(listed.master().ask(&ask).text(), "You said: hello there");
    let sent = fake.requests().last().unwrap().json();
    assert_eq!((&sent["max_tokens"], &sent["temperature"]), (&json!(33), &json!(0.25)));
    ask["messages"] = json!([{"role": "wizard", "content": "a"}]);
    dropping.master().ask(&ask).refused_saying(400, "messages[0].role");
}

#[test]
fn an_agents_betas_and_unknown_members_reach_a_provider_that_speaks_its_dialect() {
    let fake = FakeChat::start(Wire::Anthropic);
    let house = before(&fake, "");
    let request = Request::post("/v1/messages?beta=true", &question())
        .header("anthropic-version", "2026-10-21")
        .header("anthropic-beta", "claude-code-20250219,interleaved-thinking-2025-05-14");
    house.master().send(&request).whole(200);
    let seen = fake.requests().pop().unwrap();
    assert_eq!(seen.header("anthropic-version"), Some("2026-10-21"));
    assert_eq!(seen.header("anthropic-beta"), Some("claude-code-20250219,interleaved-thinking-2025-05-14"));
    assert_eq!(seen.header("authorization"), None);
}

#[test]
fn a_kept_response_is_its_keys_own() {
    let fake = FakeChat::start(Wire::Responses);
    let house = before(&fake, "");
    let (mine, other) = (house.key(json!({})), house.key(json!({})));
    let made = mine.post("/v1/responses", &json!({"model": "m", "input": "hello there"})).answered();
    let path = format!("/v1/responses/{}", made["id"].as_str().unwrap());
    assert_eq!(mine.get(&path).answered()["id"], made["id"]);
    assert_eq!(house.master().get(&path).answered()["id"], made["id"]);
    other.get(&path).refused(404);
    let on = json!({"model": "m", "input": "more", "previous_response_id": made["id"]});
    other.post("/v1/responses", &on).refused(404);
    assert_eq!(mine.post("/v1/responses", &on).answered()["previous_response_id"], made["id"]);
    // Known from the ledger too, once the house has forgotten.
    house.await_rows(2);
    let mine = mine.secret().to_owned();
    let house = house.restarted();
    let mine = house.shown(&mine);
    assert_eq!(mine.get(&path).answered()["id"], made["id"]);
    mine.send(&Request::new("DELETE", &path)).whole(200);
    mine.get(&path).refused(404);
}

#[test]
fn a_client_that_leaves_a_translated_stream_is_billed_for_what_it_had() {
    let fake = FakeChat::start(Wire::Anthropic);
    fake.set_default(Said::text("one two three four").input(100).output(4).stall_after(7));
    let house = before(&fake, "");
    let ask = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    let mut stream = house.master().ask_stream("/v1/chat/completions", ask);
    stream.read_words(3);
    drop(stream);
    fake.await_disconnects(1);
    let rows = house.await_rows(1);
    assert_eq!(rows[0]["status"], "aborted", "{rows:?}");
    // The provider's beginning says one token; what came since counts too.
    assert!(rows[0]["completion_tokens"].as_u64().unwrap() >= 3, "{rows:?}");
    assert!(house.ledger_sum() >= Nanos::new(106_000), "{rows:?}");
}

#[test]
fn a_stream_that_breaks_off_says_so_in_the_clients_dialect() {
    let chat = FakeProvider::start();
    chat.set_default(Script::default().error_after(3));
    let model = deployment("m", "custom_openai/m", &chat.base_url(), PRICES);
    let house = House::with(&format!("model_list:\n{model}router_settings: {{num_retries: 0}}\n"));
    let mut stream = house.master().ask_stream(ASK, question());
    let events = stream.events();
    let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
    assert_eq!(last["type"], "error", "{events:?}");
    assert!(!events.iter().any(|event| event.contains("message_stop")), "{events:?}");
    let body = json!({"model": "m", "input": "a"});
    let events = house.master().ask_stream("/v1/responses", body).events();
    assert!(events.iter().any(|event| event.contains("response.failed")), "{events:?}");
}
