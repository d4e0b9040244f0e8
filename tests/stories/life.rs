//! A house from its start to its end: configs, reloads, signals, restarts.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use serde_json::json;
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_testkit::http::Connection;
use weighhouse_testkit::process::ServerProcess;
use weighhouse_testkit::temp_dir::TempDir;

use crate::harness::{House, MASTER_KEY, SOON, chat, eventually, gateway_program, priced, words_of};

fn check(config: &str, strict: bool) -> (i32, String) {
    let dir = TempDir::new("check");
    let file = dir.file("config.yaml", config);
    let mut command = Command::new(gateway_program());
    command.arg("check").arg(&file);
    if strict {
        command.arg("--strict");
    }
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = [stdout, stderr].concat();
    (status.code().unwrap(), String::from_utf8(said).unwrap())
}

#[test]
fn told_to_stop_it_finishes_what_is_in_flight_and_takes_nothing_new() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().tokens(20).chunk_pace(std::time::Duration::from_millis(50)));
    let house = House::before(&fake);
    let key = house.key(json!({}));
    let mut stream = key.stream("hi");
    stream.read_words(2);
    house.process().terminate();
    eventually("the port is closed", || Connection::open(house.address()).is_err().then_some(()));
    let chunks = stream.chunks();
    assert_eq!(words_of(&chunks), "tok ".repeat(18));
    let status = house.process().wait_for_exit(SOON);
    assert!(status.success(), "{status}");
}

#[test]
fn an_idle_house_ends_at_once() {
    let house = House::quick();
    let _idle = Connection::open(house.address()).unwrap();
    let began = std::time::Instant::now();
    house.process().terminate();
    assert!(house.process().wait_for_exit(SOON).success());
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}

#[test]
fn a_stream_that_never_ends_is_cut_when_the_drain_is_over() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().stall_after(2));
    let entry = priced("m", &fake, "");
    let house = House::with(&format!("model_list:\n{entry}weighhouse_settings: {{drain_seconds: 1}}\n"));
    let mut stream = house.master().stream("hi");
    stream.read_words(2);
    house.process().terminate();
    assert!(house.process().wait_for_exit(SOON).success(), "{:?}", house.process().lines());
    fake.await_disconnects(1);
}

#[test]
fn a_hangup_puts_a_new_config_in_force() {
    let (old, new) = (FakeProvider::start(), FakeProvider::start());
    let house = House::before(&old);
    let key = house.key(json!({}));
    key.chat("hi").answered();
    house.rewrite_config(&format!("model_list:\n{}", priced("m", &new, "")));
    house.process().hang_up();
    house.says("a new config is in force");
    key.chat("hi").answered();
    assert_eq!((old.requests().len(), new.requests().len()), (1, 1));
}

#[test]
fn a_changed_file_is_taken_without_being_told() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    house.rewrite_config(&format!("model_list:\n{}{}", priced("m", &fake, ""), priced("new", &fake, "")));
    house.says("a new config is in force: 2 deployments");
    house.key(json!({})).chat_with("new", "hi").answered();
}

#[test]
fn a_stream_lives_on_through_a_new_config() {
    let (old, new) = (FakeProvider::start(), FakeProvider::start());
    old.set_default(Script::default().tokens(20).chunk_pace(std::time::Duration::from_millis(30)));
    let house = House::before(&old);
    let mut stream = house.master().stream("hi");
    stream.read_words(1);
    house.rewrite_config(&format!("model_list:\n{}", priced("m", &new, "")));
    house.process().hang_up();
    house.says("a new config is in force");
    assert_eq!(words_of(&stream.chunks()), "tok ".repeat(19));
}

#[test]
fn a_bad_config_keeps_the_old_one_and_says_why() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    for bad in ["model_list: [", "general_settings: {master_key: sk-1234}\n"] {
        house.rewrite_config(bad);
        house.process().hang_up();
        eventually("it says why", || {
            let lines = house.process().lines();
            let refusals = lines.iter().filter(|line| line.contains("the old one stays in force: ")).count();
            (refusals > usize::from(bad.starts_with("general"))).then_some(())
        });
        house.master().chat("hi").answered();
    }
    let line = house.says("is not taken");
    assert!(line.contains("config.yaml"), "{line}");
}

#[test]
fn check_names_what_is_wrong_with_its_line() {
    let fake = FakeProvider::start();
    let good = format!("model_list:\n{}", priced("m", &fake, ""));
    let (code, said) = check(&good, true);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("1 deployments in 1 groups, 0 findings"), "{said}");
    let typo = format!("{good}router_settings: {{num_retrys: 3}}\n");
    let (code, said) = check(&typo, false);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("config.yaml:3:") && said.contains("num_retrys") && said.contains("num_retries"),
        "{said}"
    );
    let (code, said) = check(&typo, true);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("not accepted"), "{said}");
    let (code, said) = check("model_list:\n  - {model_name: m}\n", false);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("litellm_params"), "{said}");
    let (code, said) = check("model_list: [\n", false);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("config.yaml"), "{said}");
}

#[test]
fn nothing_starts_with_a_budget_that_would_bound_nothing() {
    let fake = FakeProvider::start();
    let models = format!("model_list:\n{}", priced("m", &fake, ""));
    let budget = |of: &str| format!("{models}router_settings: {{provider_budget_config: {{{of}}}}}\n");
    for (of, words) in [
        ("opnai: {budget_limit: 1, time_period: 1d}", "did you mean `openai`?"),
        ("nobody-at-all: {budget_limit: 1}", "docs/reference/providers.md has the names"),
        ("openai: {budget_limit: 1, time_period: 1y}", "write 30s, 5m, 24h, 7d, 2w, 30d or 1mo"),
        ("openai: {budget_limit: 1, time_period: 30}", "write 30s, 5m, 24h, 7d, 2w, 30d or 1mo"),
    ] {
        let config = budget(of);
        let (code, said) = check(&config, false);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("config.yaml:3:") && said.contains(words), "{said}");
        let dir = TempDir::new("unbound");
        let file = dir.file("config.yaml", &config);
        let arguments =
            ["--config", file.to_str().unwrap(), "--port", "0", "--data-dir", dir.path().to_str().unwrap()];
        let process = ServerProcess::start(&gateway_program(), &arguments, &[]);
        process.wait_for_line(|line| line.contains("would bound nothing"), SOON);
        assert_eq!(process.wait_for_exit(SOON).code(), Some(1), "{of}");
    }
    let (code, said) = check(&budget("openai: {budget_limit: 1, time_period: 30d}"), true);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn check_says_no_secret() {
    let config = "model_list:\n  - {model_name: m, litellm_params: {model: nobody-knows/x, api_key: sk-very-secret, api_kee: sk-very-secret}}\ngeneral_settings: {master_key: sk-very-secret-master, master_kee: sk-very-secret-master}\n";
    let (_, said) = check(config, true);
    assert!(!said.contains("very-secret"), "{said}");
}

#[test]
fn a_file_that_is_not_there_is_said_so() {
    let dir = TempDir::new("none");
    let file = dir.path().join("nowhere.yaml");
    let process =
        ServerProcess::start(&gateway_program(), &["--config", file.to_str().unwrap(), "--port", "0"], &[]);
    let line = process.wait_for_line(|line| line.contains("nowhere.yaml"), SOON);
    assert!(line.starts_with("gateway: "), "{line}");
    assert_eq!(process.wait_for_exit(SOON).code(), Some(1));
}

#[test]
fn a_master_key_that_can_be_guessed_is_refused() {
    for weak in ["sk-1234", "", "sk-aaaaaaaaaaaaaaaa"] {
        let dir = TempDir::new("weak");
        let data = dir.path().join("data");
        let args = ["--port", "0", "--data-dir", data.to_str().unwrap()];
        let process = ServerProcess::start(&gateway_program(), &args, &[("LITELLM_MASTER_KEY", weak)]);
        let line = process.wait_for_line(|line| line.contains("master key"), SOON);
        assert!(weak.is_empty() || !line.contains(weak), "{line}");
        assert!(line.contains("openssl rand"), "{line}");
        assert_eq!(process.wait_for_exit(SOON).code(), Some(1));
    }
    let dir = TempDir::new("permitted");
    let data = dir.path().join("data");
    let args = ["--port", "0", "--data-dir", data.to_str().unwrap()];
    let env =
        [("LITELLM_MASTER_KEY", "sk-1234"), ("LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY", "true")];
    let process = ServerProcess::start(&gateway_program(), &args, &env);
    process.wait_for_line(|line| line.contains(" listens on "), SOON);
}

#[test]
fn a_start_without_a_config_answers_at_once() {
    let house = House::quick();
    let mut body = chat("Hello, weighhouse");
    body["model"] = json!("echo");
    assert_eq!(house.master().ask(&body).text(), "Hello, weighhouse");
    let chunks = house.master().ask_stream("/v1/chat/completions", body).chunks();
    assert_eq!(words_of(&chunks), "Hello, weighhouse");
    assert_eq!(house.master().get("/v1/models").answered()["data"][0]["id"], "echo");
    let key = house.key(json!({"max_budget": 1.0}));
    key.chat_with("echo", "with a budget").answered();
}

#[test]
fn the_admin_key_is_for_its_owner_alone_and_survives() {
    let house = House::quick();
    let file = house.data_file("admin.key");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    let before = house.master().secret().to_owned();
    assert_eq!(std::fs::read_to_string(&file).unwrap().trim(), before);
    let house = house.restarted();
    assert_eq!(house.master().secret(), before);
    house.master().chat_with("echo", "still here").answered();
}

#[test]
fn keys_spend_and_rows_survive_a_restart() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({"key_alias": "kept", "max_budget": 0.0001}));
    let secret = key.secret().to_owned();
    key.chat("four").answered();
    // No waiting: what was served before the end is in the store after it.
    let house = house.restarted();
    let key = house.shown(&secret);
    assert_eq!(house.info(&key)["key_alias"], "kept");
    assert_eq!(house.spent(&key).get(), 21_000);
    assert_eq!(house.rows().len(), 1);
    key.chat("four").refused(422);
    assert_eq!(fake.requests().len(), 1);
}

#[test]
fn what_is_in_the_ledger_survives_a_kill() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({}));
    let secret = key.secret().to_owned();
    key.chat("four").answered();
    house.await_rows(1);
    house.process().kill();
    house.process().wait_for_exit(SOON);
    let house = house.started_anew();
    assert_eq!(house.spent(&house.shown(&secret)).get(), 21_000);
}

#[test]
fn the_first_lines_tell_the_address_and_never_a_configured_key() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    house.says("A first call:");
    house.master().chat("hi").answered();
    let lines = house.process().lines();
    assert!(lines[0].starts_with("Weighhouse 0.1.0 listens on http://127.0.0.1:"), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains(MASTER_KEY)), "{lines:?}");
}
