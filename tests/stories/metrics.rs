//! What the house tells about itself: metrics under LiteLLM's names, and its health.

use serde_json::json;
use weighhouse_testkit::fake_openai::{FakeProvider, Script, UsageReport};
use weighhouse_testkit::http::Request;

use crate::harness::{House, eventually};

#[test]
fn metrics_need_a_key() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    house.send(&Request::get("/metrics")).refused(401);
    let reply = house.key(json!({})).get("/metrics").whole(200);
    assert!(reply.head.header("content-type").unwrap().starts_with("text/plain"));
}

#[test]
fn metrics_have_litellms_names_and_the_right_numbers() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({}));
    let usage = UsageReport::Detailed { cached: 3, reasoning: 4, audio: 0 };
    fake.set_default(Script::default().tokens(6).usage(usage));
    for _ in 0..3 {
        key.chat(&"x".repeat(40)).answered();
    }
    key.stream(&"x".repeat(40)).chunks();
    fake.set_default(Script::failing(500));
    key.chat("hi").refused(500);
    house.shown("sk-nobody-knows-this").chat("hi").refused(401);
    eventually("the stream is counted", || {
        (house.metric("litellm_requests_metric_total", "") as u64 == 4).then_some(())
    });
    for (name, label, value) in [
        ("litellm_requests_metric_total", r#"model="m-upstream""#, 4.0),
        ("litellm_requests_metric_total", r#"requested_model="m""#, 4.0),
        ("litellm_input_tokens_metric_total", "", 40.0),
        ("litellm_output_tokens_metric_total", "", 40.0),
        ("litellm_total_tokens_metric_total", "", 80.0),
        ("litellm_input_cached_tokens_metric_total", "", 12.0),
        ("litellm_output_reasoning_tokens_metric_total", "", 16.0),
        ("litellm_deployment_failure_responses_total", "", 1.0),
        ("litellm_proxy_failed_requests_metric_total", "401", 1.0),
        ("litellm_proxy_failed_requests_metric_total", "500", 1.0),
        ("litellm_llm_api_time_to_first_token_metric_count", "", 1.0),
        ("litellm_request_total_latency_metric_count", "", 5.0),
    ] {
        assert_eq!(house.metric(name, label), value, "{name} {label}");
    }
    let spend = house.metric("litellm_spend_metric_total", "");
    let billed = fake.bill().total.to_usd();
    assert!((spend - billed).abs() < 1e-12, "{spend} and {billed}");
    let text = key.get("/metrics").whole(200).text();
    assert!(!text.contains(key.secret()));
}

#[test]
fn health_tells_life_and_readiness_to_anyone() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    for path in ["/health/liveliness", "/health/liveness", "/livez"] {
        assert_eq!(house.send(&Request::get(path)).answered(), json!("I'm alive!"), "{path}");
    }
    for path in ["/health/readiness", "/readyz"] {
        let ready = house.send(&Request::get(path)).answered();
        assert_eq!((&ready["status"], &ready["db"]), (&json!("healthy"), &json!("connected")), "{path}");
    }
    house.send(&Request::get("/health")).refused(401);
    assert_eq!(house.master().get("/health").answered()["healthy_count"], 1);
    let mut connection = house.master().connect();
    connection.send(&Request::new("HEAD", "/health/liveness")).unwrap();
    assert_eq!(connection.head().unwrap().status, 200);
    assert!(fake.requests().is_empty());
}

#[test]
fn what_is_known_of_a_model_is_told_without_its_key() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let info = house.key(json!({})).get("/model/info").answered();
    assert_eq!(info["data"][0]["model_name"], "m");
    assert_eq!(info["data"][0]["model_info"]["input_cost_per_token"], 1e-6);
}

#[test]
fn the_api_describes_itself() {
    let house = House::quick();
    let described = house.send(&Request::get("/openapi.json")).answered();
    assert!(described["paths"]["/key/generate"]["post"].is_object());
}
