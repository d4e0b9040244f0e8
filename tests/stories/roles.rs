//! Who may do what: users look after keys of their own, admins of teams after their teams, and nobody gives what
//! they do not have.

use serde_json::{Value, json};
use weighhouse_testkit::fake_openai::FakeProvider;

use crate::harness::{House, Key, chat, priced};

fn user(house: &House, id: &str, more: Value) {
    let mut body = more;
    body["user_id"] = id.into();
    body["auto_create_key"] = false.into();
    house.admin("/user/new", body).answered();
}

/// A key that was made by whoever asks.
fn made<'house>(house: &'house House, by: &Key<'_>, body: &Value) -> Key<'house> {
    let key = by.post("/key/generate", body).answered();
    Key::new(house, key["key"].as_str().unwrap())
}

#[test]
fn a_user_makes_keys_within_their_bounds_and_sees_no_others() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    user(&house, "ada", json!({"user_role": "internal_user", "max_budget": 10, "models": ["m"]}));
    user(&house, "bob", json!({"user_role": "internal_user"}));
    let ada = house.key(json!({"user_id": "ada"}));
    let bobs = house.key(json!({"user_id": "bob", "key_alias": "of-bob"}));

    let fresh = made(&house, &ada, &json!({"max_budget": 5, "key_alias": "of-ada"}));
    fresh.chat("hello").answered();
    let words = ada.post("/key/generate", &json!({"max_budget": 11})).refused(400);
    assert_eq!(words["param"], json!("max_budget"));
    assert!(words["message"].as_str().unwrap().contains("user ada (10)"), "{words}");
    ada.post("/key/generate", &json!({"models": ["other"]})).refused(403);
    ada.post("/key/generate", &json!({"user_id": "bob"})).refused(403);

    let listed = ada.get("/key/list?return_full_object=true").answered();
    let aliases: Vec<_> = listed["keys"].as_array().unwrap().iter().map(|key| &key["key_alias"]).collect();
    assert_eq!((aliases, &listed["total_count"]), (vec![&json!("of-ada"), &Value::Null], &json!(2)));
    assert_eq!(ada.get("/key/aliases").answered()["aliases"], json!(["of-ada"]));
    let own = ada.get("/user/info").answered();
    assert_eq!((&own["user_id"], own["keys"].as_array().unwrap().len()), (&json!("ada"), 2));
    ada.get(&format!("/key/info?key={}", bobs.secret())).refused(403);
    ada.get("/user/info?user_id=bob").refused(403);
    ada.get("/user/list").refused(403);
    ada.post("/key/delete", &json!({"keys": [bobs.secret()]})).refused(403);
    bobs.chat("still there").answered();

    ada.post("/key/delete", &json!({"keys": [fresh.secret()]})).answered();
    fresh.chat("hello").refused(401);
}

#[test]
fn a_viewer_sees_and_changes_nothing() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    user(&house, "vera", json!({"user_role": "internal_user_viewer"}));
    let vera = house.key(json!({"user_id": "vera"}));
    assert_eq!(vera.get("/key/list").answered()["total_count"], json!(1));
    vera.post("/key/generate", &json!({})).refused(403);
    vera.post("/key/delete", &json!({"keys": [vera.secret()]})).refused(403);
    // A role given takes effect at once.
    house.admin("/user/update", json!({"user_id": "vera", "user_role": "internal_user"})).answered();
    vera.post("/key/generate", &json!({})).answered();
}

#[test]
fn an_admin_of_a_team_looks_after_it_and_no_other() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    for id in ["tess", "tom", "bob"] {
        user(&house, id, json!({}));
    }
    let red = json!({"team_id": "red", "max_budget": 10, "members_with_roles": [{"user_id": "tess", "role": "admin"}]});
    house.admin("/team/new", red).answered();
    house.admin("/team/new", json!({"team_id": "blue"})).answered();
    let tess = house.key(json!({"user_id": "tess"}));

    let team = tess
        .post(
            "/team/member_add",
            &json!({"team_id": "red", "member": {"user_id": "tom"}, "max_budget_in_team": 2}),
        )
        .answered();
    assert_eq!(team["members_with_roles"][1]["user_id"], json!("tom"));
    tess.post("/team/member_add", &json!({"team_id": "blue", "member": {"user_id": "tess"}})).refused(403);
    tess.get("/team/info?team_id=blue").refused(403);
    let teams = tess.get("/team/list").answered();
    assert_eq!((teams.as_array().unwrap().len(), &teams[0]["team_id"]), (1, &json!("red")));

    let toms = made(&house, &tess, &json!({"team_id": "red", "user_id": "tom", "max_budget": 2}));
    toms.chat("hello").answered();
    // It acts as tom, so it only calls models.
    toms.get("/user/info").refused(403);
    let bot =
        tess.post("/key/service-account/generate", &json!({"team_id": "red", "key_alias": "bot"})).answered();
    let bot = Key::new(&house, bot["key"].as_str().unwrap());
    bot.chat("hello").answered();
    assert_eq!(bot.get("/team/info?team_id=red").answered()["team_id"], json!("red"));

    let tom = house.key(json!({"user_id": "tom"}));
    assert_eq!(tom.get("/team/info?team_id=red").answered()["team_id"], json!("red"));
    tom.post("/team/member_add", &json!({"team_id": "red", "member": {"user_id": "bob"}})).refused(403);
    tess.post("/team/member_delete", &json!({"team_id": "red", "user_id": "tom"})).answered();
    tom.get("/team/info?team_id=red").refused(403);
}

#[test]
fn a_key_asks_only_the_routes_that_it_carries() {
    let fake = FakeProvider::start();
    let house = House::before(&fake);
    user(&house, "ada", json!({}));
    let calls = house.key(json!({"user_id": "ada", "allowed_routes": ["llm_api_routes"]}));
    calls.chat("hello").answered();
    calls.get("/v1/models").answered();
    let words = calls.get("/key/list").refused(403);
    assert!(words["message"].as_str().unwrap().contains("llm_api_routes"), "{words}");

    let keys = house.key(json!({"user_id": "ada", "allowed_routes": ["/key/*"]}));
    keys.get("/key/list").answered();
    let asked = fake.requests().len();
    keys.chat("hello").refused(403);
    assert_eq!(fake.requests().len(), asked, "nothing went to the provider");
    keys.get("/v1/models").refused(403);

    let reads = house.key(json!({"user_id": "ada", "key_type": "read_only"}));
    reads.get("/key/info").answered();
    reads.post("/key/generate", &json!({})).refused(403);
    // Routes narrow what a role lets, and never widen it.
    let plain = house.key(json!({"allowed_routes": ["management_routes", "/team/new"]}));
    plain.post("/team/new", &json!({})).refused(403);
    plain.chat("hello").refused(403);
    house.admin("/key/update", json!({"key": plain.secret(), "allowed_routes": []})).answered();
    plain.chat("hello").answered();
}

#[test]
fn access_groups_let_in_and_keep_out() {
    let fake = FakeProvider::start();
    let grouped = |name: &str, group: &str| {
        let groups = format!("}}, model_info: {{access_groups: [{group}]}}}}\n");
        priced(name, &fake, "").replace("}}\n", &groups)
    };
    let house = House::with(&format!(
        "model_list:\n{}{}{}router_settings: {{num_retries: 0}}\n",
        grouped("m", "beta"),
        grouped("n", "beta"),
        priced("o", &fake, "")
    ));
    let beta = house.key(json!({"models": ["beta"]}));
    beta.chat("hello").answered();
    beta.chat_with("n", "hello").answered();
    beta.ask(&json!({"model": "o", "messages": chat("hello")["messages"]})).refused(403);
    let listed = |key: &Key<'_>| -> Vec<String> {
        let models = key.get("/v1/models").answered();
        models["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|model| model["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(listed(&beta), ["m", "n"]);

    house.admin("/team/new", json!({"team_id": "early", "models": ["beta"]})).answered();
    let of_team = house.key(json!({"team_id": "early", "models": ["all-team-models"]}));
    of_team.chat("hello").answered();
    of_team.chat_with("o", "hello").refused(403);
    assert_eq!(listed(&of_team), ["m", "n"]);
    user(&house, "none", json!({"models": ["no-default-models"]}));
    let none = house.key(json!({"user_id": "none"}));
    none.chat("hello").refused(403);
    assert!(listed(&none).is_empty());
}
