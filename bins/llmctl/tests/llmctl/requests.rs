//! What the gateway is asked for every verb: the command line, and the request that it stands for.

use crate::fake::{encrypted_gateway, gateway, llmctl};

const HASH: &str = "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b";

/// The command line asks this; the gateway says that it finds nothing.
fn check(said: &str, line: &str, body: &str) {
    check_with(said, "", line, body);
}

fn check_with(said: &str, stdin: &str, line: &str, body: &str) {
    let refusal = r#"{"error":{"message":"None.","type":"not_found_error","param":null,"code":"404"}}"#;
    let (url, told) = gateway(vec![(404, refusal.to_owned())]);
    let arguments: Vec<&str> = said.split_whitespace().collect();
    let ended = llmctl(&[("LLMCTL_URL", &url), ("LLMCTL_KEY", "sk-mine")], &arguments, stdin);
    let err = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(3), "{said}: {err}");
    let asked = told.recv().unwrap();
    let (head, sent) = asked.split_once("\r\n\r\n").unwrap();
    assert_eq!(head.lines().next().unwrap().trim_end_matches(" HTTP/1.1"), line, "{said}");
    assert_eq!(sent, body, "{said}");
    assert!(head.to_ascii_lowercase().contains("\r\nauthorization: bearer sk-mine"), "{head}");
}

#[test]
fn keys() {
    check("key new", "POST /key/generate", "{}");
    check(
        "key generate --alias app --model a --model b* --max-budget 0.1 --rpm 5 --tag t --duration 30d",
        "POST /key/generate",
        r#"{"key_alias":"app","duration":"30d","models":["a","b*"],"max_budget":0.1,"rpm_limit":5,"tags":["t"]}"#,
    );
    check_with(
        "key new --from-file - --alias said",
        r#"{"key_alias":"kept","soft_budget":2}"#,
        "POST /key/generate",
        r#"{"key_alias":"said","soft_budget":2.0}"#,
    );
    check(
        &format!("key update {HASH} --max-budget 50 --clear expiry"),
        "POST /key/update",
        &format!(r#"{{"key":"{HASH}","duration":null,"max_budget":50.0}}"#),
    );
    check(
        "key new --type llm-api --service-account --team t --allowed-route /v1/models --itpm 5 --budget-mode bounded",
        "POST /key/service-account/generate",
        r#"{"budget_mode":"bounded","itpm_limit":5,"team_id":"t","allowed_routes":["/v1/models"],"key_type":"llm_api"}"#,
    );
    check("key aliases --search a --team t", "GET /key/aliases?page=1&size=50&search=a&team_id=t", "");
    check("key health", "POST /key/health", "{}");
    check("key info", "GET /key/info", "");
    check(&format!("key info {HASH}"), &format!("GET /key/info?key={HASH}"), "");
    check("key info app", "GET /key/list?page=1&size=10&key_alias=app", "");
    check(
        "key list --team t --user u --hash h --page 2 --size 5",
        "GET /key/list?page=2&size=5&user_id=u&team_id=t&key_hash=h&return_full_object=true",
        "",
    );
    check(&format!("key block {HASH}"), "POST /key/block", &format!(r#"{{"key":"{HASH}"}}"#));
    check(&format!("key unblock {HASH}"), "POST /key/unblock", &format!(r#"{{"key":"{HASH}"}}"#));
    check(&format!("key delete {HASH} -y"), "POST /key/delete", &format!(r#"{{"keys":["{HASH}"]}}"#));
    check(
        &format!("key regenerate {HASH} --yes --chosen sk-new"),
        "POST /key/regenerate",
        &format!(r#"{{"key":"{HASH}","new_key":"sk-new"}}"#),
    );
}

#[test]
fn teams_and_their_members() {
    check(
        "team new --id a --member-budget 5 --member-rpm 3 --model-budget m=1/1d",
        "POST /team/new",
        r#"{"team_id":"a","model_max_budget":{"m":{"budget_limit":1.0,"time_period":"1d"}},"team_member_budget":5.0,"team_member_rpm_limit":3}"#,
    );
    check(
        "team update a --alias b --clear models --clear member-budget",
        "POST /team/update",
        r#"{"team_id":"a","team_alias":"b","models":null,"team_member_budget":null}"#,
    );
    check("team info a", "GET /team/info?team_id=a", "");
    check("team list --user u --alias n", "GET /v2/team/list?user_id=u&team_alias=n&page=1&page_size=50", "");
    check("team delete a b --yes", "POST /team/delete", r#"{"team_ids":["a","b"]}"#);
    check("team block a", "POST /team/block", r#"{"team_id":"a"}"#);
    check("team unblock a", "POST /team/unblock", r#"{"team_id":"a"}"#);
    check(
        "team member add a u --admin --max-budget 5 --budget-duration 1d",
        "POST /team/member_add",
        r#"{"team_id":"a","member":{"role":"admin","user_id":"u"},"max_budget_in_team":5.0,"budget_duration":"1d"}"#,
    );
    check(
        "team member update a u --role user --rpm 2 --clear max-budget",
        "POST /team/member_update",
        r#"{"team_id":"a","user_id":"u","role":"user","max_budget_in_team":null,"rpm_limit":2}"#,
    );
    check("team member delete a u -y", "POST /team/member_delete", r#"{"team_id":"a","user_id":"u"}"#);
    check(
        "team key update a --all --rpm 3 --clear allowed-routes",
        "POST /team/key/bulk_update",
        r#"{"team_id":"a","all_keys_in_team":true,"update_fields":{"allowed_routes":[],"rpm_limit":3}}"#,
    );
    check("team model add a m n*", "POST /team/model/add", r#"{"team_id":"a","models":["m","n*"]}"#);
    check("team model delete a m -y", "POST /team/model/delete", r#"{"team_id":"a","models":["m"]}"#);
}

#[test]
fn users_and_customers() {
    check(
        "user new --id u --role proxy-admin-viewer --team a --no-key",
        "POST /user/new",
        r#"{"user_id":"u","user_role":"proxy_admin_viewer","teams":["a"],"auto_create_key":false}"#,
    );
    check(
        "user update u --email e@x --clear alias",
        "POST /user/update",
        r#"{"user_id":"u","user_email":"e@x","user_alias":null}"#,
    );
    check("user info u", "GET /user/info?user_id=u", "");
    check("user list --size 7", "GET /user/list?page=1&page_size=7", "");
    check("user delete u -y", "POST /user/delete", r#"{"user_ids":["u"]}"#);
    check("customer new c --budget small", "POST /customer/new", r#"{"user_id":"c","budget_id":"small"}"#);
    check_with(
        "customer new --from-file - --rpm 1",
        r#"{"user_id":"c"}"#,
        "POST /customer/new",
        r#"{"user_id":"c","rpm_limit":1}"#,
    );
    check("customer update c --clear budget", "POST /customer/update", r#"{"user_id":"c","budget_id":null}"#);
    check("customer info c", "GET /customer/info?end_user_id=c", "");
    check("customer list", "GET /customer/list?page=1&page_size=50", "");
    check("customer delete c -y", "POST /customer/delete", r#"{"user_ids":["c"]}"#);
    check("customer block c d", "POST /customer/block", r#"{"user_ids":["c","d"]}"#);
    check("customer unblock c", "POST /customer/unblock", r#"{"user_ids":["c"]}"#);
}

#[test]
fn budgets_tags_models_and_the_ledger() {
    check(
        "budget new --id b --max-budget 5 --budget-duration 30d --budget-window 1d=1",
        "POST /budget/new",
        r#"{"budget_id":"b","max_budget":5.0,"budget_duration":"30d","budget_limits":[{"budget_duration":"1d","max_budget":1.0}]}"#,
    );
    check("budget update b --clear rpm", "POST /budget/update", r#"{"budget_id":"b","rpm_limit":null}"#);
    check("budget info b c", "POST /budget/info", r#"{"budgets":["b","c"]}"#);
    check("budget list --page 3", "GET /budget/list?page=3&page_size=50", "");
    check("budget delete b -y", "POST /budget/delete", r#"{"id":"b"}"#);
    check(
        "tag new t --description d --model m",
        "POST /tag/new",
        r#"{"name":"t","description":"d","models":["m"]}"#,
    );
    check(
        "tag update t --max-budget 1 --clear description",
        "POST /tag/update",
        r#"{"name":"t","description":null,"max_budget":1.0}"#,
    );
    check("tag info t", "POST /tag/info", r#"{"names":["t"]}"#);
    check("tag list", "GET /tag/list?page=1&page_size=50", "");
    check("tag delete t -y", "POST /tag/delete", r#"{"name":"t"}"#);
    check("model list", "GET /v1/models", "");
    check("model info", "GET /model/info", "");
    check("ledger verify", "GET /ledger/verify", "");
}

#[test]
fn chats() {
    check(
        "chat m hi --system brief --max-tokens 5",
        "POST /v1/chat/completions",
        r#"{"max_tokens":5,"messages":[{"content":"brief","role":"system"},{"content":"hi","role":"user"}],"model":"m","stream":true,"stream_options":{"include_usage":true}}"#,
    );
    check_with(
        "chat m --no-stream",
        "two\nlines",
        "POST /v1/chat/completions",
        r#"{"messages":[{"content":"two\nlines","role":"user"}],"model":"m"}"#,
    );
}

#[test]
fn an_encrypted_gateway_is_asked_where_its_certificate_is_trusted() {
    let url = encrypted_gateway(r#"{"keys":[],"total_count":0,"current_page":1,"total_pages":0}"#);
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/authority.pem");
    let asked = ["key", "list", "--url", &url, "--output", "json"];
    let told = llmctl(&[("LLMCTL_API_KEY", "sk-1"), ("SSL_CERT_FILE", authority)], &asked, "");
    assert!(told.status.success(), "{told:?}");
    let stranger = llmctl(&[("LLMCTL_API_KEY", "sk-1")], &asked, "");
    assert_eq!(stranger.status.code(), Some(7), "{stranger:?}");
    assert!(String::from_utf8_lossy(&stranger.stderr).contains("certificate"), "{stranger:?}");
}
