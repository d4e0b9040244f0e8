//! The program itself, against a gateway of a few lines: exit status, standard output, standard error.

#![expect(clippy::unwrap_used, reason = "tests: a fake that cannot go on stops")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::thread;

const KEY: &str = r#"{"key":"sk-0123456789abcdef","key_name":"sk-...cdef","key_alias":"app","spend":0.5,"total_spend":0.5,
    "max_budget":25,"expires":null,"models":["gpt-4o"],"aliases":{},"user_id":null,"team_id":null,"metadata":{},"tags":[],
    "rpm_limit":null,"tpm_limit":null,"max_parallel_requests":null,"budget_duration":null,"budget_reset_at":null,
    "blocked":false,"status":"active","created_at":"2026-01-31T12:00:00Z","created_by":null,
    "updated_at":"2026-01-31T12:00:00Z"}"#;

/// A gateway that gives these answers, one a connection, and ends; its address.
fn gateway(answers: &'static [(u16, &'static str)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4_096];
            while !is_whole(&request) {
                let read = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(buffer.get(..read).unwrap());
            }
            let head =
                format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
    });
    format!("http://{address}")
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

fn llmctl(url: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmctl"));
    command.env_clear().env("LITELLM_PROXY_URL", url).env("LLMCTL_API_KEY", "sk-mine");
    command.args(arguments).output().unwrap()
}

fn check(answers: &'static [(u16, &'static str)], arguments: &[&str], code: i32) -> (String, String) {
    let ended = llmctl(&gateway(answers), arguments);
    let (out, err) = (String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap());
    assert_eq!(ended.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    assert!(!err.contains("sk-"), "{err}");
    (out, err)
}

macro_rules! refusal {
    ($kind:literal) => {
        concat!(r#"{"error":{"message":"No.","type":""#, $kind, r#"","param":"key","code":"0"}}"#)
    };
}

#[test]
fn data_goes_to_standard_output_and_words_to_standard_error() {
    let (out, err) = check(&[(200, KEY)], &["key", "generate", "--alias", "app"], 0);
    assert!(
        out.starts_with("key         sk-0123456789abcdef\n") && out.contains("max budget  $25\n"),
        "{out}"
    );
    assert!(err.contains("keep it now"), "{err}");
    let (out, err) = check(&[(200, r#"{"data":[{"id":"gpt-4o"}]}"#)], &["model", "list"], 0);
    assert_eq!((out.as_str(), err.as_str()), ("MODEL\ngpt-4o\n", ""));
    let (out, _) = check(&[(200, "[]")], &["spend", "logs", "-o", "json"], 0);
    assert_eq!(out, "[]\n");
}

#[test]
fn an_alias_stands_for_its_key() {
    let hash = r#"{"keys":["88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b"],"total_count":1,
        "current_page":1,"total_pages":1}"#;
    let answers: &'static [(u16, &'static str)] = Box::leak(Box::new([(200, hash), (200, KEY)]));
    let (out, _) = check(answers, &["key", "block", "app"], 0);
    assert!(out.contains("alias       app\n"), "{out}");
    let none = &[(200, r#"{"keys":[],"total_count":0,"current_page":1,"total_pages":0}"#)];
    let (_, err) = check(none, &["key", "block", "nobody"], 3);
    assert!(err.contains("nobody"), "{err}");
}

#[test]
fn what_went_wrong_decides_the_exit_status() {
    check(&[(400, refusal!("bad_request_error"))], &["key", "generate"], 1);
    check(&[(404, refusal!("not_found_error"))], &["key", "info", "sk-0123456789abcdef"], 3);
    check(&[(403, refusal!("auth_error"))], &["key", "list"], 4);
    check(&[(401, refusal!("auth_error"))], &["key", "list"], 4);
    check(&[(429, refusal!("throttling_error"))], &["key", "list"], 6);
    check(&[(200, "<html>")], &["key", "list"], 1);
    check(
        &[
            (503, r#"{"status":"unhealthy","db":"disconnected"}"#),
            (200, r#"{"healthy_endpoints":[],"unhealthy_endpoints":[]}"#),
        ],
        &["health"],
        1,
    );
    check(&[], &["key"], 2);
    check(&[], &["key", "list", "--url", "https://127.0.0.1:1"], 2);
    check(&[], &["key", "update", "sk-0123456789abcdef", "--rpm", "1", "--clear", "rpm"], 2);
}

#[test]
fn without_a_gateway_or_a_key_the_status_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(llmctl(&url, &["key", "list"]).status.code(), Some(7));
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmctl"));
    let ended = command.env_clear().args(["key", "list"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("LLMCTL_API_KEY"));
}
