//! Budgets hold: whatever clients, providers and configs do, a key costs no more than it may.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use serde_json::json;
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_testkit::http::{self, Connection, Request};
use weighhouse_types::Nanos;

use crate::harness::{House, agreed, chat, deployment, eventually, model, priced};

#[test]
fn a_hundred_clients_cannot_overspend_a_dollar() {
    let fake = FakeProvider::start();
    // A hundred times dearer than usual, so that a dollar is soon spent.
    fake.price(100_000_000, 200_000_000);
    let prices = "input_cost_per_token: 0.0001, output_cost_per_token: 0.0002";
    let house = House::with(&format!(
        "model_list:\n{}router_settings: {{num_retries: 0}}\n",
        model("m", &fake, prices)
    ));
    // An answer of 100 tokens costs two cents and a prompt some hundredths: some fifty calls fit.
    fake.set_default(Script::default().tokens(100));
    let key = house.key(json!({"max_budget": 1.0}));
    let secret = key.secret().to_owned();
    let address = house.address();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..100)
            .map(|number| {
                let secret = &secret;
                scope.spawn(move || {
                    let mut body = chat(&"word".repeat(number % 7 + 1));
                    body["stream"] = json!(number % 2 == 0);
                    if number % 3 == 0 {
                        body["max_tokens"] = json!(20 + number);
                    }
                    let request = Request::post("/v1/chat/completions", &body).bearer(secret);
                    (0..4).map(|_| http::send(address, &request).unwrap().status()).collect::<Vec<_>>()
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| matches!(status, 200 | 422)), "{statuses:?}");
    let mut good = statuses.iter().filter(|status| **status == 200).count();
    // In a storm most of the dollar is held by calls in flight; what came back is spent in peace.
    while key.chat("word").status() == 200 {
        good += 1;
    }
    let total = agreed(&house, &key, &[&fake]);
    assert!(total <= Nanos::new(1_000_000_000), "overspent: {total}");
    assert!(total > Nanos::new(900_000_000), "the budget was not used: {total} in {good} calls");
    assert_eq!(fake.bill().calls.len(), good);
    assert_eq!(house.rows().len(), good);
}

/// What a client of the great story does.
#[derive(Clone, Copy)]
enum Manner {
    Whole,
    Stream,
    /// Reads so many words of a stream and hangs up.
    Leave(usize),
    /// Hangs up before a whole answer comes.
    LeaveEarly,
}

/// Asks for a whole answer and hangs up once the provider has the question; gives whether it got that far.
fn leave_early(address: SocketAddr, secret: &str, silent: &FakeProvider) -> u16 {
    // One at a time, so that the provider's next request is this one.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let before = silent.requests().len();
    let mut body = chat("weigh me well");
    body["model"] = json!("leave-0");
    body["max_tokens"] = json!(60);
    let mut connection = std::net::TcpStream::connect(address).unwrap();
    let text = body.to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {secret}\r\ncontent-length: {}\r\n\r\n",
        text.len()
    );
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(text.as_bytes()).unwrap();
    connection.set_nonblocking(true).unwrap();
    eventually("the provider has it, or the house refuses", || {
        let refused = connection.read(&mut [0; 1]).is_ok_and(|read| read > 0);
        (refused || silent.requests().len() > before).then_some(if refused { 422 } else { 0 })
    })
}

fn behave(address: SocketAddr, secret: &str, manner: Manner, silent: &FakeProvider) -> u16 {
    if matches!(manner, Manner::LeaveEarly) {
        return leave_early(address, secret, silent);
    }
    let mut body = chat("weigh me well");
    body["model"] = json!(match manner {
        Manner::Whole | Manner::Stream => "m",
        Manner::Leave(words) => ["leave-1", "leave-5", "leave-9"][words / 4],
        Manner::LeaveEarly => unreachable!("it left above"),
    });
    body["max_tokens"] = json!(60);
    body["stream"] = json!(!matches!(manner, Manner::Whole));
    let request = Request::post("/v1/chat/completions", &body).bearer(secret);
    let mut connection = Connection::open(address).unwrap();
    connection.send(&request).unwrap();
    if matches!(manner, Manner::Whole) {
        return connection.reply().unwrap().status();
    }
    let status = connection.head().unwrap().status;
    if status == 200 {
        let mut left = if let Manner::Leave(words) = manner { words } else { usize::MAX };
        while left > 0 {
            let Some(event) = connection.event().unwrap() else { break };
            left -= usize::from(event.data.contains("tok "));
        }
    }
    status
}

#[test]
fn whole_calls_streams_and_clients_that_leave_never_cost_more_than_the_dollar_and_are_booked_to_the_nano() {
    const PRICES: &str = "input_cost_per_token: 0.0001, output_cost_per_token: 0.0002";
    let stalls = [0, 1, 5, 9];
    let steady = FakeProvider::start();
    let leaving: Vec<FakeProvider> = stalls.iter().map(|_| FakeProvider::start()).collect();
    steady.price(100_000_000, 200_000_000);
    steady.set_default(Script::default().tokens(40));
    let mut models = model("m", &steady, PRICES);
    for (fake, stall) in leaving.iter().zip(stalls) {
        fake.price(100_000_000, 200_000_000);
        fake.set_default(Script::default().tokens(40).stall_after(stall));
        models.push_str(&model(&format!("leave-{stall}"), fake, PRICES));
    }
    let house = House::with(&format!("model_list:\n{models}router_settings: {{num_retries: 0}}\n"));
    let key = house.key(json!({"max_budget": 1.0}));
    let (address, secret) = (house.address(), key.secret().to_owned());
    let silent = &leaving[0];
    let manners = [
        Manner::Whole,
        Manner::Stream,
        Manner::Leave(1),
        Manner::Whole,
        Manner::Leave(5),
        Manner::Stream,
        Manner::Leave(9),
        Manner::LeaveEarly,
    ];
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..100)
            .map(|number| {
                let secret = &secret;
                scope.spawn(move || {
                    let turns = (0..3).map(|turn| manners[(number + turn) % manners.len()]);
                    turns.map(|manner| behave(address, secret, manner, silent)).collect::<Vec<_>>()
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| matches!(status, 0 | 200 | 422)), "{statuses:?}");
    let fakes: Vec<&FakeProvider> = leaving.iter().chain([&steady]).collect();
    let total = agreed(&house, &key, &fakes);
    assert!(total <= Nanos::new(1_000_000_000), "overspent: {total}");
    assert!(total > Nanos::new(300_000_000), "the budget was not used: {total}");
    let aborted = house.rows().iter().filter(|row| row["status"] == "aborted").count();
    assert!(aborted > 0, "nobody left");
}

#[test]
fn the_provider_is_told_how_much_the_budget_bears() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().tokens(10_000));
    let house = House::before(&fake);
    let key = house.key(json!({"max_budget": 0.001}));
    let answer = key.chat("four");
    let said = answer.answered()["usage"]["completion_tokens"].as_u64().unwrap();
    let cap: u64 = answer.header("x-weighhouse-output-capped").unwrap().parse().unwrap();
    assert_eq!(said, cap);
    let sent = fake.requests()[0].json();
    let told = sent.get("max_tokens").or(sent.get("max_completion_tokens")).unwrap();
    assert_eq!(told, &json!(cap));
    assert!(agreed(&house, &key, &[&fake]) <= Nanos::new(1_000_000));
    key.chat("four").refused(422);
    // A caller's own limit is kept where it is lower, and without a budget nothing is written.
    let rich = house.key(json!({"max_budget": 10.0}));
    let mut body = chat("four");
    body["max_tokens"] = json!(5);
    let answer = rich.ask(&body);
    assert_eq!(answer.answered()["usage"]["completion_tokens"], 5);
    assert!(answer.header("x-weighhouse-output-capped").is_none());
    fake.set_default(Script::default());
    house.key(json!({})).chat("four").answered();
    let sent = fake.requests().last().unwrap().json();
    assert!(sent.get("max_tokens").is_none() && sent.get("max_completion_tokens").is_none(), "{sent}");
}

#[test]
fn a_refused_call_sends_nothing_and_says_why() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({"max_budget": 0.0}));
    for answer in [key.chat("hi"), key.post("/v1/embeddings", &json!({"model": "m", "input": "x"}))] {
        let error = answer.refused_saying(422, "Budget has been exceeded");
        assert_eq!(error["type"], "budget_exceeded");
        assert_eq!(answer.header("x-should-retry"), Some("false"));
    }
    key.stream("hi").refused(422);
    assert!(fake.requests().is_empty());
    assert!(house.rows().is_empty());
    let compat = "weighhouse_settings: {compat: {budget_exceeded_status: 429}}";
    let older = House::with(&format!("model_list:\n{}{compat}\n", priced("m", &fake, "")));
    older.key(json!({"max_budget": 0.0})).chat("hi").refused(429);
}

#[test]
fn a_model_without_a_price_is_not_for_keys_with_a_budget() {
    let fake = FakeProvider::start();
    let house = House::with(&format!("model_list:\n{}", model("m", &fake, "")));
    house.key(json!({"max_budget": 5.0})).chat("hi").refused_saying(422, "input_cost_per_token");
    assert!(fake.requests().is_empty());
    house.key(json!({})).chat("hi").answered();
    assert_eq!(house.metric("weighhouse_unpriced_requests_total", "") as u64, 1);
}

#[test]
fn a_fallback_to_a_dearer_model_stays_within_the_budget() {
    let (cheap, dear) = (FakeProvider::start(), FakeProvider::start());
    cheap.set_default(Script::failing(500));
    dear.price(100_000_000, 100_000_000);
    dear.set_default(Script::default().tokens(10_000));
    let house = House::with(&format!(
        "model_list:\n{}{}router_settings: {{num_retries: 0, fallbacks: [{{m: [dear]}}]}}\n",
        priced("m", &cheap, ""),
        deployment(
            "dear",
            "openai/dear",
            &dear.base_url(),
            "input_cost_per_token: 0.0001, output_cost_per_token: 0.0001"
        ),
    ));
    let key = house.key(json!({"max_budget": 0.05}));
    key.chat("hi").answered();
    let spent = agreed(&house, &key, &[&cheap, &dear]);
    assert!(spent > Nanos::new(10_000_000) && spent <= Nanos::new(50_000_000), "{spent}");
}

#[test]
fn several_choices_are_held_and_billed() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().tokens(10_000));
    let house = House::before(&fake);
    let key = house.key(json!({"max_budget": 0.001}));
    let mut body = chat("four");
    body["n"] = json!(4);
    key.ask(&body).answered();
    let spent = agreed(&house, &key, &[&fake]);
    assert!(spent <= Nanos::new(1_000_000), "{spent}");
}

#[test]
fn a_provider_that_says_more_than_it_was_told_to_is_booked_by_what_it_said() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().tokens(300).ignore_limit());
    let house = House::before(&fake);
    let key = house.key(json!({"max_budget": 0.0002}));
    key.chat("four").answered();
    // More than the budget; the next call is refused for it.
    assert_eq!(agreed(&house, &key, &[&fake]), Nanos::new(601_000));
    key.chat("four").refused_saying(422, "Current cost: 0.000601, Max budget: 0.0002");
}

#[test]
fn a_budget_that_is_raised_or_lowered_holds_at_once() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({"max_budget": 0.0}));
    key.chat("four").refused(422);
    house.admin("/key/update", json!({"key": key.secret(), "max_budget": 1.0})).answered();
    key.chat("four").answered();
    house.admin("/key/update", json!({"key": key.secret(), "max_budget": 0.00002})).answered();
    key.chat("four").refused(422);
    house.admin("/key/update", json!({"key": key.secret(), "max_budget": null})).answered();
    key.chat("four").answered();
    assert_eq!(agreed(&house, &key, &[&fake]), Nanos::new(42_000));
}

#[test]
fn media_are_held_for_however_their_names_are_written() {
    let fake = FakeProvider::start();
    fake.allow_unknown_parameters();
    let house = House::before(&fake);
    let key = house.key(json!({"max_budget": 0.01}));
    let plain = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}"#;
    let escaped = plain.replace("image_url", "image\\u005furl");
    // The same to every reader of JSON; the last three only to lenient ones, as many providers have.
    for body in [
        plain.to_owned(),
        escaped.clone(),
        plain.replace("_url\"", "_ur\\u006c\""),
        escaped.replace(r#""role""#, r#""x":1e999,"role""#),
        escaped.replace(r#""role""#, r#""x":"\ud800","role""#),
        escaped.replace(r#"[{"type""#, r#"[{"type":"text","text":"\udc00"},{"type""#),
    ] {
        let request = Request::new("POST", "/v1/chat/completions").body(body.as_bytes());
        let answer = key.send(&request);
        assert!(matches!(answer.status(), 400 | 422), "{}: {body}", answer.status());
    }
    assert!(fake.requests().is_empty());
}

#[test]
fn members_that_the_config_adds_are_held_for_too() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().tokens(10_000));
    let house = House::with(&format!("model_list:\n{}", priced("m", &fake, "n: 8")));
    let key = house.key(json!({"max_budget": 0.001}));
    let answer = key.chat("four");
    if answer.status() == 200 {
        let spent = agreed(&house, &key, &[&fake]);
        assert!(spent <= Nanos::new(1_000_000), "{spent} of 0.001");
    }
}

#[test]
fn attempts_that_cost_something_before_they_failed_count_against_the_budget() {
    let fake = FakeProvider::start();
    for _ in 0..5 {
        fake.enqueue(Script::default().tokens(100).cut_at(100));
    }
    let config = "router_settings: {num_retries: 5, retry_after: 0}";
    let house = House::with(&format!("model_list:\n{}{config}\n", priced("m", &fake, "")));
    let key = house.key(json!({"max_budget": 0.0003}));
    key.chat(&"four".repeat(10));
    let spent = agreed(&house, &key, &[&fake]);
    assert!(spent <= Nanos::new(300_000), "{spent}");
}

#[test]
fn a_connection_that_breaks_before_an_answer_is_booked_by_its_question() {
    let fake = FakeProvider::start();
    for _ in 0..2 {
        fake.enqueue(Script::default().cut_before_headers());
    }
    let config = "router_settings: {num_retries: 3, retry_after: 0, disable_cooldowns: true}";
    let house = House::with(&format!("model_list:\n{}{config}\n", priced("m", &fake, "")));
    let key = house.key(json!({"max_budget": 1.0}));
    key.chat(&"four".repeat(10)).answered();
    // Three questions of ten tokens, and one answer of ten: the provider may have worked on all of them.
    assert_eq!(agreed(&house, &key, &[&fake]), Nanos::new(3 * 10_000 + 20_000));
    // Where nobody listens nothing was sent, and nothing is booked.
    let away = House::with(&format!(
        "model_list:\n{}router_settings: {{num_retries: 0}}\n",
        deployment("m", "openai/m", "http://127.0.0.1:1/v1", crate::harness::PRICES)
    ));
    let key = away.key(json!({"max_budget": 1.0}));
    key.chat("four").refused(500);
    away.await_rows(1);
    assert_eq!(away.ledger_sum(), Nanos::ZERO);
}
