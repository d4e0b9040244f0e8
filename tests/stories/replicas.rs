//! Two houses over one PostgreSQL.

use serde_json::json;
use weighhouse_testkit::fake_openai::FakeProvider;
use weighhouse_testkit::services::Postgres;

use crate::harness::{House, eventually};

#[test]
fn a_key_made_on_one_node_works_on_the_other_and_both_spends_add_up() {
    let fake = FakeProvider::start();
    let database = Postgres::database();
    let (one, two) = (House::over(&database, &fake), House::over(&database, &fake));
    let key = one.key(json!({}));
    key.chat("four").answered();
    let elsewhere = two.shown(key.secret());
    for _ in 0..3 {
        elsewhere.chat("four").answered();
    }
    one.await_rows(4);
    eventually("both spends are in the store", || (one.spent(&key) == fake.bill().total).then_some(()));
    assert_eq!(two.ledger_sum(), fake.bill().total);
}

#[test]
fn a_key_that_is_blocked_or_deleted_on_one_node_stops_on_the_other() {
    let fake = FakeProvider::start();
    let database = Postgres::database();
    let (one, two) = (House::over(&database, &fake), House::over(&database, &fake));
    let key = one.key(json!({}));
    let elsewhere = two.shown(key.secret());
    elsewhere.chat("hi").answered();
    one.admin("/key/block", json!({"key": key.secret()})).answered();
    eventually("the other node knows", || (elsewhere.chat("hi").status() == 401).then_some(()));
    one.admin("/key/unblock", json!({"key": key.secret()})).answered();
    eventually("the other node knows", || (elsewhere.chat("hi").status() == 200).then_some(()));
    one.admin("/key/delete", json!({"keys": [key.secret()]})).answered();
    eventually("the other node knows", || (elsewhere.chat("hi").status() == 401).then_some(()));
}

#[test]
fn a_new_secret_is_known_to_the_other_node() {
    let fake = FakeProvider::start();
    let database = Postgres::database();
    let (one, two) = (House::over(&database, &fake), House::over(&database, &fake));
    let key = one.key(json!({}));
    two.shown(key.secret()).chat("hi").answered();
    let made = one.admin("/key/regenerate", json!({"key": key.secret()})).answered();
    two.shown(made["key"].as_str().unwrap()).chat("hi").answered();
    eventually("the old secret is dead", || {
        (two.shown(key.secret()).chat("hi").status() == 401).then_some(())
    });
}

#[test]
fn rows_and_spend_survive_a_restart_on_postgresql() {
    let fake = FakeProvider::start();
    let database = Postgres::database();
    let house = House::over(&database, &fake);
    let secret = house.key(json!({"max_budget": 0.0001})).secret().to_owned();
    house.shown(&secret).chat("four").answered();
    let house = house.restarted();
    let key = house.shown(&secret);
    assert_eq!((house.spent(&key), house.ledger_sum()), (fake.bill().total, fake.bill().total));
    key.chat("four").refused(422);
}
