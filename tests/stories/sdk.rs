//! The official Python clients work against the house as they do against OpenAI, Anthropic, Google and LiteLLM.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use weighhouse_testkit::fake_chat::{FakeChat, Wire};
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_testkit::process::ServerProcess;

use crate::harness::{House, MASTER_KEY, PRICES, deployment, priced};

/// Python with its imports takes seconds on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The Python that `cargo xtask test` makes, with the clients of `requirements.txt`.
fn test_python() -> Option<OsString> {
    #[expect(clippy::disallowed_methods, reason = "the edge of the stories: which Python is told")]
    let named = std::env::var_os("WEIGHHOUSE_TEST_PYTHON");
    if named.is_none() {
        println!("skipped: WEIGHHOUSE_TEST_PYTHON is not set; `cargo xtask test` sets it");
    }
    named
}

/// Runs a program of facts to its end; each of them must hold.
fn holds(python: &OsStr, suite: &str, args: &[&str]) {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk").join(suite);
    let mut all = vec![suite.to_str().unwrap()];
    all.extend_from_slice(args);
    let program = ServerProcess::start(Path::new(python), &all, &[("PYTHONUNBUFFERED", "1")]);
    let status = program.wait_for_exit(PATIENCE);
    assert!(status.success(), "{status}:\n{}", program.lines().join("\n"));
    program.wait_for_line(|line| line == "all hold", PATIENCE);
}

fn provider(script: Script) -> FakeProvider {
    let fake = FakeProvider::start();
    fake.set_default(script);
    fake
}

#[test]
fn the_official_client_finds_nothing_amiss() {
    let Some(python) = test_python() else { return };
    let fakes = [
        ("m", provider(Script::default())),
        ("tools", provider(Script::default().tool_call("call_1", "weather", r#"{"city":"Delft"}"#))),
        ("json", provider(Script::default().json(r#"{"city":"Delft","kelvin":288}"#))),
        ("slow", provider(Script::default().stall_after(0))),
        ("endless", provider(Script::default().stall_after(3))),
        ("broken", provider(Script::failing(500))),
        ("halves", provider(Script::default().error_after(4))),
    ];
    let models: String = fakes.iter().map(|(name, fake)| priced(name, fake, "")).collect();
    let house = House::with(&format!("model_list:\n{models}router_settings: {{num_retries: 0}}\n"));
    let key = house.key(json!({"max_budget": 10.0}));
    let denied = house.key(json!({"models": ["other"]}));
    let limited = house.key(json!({"rpm_limit": 1}));
    let base = format!("http://{}/v1", house.address());
    holds(&python, "suite.py", &[&base, key.secret(), denied.secret(), limited.secret()]);
    // Who gave up and who left was seen by the providers.
    for (name, fake) in &fakes {
        if matches!(*name, "slow" | "endless") {
            fake.await_disconnects(1);
        }
    }
}

/// Sixteen pairs: four clients, four kinds of providers.
#[test]
fn every_official_client_speaks_to_every_kind_of_provider() {
    let Some(python) = test_python() else { return };
    let chat = provider(Script::default().parrot());
    let [responses, anthropic, gemini] =
        [Wire::Responses, Wire::Anthropic, Wire::Gemini].map(FakeChat::start);
    let models = [
        deployment("via-chat", "custom_openai/parrot", &chat.base_url(), PRICES),
        deployment("via-responses", "openai/responses/gpt-5.1", &responses.base_url(), ""),
        deployment("via-anthropic", "anthropic/claude-sonnet-4-5", &anthropic.base_url(), ""),
        deployment("via-gemini", "gemini/gemini-2.5-pro", &gemini.base_url(), ""),
    ];
    let house =
        House::with(&format!("model_list:\n{}router_settings: {{num_retries: 0}}\n", models.concat()));
    let key = house.key(json!({"max_budget": 100.0}));
    let address = format!("http://{}", house.address());
    holds(&python, "dialects.py", &[&address, key.secret()]);
}

/// What is refused raises the class that programs catch, says when to ask again, and is not asked for in vain.
#[test]
fn official_clients_understand_refusals_of_limits() {
    let Some(python) = test_python() else { return };
    let fake = provider(Script::default());
    let house = House::before(&fake);
    let keys = [
        json!({"rpm_limit": 1}),
        json!({"rpd_limit": 1}),
        json!({"max_budget": 0.0, "budget_duration": "1d"}),
        json!({"max_budget": 0.0}),
    ]
    .map(|settings| house.key(settings));
    let base = format!("http://{}", house.address());
    let [minute, day, windowed, spent] = keys.each_ref().map(|key| key.secret());
    holds(&python, "limits.py", &[&base, minute, day, windowed, spent]);
}

/// LiteLLM's own client classes manage this house as they manage LiteLLM.
#[test]
fn litellms_own_client_manages_keys_teams_and_users() {
    let Some(python) = test_python() else { return };
    let fakes = [("m", provider(Script::default())), ("halves", provider(Script::default().error_after(4)))];
    let models: String = fakes.iter().map(|(name, fake)| priced(name, fake, "")).collect();
    let house = House::with(&format!("model_list:\n{models}router_settings: {{num_retries: 0}}\n"));
    let base = format!("http://{}", house.address());
    holds(&python, "litellm_client.py", &[&base, MASTER_KEY]);
}
