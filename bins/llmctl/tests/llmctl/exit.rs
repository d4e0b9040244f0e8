//! The program itself, against a gateway of a few lines: exit status, standard output, standard error.

use std::net::TcpListener;

use crate::fake::{gateway, llmctl};

const KEY: &str = r#"{"key":"sk-0123456789abcdef","key_name":"sk-...cdef","key_alias":"app","spend":0.5,"total_spend":0.5,
    "max_budget":25,"expires":null,"models":["gpt-4o"],"aliases":{},"user_id":null,"team_id":null,"metadata":{},"tags":[],
    "rpm_limit":null,"tpm_limit":null,"max_parallel_requests":null,"budget_duration":null,"budget_reset_at":null,
    "blocked":false,"status":"active","created_at":"2026-01-31T12:00:00Z","created_by":null,"of_tomorrow":1.50,
    "updated_at":"2026-01-31T12:00:00Z"}"#;

fn check(answers: &[(u16, &str)], arguments: &[&str], code: i32) -> (String, String) {
    let answers = answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
    let (url, _told) = gateway(answers);
    let ended = llmctl(&[("LITELLM_PROXY_URL", &url), ("LLMCTL_API_KEY", "sk-mine")], arguments, "");
    let (out, err) = (String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap());
    assert_eq!(ended.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    assert!(!err.contains("sk-m") && !err.contains("sk-0"), "{err}");
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
fn json_and_yaml_are_the_answer_digit_by_digit_and_csv_has_a_head() {
    let (out, _) = check(&[(200, KEY)], &["key", "new", "-o", "json"], 0);
    assert!(out.contains("\"of_tomorrow\": 1.50") && out.ends_with("}\n"), "{out}");
    let (out, _) = check(&[(200, KEY)], &["key", "new", "-o", "yaml"], 0);
    assert!(out.starts_with("key: sk-0123456789abcdef\n") && out.contains("\nof_tomorrow: 1.50\n"), "{out}");
    assert!(
        out.contains("\ncreated_at: \"2026-01-31T12:00:00Z\"\n") && out.contains("\naliases: {}\n"),
        "{out}"
    );
    let (out, _) = check(&[(200, KEY)], &["key", "new", "-o", "csv"], 0);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines.len() == 2 && lines.iter().all(|line| line.split(',').count() == 37), "{out}");
    assert!(out.starts_with("key,key_name,key_alias,token,status,spend,total_spend,max_budget,"), "{out}");
    assert!(out.contains("sk-0123456789abcdef,sk-...cdef,app,,active,0.5,0.5,25,"), "{out}");
}

#[test]
fn an_alias_stands_for_its_key() {
    let hash = r#"{"keys":["88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b"],"total_count":1,
        "current_page":1,"total_pages":1}"#;
    let (out, _) = check(&[(200, hash), (200, KEY)], &["key", "block", "app"], 0);
    assert!(out.contains("alias       app\n"), "{out}");
    let none = &[(200, r#"{"keys":[],"total_count":0,"current_page":1,"total_pages":0}"#)];
    let (_, err) = check(none, &["key", "block", "nobody"], 3);
    assert!(err.contains("nobody") && err.contains("hint: "), "{err}");
}

#[test]
fn all_pages_are_one_list() {
    let page = |number: u32, keys: &str| {
        format!(r#"{{"keys":[{keys}],"total_count":2,"current_page":{number},"total_pages":2}}"#)
    };
    let (first, second) = (page(1, KEY), page(2, KEY));
    let answers = [(200, first.as_str()), (200, second.as_str())];
    let (out, err) = check(&answers, &["key", "list", "--all", "-o", "json"], 0);
    assert_eq!((out.matches("\"key_alias\": \"app\"").count(), err.as_str()), (2, ""), "{out}");
    assert!(out.starts_with("[\n") && out.contains("1.50"), "{out}");
    let (out, err) = check(&answers[..1], &["key", "list"], 0);
    assert!(out.lines().count() == 2 && err.contains("Page 1 of 2; 2 keys."), "{out}{err}");
}

#[test]
fn what_went_wrong_decides_the_exit_status() {
    check(&[(500, refusal!("internal_server_error"))], &["key", "list"], 1);
    check(&[(400, refusal!("bad_request_error"))], &["key", "generate"], 5);
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
    check(&[], &["key", "list", "--url", "ftp://127.0.0.1:1"], 2);
    check(&[], &["key", "list", "--url", "https://127.0.0.1:1"], 7);
    check(&[], &["key", "update", "sk-0123456789abcdef", "--rpm", "1", "--clear", "rpm"], 2);
    check(&[], &["key", "new", "--max-budget", "much"], 2);
}

#[test]
fn what_cannot_be_undone_wants_yes_where_nobody_can_be_asked() {
    for verb in [
        "key delete some",
        "key regenerate some",
        "team delete some",
        "team member delete some ada",
        "team model delete some m",
        "user delete some",
        "customer delete some",
        "budget delete some",
        "tag delete some",
    ] {
        let words: Vec<&str> = verb.split(' ').collect();
        let (_, err) = check(&[], &words, 2);
        assert!(err.contains("--yes"), "{err}");
    }
    let (_, err) = check(&[], &["team", "model", "delete", "some", "m"], 2);
    assert!(err.contains("every model once none is left"), "{err}");
    check(&[(200, r#"["some"]"#)], &["team", "delete", "some", "--yes"], 0);
    let (_, err) = check(&[(200, r#"["some"]"#)], &["team", "delete", "some", "other", "-y"], 3);
    assert!(err.contains("Deleted 1 of 2 teams."), "{err}");
}

#[test]
fn without_a_gateway_or_a_key_the_status_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let ended = llmctl(&[("LLMCTL_URL", &url), ("LLMCTL_KEY", "sk-mine")], &["key", "list"], "");
    assert_eq!(ended.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("hint: start the gateway"));
    let ended = llmctl(&[], &["key", "list"], "");
    assert_eq!(ended.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("LLMCTL_KEY"));
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = llmctl(&[], &["completions", shell], "");
        let text = String::from_utf8(ended.stdout).unwrap();
        assert!(ended.status.success() && text.contains("llmctl") && text.contains("key-stdin"), "{shell}");
    }
}
