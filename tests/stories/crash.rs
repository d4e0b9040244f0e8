//! A gateway that is killed loses no settled attempt, doubles none, and resolves every one that it had begun.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_testkit::http::{self, Request};
use weighhouse_testkit::services::Postgres;
use weighhouse_types::Nanos;

use crate::harness::{House, chat, eventually, model, nanos};

const PRICES: &str = "input_cost_per_token: 0.0001, output_cost_per_token: 0.0002";

/// Calls from many clients until they are told to stop; a house that dies answers nobody.
fn storm(house: &House, secret: &str, fake: &FakeProvider) {
    let (address, is_over) = (house.address(), AtomicBool::new(false));
    let before = fake.requests().len();
    std::thread::scope(|scope| {
        for number in 0..16 {
            let is_over = &is_over;
            scope.spawn(move || {
                let mut body = chat("weigh me well");
                body["stream"] = json!(number % 2 == 0);
                body["max_tokens"] = json!(60);
                let request = Request::post("/v1/chat/completions", &body).bearer(secret);
                while !is_over.load(Ordering::Relaxed) {
                    // Whoever is cut off tries again, as clients do.
                    drop(http::send(address, &request));
                }
            });
        }
        eventually("calls are in flight", || (fake.requests().len() > before + 25).then_some(()));
        house.process().kill();
        is_over.store(true, Ordering::Relaxed);
    });
}

fn killed_again_and_again(database: &str) {
    let fake = FakeProvider::start();
    fake.price(100_000_000, 200_000_000);
    fake.set_default(Script::default().tokens(40));
    let mut house = House::with(&format!(
        "model_list:\n{}{database}router_settings: {{num_retries: 0}}\n",
        model("m", &fake, PRICES)
    ));
    house.admin("/team/new", json!({"team_id": "crew", "max_budget": 3.0})).answered();
    let secret = house.key(json!({"team_id": "crew", "max_budget": 2.0})).secret().to_owned();
    for round in 1..=3 {
        storm(&house, &secret, &fake);
        house = house.risen();
        let (bill, rows, ledger) = (fake.bill(), house.rows(), house.ledger_sum());
        // Every attempt that reached the provider has one row, and none costs less than was billed for it.
        assert!(rows.len() >= bill.calls.len(), "{} rows for {} bills", rows.len(), bill.calls.len());
        assert!(ledger >= bill.total, "ledger {ledger}, bill {}", bill.total);
        assert!(ledger <= Nanos::new(2_000_000_000), "overspent: {ledger}");
        // Key, team and ledger agree at once: everything was brought in before a call was taken.
        assert_eq!(house.spent(&house.shown(&secret)), ledger);
        let team = house.master().get("/team/info?team_id=crew").answered();
        assert_eq!(nanos(&team["team_info"]["spend"]), ledger);
        let audit = house.master().get("/ledger/verify").answered();
        assert_eq!((&audit["wrong"], &audit["wrong_days"]), (&json!([]), &json!([])), "{audit}");
        let days = house.master().get("/global/spend").answered();
        assert_eq!(nanos(&days["spend"]), ledger, "the days were summed once");
        let unfinished = rows.iter().filter(|row| row["status"] == "failure").count();
        assert!(
            unfinished <= round * 17,
            "{unfinished} attempts without an end from 16 clients, {round} times"
        );
    }
}

#[test]
fn nothing_is_lost_or_doubled_on_sqlite() {
    killed_again_and_again("");
}

#[test]
fn nothing_is_lost_or_doubled_on_postgresql() {
    let database = Postgres::database();
    killed_again_and_again(&format!("general_settings: {{database_url: \"{}\"}}\n", database.url()));
}

#[test]
fn a_second_gateway_on_the_same_data_is_refused() {
    let house = House::quick();
    let data = house.data_file("");
    let second = weighhouse_testkit::process::ServerProcess::start(
        &crate::harness::gateway_program(),
        &["--port", "0", "--data-dir", data.to_str().unwrap()],
        &[],
    );
    // What it says is waited for: it may be read a moment after the program is gone.
    second.wait_for_line(|line| line.contains("--data-dir"), crate::harness::SOON);
    assert!(!second.wait_for_exit(crate::harness::SOON).success());
}
