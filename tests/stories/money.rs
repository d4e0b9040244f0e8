//! The books are right: what the provider bills is what the ledger says.

use serde_json::{Value, json};
use weighhouse_testkit::fake_openai::{FakeProvider, Script, UsageReport};
use weighhouse_testkit::http::Request;
use weighhouse_types::Nanos;

use crate::harness::{House, agreed, chat, model, nanos, priced};

#[test]
fn every_call_costs_what_its_tokens_cost() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({"max_budget": 1.0}));
    fake.enqueue(Script::default().tokens(7));
    let answer = key.chat("eight by");
    answer.answered();
    // Two tokens in, seven out.
    assert_eq!(answer.header("x-litellm-response-cost"), Some("0.000016"));
    assert_eq!(agreed(&house, &key, &[&fake]), Nanos::new(16_000));
    fake.enqueue(Script::default().tokens(5));
    key.stream("eight by").chunks();
    assert_eq!(agreed(&house, &key, &[&fake]), Nanos::new(28_000));
    key.post("/v1/embeddings", &json!({"model": "m", "input": ["four", "more"]})).answered();
    assert_eq!(agreed(&house, &key, &[&fake]), Nanos::new(30_000));
    key.post("/v1/completions", &json!({"model": "m", "prompt": "four", "max_tokens": 2})).answered();
    assert_eq!(agreed(&house, &key, &[&fake]), Nanos::new(35_000));
    let rows = house.await_rows(4);
    assert!(rows.iter().all(|row| row["status"] == "success" && row["metadata"]["usage_estimated"] == false));
}

#[test]
fn failures_and_retries_among_the_calls_are_booked_right() {
    let (flaky, steady) = (FakeProvider::start(), FakeProvider::start());
    for number in 0..40 {
        flaky.enqueue(match number % 4 {
            0 => Script::failing(500),
            1 => Script::default().tokens(3),
            2 => Script::default().tokens(8).error_after(4),
            _ => Script::failing(503),
        });
    }
    flaky.set_default(Script::default().tokens(2));
    let house = House::with(&format!(
        "model_list:\n{}{}router_settings: {{num_retries: 3, retry_after: 0, disable_cooldowns: true}}\n",
        priced("m", &flaky, ""),
        priced("m", &steady, "")
    ));
    let key = house.key(json!({"max_budget": 1.0}));
    for number in 0..60 {
        if number % 2 == 0 {
            key.stream("four").events();
        } else {
            key.chat("four").answered();
        }
    }
    agreed(&house, &key, &[&flaky, &steady]);
    let failures = house.rows().iter().filter(|row| row["status"] == "failure").count();
    assert!(failures > 5, "{failures}");
}

#[test]
fn cached_and_thought_tokens_have_their_prices() {
    let fake = FakeProvider::start();
    fake.price_cached(250_000);
    let prices = "input_cost_per_token: 0.000001, output_cost_per_token: 0.000002, cache_read_input_token_cost: 0.00000025";
    let house = House::with(&format!("model_list:\n{}", model("m", &fake, prices)));
    fake.set_default(Script::default().tokens(5).usage(UsageReport::Detailed {
        cached: 60,
        reasoning: 30,
        audio: 0,
    }));
    let key = house.key(json!({"max_budget": 1.0}));
    let prompt = "x".repeat(400);
    key.chat(&prompt).answered();
    // 40 fresh, 60 cached, 35 out.
    assert_eq!(agreed(&house, &key, &[&fake]), Nanos::new(40_000 + 15_000 + 70_000));
    key.stream(&prompt).chunks();
    assert_eq!(agreed(&house, &key, &[&fake]), Nanos::new(250_000));
    let row = &house.await_rows(2)[0];
    assert_eq!((&row["prompt_tokens"], &row["completion_tokens"]), (&json!(100), &json!(35)));
    assert!(row["metadata"]["arithmetic"].to_string().contains("cache"), "{}", row["metadata"]);
}

#[test]
fn usage_that_the_provider_keeps_to_itself_is_estimated() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().tokens(12).usage(UsageReport::Missing));
    let house = House::before(&fake);
    let key = house.key(json!({"max_budget": 1.0}));
    key.chat("eight by").answered();
    key.stream("eight by").chunks();
    assert_eq!(agreed(&house, &key, &[&fake]), Nanos::new(2 * 26_000));
    let rows = house.await_rows(2);
    assert!(rows.iter().all(|row| row["metadata"]["usage_estimated"] == true), "{rows:?}");
}

#[test]
fn usage_that_cannot_be_is_not_believed() {
    for odd in [
        r#"{"prompt_tokens":-5,"completion_tokens":3,"total_tokens":-2}"#,
        r#"{"prompt_tokens":1e30,"completion_tokens":3,"total_tokens":7}"#,
        r#"{"prompt_tokens":"two","completion_tokens":null}"#,
        r#"{"prompt_tokens":99999999999999999999,"completion_tokens":99999999999999999999}"#,
        "[]",
        "null",
    ] {
        let fake = FakeProvider::start();
        fake.set_default(Script::default().tokens(4).usage(UsageReport::Wrong(odd.into())));
        let house = House::before(&fake);
        let key = house.key(json!({"max_budget": 1.0}));
        assert_eq!(key.chat("four").status(), 200, "{odd}");
        assert!(key.stream("four").head.status == 200, "{odd}");
        let rows = house.await_rows(2);
        let spent: Nanos =
            rows.iter().map(|row| nanos(&row["spend"])).fold(Nanos::ZERO, |sum, next| sum + next);
        assert!(spent >= Nanos::ZERO && spent <= Nanos::new(1_000_000_000), "{odd}: {spent}");
    }
}

#[test]
fn usage_said_twice_or_all_along_is_charged_once() {
    for usage in [UsageReport::Twice, UsageReport::EveryChunk] {
        let fake = FakeProvider::start();
        fake.set_default(Script::default().tokens(6).usage(usage));
        let house = House::before(&fake);
        let key = house.key(json!({"max_budget": 1.0}));
        key.stream("four").chunks();
        assert_eq!(agreed(&house, &key, &[&fake]), Nanos::new(13_000));
    }
}

#[test]
fn a_row_tells_whose_call_it_was_and_how_its_cost_came_about() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({"user_id": "ann", "tags": ["of-key"]}));
    let request = Request::post("/v1/chat/completions", &chat("four"))
        .header("x-litellm-tags", "of-call")
        .header("x-litellm-end-user-id", "customer-7");
    let answer = key.send(&request);
    let id = answer.header("x-litellm-call-id").unwrap().to_owned();
    let row: Value = house.await_rows(1).remove(0);
    for (name, value) in [
        ("litellm_call_id", json!(id)),
        ("user", json!("ann")),
        ("end_user", json!("customer-7")),
        ("request_tags", json!(["of-key", "of-call"])),
        ("model_group", json!("m")),
        ("call_type", json!("acompletion")),
        ("status", json!("success")),
        ("prompt_tokens", json!(1)),
        ("completion_tokens", json!(10)),
        ("total_tokens", json!(11)),
    ] {
        assert_eq!(row[name], value, "{name}");
    }
    let by_id =
        house.master().get(&format!("/spend/logs?request_id={}", row["request_id"].as_str().unwrap()));
    assert_eq!(by_id.answered().as_array().unwrap().len(), 1);
    assert!(!row.to_string().contains(key.secret()));
}

#[test]
fn an_answer_in_many_bytes_a_token_is_booked_by_the_providers_count() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().tool_call(
        "call_1",
        "look",
        r#"{"where":"under the bridge at noon"}"#,
    ));
    let house = House::before(&fake);
    let key = house.key(json!({"max_budget": 1.0}));
    let mut body = chat("four");
    body["tools"] = json!([{"type": "function", "function": {"name": "look", "parameters": {}}}]);
    key.ask(&body).answered();
    key.ask_stream("/v1/chat/completions", body).chunks();
    agreed(&house, &key, &[&fake]);
}

#[test]
fn tags_and_times_of_a_day_find_their_rows() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let (one, two) = (house.key(json!({})), house.key(json!({})));
    one.chat("hi").answered();
    two.chat("hi").answered();
    two.chat("hi").answered();
    house.await_rows(3);
    let count = |query: &str| {
        let rows = house.master().get(&format!("/spend/logs?{query}")).answered();
        rows.as_array().unwrap().len()
    };
    assert_eq!(count(&format!("api_key={}", two.secret())), 2);
    assert_eq!(count("start_date=2020-01-01&end_date=2020-01-02"), 0);
    assert_eq!(count("start_date=2020-01-01"), 3);
    house.master().get("/spend/logs?start_date=soon").refused(400);
}

#[test]
fn a_timed_out_attempt_and_its_retry_are_two_rows() {
    let (silent, steady) = (FakeProvider::start(), FakeProvider::start());
    silent.set_default(Script::default().stall_after(0));
    let house = House::with(&format!(
        "model_list:\n{}{}router_settings: {{num_retries: 1, retry_after: 0}}\nweighhouse_settings: {{timeouts: {{first_byte_seconds: 0.3}}}}\n",
        priced("m", &silent, "order: 1"),
        priced("m", &steady, "order: 1")
    ));
    let key = house.key(json!({"max_budget": 1.0}));
    for _ in 0..6 {
        key.chat("four").answered();
    }
    agreed(&house, &key, &[&silent, &steady]);
}
