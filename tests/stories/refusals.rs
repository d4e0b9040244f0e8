//! What is not in order is refused with helpful words; nothing is sent for it and nothing is booked.

use serde_json::{Value, json};
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_testkit::http::{Connection, Request};
use weighhouse_testkit::process::free_port;
use weighhouse_testkit::services::Postgres;

use crate::harness::{House, PROVIDER_KEY, chat, eventually, priced};

/// A house that must stay untouched: nothing reached its provider, nothing was booked.
struct Untouched {
    fake: FakeProvider,
    house: House,
}

impl Untouched {
    fn new() -> Self {
        let fake = FakeProvider::start();
        let house = House::before(&fake);
        Self { fake, house }
    }
}

impl Drop for Untouched {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.fake.requests().is_empty(), "{:?}", self.fake.requests());
            assert!(self.house.rows().is_empty(), "{:?}", self.house.rows());
        }
    }
}

fn post(body: &[u8]) -> Request {
    Request::new("POST", "/v1/chat/completions").header("content-type", "application/json").body(body)
}

#[test]
fn a_caller_without_a_key_is_told_how_to_send_one() {
    let Untouched { house, .. } = &Untouched::new();
    let request = Request::post("/v1/chat/completions", &chat("hi"));
    let error = house.send(&request).refused_saying(401, "Authorization: Bearer");
    assert_eq!(error["type"], "auth_error");
    house.send(&request.clone().header("authorization", "Bearer  ")).refused(401);
}

#[test]
fn what_cannot_be_a_key_is_refused_and_not_repeated() {
    let Untouched { house, .. } = &Untouched::new();
    let request = Request::post("/v1/chat/completions", &chat("hi"));
    for value in ["hunter2-is-my-word", "Basic aHVudGVyMg=="] {
        let answer = house.send(&request.clone().header("authorization", value));
        let error = answer.refused_saying(401, "Malformed API Key");
        assert!(!error.to_string().contains(value), "{error}");
    }
    house.shown(&"k".repeat(600)).chat("hi").refused(401);
}

#[test]
fn a_key_that_nobody_knows_is_refused_and_not_repeated() {
    let Untouched { house, .. } = &Untouched::new();
    for secret in ["sk-nobody-knows-this-key", "no-prefix-at-all-here"] {
        let error = house.shown(secret).chat("hi").refused(401);
        assert!(!error["message"].as_str().unwrap().contains(secret), "{error}");
    }
    let error = house.shown("sk-nobody-knows-this-key").chat("hi").refused(401);
    assert_eq!(error["type"], "token_not_found_in_db");
}

#[test]
fn a_blocked_key_is_refused() {
    let Untouched { house, .. } = &Untouched::new();
    let key = house.key(json!({"blocked": true}));
    key.chat("hi").refused_saying(401, "blocked");
}

#[test]
fn a_key_whose_time_is_over_is_refused() {
    let Untouched { house, .. } = &Untouched::new();
    let key = house.key(json!({"duration": "1s"}));
    let refused = eventually("the key expires", || {
        let answer = key.post("/v1/chat/completions", &json!({}));
        (answer.status() == 401).then_some(answer)
    });
    assert_eq!(refused.refused_saying(401, "Expired Key")["type"], "expired_key");
}

#[test]
fn a_model_that_the_key_may_not_use_is_refused() {
    let Untouched { house, .. } = &Untouched::new();
    let key = house.key(json!({"models": ["other"]}));
    let error = key.chat("hi").refused_saying(403, "other");
    assert_eq!(error["type"], "key_model_access_denied");
    assert_eq!(error["param"], "model");
}

#[test]
fn a_model_that_nobody_has_is_refused() {
    let Untouched { house, .. } = &Untouched::new();
    let key = house.key(json!({}));
    let answer = key.chat_with("nobody-has-it", "hi");
    answer.refused_saying(400, "nobody-has-it");
    answer.refused_saying(400, "/v1/models");
    assert_eq!(answer.header("x-should-retry"), Some("false"));
}

#[test]
fn bodies_that_are_not_json_are_refused() {
    let Untouched { house, .. } = &Untouched::new();
    let key = house.key(json!({}));
    let deep = format!(r#"{{"model":"m","messages":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let deep_extra =
        format!(r#"{{"model":"m","messages":[],"x":{}1{}}}"#, "{\"a\":".repeat(50_000), "}".repeat(50_000));
    let bodies: &[&[u8]] = &[
        b"",
        b"{",
        b"[]",
        b"null",
        b"\"m\"",
        b"hello",
        br#"{"model":"m","messages":[{"role":"user","content":"hi"}]} trailing"#,
        br#"{"model":"m","messages":[{"role":"user","content":"hi"}]"#,
        b"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\xff\xfe\"}]}",
        b"{\"model\":\"m\\ud800\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}",
        br#"{"model":"m","model":"other","messages":[{"role":"user","content":"hi"}]}"#,
        br#"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":1,"max_tokens":9}"#,
        br#"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tok\u0065ns":1,"max_tokens":9}"#,
        deep.as_bytes(),
        deep_extra.as_bytes(),
    ];
    for body in bodies {
        let shown: String = String::from_utf8_lossy(body).chars().take(80).collect();
        let answer = key.send(&post(body));
        assert_eq!(answer.status(), 400, "{shown}");
        answer.refused(400);
    }
}

#[test]
fn members_of_the_wrong_type_are_refused_by_name() {
    let Untouched { house, .. } = &Untouched::new();
    let key = house.key(json!({}));
    for (member, value) in [
        ("model", json!(7)),
        ("model", json!({})),
        ("messages", json!("hi")),
        ("messages", json!({})),
        ("messages", json!(null)),
        ("stream", json!("yes")),
        ("stream", json!(1)),
        ("max_tokens", json!("many")),
        ("max_tokens", json!(-2)),
        ("max_tokens", json!(1.5)),
        ("max_tokens", json!(1e30)),
        ("max_completion_tokens", json!([])),
        ("n", json!("two")),
        ("n", json!(-3)),
        ("stream_options", json!("usage")),
    ] {
        let mut body = chat("hi");
        body[member] = value.clone();
        let answer = key.ask(&body);
        assert_eq!(answer.status(), 400, "{member}: {value}");
        let error = answer.refused(400);
        let told = error["message"].as_str().unwrap().contains(member)
            || error["param"].as_str().is_some_and(|param| param.contains(member));
        assert!(told, "{member} is not named: {error}");
    }
}

#[test]
fn a_call_without_its_question_is_refused_by_name() {
    let Untouched { house, .. } = &Untouched::new();
    let key = house.key(json!({}));
    for (path, body, member) in [
        ("/v1/chat/completions", json!({"model": "m"}), "messages"),
        ("/v1/chat/completions", json!({"messages": [{"role": "user", "content": "hi"}]}), "model"),
        (
            "/v1/chat/completions",
            json!({"model": "", "messages": [{"role": "user", "content": "hi"}]}),
            "model",
        ),
        ("/v1/completions", json!({"model": "m"}), "prompt"),
        ("/v1/embeddings", json!({"model": "m"}), "input"),
    ] {
        let answer = key.post(path, &body);
        assert_eq!(answer.status(), 400, "{path} {body}");
        answer.refused_saying(400, member);
    }
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let fake = FakeProvider::start();
    let config =
        format!("model_list:\n{}general_settings: {{max_request_size_mb: 1}}\n", priced("m", &fake, ""));
    let house = House::with(&config);
    let key = house.key(json!({}));
    key.chat(&"x".repeat(900_000)).answered();
    // Announced, and never sent.
    let mut connection = Connection::open(house.address()).unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\ncontent-length: 99000000\r\n\r\n",
        key.secret()
    );
    connection.write(head.as_bytes()).unwrap();
    let reply = connection.reply().unwrap();
    assert_eq!(reply.status(), 413, "{}", reply.text());
    assert_eq!(reply.json()["error"]["code"], "413");
    assert!(reply.text().contains("max_request_size_mb"), "{}", reply.text());
    // Not announced: it is cut when it passes the limit.
    let mut connection = Connection::open(house.address()).unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\ntransfer-encoding: chunked\r\n\r\n",
        key.secret()
    );
    connection.write(head.as_bytes()).unwrap();
    let piece = [b"40000\r\n".as_slice(), &[b' '; 0x40000], b"\r\n"].concat();
    for _ in 0..5 {
        if connection.write(&piece).is_err() {
            break;
        }
    }
    assert_eq!(connection.head().unwrap().status, 413);
    assert_eq!(fake.requests().len(), 1);
}

#[test]
fn heads_that_can_be_read_in_two_ways_are_refused() {
    let Untouched { house, .. } = &Untouched::new();
    let key = house.key(json!({}));
    let body = chat("hi").to_string();
    let status_of = |line: &str, extra: &str| {
        let mut connection = Connection::open(house.address()).unwrap();
        let secret = key.secret();
        let length = body.len();
        let text = format!(
            "{line} HTTP/1.1\r\nauthorization: Bearer {secret}\r\ncontent-length: {length}\r\n{extra}\r\n{body}"
        );
        connection.write(text.as_bytes()).unwrap();
        connection.head().map(|head| head.status).unwrap_or(0)
    };
    let path = "POST /v1/chat/completions";
    for (line, extra) in [
        (path, ""),
        (path, "host: a\r\nhost: b\r\n"),
        (path, "host: a\r\nhost: a\r\n"),
        (path, "host: user@a\r\n"),
        (path, "host: a\r\ncontent-length: 7\r\n"),
        (path, "host: a\r\nx y: z\r\n"),
        (path, "host: a\r\nx : z\r\n"),
        ("POST /v1/../v1/chat/completions", "host: a\r\n"),
        ("POST //v1/chat/completions", "host: a\r\n"),
        ("POST /v1//chat/completions", "host: a\r\n"),
        ("POST /v1/chat%2Fcompletions", "host: a\r\n"),
        ("POST /v1/%2e%2e/v1/chat/completions", "host: a\r\n"),
        ("POST /v1/chat/completions%00", "host: a\r\n"),
        ("POST http://b/v1/chat/completions", "host: a\r\n"),
    ] {
        assert_eq!(status_of(line, extra), 400, "{line} {extra:?}");
    }
    let smuggled = status_of(path, "host: a\r\ntransfer-encoding: chunked\r\n");
    assert!(matches!(smuggled, 400 | 499 | 0), "length and chunks together: {smuggled}");
}

#[test]
fn other_methods_and_paths_are_answered_as_fastapi_does() {
    let Untouched { house, .. } = &Untouched::new();
    let master = house.master();
    let detail = |status: u16, request: &Request| {
        let reply = master.send(request).whole(status);
        reply.json()["detail"].clone()
    };
    assert_eq!(detail(405, &Request::get("/v1/chat/completions")), "Method Not Allowed");
    assert_eq!(detail(405, &Request::new("DELETE", "/key/list")), "Method Not Allowed");
    assert_eq!(detail(404, &Request::get("/no/such/path")), "Not Found");
    assert_eq!(detail(404, &Request::post("/v1/chat/completions/", &Value::Null)), "Not Found");
}

#[test]
fn a_provider_that_refuses_the_houses_key_does_not_tell_it_to_the_caller() {
    let fake = FakeProvider::start();
    fake.require_key("sk-another-key-entirely");
    let house = House::before(&fake);
    let key = house.key(json!({}));
    key.chat("hi").refused(401);
    key.stream("hi").refused(401);
    // Two rows, free of charge: the provider was asked.
    for row in house.await_rows(2) {
        assert_eq!((&row["spend"], &row["status"]), (&json!(0.0), &json!("failure")), "{row}");
    }
}

#[test]
fn a_provider_that_is_not_there_is_an_error_500_in_litellms_words() {
    let fake = FakeProvider::start();
    let base = format!("http://127.0.0.1:{}/v1", free_port());
    let entry = crate::harness::deployment("m", "openai/x", &base, "");
    let house = House::with(&format!("model_list:\n{entry}router_settings: {{num_retries: 0}}\n"));
    let key = house.key(json!({}));
    key.chat("hi").refused_saying(500, "litellm.InternalServerError");
    drop(fake);
}

#[test]
fn a_bound_on_output_that_is_no_bound_cannot_pass_a_budget() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({"max_budget": 0.001}));
    for bound in [json!(-1), json!(0), json!(u64::MAX)] {
        let mut body = chat("hi");
        body["max_tokens"] = bound.clone();
        key.ask(&body);
        if let Some(seen) = fake.requests().last() {
            let told = seen.json()["max_tokens"].as_i64().unwrap();
            assert!((1..=500).contains(&told), "{bound} went through as {told}");
        }
    }
}

#[test]
fn a_provider_that_repeats_the_houses_key_cannot_tell_it_to_the_caller() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({}));
    let words = format!("Incorrect API key provided: {PROVIDER_KEY}. Authorization: Bearer {PROVIDER_KEY}");
    let body =
        json!({"error": {"message": words, "type": "invalid_request_error", "code": words}}).to_string();
    for status in [400, 401, 429, 500] {
        fake.set_default(Script::refusing(status, &body).header("x-echo", PROVIDER_KEY));
        // That no secret is in the answer is checked for every answer.
        key.chat("hi").refused(status);
        key.stream("hi").refused(status);
    }
    let lines = house.process().lines().join("\n");
    assert!(!lines.contains(PROVIDER_KEY) && !lines.contains(key.secret()), "{lines}");
    let rows = json!(house.await_rows(8)).to_string();
    assert!(!rows.contains(PROVIDER_KEY), "{rows}");
}

/// PostgreSQL keeps no NUL in a text, and must not be what says so.
fn a_nul_is_refused_by_name(house: &House) {
    let master = house.master();
    for (path, field) in [
        ("/key/list?user_id=a%00b", "user_id"),
        ("/key/info?key=a%00", "key"),
        ("/key/aliases?search=%00", "search"),
        ("/user/info?user_id=%00", "user_id"),
        ("/team/info?team_id=x%00", "team_id"),
        ("/spend/logs?request_id=%00x", "request_id"),
        ("/global/activity?start_date=%00", "start_date"),
        ("/customer/info?end_user_id=%00", "end_user_id"),
    ] {
        assert_eq!(master.get(path).refused_saying(400, "NUL")["param"], field, "{path}");
    }
    for (path, body, field) in [
        ("/key/generate", json!({"key_alias": "a\0"}), "key_alias"),
        ("/key/generate", json!({"metadata": {"notes": ["ok", "\0"]}}), "metadata.notes[1]"),
        ("/team/new", json!({"team_alias": "\0"}), "team_alias"),
        ("/user/new", json!({"user_id": "u", "user_email": "a\0b"}), "user_email"),
        ("/tag/info", json!({"names": ["a\0"]}), "names[0]"),
    ] {
        assert_eq!(master.post(path, &body).refused_saying(400, "NUL")["param"], field, "{path}");
    }
    // What an index cannot hold is the value's fault too, and no outage.
    let long: String = (0..9_000_u32).filter_map(|at| char::from_u32(0x4e00 + at * 7_919 % 20_000)).collect();
    let status = master.post("/key/generate", &json!({"key_alias": long})).status();
    assert!([200, 400].contains(&status), "{status}");
}

#[test]
fn a_nul_in_what_administrators_send_is_refused_by_name_on_sqlite() {
    a_nul_is_refused_by_name(&House::quick());
}

#[test]
fn a_nul_in_what_administrators_send_is_refused_by_name_on_postgresql() {
    let (database, fake) = (Postgres::database(), FakeProvider::start());
    a_nul_is_refused_by_name(&House::over(&database, &fake));
}
