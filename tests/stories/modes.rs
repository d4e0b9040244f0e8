//! How strictly budgets hold, what deployments and providers may spend, models without a price, and clients that go.

use serde_json::json;
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_types::Nanos;

use crate::harness::{House, agreed, chat, deployment, eventually, model, nanos, priced};

/// Prices that a fake is told too: a hundred and two hundred micro-dollars a token.
const DEAR: &str = "input_cost_per_token: 0.0001, output_cost_per_token: 0.0002";

fn dear() -> FakeProvider {
    let fake = FakeProvider::start();
    fake.price(100_000_000, 200_000_000);
    fake.set_default(Script::default().tokens(100));
    fake
}

fn house(models: &str, more: &str) -> House {
    House::with(&format!("model_list:\n{models}router_settings: {{num_retries: 0}}\n{more}"))
}

#[test]
fn a_budget_that_is_checked_afterwards_lets_a_call_pass_it_and_refuses_the_next() {
    let fake = dear();
    let house = house(&model("m", &fake, DEAR), "");
    let strict = house.key(json!({"max_budget": 0.01}));
    let capped = strict.chat("word").header("x-weighhouse-output-capped").map(str::to_owned);
    assert!(capped.is_some(), "two cents do not fit into one, so the answer is cut");
    assert!(fake.requests()[0].json()["max_tokens"].is_number());
    let lenient = house.key(json!({"max_budget": 0.01, "budget_mode": "after"}));
    lenient.chat("word").answered();
    assert!(fake.requests()[1].json().get("max_tokens").is_none(), "nothing is added to the call");
    eventually("it is booked", || (house.spent(&lenient) > Nanos::new(20_000_000)).then_some(()));
    lenient.chat("word").refused_saying(422, "Max budget: 0.01");
    house
        .admin("/key/update", json!({"key": strict.secret(), "budget_mode": "lax"}))
        .refused_saying(400, "budget_mode");
}

#[test]
fn a_bounded_budget_holds_what_calls_usually_cost_and_tells_what_they_may_cost_beyond() {
    let fake = FakeProvider::start();
    let house = house(&priced("m", &fake, ""), "weighhouse_settings: {budget_mode: bounded}\n");
    // Ten tokens each: some 22 micro-dollars. Fifty such calls teach what is usual.
    let teacher = house.key(json!({"max_budget": 1.0}));
    (0..60).for_each(|_| drop(teacher.chat("word").answered()));
    fake.set_default(Script::default().tokens(10).stall_after(1));
    // As strict as it gets, 4,096 tokens would be held for a call: a second one would not fit.
    let key = house.key(json!({"max_budget": 0.01}));
    let mut open: Vec<_> = (0..20).map(|_| key.stream("word")).collect();
    open.iter_mut().for_each(|stream| stream.read_words(1));
    let unheld = house.metric("weighhouse_budget_unheld_nanodollars", "");
    assert!(unheld > 100_000_000.0, "twenty calls may cost much more than is held for them: {unheld}");
    assert!(fake.requests().last().unwrap().json().get("max_tokens").is_none());
    let spent = house.key(json!({"max_budget": 0.0}));
    spent.chat("word").refused(422);
    drop(open);
    eventually("nothing is held any more", || {
        let held = house.metric("weighhouse_budget_unheld_nanodollars", "")
            + house.metric("weighhouse_held_nanodollars", "")
            + house.metric("weighhouse_slots_in_use", "");
        (held == 0.0).then_some(())
    });
}

#[test]
fn a_provider_whose_budget_is_spent_is_passed_over() {
    let (first, second) = (dear(), dear());
    let models = deployment("m", "openai/one", &first.base_url(), &format!("{DEAR}, order: 1"))
        + &deployment("m", "groq/two", &second.base_url(), &format!("{DEAR}, order: 2"));
    let house = House::with(&format!(
        "model_list:\n{models}router_settings: {{num_retries: 0, fallbacks: [{{m: [m]}}], provider_budget_config: \
         {{openai: {{budget_limit: 0.05, time_period: 1d}}}}}}\n"
    ));
    let key = house.key(json!({}));
    let body = json!({"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "word"}]});
    (0..5).for_each(|_| drop(key.ask(&body).answered()));
    let (openai, groq) = (first.bill().total, second.bill().total);
    assert!(openai > Nanos::new(30_000_000) && openai <= Nanos::new(50_000_000), "{openai}");
    assert!(groq > Nanos::new(50_000_000), "the others went to groq: {groq}");
    agreed(&house, &key, &[&first, &second]);
}

#[test]
fn where_no_deployment_bears_the_call_its_budget_is_named() {
    let fake = dear();
    let house = house(&model("m", &fake, &format!("{DEAR}, max_budget: 0.03, budget_duration: 1d")), "");
    let key = house.key(json!({}));
    let body = json!({"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "word"}]});
    key.ask(&body).answered();
    key.ask(&body).refused_saying(422, "Max budget: 0.03");
    assert_eq!(fake.bill().calls.len(), 1);
}

#[test]
fn rates_of_deployments_bind_where_they_are_enforced() {
    let (first, second) = (dear(), dear());
    let models = model("m", &first, &format!("{DEAR}, rpm: 2, order: 1"))
        + &model("m", &second, &format!("{DEAR}, order: 2"));
    let house = House::with(&format!(
        "model_list:\n{models}router_settings: {{num_retries: 0, optional_pre_call_checks: [enforce_model_rate_limits]}}\n"
    ));
    let key = house.key(json!({}));
    (0..5).for_each(|_| drop(key.chat("word").answered()));
    assert_eq!((first.bill().calls.len(), second.bill().calls.len()), (2, 3));
}

#[test]
fn models_without_a_price_are_refused_allowed_or_held_at_an_amount() {
    let fake = FakeProvider::start();
    let with = |policy: &str| {
        house(&model("m", &fake, ""), &format!("weighhouse_settings: {{unpriced_models: {policy}}}\n"))
    };
    let refusing = with("refuse");
    refusing.key(json!({})).chat("word").refused_saying(400, "has no price");
    let under_budget = with("refuse_under_budget");
    under_budget.key(json!({})).chat("word").answered();
    under_budget.key(json!({"max_budget": 1})).chat("word").refused_saying(422, "no price");
    let allowing = with("allow");
    let key = allowing.key(json!({"max_budget": 1}));
    key.chat("word").answered();
    assert_eq!(nanos(&allowing.await_rows(1)[0]["spend"]), Nanos::ZERO);
    let holding = with("0.25");
    let key = holding.key(json!({"max_budget": 0.6}));
    key.chat("word").answered();
    key.chat("word").answered();
    key.chat("word").refused_saying(422, "Max budget: 0.6");
    holding.await_rows(2);
    assert_eq!(holding.ledger_sum(), Nanos::new(500_000_000));
}

#[test]
fn a_provider_is_read_to_its_end_for_a_client_that_left_where_the_house_wants_to_know() {
    let fake = dear();
    fake.set_default(Script::default().tokens(60).chunk_pace(std::time::Duration::from_millis(5)));
    let house = house(&model("m", &fake, DEAR), "weighhouse_settings: {on_abort: drain}\n");
    let key = house.key(json!({"max_budget": 1}));
    let mut stream = key.stream("word");
    stream.read_words(2);
    drop(stream);
    let row = house.await_rows(1).remove(0);
    assert_eq!((&row["status"], &row["completion_tokens"]), (&json!("aborted"), &json!(60)));
    assert_eq!(row["metadata"]["usage_estimated"], false);
    agreed(&house, &key, &[&fake]);
}

#[test]
fn a_stream_that_a_crash_cut_off_is_booked_with_what_was_known_of_it() {
    let fake = dear();
    fake.set_default(Script::default().tokens(4_000).stall_after(2_500));
    let mut house = house(&model("m", &fake, DEAR), "");
    // Nothing is held for a key without a budget.
    let secret = house.key(json!({})).secret().to_owned();
    let mut stream = house.shown(&secret).stream("word");
    stream.read_words(2_400);
    house.process().kill();
    house = house.risen();
    let row = house.await_rows(1).remove(0);
    let tokens = row["completion_tokens"].as_u64().unwrap();
    assert!((1_000..=2_500).contains(&tokens), "{row}");
    assert!(nanos(&row["spend"]) >= Nanos::new(200_000_000), "{row}");
    assert_eq!(row["metadata"]["usage_estimated"], true);
}

#[test]
fn tokens_of_prompts_and_of_answers_are_bounded_apart() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().tokens(50));
    let house = House::before(&fake);
    let key = house.key(json!({"otpm_limit": 120}));
    let mut body = chat("word");
    body["max_tokens"] = json!(50);
    key.ask(&body).answered();
    key.ask(&body).answered();
    key.ask(&body).refused_saying(429, "output_tokens");
    let key = house.key(json!({"itpm_limit": 300}));
    key.chat(&"word ".repeat(100)).answered();
    key.chat(&"word ".repeat(1_000)).refused_saying(429, "input_tokens");
    key.chat("word").answered();
}
