//! The command line against a real gateway: what it keeps, makes, shows and says, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use weighhouse_testkit::fake_openai::{FakeProvider, Script};

use crate::harness::{House, Llmctl, eventually};

#[test]
fn a_context_says_whom_to_ask_and_its_key_goes_nowhere_else() {
    let fake = FakeProvider::start();
    let (house, other) = (House::before(&fake), House::before(&fake));
    let key = house.key(json!({"models": ["m"]}));
    let llmctl = Llmctl::alone();
    llmctl.run("model list").failed(4, "no key to ask with");
    let add = |name: &str, house: &House, more: &str| {
        format!("context add {name} --url http://{} --key-stdin {more}", house.address())
    };
    llmctl.run_reading(&add("first", &house, ""), key.secret()).done();
    llmctl.run_reading(&add("second", &other, "-o json"), other.master().secret()).done();
    assert_eq!(llmctl.run("model list").done(), "MODEL\nm\n");
    llmctl.run("context use second").done();
    assert_eq!(llmctl.run("key list").json()["total_count"], 0);
    assert_eq!(
        llmctl.run("key list --context first -o csv").failed(4, ""),
        llmctl.run("key list --context first").err
    );
    let elsewhere = format!("key list --url http://{}", house.address());
    llmctl.run(&elsewhere).failed(4, "no key to ask with");
    let shown = llmctl.run("context list -o yaml").done() + &llmctl.run("context show first").done();
    assert!(!shown.contains("sk-") && shown.contains("name: second"), "{shown}");
}

#[test]
fn a_key_lives_from_making_to_deletion() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let llmctl = Llmctl::of(&house);
    let made = llmctl.run("key new --alias app --model m --max-budget 0.000000123 --rpm 60 -o json").json();
    let secret = made["key"].as_str().unwrap();
    house.shown(secret).chat("hi").refused(422);
    assert_eq!(llmctl.run("key info app").field("max budget"), "$0.000000123");
    let wide = llmctl.run("key update app --max-budget 1234567.123456789 --clear rpm -o json").json();
    assert_eq!((&wide["rpm_limit"], &wide["key"]), (&Value::Null, &Value::Null));
    assert_eq!(llmctl.run("key info app").field("max budget"), "$1234567.123456789");
    house.shown(secret).chat("hi").answered();
    llmctl.run("key block app").done();
    house.shown(secret).chat("hi").refused(401);
    llmctl.run("key unblock app").done();
    let fresh = llmctl.run("key regenerate app --yes -o json").json();
    eventually("the old secret is refused", || {
        (house.shown(secret).chat("hi").status() == 401).then_some(())
    });
    house.shown(fresh["key"].as_str().unwrap()).chat("hi").answered();
    llmctl.run("key delete app").failed(2, "--yes");
    llmctl.run("key delete app --yes").failed(0, "Deleted 1 of 1 keys.");
    llmctl.run("key info app").failed(3, "no key has the alias \"app\"");
}

#[test]
fn a_cost_explains_itself() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let llmctl = Llmctl::of(&house);
    llmctl.run("team new --id crew --max-budget 1 --budget-duration 1d").done();
    let answer = house.key(json!({"team_id": "crew"})).chat("hi");
    answer.answered();
    let id = answer.header("x-litellm-call-id").unwrap().to_owned();
    let explained = eventually("the call is in the ledger", || {
        let explained = llmctl.run(&format!("spend explain {id} -o json"));
        explained.out.starts_with('[').then(|| explained.json())
    });
    let accounts = explained[0]["metadata"]["accounts"].as_array().unwrap();
    let scopes: Vec<_> = accounts.iter().map(|account| account["scope"].as_str().unwrap()).collect();
    assert!(scopes[0].starts_with("key:") && scopes[1..] == ["team:crew", "team:crew"], "{scopes:?}");
    let shown = llmctl.run(&format!("spend explain {id}")).done();
    for words in ["· input_text", "$1000000e-12", "· charged to team:crew ", "team:crew, days:1 from 20"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    llmctl.run("spend explain nobody").failed(3, "the ledger has no call");
}

#[test]
fn everything_with_a_budget_is_made_changed_shown_and_deleted_in_the_same_words() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let llmctl = Llmctl::of(&house);
    let body = llmctl.file("body.json", r#"{"max_budget": 5.5, "budget_duration": "30d"}"#);
    for (what, new, id) in [
        ("team", "--id a", "team_id"),
        ("user", "--id a --no-key", "user_id"),
        ("customer", "a", "user_id"),
        ("budget", "--id a", "budget_id"),
        ("tag", "a", "name"),
    ] {
        let made =
            llmctl.run(&format!("{what} new {new} --from-file {} --rpm 7 -o json", body.display())).json();
        let limits = made.get("litellm_budget_table").unwrap_or(&made).clone();
        assert_eq!(
            (&made[id], &limits["max_budget"], &limits["rpm_limit"]),
            (&json!("a"), &json!(5.5), &json!(7))
        );
        let changed = llmctl.run(&format!("{what} update a --clear max-budget --tpm 9")).done();
        assert!(changed.contains("tpm limit") && !changed.contains("max budget"), "{what}: {changed}");
        let shown = llmctl.run(&format!("{what} info a -o csv")).done();
        assert!(shown.lines().count() == 2 && shown.contains(",30d,"), "{what}: {shown}");
        let listed = llmctl.run(&format!("{what} list")).done();
        assert!(listed.lines().count() == 2 && listed.contains('a'), "{what}: {listed}");
        llmctl.run(&format!("{what} new {new}")).failed(5, "a");
        llmctl.run(&format!("{what} delete a --yes")).done();
        llmctl.run(&format!("{what} info a")).failed(3, "");
        llmctl.run(&format!("{what} delete a --yes")).failed(3, "");
    }
}

#[test]
fn keys_of_a_team_are_named_and_changed_together() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let llmctl = Llmctl::of(&house);
    llmctl.run("team new --id t").done();
    let made = llmctl.run("key new --alias One --team t --type llm-api -o json").json();
    llmctl.run("key new --alias two --team t --service-account").done();
    llmctl.run("key new --alias apart").done();
    let changed = llmctl.run("team key update t --all --rpm 3 --budget-mode after -o csv").done();
    assert_eq!(changed.lines().filter(|line| line.ends_with(",true,")).count(), 2, "{changed}");
    assert_eq!(llmctl.run("key info two").field("rpm limit"), "3");
    llmctl.run("team key update t One apart --clear rpm").failed(5, "1 of 2 keys were not changed");
    assert_eq!(llmctl.run("key aliases --team t --search O --all -o csv").done(), "key_alias\nOne\ntwo\n");
    let one = Llmctl::of(&house).with_key(made["key"].as_str().unwrap());
    one.run("chat m hi").done();
    one.run("key new").failed(4, "");
    assert_eq!(llmctl.run("key health").field("key"), "healthy");
}

#[test]
fn members_and_models_of_a_team_come_and_go() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let llmctl = Llmctl::of(&house);
    llmctl.run("team new --id t --model m").done();
    llmctl.run("user new --id ada --no-key").done();
    llmctl.run("team member add t ada --max-budget 5").done();
    assert_eq!(llmctl.run("team info t").field("member ada"), "$0 of $5");
    llmctl.run("team member update t ada --max-budget 2.25").done();
    assert_eq!(llmctl.run("team info t").field("member ada"), "$0 of $2.25");
    llmctl.run("team model add t n").done();
    assert_eq!(llmctl.run("team info t -o json").json()["team_info"]["models"], json!(["m", "n"]));
    llmctl.run("team model delete t m --yes").done();
    assert_eq!(llmctl.run("team list --user ada -o json").json()["teams"][0]["models"], json!(["n"]));
    llmctl.run("team member delete t ada --yes").done();
    assert_eq!(llmctl.run("team list --user ada -o json").json()["total"], 0);
}

/// Lists are the same in every form, to readers who are not ours.
#[test]
fn csv_and_yaml_are_read_back_as_what_json_says() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let llmctl = Llmctl::of(&house);
    let odd = ["no", "1:30", "a, \"b\"", " größer ", "0x1F", "2026-01-01", "~", "# x", "two\nlines"];
    for (index, alias) in odd.iter().enumerate() {
        let budget = format!("0.00000000{}", index + 1);
        let body = json!({"team_alias": alias, "metadata": {"on": alias, "n": 1e-7}, "max_budget": budget.parse::<f64>().unwrap()});
        llmctl.run_reading("team new --from-file -", &body.to_string()).done();
    }
    let whole = llmctl.run("team list -o json").json();
    let all = llmctl.run("team list --all --size 2 -o json").json();
    assert_eq!(&whole["teams"], &all);
    let Some(python) = python() else { return };
    let read = |program: &str, text: &str| -> Value {
        let mut child = Command::new(&python)
            .args(["-c", &format!("import sys, json, csv, yaml, io; print(json.dumps({program}))")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap()
    };
    assert_eq!(read("yaml.safe_load(sys.stdin.buffer)", &llmctl.run("team list -o yaml").done()), whole);
    let csv = llmctl.run("team list --all -o csv").done();
    let rows =
        read("list(csv.DictReader(io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8', newline='')))", &csv);
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), odd.len());
    for (row, team) in rows.iter().zip(all.as_array().unwrap()) {
        assert_eq!((&row["team_id"], &row["team_alias"]), (&team["team_id"], &team["team_alias"]));
        assert_eq!(row["max_budget"].as_str().unwrap().parse::<f64>().ok(), team["max_budget"].as_f64());
    }
}

#[test]
fn the_exit_status_says_what_went_wrong() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let llmctl = Llmctl::of(&house);
    llmctl.run("key info sk-0123456789abcdef").failed(3, "");
    llmctl.run("key new --max-budget much").failed(2, "much");
    llmctl.run("key new --duration soon").failed(5, "duration");
    llmctl.run("user new --id a --from-file /nowhere.json").failed(1, "/nowhere.json");
    let nobodys = Llmctl::of(&house).with_key("sk-nobodys-0123456789");
    let words = nobodys.run("key list").failed(4, "hint: ");
    assert!(!words.contains("sk-nobodys-0123456789"), "{words}");
    let plain = house.key(json!({}));
    Llmctl::of(&house).with_key(plain.secret()).run("team new").failed(4, "");
    let poor = house.key(json!({"max_budget": 0.0}));
    Llmctl::of(&house).with_key(poor.secret()).run("chat m hi").failed(6, "");
    llmctl.run("key list --url http://127.0.0.1:1").failed(7, "no gateway answers at http://127.0.0.1:1");
    llmctl.run("ledger verify").failed(0, "0 differ");
}

#[test]
fn a_chat_is_streamed_as_it_comes_and_its_cost_is_told() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({}));
    let llmctl = Llmctl::of(&house).with_key(key.secret());
    fake.enqueue(Script::default().tokens(40).parrot());
    let ended = llmctl.run("chat m 'say größer words' --system brief --max-tokens 99");
    let (words, told) = (ended.err.clone(), ended.done());
    let seen = fake.requests().pop().unwrap().json();
    assert_eq!(
        (&seen["messages"][0]["role"], &seen["messages"][1]["content"]),
        (&json!("system"), &json!("say größer words"))
    );
    assert!(told.ends_with('\n') && told.split_whitespace().count() > 1, "{told:?}");
    let row = house.await_rows(1).remove(0);
    let tokens = format!("[{} tokens in, {} out, $", row["prompt_tokens"], row["completion_tokens"]);
    assert!(words.contains(&tokens), "{words} {row}");
    // The same words at once, and as the API gives them.
    fake.enqueue(Script::default().tokens(40).parrot());
    let whole = llmctl.run_reading("chat m --no-stream", "say größer words");
    assert!(whole.err.contains("tokens in") && whole.err.contains("out, $"), "{}", whole.err);
    whole.done();
    fake.enqueue(Script::default().tokens(3));
    let answer = llmctl.run("chat m hi -o json --quiet");
    assert_eq!(answer.err, "");
    assert_eq!(answer.json()["usage"]["completion_tokens"], 3);
    llmctl.run("chat none hi").failed(5, "none");
}

#[test]
fn a_chats_words_are_there_before_its_end_and_an_error_in_its_midst_is_told() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let llmctl = Llmctl::of(&house);
    fake.enqueue(Script::default().stall_after(3));
    let mut child = llmctl.start("chat m hi");
    let mut first = [0; 4];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    fake.await_disconnects(1);
    fake.enqueue(Script::default().error_after(3));
    let ended = llmctl.run("chat m hi");
    assert!(!ended.out.trim().is_empty() && ended.out.ends_with('\n'), "{}", ended.out);
    ended.failed(1, "llmctl: ");
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_an_answer_and_says_what_it_cost() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let llmctl = Llmctl::of(&house);
    fake.enqueue(Script::default().stall_after(3));
    let mut child = llmctl.start("chat m hi");
    let mut first = [0; 1];
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut first).unwrap();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let told = lines.next().unwrap().unwrap();
    assert!(told.contains("stopped"), "{told}");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    fake.await_disconnects(1);
}

fn python() -> Option<std::ffi::OsString> {
    #[expect(clippy::disallowed_methods, reason = "the edge of the stories: which Python is told")]
    let named = std::env::var_os("WEIGHHOUSE_TEST_PYTHON");
    if named.is_none() {
        println!("skipped: WEIGHHOUSE_TEST_PYTHON is not set; `cargo xtask test` sets it");
    }
    named
}
