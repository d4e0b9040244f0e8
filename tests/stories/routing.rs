//! Which deployment serves a call, and what happens when one fails.

use std::time::{Duration, Instant};

use serde_json::json;
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_testkit::fault_proxy::{FaultProxy, Trouble};
use weighhouse_testkit::process::free_port;

use crate::harness::{House, chat, deployment, priced, words_of};

/// Two providers in one group, the first tried first.
fn ordered(first: &FakeProvider, second: &FakeProvider, settings: &str) -> House {
    House::with(&format!(
        "model_list:\n{}{}router_settings: {{retry_after: 0, {settings}}}\n",
        priced("m", first, "order: 1"),
        priced("m", second, "order: 2"),
    ))
}

/// Two groups; the second is where the first falls back.
fn falling_back(first: &FakeProvider, second: &FakeProvider) -> House {
    House::with(&format!(
        "model_list:\n{}{}router_settings: {{num_retries: 0, fallbacks: [{{m: [spare]}}]}}\n",
        priced("m", first, ""),
        priced("spare", second, ""),
    ))
}

fn calls(fake: &FakeProvider) -> usize {
    fake.requests().len()
}

#[test]
fn weights_share_the_calls_out() {
    let (heavy, light) = (FakeProvider::start(), FakeProvider::start());
    let house = House::with(&format!(
        "model_list:\n{}{}",
        priced("m", &heavy, "weight: 9"),
        priced("m", &light, "weight: 1")
    ));
    let key = house.key(json!({}));
    for _ in 0..200 {
        key.chat("hi").answered();
    }
    assert_eq!(calls(&heavy) + calls(&light), 200);
    // 20 are expected; the chance of leaving this band is below one in a million.
    assert!((2..=50).contains(&calls(&light)), "{}", calls(&light));
}

#[test]
fn a_weight_of_nothing_gets_nothing() {
    let (one, none) = (FakeProvider::start(), FakeProvider::start());
    let house = House::with(&format!(
        "model_list:\n{}{}",
        priced("m", &one, "weight: 1"),
        priced("m", &none, "weight: 0")
    ));
    for _ in 0..30 {
        house.master().chat("hi").answered();
    }
    assert_eq!((calls(&one), calls(&none)), (30, 0));
}

#[test]
fn the_lowest_order_is_used_while_it_works() {
    let (first, second) = (FakeProvider::start(), FakeProvider::start());
    let house = ordered(&first, &second, "num_retries: 2");
    for _ in 0..20 {
        house.master().chat("hi").answered();
    }
    assert_eq!((calls(&first), calls(&second)), (20, 0));
}

#[test]
fn failures_that_may_pass_are_tried_again_elsewhere() {
    for status in [429, 500, 502, 503, 529] {
        let (first, second) = (FakeProvider::start(), FakeProvider::start());
        first.set_default(Script::failing(status));
        let house = ordered(&first, &second, "num_retries: 2");
        let answer = house.key(json!({})).chat("hi");
        answer.answered();
        assert_eq!(calls(&second), 1, "{status}");
        let retries: u32 = answer.header("x-litellm-attempted-retries").unwrap().parse().unwrap();
        assert!(retries >= 1, "{status}: {retries}");
        // The failed attempts are rows too, free of charge, and belong to the same call.
        let rows = house.await_rows(calls(&first) + 1);
        let failed = rows.iter().filter(|row| row["status"] == "failure");
        assert!(failed.clone().all(|row| row["spend"] == 0.0), "{status}");
        assert_eq!(failed.count(), calls(&first), "{status}");
        assert!(rows.iter().all(|row| row["litellm_call_id"] == rows[0]["litellm_call_id"]), "{status}");
    }
}

#[test]
fn streams_that_have_not_begun_are_tried_again_elsewhere() {
    let error_first = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\",\"code\":\"503\"}}\n\n";
    for script in [
        Script::failing(500),
        Script::default().cut_before_headers(),
        Script::default().raw(error_first),
        Script::default().raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"),
    ] {
        let (first, second) = (FakeProvider::start(), FakeProvider::start());
        first.set_default(script);
        let house = ordered(&first, &second, "num_retries: 2");
        assert_eq!(words_of(&house.key(json!({})).stream("hi").chunks()), "tok ".repeat(10));
        assert_eq!(calls(&second), 1);
    }
}

#[test]
fn a_provider_alone_is_asked_again_as_often_as_configured() {
    let fake = FakeProvider::start();
    for status in [500, 500] {
        fake.enqueue(Script::failing(status));
    }
    let config = "router_settings: {num_retries: 2, retry_after: 0}";
    let house = House::with(&format!("model_list:\n{}{config}\n", priced("m", &fake, "")));
    house.key(json!({})).chat("hi").answered();
    assert_eq!(calls(&fake), 3);
    fake.set_default(Script::failing(500));
    house.key(json!({})).chat("hi").refused_saying(500, "scripted failure");
    assert_eq!(calls(&fake), 6);
    // A caller may ask for none.
    let mut body = chat("hi");
    body["num_retries"] = json!(0);
    house.key(json!({})).ask(&body).refused(500);
    assert_eq!(calls(&fake), 7);
}

#[test]
fn a_provider_that_says_when_to_come_back_is_given_that_time() {
    let fake = FakeProvider::start();
    fake.enqueue(Script::rate_limited("1"));
    let house =
        House::with(&format!("model_list:\n{}router_settings: {{num_retries: 1}}\n", priced("m", &fake, "")));
    let began = Instant::now();
    house.master().chat("hi").answered();
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
}

#[test]
fn a_refusal_by_rate_tells_the_caller_when_to_come_back() {
    let fake = FakeProvider::start();
    fake.set_default(Script::rate_limited("7"));
    let house = House::before(&fake);
    let refused = house.master().chat("hi");
    refused.refused_saying(429, "litellm.RateLimitError");
    assert_eq!(refused.header("retry-after"), Some("7"));
}

#[test]
fn a_question_that_the_provider_refuses_is_not_asked_again() {
    let (first, second) = (FakeProvider::start(), FakeProvider::start());
    first.set_default(Script::context_length_exceeded());
    second.set_default(Script::context_length_exceeded());
    let config = "router_settings: {num_retries: 3, retry_after: 0}";
    let entries = [priced("m", &first, ""), priced("m", &second, "")].concat();
    let house = House::with(&format!("model_list:\n{entries}{config}\n"));
    let error = house.key(json!({})).chat("hi").refused_saying(400, "maximum context length is 8192 tokens");
    assert!(error["message"].as_str().unwrap().starts_with("litellm.BadRequestError"), "{error}");
    assert_eq!(error["provider_specific_fields"]["code"], "context_length_exceeded");
    assert_eq!(calls(&first) + calls(&second), 1);
}

#[test]
fn a_group_falls_back_to_another_one() {
    let (first, second) = (FakeProvider::start(), FakeProvider::start());
    first.set_default(Script::failing(500));
    let house = falling_back(&first, &second);
    let key = house.key(json!({}));
    let answer = key.chat("hi");
    answer.answered();
    assert_eq!(answer.header("x-litellm-attempted-fallbacks"), Some("1"));
    assert_eq!(answer.header("x-litellm-model-group"), Some("spare"));
    assert_eq!(words_of(&key.stream("hi").chunks()), "tok ".repeat(10));
    assert_eq!(calls(&second), 2);
}

#[test]
fn a_key_does_not_fall_back_to_what_it_may_not_use() {
    let (first, second) = (FakeProvider::start(), FakeProvider::start());
    first.set_default(Script::failing(500));
    let house = falling_back(&first, &second);
    house.key(json!({"models": ["m"]})).chat("hi").refused(500);
    assert_eq!(calls(&second), 0);
}

#[test]
fn a_caller_may_name_fallbacks_or_want_none() {
    let (first, second) = (FakeProvider::start(), FakeProvider::start());
    first.set_default(Script::failing(500));
    let house = falling_back(&first, &second);
    let key = house.key(json!({}));
    let mut body = chat("hi");
    body["disable_fallbacks"] = json!(true);
    key.ask(&body).refused(500);
    assert_eq!(calls(&second), 0);
    let plain = House::with(&format!(
        "model_list:\n{}{}router_settings: {{num_retries: 0}}\n",
        priced("m", &first, ""),
        priced("spare", &second, "")
    ));
    let mut body = chat("hi");
    body["fallbacks"] = json!(["spare"]);
    plain.key(json!({})).ask(&body).answered();
    assert_eq!(calls(&second), 1);
    assert!(second.requests()[0].json().get("fallbacks").is_none());
}

#[test]
fn default_fallbacks_hold_for_every_group() {
    let (first, second) = (FakeProvider::start(), FakeProvider::start());
    first.set_default(Script::failing(500));
    let house = House::with(&format!(
        "model_list:\n{}{}litellm_settings: {{num_retries: 0, default_fallbacks: [spare]}}\n",
        priced("m", &first, ""),
        priced("spare", &second, "")
    ));
    house.key(json!({})).chat("hi").answered();
    assert_eq!(calls(&second), 1);
}

#[test]
fn a_deployment_that_fails_is_left_alone_for_a_while() {
    let (first, second) = (FakeProvider::start(), FakeProvider::start());
    first.set_default(Script::failing(429));
    let house = ordered(&first, &second, "num_retries: 2, cooldown_time: 600");
    let key = house.key(json!({}));
    for _ in 0..10 {
        key.chat("hi").answered();
    }
    assert_eq!((calls(&first), calls(&second)), (1, 10));
    let health = house.master().get("/health").answered();
    assert_eq!((&health["healthy_count"], &health["unhealthy_count"]), (&json!(1), &json!(1)));
}

#[test]
fn a_group_that_cools_down_altogether_says_so() {
    let (first, second) = (FakeProvider::start(), FakeProvider::start());
    for fake in [&first, &second] {
        fake.set_default(Script::failing(429));
    }
    let house = ordered(&first, &second, "num_retries: 2, cooldown_time: 600");
    house.master().chat("hi").refused(429);
    let before = calls(&first) + calls(&second);
    let refused = house.master().chat("hi");
    refused.refused_saying(429, "No deployments available for selected model");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(calls(&first) + calls(&second), before);
}

#[test]
fn wildcards_and_aliases_find_their_group() {
    let fake = FakeProvider::start();
    let house = House::with(&format!(
        "model_list:\n{}{}router_settings: {{model_group_alias: {{short: m, secret: {{model: m, hidden: true}}}}}}\n",
        deployment("any/*", "openai/*", &fake.base_url(), ""),
        priced("m", &fake, "")
    ));
    let key = house.key(json!({}));
    assert_eq!(key.chat_with("any/thing-4", "hi").answered()["model"], "any/thing-4");
    assert_eq!(key.chat_with("short", "hi").answered()["model"], "short");
    key.chat_with("secret", "hi").answered();
    let asked: Vec<_> = fake.requests().iter().map(|seen| seen.json()["model"].clone()).collect();
    assert_eq!(asked, ["thing-4", "m-upstream", "m-upstream"]);
    key.chat_with("anything", "hi").refused(400);
    let listed = key.get("/v1/models").whole(200).text();
    assert!(listed.contains("\"short\"") && !listed.contains("\"secret\""), "{listed}");
}

#[test]
fn a_port_that_refuses_is_passed_over() {
    let second = FakeProvider::start();
    let gone = deployment("m", "openai/x", &format!("http://127.0.0.1:{}/v1", free_port()), "order: 1");
    let config = "router_settings: {num_retries: 2, retry_after: 0}";
    let house = House::with(&format!("model_list:\n{gone}{}{config}\n", priced("m", &second, "order: 2")));
    house.key(json!({})).chat("hi").answered();
}

#[test]
fn a_provider_that_does_not_begin_in_time_is_given_up() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().stall_after(0));
    let config =
        "router_settings: {num_retries: 0}\nweighhouse_settings: {timeouts: {first_byte_seconds: 0.3}}";
    let house = House::with(&format!("model_list:\n{}{config}\n", priced("m", &fake, "")));
    house.key(json!({})).chat("hi").refused_saying(408, "litellm.Timeout");
    fake.await_disconnects(1);
    let slow = Script::default().first_byte_delay(Duration::from_secs(60));
    fake.set_default(slow);
    house.key(json!({})).stream("hi").refused(408);
    fake.await_disconnects(2);
}

#[test]
fn a_callers_own_timeout_is_kept() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().stall_after(0));
    let house = House::before(&fake);
    let request = weighhouse_testkit::http::Request::post("/v1/chat/completions", &chat("hi"))
        .header("x-litellm-timeout", "0.3");
    house.master().send(&request).refused(408);
    fake.await_disconnects(1);
}

#[test]
fn a_stream_that_falls_silent_ends_with_an_error_and_no_done() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().stall_after(3));
    let config = "router_settings: {num_retries: 0}\nweighhouse_settings: {timeouts: {idle_seconds: 0.3}}";
    let house = House::with(&format!("model_list:\n{}{config}\n", priced("m", &fake, "")));
    let events = house.key(json!({})).stream("hi").events();
    let last = events.last().unwrap();
    assert!(last.contains("litellm.Timeout") && last.starts_with("{\"error\":"), "{last}");
    assert!(!events.iter().any(|event| event == "[DONE]"));
    fake.await_disconnects(1);
}

#[test]
fn a_stream_that_breaks_in_the_middle_ends_with_an_error_and_no_done() {
    for script in
        [Script::default().cut_at(900), Script::default().reset_at(900), Script::default().error_after(3)]
    {
        let (first, second) = (FakeProvider::start(), FakeProvider::start());
        first.set_default(script);
        let house = ordered(&first, &second, "num_retries: 2");
        let events = house.key(json!({})).stream("hi").events();
        let last = events.last().unwrap();
        assert!(last.starts_with("{\"error\":"), "{events:?}");
        assert!(events.len() > 1 && !events.iter().any(|event| event == "[DONE]"), "{events:?}");
        assert_eq!(calls(&second), 0);
        assert_eq!(house.await_rows(1)[0]["status"], "failure");
    }
}

#[test]
fn an_answer_that_is_no_answer_is_tried_elsewhere() {
    for script in [
        Script::default().raw(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"),
        Script::default().raw(b"not even http\r\n\r\n"),
        Script::default().cut_at(20),
        Script::default().content_length("99999"),
    ] {
        let (first, second) = (FakeProvider::start(), FakeProvider::start());
        first.set_default(script);
        let house = ordered(&first, &second, "num_retries: 2");
        house.key(json!({})).chat("hi").answered();
        assert_eq!(calls(&second), 1);
    }
}

#[test]
fn a_connection_that_the_provider_closed_while_it_was_idle_costs_no_call() {
    let fake = FakeProvider::start();
    let proxy = FaultProxy::start(fake.address());
    let entry = deployment("m", "openai/x", &format!("http://{}/v1", proxy.address()), "");
    let house =
        House::with(&format!("model_list:\n{entry}router_settings: {{num_retries: 2, retry_after: 0}}\n"));
    // The house may send into a connection whose end has not reached it yet; then it tries again.
    for reset in [false, true] {
        for _ in 0..5 {
            house.master().chat("hi").answered();
            proxy.break_all(reset);
            fake.await_open_connections(0);
        }
    }
}

#[test]
fn a_provider_that_comes_back_is_used_again() {
    let fake = FakeProvider::start();
    let proxy = FaultProxy::start(fake.address());
    let entry = deployment("m", "openai/x", &format!("http://{}/v1", proxy.address()), "");
    let house = House::with(&format!("model_list:\n{entry}router_settings: {{num_retries: 0}}\n"));
    house.master().chat("hi").answered();
    proxy.refuse(true);
    proxy.break_all(true);
    for _ in 0..3 {
        house.master().chat("hi").refused(500);
    }
    proxy.refuse(false);
    house.master().chat("hi").answered();
}

#[test]
fn an_answer_that_comes_slowly_comes_whole() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().tokens(50));
    let proxy = FaultProxy::start(fake.address());
    proxy.trouble_replies(Trouble::throttle(20_000));
    let entry = deployment("m", "openai/x", &format!("http://{}/v1", proxy.address()), "");
    let house = House::with(&format!("model_list:\n{entry}"));
    assert_eq!(house.master().chat("hi").text(), "tok ".repeat(50));
    assert_eq!(words_of(&house.master().stream("hi").chunks()), "tok ".repeat(50));
}
