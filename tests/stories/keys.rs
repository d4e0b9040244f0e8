//! Virtual keys from making to deletion, and the limits that they carry.

use serde_json::json;
use weighhouse_testkit::fake_openai::{FakeProvider, Script};

use crate::harness::{House, eventually, nanos};

#[test]
fn a_key_is_made_as_asked_and_told_about() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let asked = json!({
        "key_alias": "team-a", "max_budget": 1.5, "models": ["m"], "rpm_limit": 7, "tpm_limit": 700,
        "max_parallel_requests": 3, "user_id": "ann", "metadata": {"x": [1, 2]}, "tags": ["t"],
    });
    let made = house.admin("/key/generate", asked.clone()).answered();
    let secret = made["key"].as_str().unwrap();
    assert!(secret.starts_with("sk-") && secret.len() > 20);
    let key = house.shown(secret);
    let info = house.info(&key);
    for (name, value) in asked.as_object().unwrap() {
        match name.as_str() {
            "metadata" => assert_eq!(info["metadata"]["x"], value["x"]),
            _ => assert_eq!(&info[name], value, "{name}"),
        }
    }
    assert_eq!(nanos(&info["spend"]).get(), 0);
    assert!(!info.to_string().contains(secret));
    // A key may ask about itself, and about no other.
    assert_eq!(key.get("/key/info").answered()["info"]["key_alias"], "team-a");
    let other = house.key(json!({}));
    key.get(&format!("/key/info?key={}", other.secret())).refused(403);
    key.chat("hi").answered();
}

#[test]
fn keys_are_listed_a_page_at_a_time() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    for number in 0..5 {
        house.key(json!({"key_alias": format!("key-{number}")}));
    }
    let page = house.master().get("/key/list?page=2&size=2&return_full_object=true").answered();
    assert_eq!(
        (&page["total_count"], &page["total_pages"], &page["current_page"]),
        (&json!(5), &json!(3), &json!(2))
    );
    assert_eq!(page["keys"].as_array().unwrap().len(), 2);
    let one = house.master().get("/key/list?key_alias=key-3&return_full_object=true").answered();
    assert_eq!(one["keys"][0]["key_alias"], "key-3");
    house.master().get("/key/list?size=0").refused(422);
}

#[test]
fn a_change_holds_at_once() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({"models": ["other"], "key_alias": "before"}));
    key.chat("hi").refused(403);
    house
        .admin("/key/update", json!({"key": key.secret(), "models": ["m"], "key_alias": "after"}))
        .answered();
    key.chat("hi").answered();
    assert_eq!(house.info(&key)["key_alias"], "after");
    house.admin("/key/update", json!({"key": key.secret(), "rpm_limit": 0})).answered();
    key.chat("hi").refused(429);
    house.admin("/key/update", json!({"key": key.secret(), "rpm_limit": null})).answered();
    key.chat("hi").answered();
}

#[test]
fn a_blocked_key_stops_at_once_and_starts_again() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({}));
    key.chat("hi").answered();
    house.admin("/key/block", json!({"key": key.secret()})).answered();
    key.chat("hi").refused(401);
    house.admin("/key/unblock", json!({"key": key.secret()})).answered();
    key.chat("hi").answered();
}

#[test]
fn a_new_secret_ends_the_old_one_and_keeps_what_was_spent() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({"key_alias": "kept", "max_budget": 0.0001}));
    key.chat("four").answered();
    eventually("the spend is in the store", || (house.spent(&key).get() == 21_000).then_some(()));
    let made = house.admin("/key/regenerate", json!({"key": key.secret()})).answered();
    let fresh = house.shown(made["key"].as_str().unwrap());
    assert_ne!(fresh.secret(), key.secret());
    key.chat("hi").refused(401);
    assert_eq!(house.info(&fresh)["key_alias"], "kept");
    assert_eq!(house.spent(&fresh).get(), 21_000);
    // What is left of the budget is what was left of it before.
    fresh.chat("four").refused_saying(422, "Current cost: 0.000021");
}

#[test]
fn a_deleted_key_is_a_stranger_and_its_rows_stay() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({"key_alias": "gone"}));
    key.chat("hi").answered();
    house.await_rows(1);
    let deleted = house.admin("/key/delete", json!({"keys": [key.secret()]})).answered();
    assert_eq!(deleted["deleted_keys"][0], key.secret());
    assert_eq!(key.chat("hi").refused(401)["type"], "token_not_found_in_db");
    house.admin("/key/delete", json!({"keys": [key.secret()]})).refused(404);
    assert_eq!(house.rows().len(), 1);
    house.key(json!({"key_alias": "gone"})).chat("hi").answered();
}

#[test]
fn an_alias_belongs_to_one_key() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    house.key(json!({"key_alias": "mine"}));
    let error = house.admin("/key/generate", json!({"key_alias": "mine"})).refused(400);
    assert_eq!(error["param"], "key_alias");
    let other = house.key(json!({"key_alias": "other"}));
    house.admin("/key/update", json!({"key": other.secret(), "key_alias": "mine"})).refused(400);
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    for settings in [
        json!({"max_budget": -1}),
        json!({"max_budget": "lots"}),
        json!({"rpm_limit": -1}),
        json!({"duration": "a while"}),
        json!({"key": "short"}),
        json!({"models": "m"}),
        json!([]),
    ] {
        let status = house.admin("/key/generate", settings.clone()).status();
        assert!(matches!(status, 400 | 422), "{settings}: {status}");
    }
}

#[test]
fn no_key_reaches_the_routes_of_the_administrator() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({}));
    for path in
        ["/key/generate", "/key/update", "/key/delete", "/key/block", "/key/unblock", "/key/regenerate"]
    {
        key.post(path, &json!({"key": key.secret(), "keys": [key.secret()], "max_budget": 9})).refused(403);
        house.shown("sk-nobody-knows-this").post(path, &json!({})).refused(401);
    }
    key.get("/key/list").refused(403);
    key.chat("hi").answered();
    // Its own rows, and no others.
    house.master().chat("hi").answered();
    house.await_rows(2);
    assert_eq!(key.get("/spend/logs").answered().as_array().unwrap().len(), 1);
}

#[test]
fn requests_a_minute_are_counted_and_the_refusal_says_when_to_come_back() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({"rpm_limit": 3}));
    for _ in 0..3 {
        key.chat("hi").answered();
    }
    let refused = key.chat("hi");
    let error = refused.refused_saying(429, "Limit type: ");
    assert_eq!(error["type"], "throttling_error");
    let after: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=61).contains(&after), "{after}");
    key.stream("hi").refused(429);
    assert_eq!(fake.requests().len(), 3);
    house.key(json!({"rpm_limit": 3})).chat("hi").answered();
}

#[test]
fn tokens_a_minute_are_counted() {
    let fake = FakeProvider::start();
    fake.set_default(Script::default().tokens(200));
    let house = House::before(&fake);
    let key = house.key(json!({"tpm_limit": 150}));
    key.chat("hi").answered();
    let refused = key.chat("hi");
    refused.refused(429);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(fake.requests().len(), 1);
}

#[test]
fn calls_at_the_same_time_are_counted() {
    let fake = FakeProvider::start();
    fake.enqueue(Script::default().stall_after(1));
    let house = House::before(&fake);
    let key = house.key(json!({"max_parallel_requests": 1}));
    let mut first = key.stream("hi");
    first.read_words(1);
    let refused = key.chat("hi");
    refused.refused(429);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(fake.requests().len(), 1);
    drop(first);
    fake.await_disconnects(1);
    eventually("the slot comes back", || (key.chat("hi").status() == 200).then_some(()));
}

#[test]
fn a_keys_own_alias_of_a_model_is_followed() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({"aliases": {"fast": "m"}, "models": ["m"]}));
    assert_eq!(key.chat_with("fast", "hi").answered()["model"], "fast");
    assert_eq!(fake.requests()[0].json()["model"], "m-upstream");
    key.chat_with("slow", "hi").refused(403);
}

#[test]
fn an_alias_goes_no_further_than_its_owner_may() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    house.admin("/user/new", json!({"user_id": "ann", "models": ["m"], "auto_create_key": false})).answered();
    let key = house.key(json!({"user_id": "ann", "aliases": {"fast": "m"}}));
    key.chat_with("fast", "hi").answered();
    // The name of the alias is no model: what it stands for is what ann may not use any more.
    house.admin("/user/update", json!({"user_id": "ann", "models": ["fast"]})).answered();
    key.chat_with("fast", "hi").refused(403);
    assert_eq!(fake.requests().len(), 1);
}

#[test]
fn limits_hold_in_a_storm() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    let key = house.key(json!({"rpm_limit": 10}));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..40).map(|_| scope.spawn(|| key.chat("hi").status())).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let good = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!((good, fake.requests().len()), (10, 10), "{statuses:?}");
}
