//! A row that the database never takes stops no other on its way, and its money is counted.

use serde_json::json;
use weighhouse_testkit::fake_openai::FakeProvider;
use weighhouse_testkit::services::Postgres;

use crate::harness::{House, Llmctl, eventually, priced};

/// PostgreSQL keeps no NUL in a text, and a group may have one in its name.
#[test]
fn a_row_that_the_database_never_takes_is_named_and_charged_and_stops_no_other() {
    let (database, fake) = (Postgres::database(), FakeProvider::start());
    let odd = priced("od\\0d", &fake, "");
    let house = House::with(&format!(
        "model_list:\n{}{odd}general_settings: {{database_url: \"{}\"}}\nrouter_settings: {{model_group_alias: {{odd: \"od\\0d\"}}}}\n",
        priced("m", &fake, ""),
        database.url()
    ));
    let secret = house.key(json!({})).secret().to_owned();
    house.shown(&secret).chat("first").answered();
    house.shown(&secret).chat_with("odd", "odd").answered();
    house.shown(&secret).chat("last").answered();
    house.await_rows(2);
    let house = house.restarted();
    assert_eq!(house.rows().len(), 2);
    let audit = house.master().get("/ledger/verify").answered();
    assert_eq!((&audit["wrong"], &audit["wrong_days"]), (&json!([]), &json!([])), "{audit}");
    assert_eq!(
        (&audit["refused_rows"], &audit["refused"][0]["is_charged"]),
        (&json!(1), &json!(true)),
        "{audit}"
    );
    eventually("all three are charged to the key", || {
        (house.spent(&house.shown(&secret)) == fake.bill().total).then_some(())
    });
    assert!((house.metric("weighhouse_ledger_refused_rows", "") - 1.0).abs() < f64::EPSILON);
    Llmctl::of(&house).run("ledger verify").failed(1, "ledger_refused");
}
