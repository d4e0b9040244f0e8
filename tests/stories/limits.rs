//! How limits show themselves: headers of what is left, and refusals, in the words of every dialect.

use serde_json::{Value, json};
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_testkit::http::Request;

use crate::harness::{Answer, House, Key, PRICES, chat, deployment, model, priced};

const DEAR: &str = "input_cost_per_token: 0.0001, output_cost_per_token: 0.0002";

/// A house whose model is served by a provider of OpenAI's chat alone, so that every dialect comes to it.
fn every_dialect(fake: &FakeProvider, prices: &str) -> House {
    let entry = deployment("m", "custom_openai/x", &fake.base_url(), prices);
    House::with(&format!("model_list:\n{entry}router_settings: {{num_retries: 0}}\n"))
}

/// A call in each dialect: its path and body.
fn asks() -> [(&'static str, Value); 4] {
    let messages = json!([{"role": "user", "content": "hi"}]);
    [
        ("/v1/chat/completions", chat("hi")),
        ("/v1/responses", json!({"model": "m", "input": "hi"})),
        ("/v1/messages", json!({"model": "m", "max_tokens": 9, "messages": messages})),
        (
            "/v1beta/models/m:generateContent",
            json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
        ),
    ]
}

/// The facts of the limit in a refusal, wherever its dialect has room for them.
#[track_caller]
fn facts(body: &Value) -> Value {
    let error = &body["error"];
    let of_google = || {
        let details = error["details"].as_array()?;
        let info = details.iter().find(|detail| detail["domain"] == "weighhouse")?;
        Some(info["metadata"].clone())
    };
    error.get("weighhouse").cloned().or_else(of_google).unwrap_or_else(|| panic!("no limit in {body}"))
}

/// Asks until nothing more is paid for, and gives the refusal.
#[track_caller]
fn spent_up(key: &Key<'_>, path: &str, body: &Value) -> Answer {
    for _ in 0..50 {
        let answer = key.post(path, body);
        if answer.status() != 200 {
            return answer;
        }
    }
    panic!("nothing was refused");
}

/// The seconds after which it makes sense to ask again.
#[track_caller]
fn waits(answer: &Answer) -> u64 {
    let wait = answer.header("retry-after").unwrap_or_else(|| panic!("no wait: {answer:?}"));
    wait.parse().unwrap()
}

#[test]
fn what_is_left_is_told_by_the_limit_that_binds() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().tokens(5).header("x-ratelimit-remaining-tokens", "77"));
    let house = every_dialect(&fake, PRICES);
    house.admin("/team/new", json!({"team_id": "crew", "rpm_limit": 5})).answered();
    let key = house.key(json!({"team_id": "crew", "rpm_limit": 50, "rpd_limit": 40}));
    let mut left = 5;
    for (path, body) in asks() {
        left -= 1;
        let answer = key.post(path, &body);
        let text = left.to_string();
        let is_anthropic = path == "/v1/messages";
        let (limit, remaining, reset) = if is_anthropic {
            (
                "anthropic-ratelimit-requests-limit",
                "anthropic-ratelimit-requests-remaining",
                "anthropic-ratelimit-requests-reset",
            )
        } else {
            ("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests")
        };
        assert_eq!(
            (answer.header(limit), answer.header(remaining)),
            (Some("5"), Some(text.as_str())),
            "{path}"
        );
        assert!(answer.header(reset).is_some_and(|reset| reset.ends_with(if is_anthropic {
            'Z'
        } else {
            's'
        })));
        assert_eq!(answer.header("x-ratelimit-team-remaining-requests"), Some(text.as_str()), "{path}");
        let (of_minute, of_day) = ((45 + left).to_string(), (35 + left).to_string());
        assert_eq!(answer.header("x-ratelimit-api_key-remaining-requests"), Some(of_minute.as_str()));
        assert_eq!(answer.header("x-ratelimit-api_key-remaining-requests_per_day"), Some(of_day.as_str()));
        // Where the house has no limit, the provider's own is told.
        assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some("77"));
        assert_eq!(answer.header("llm_provider-x-ratelimit-remaining-tokens"), Some("77"));
    }
    // A stream tells the same, and who has no limit hears of none.
    let stream = key.stream("hi");
    assert_eq!(stream.head.header("x-ratelimit-remaining-requests"), Some("0"));
    let free = house.key(json!({})).chat("hi");
    assert_eq!((free.status(), free.header("x-ratelimit-remaining-requests")), (200, None));
}

#[test]
fn a_reached_rate_is_refused_in_every_dialect() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({"rpm_limit": 1}));
    key.chat("hi").answered();
    for (path, body) in asks() {
        let answer = key.post(path, &body);
        let wait: u64 = waits(&answer);
        assert!((1..=61).contains(&wait), "{path}: {wait}");
        assert_eq!(answer.header("rate_limit_type"), Some("requests"), "{path}");
        assert!(answer.header("reset_at").is_some_and(|reset| reset.ends_with(" UTC")), "{path}");
        assert_eq!(answer.header("x-should-retry"), None, "{path}");
        assert_eq!(answer.header("x-ratelimit-api_key-remaining-requests"), Some("0"), "{path}");
        let reply = answer.whole(429);
        let facts = facts(&reply.json());
        assert_eq!((&facts["scope"], &facts["limit_type"]), (&json!("api_key"), &json!("requests")));
        let words = reply.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(words.contains("Current limit: 1, Remaining: 0. Limit resets at: 20"), "{words}");
    }
    // Tokens that are left are told, though they do not suffice.
    let key = house.key(json!({"tpm_limit": 100}));
    let mut body = chat("hi");
    body["max_tokens"] = json!(5_000);
    let answer = key.ask(&body);
    answer.refused_saying(429, "Limit type: tokens. Current limit: 100, Remaining: 100.");
    assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some("100"));
    // One that sleeps until tomorrow seems dead to its user.
    let day = house.key(json!({"rpd_limit": 1}));
    day.chat("hi").answered();
    let answer = day.chat("hi");
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    assert!(waits(&answer) > 80_000);
}

#[test]
fn a_spent_budget_is_refused_in_every_dialect_with_what_is_spent() {
    let fake = FakeProvider::start();
    fake.price(100_000_000, 200_000_000);
    fake.set_default(Script::default().tokens(100));
    let house = every_dialect(&fake, DEAR);
    for (path, body) in asks() {
        // Of a day: the next one pays again.
        let answer = spent_up(&house.key(json!({"max_budget": 0.05, "budget_duration": "1d"})), path, &body);
        let wait: u64 = waits(&answer);
        assert!((1..=86_400).contains(&wait), "{path}: {wait}");
        assert_eq!(answer.header("x-should-retry"), (wait > 120).then_some("false"), "{path}");
        let status = if path == "/v1/messages" { 429 } else { 422 };
        let reply = answer.whole(status);
        let told = facts(&reply.json());
        assert_eq!(told["limit_type"], "budget", "{told}");
        assert!(told["reset_at"].as_str().is_some_and(|reset| reset.ends_with("00:00:00Z")), "{told}");
        let amount = |name: &str| told[name].to_string().trim_matches('"').parse::<f64>().unwrap();
        assert!(amount("limit") == 0.05 && amount("settled") > 0.0 && amount("needed") > 0.0, "{told}");
        // For life: nothing but an administrator helps.
        let answer = spent_up(&house.key(json!({"max_budget": 0.05})), path, &body);
        assert_eq!((answer.header("retry-after"), answer.header("x-should-retry")), (None, Some("false")));
        assert_eq!(facts(&answer.whole(status).json()).get("reset_at"), None);
    }
}

#[test]
fn a_budget_whose_window_soon_begins_anew_may_be_asked_again() {
    let fake = FakeProvider::start();
    fake.price(100_000_000, 200_000_000);
    fake.set_default(Script::default().tokens(100));
    let config = format!(
        "model_list:\n{}router_settings: {{num_retries: 0}}\nweighhouse_settings: {{compat: {{budget_exceeded_status: 429}}}}\n",
        model("m", &fake, DEAR)
    );
    let house = House::with(&config);
    let key = house.key(json!({"max_budget": 0.05, "budget_duration": "60s"}));
    let answer = spent_up(&key, "/v1/chat/completions", &chat("hi"));
    let wait: u64 = waits(&answer);
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(answer.header("x-should-retry"), None);
    answer.refused_saying(429, "The next window of this budget begins at");
}

#[test]
fn the_status_of_a_spent_budget_is_the_one_that_clients_know() {
    let fake = FakeProvider::start();
    for status in [422, 429, 400] {
        let house = House::with(&format!(
            "model_list:\n{}weighhouse_settings: {{compat: {{budget_exceeded_status: {status}}}}}\n",
            priced("m", &fake, "")
        ));
        let key = house.key(json!({"max_budget": 0.0}));
        for (path, body) in asks() {
            // Anthropic's clients know a status of their own.
            let expected = if path == "/v1/messages" { 429 } else { status };
            let reply = key.send(&Request::post(path, &body)).whole(expected);
            if path.ends_with("completions") || path.ends_with("responses") {
                assert_eq!(reply.json()["error"]["type"], "budget_exceeded");
            }
        }
    }
}
