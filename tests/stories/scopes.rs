//! Teams, members, users, end users, tags and single models carry budgets and limits of their own, in windows.

use serde_json::{Value, json};
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_testkit::http::{self, Request};
use weighhouse_types::Nanos;

use crate::harness::{House, Key, chat, eventually, model, nanos};

const PRICES: &str = "input_cost_per_token: 0.0001, output_cost_per_token: 0.0002";

/// A house whose model `m` answers with 100 tokens, which cost two cents.
fn dear(fake: &FakeProvider) -> House {
    fake.price(100_000_000, 200_000_000);
    fake.set_default(Script::default().tokens(100));
    House::with(&format!("model_list:\n{}router_settings: {{num_retries: 0}}\n", model("m", fake, PRICES)))
}

/// Spends until a call is refused, and gives the refusal's words.
#[track_caller]
fn spend_all(key: &Key<'_>, body: &Value) -> String {
    for _ in 0..200 {
        let answer = key.ask(body);
        if answer.status() != 200 {
            return answer.refused(422)["message"].as_str().unwrap().to_owned();
        }
    }
    panic!("nothing was refused");
}

/// Waits until a scope's spend is what the provider billed.
#[track_caller]
fn spent(house: &House, path: &str, pointer: &str, billed: Nanos) {
    let told = || nanos(house.master().get(path).answered().pointer(pointer).unwrap());
    eventually(&format!("{path} tells {billed}"), || (told() == billed).then_some(()));
}

#[test]
fn each_scope_bounds_all_calls_under_it_and_the_narrowest_is_named() {
    let fake = FakeProvider::start();
    let house = dear(&fake);
    house
        .admin(
            "/team/new",
            json!({"team_id": "crew", "max_budget": 0.1, "members_with_roles": [{"user_id": "ada"}],
        "team_member_budget": 0.05}),
        )
        .answered();
    house
        .admin("/user/new", json!({"user_id": "bob", "max_budget": 0.05, "auto_create_key": false}))
        .answered();
    house.admin("/customer/new", json!({"user_id": "reader", "max_budget": 0.05})).answered();
    house.admin("/tag/new", json!({"name": "batch", "max_budget": 0.05})).answered();
    let nobody = json!({"max_budget": 100});
    let end_user = json!({"model": "m", "messages": [{"role": "user", "content": "word"}], "user": "reader"});
    let tagged = json!({"model": "m", "messages": [{"role": "user", "content": "word"}], "metadata": {"tags": ["batch"]}});
    for (settings, body, words) in [
        (json!({"team_id": "crew", "user_id": "ada"}), chat("word"), "Team Member=ada of crew"),
        (json!({"team_id": "crew"}), chat("word"), "Team=crew"),
        (json!({"user_id": "bob"}), chat("word"), "User=bob"),
        (nobody.clone(), end_user, "End User=reader"),
        (nobody.clone(), tagged, "Tag=batch"),
        (
            json!({"model_max_budget": {"m": {"budget_limit": 0.05}}}),
            chat("word"),
            "Model of key=m of sk-...",
        ),
    ] {
        let key = house.key(settings);
        let refusal = spend_all(&key, &body);
        assert!(refusal.contains(words), "{words}: {refusal}");
        // Nobody else is kept from anything.
        assert_eq!(house.key(nobody.clone()).chat("word").status(), 200, "{words}");
    }
    assert!(fake.bill().total > Nanos::ZERO);
    // A row carries its tags, and a batch of rows must fit the store.
    let mut long = chat("word");
    long["metadata"] = json!({"tags": ["x".repeat(257)]});
    let refusal = house.key(nobody).ask(&long).refused(400);
    assert!(refusal["message"].as_str().unwrap().contains("at most 256 bytes"), "{refusal}");
}

#[test]
fn what_a_team_spent_is_told_and_survives_a_restart() {
    let fake = FakeProvider::start();
    let house = dear(&fake);
    house.admin("/team/new", json!({"team_id": "crew", "max_budget": 0.2, "members_with_roles": [{"user_id": "ada", "role": "admin"}]})).answered();
    let key = house.key(json!({"team_id": "crew", "user_id": "ada"}));
    for _ in 0..3 {
        key.chat("word").answered();
    }
    let billed = fake.bill().total;
    spent(&house, "/team/info?team_id=crew", "/team_info/spend", billed);
    spent(&house, "/team/info?team_id=crew", "/team_memberships/0/spend", billed);
    let secret = key.secret().to_owned();
    let house = house.restarted();
    let key = house.shown(&secret);
    spend_all(&key, &chat("word"));
    let total = fake.bill().total;
    assert!(total <= Nanos::new(200_000_000), "overspent: {total}");
    assert!(total > Nanos::new(150_000_000), "not used: {total}");
    spent(&house, "/team/info?team_id=crew", "/team_info/spend", total);
    assert_eq!(house.admin("/team/block", json!({"team_id": "crew"})).answered()["blocked"], true);
    key.chat("word").refused_saying(401, "Team=crew is blocked");
    // A larger budget holds at once.
    house.admin("/team/unblock", json!({"team_id": "crew"})).answered();
    house.admin("/team/update", json!({"team_id": "crew", "max_budget": 0.4})).answered();
    key.chat("word").answered();
}

#[test]
fn a_tree_of_scopes_is_never_overspent_by_a_storm() {
    let fake = FakeProvider::start();
    let house = dear(&fake);
    house
        .admin("/team/new", json!({"team_id": "crew", "max_budget": 1.0, "team_member_budget": 0.6}))
        .answered();
    house.admin("/customer/new", json!({"user_id": "reader", "max_budget": 0.3})).answered();
    let keys: Vec<String> = ["ada", "bob", "eve"]
        .iter()
        .map(|user| {
            house.key(json!({"team_id": "crew", "user_id": user, "max_budget": 0.5})).secret().to_owned()
        })
        .collect();
    let address = house.address();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..60)
            .map(|number| {
                let secret = &keys[number % keys.len()];
                scope.spawn(move || {
                    let mut body = chat(&"word".repeat(number % 7 + 1));
                    body["stream"] = json!(number % 2 == 0);
                    if number % 4 == 0 {
                        body["user"] = json!("reader");
                    }
                    let request = Request::post("/v1/chat/completions", &body).bearer(secret);
                    (0..4).map(|_| http::send(address, &request).unwrap().status()).collect::<Vec<_>>()
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| matches!(status, 200 | 422)), "{statuses:?}");
    let total = fake.bill().total;
    assert!(total <= Nanos::new(1_000_000_000), "overspent: {total}");
    assert!(total > Nanos::new(900_000_000), "not used: {total}");
    spent(&house, "/team/info?team_id=crew", "/team_info/spend", total);
    let reader = nanos(&house.master().get("/customer/info?end_user_id=reader").answered()["spend"]);
    assert!(reader > Nanos::ZERO && reader <= Nanos::new(300_000_000), "{reader}");
    let audit = house.master().get("/ledger/verify").answered();
    assert_eq!(audit["wrong"], json!([]), "{audit}");
    for secret in &keys {
        let of_key = house.spent(&house.shown(secret));
        assert!(of_key <= Nanos::new(500_000_000), "{of_key}");
    }
}

#[test]
fn a_window_that_ends_lets_calls_in_again_and_forgets_nothing() {
    let fake = FakeProvider::start();
    let house = dear(&fake);
    let key = house.key(json!({"max_budget": 0.05, "budget_duration": "2s"}));
    let refusal = spend_all(&key, &chat("word"));
    assert!(refusal.contains("The next window of this budget begins at"), "{refusal}");
    eventually("the next window lets a call in", || (key.chat("word").status() == 200).then_some(()));
    let billed = fake.bill().total;
    assert!(billed > Nanos::new(50_000_000), "two windows paid for it: {billed}");
    let told = || nanos(&house.info(&key)["total_spend"]);
    eventually("the key remembers both", || (told() == billed).then_some(()));
    assert!(house.info(&key)["budget_reset_at"].is_string());
}

#[test]
fn rates_of_teams_and_models_hold_for_all_their_keys() {
    let fake = FakeProvider::start();
    let house = dear(&fake);
    house.admin("/team/new", json!({"team_id": "crew", "rpm_limit": 3})).answered();
    let (one, other) = (house.key(json!({"team_id": "crew"})), house.key(json!({"team_id": "crew"})));
    one.chat("word").answered();
    other.chat("word").answered();
    one.chat("word").answered();
    let refused = other.chat("word");
    refused.refused_saying(429, "Rate limit exceeded for team: crew");
    assert!(refused.header("retry-after").is_some());
    let of_model = house.key(json!({"model_rpm_limit": {"m": 1}}));
    of_model.chat("word").answered();
    of_model.chat("word").refused_saying(429, "model_per_key: m of sk-...");
    let counted = house.key(json!({"rpm_limit": 5, "tpm_limit": 100_000})).chat("word");
    for (name, value) in [("limit-requests", "5"), ("remaining-requests", "4"), ("limit-tokens", "100000")] {
        assert_eq!(counted.header(&format!("x-ratelimit-api_key-{name}")), Some(value), "{name}");
    }
    let of_day = house.key(json!({"rpd_limit": 1}));
    of_day.chat("word").answered();
    of_day.chat("word").refused_saying(429, "requests_per_day");
}

#[test]
fn limits_of_single_models_hold_for_users_customers_and_tags_too() {
    let fake = FakeProvider::start();
    fake.price(100_000_000, 200_000_000);
    fake.set_default(Script::default().tokens(100));
    let models = model("m", &fake, PRICES) + &model("other", &fake, PRICES);
    let house = House::with(&format!("model_list:\n{models}router_settings: {{num_retries: 0}}\n"));
    let budget = json!({"m": {"budget_limit": 0.05, "time_period": "1d"}});
    for (path, record) in [
        ("/user/new", json!({"user_id": "bob", "auto_create_key": false, "model_max_budget": budget})),
        ("/user/new", json!({"user_id": "eve", "auto_create_key": false, "model_rpm_limit": {"m": 1}})),
        ("/customer/new", json!({"user_id": "reader", "model_max_budget": budget})),
        ("/customer/new", json!({"user_id": "hasty", "model_rpm_limit": {"m": 1}})),
        ("/budget/new", json!({"budget_id": "free", "model_max_budget": budget})),
        ("/customer/new", json!({"user_id": "guest", "budget_id": "free"})),
        ("/tag/new", json!({"name": "batch", "model_max_budget": budget})),
        ("/tag/new", json!({"name": "night", "model_tpm_limit": {"m": 150}})),
    ] {
        house.admin(path, record).answered();
    }
    let asked = |model: &str, more: Value| {
        let mut body = chat("word");
        body["model"] = json!(model);
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let tagged = |tag: &str| json!({"metadata": {"tags": [tag]}});
    for (settings, more, status, words) in [
        (json!({"user_id": "bob"}), json!({}), 422, "Model of user=m of bob "),
        (json!({"user_id": "eve"}), json!({}), 429, "for model_per_user: m of eve."),
        (json!({}), json!({"user": "reader"}), 422, "Model of end user=m of reader "),
        (json!({}), json!({"user": "hasty"}), 429, "for model_per_end_user: m of hasty."),
        (json!({}), json!({"user": "guest"}), 422, "Model of end user=m of guest "),
        (json!({}), tagged("batch"), 422, "Model of tag=m of batch "),
        (json!({}), tagged("night"), 429, "for model_per_tag: m of night."),
    ] {
        let key = house.key(settings);
        let body = asked("m", more.clone());
        let refused = (0..20).map(|_| key.ask(&body)).find(|answer| answer.status() != 200);
        refused.unwrap_or_else(|| panic!("nothing was refused: {words}")).refused_saying(status, words);
        key.ask(&asked("other", more)).answered();
        // A user's own limits hold for keys without a team, as the budget of all models does.
        house.key(json!({})).chat("word").answered();
    }
    house
        .admin("/team/new", json!({"team_id": "crew", "members_with_roles": [{"user_id": "bob"}]}))
        .answered();
    house.key(json!({"user_id": "bob", "team_id": "crew"})).chat("word").answered();
    let house = house.restarted();
    house.key(json!({"user_id": "bob"})).chat("word").refused_saying(422, "Model of user=m of bob ");
    let audit = house.master().get("/ledger/verify").answered();
    assert_eq!(audit["wrong"], json!([]), "{audit}");
}

#[test]
fn wildcards_and_access_groups_share_a_limit_and_the_provider_in_a_name_frees_nobody() {
    let fake = FakeProvider::start();
    fake.price(100_000_000, 200_000_000);
    fake.set_default(Script::default().tokens(100));
    let grouped = model("a", &fake, PRICES).replace("}}\n", "}, model_info: {access_groups: [paid]}}\n");
    let models = grouped + &model("openai/b", &fake, PRICES) + &model("c", &fake, PRICES);
    let house = House::with(&format!("model_list:\n{models}router_settings: {{num_retries: 0}}\n"));
    let asked = |model: &str| {
        let mut body = chat("word");
        body["model"] = json!(model);
        body
    };
    for (entry, bound, free) in [
        ("*", &["a", "openai/b", "c"][..], &[][..]),
        ("all-proxy-models", &["c"], &[]),
        ("openai/*", &["openai/b"], &["a", "c"]),
        ("paid", &["a"], &["openai/b", "c"]),
        ("b", &["openai/b"], &["a", "c"]),
    ] {
        for model in bound {
            let key = house.key(json!({"model_rpm_limit": {entry: 1}}));
            key.ask(&asked(model)).answered();
            key.ask(&asked(model)).refused_saying(429, &format!("model_per_key: {entry} of sk-..."));
            free.iter().for_each(|free| drop(key.ask(&asked(free)).answered()));
        }
    }
    // What an entry stands for shares its limit, and of two entries the one with less left binds.
    let key = house.key(json!({"model_rpm_limit": {"*": 2, "a": 1}}));
    key.ask(&asked("a")).answered();
    key.ask(&asked("a")).refused_saying(429, "model_per_key: a of sk-...");
    key.ask(&asked("c")).answered();
    key.ask(&asked("openai/b")).refused_saying(429, "model_per_key: * of sk-...");
    let key = house.key(json!({"model_max_budget": {"openai/*": {"budget_limit": 0.05}}}));
    assert!(spend_all(&key, &asked("openai/b")).contains("Model of key=openai/* of sk-..."));
    let nothing = json!({"model_max_budget": {"no-default-models": {"budget_limit": 1}}});
    house.admin("/key/generate", nothing).refused_saying(400, "stands for no model");
}

#[test]
fn tags_of_a_team_are_tags_of_its_calls() {
    let fake = FakeProvider::start();
    let house = dear(&fake);
    house.admin("/tag/new", json!({"name": "batch", "max_budget": 0.05})).answered();
    house.admin("/tag/new", json!({"name": "shut", "models": ["other"]})).answered();
    house.admin("/team/new", json!({"team_id": "crew", "tags": ["batch", "day"]})).answered();
    house.admin("/team/new", json!({"team_id": "closed", "metadata": {"tags": ["shut"]}})).answered();
    let key = house.key(json!({"team_id": "crew", "tags": ["day", "own"]}));
    let mut body = chat("word");
    body["metadata"] = json!({"tags": ["own", "of-call"]});
    key.ask(&body).answered();
    let rows = eventually("the row is there", || {
        let rows = house.master().get("/spend/logs").answered();
        (!rows.as_array().unwrap().is_empty()).then_some(rows)
    });
    assert_eq!(rows[0]["request_tags"], json!(["day", "own", "batch", "of-call"]), "{rows}");
    // Another key of the team spends the rest of the tag's money.
    assert!(spend_all(&house.key(json!({"team_id": "crew"})), &chat("word")).contains("Tag=batch"));
    let closed = house.key(json!({"team_id": "closed"}));
    closed.chat("word").refused_saying(403, "tag shut not allowed to access model");
    assert_eq!(closed.get("/v1/models").answered()["data"], json!([]));
    // What the team says no more holds no more.
    house.admin("/team/update", json!({"team_id": "crew", "tags": []})).answered();
    key.chat("word").answered();
    let long = json!({"team_id": "long", "tags": ["x".repeat(257)]});
    house.admin("/team/new", long).refused_saying(400, "at most 256 bytes");
}

#[test]
fn a_named_budget_bounds_whom_it_was_given() {
    let fake = FakeProvider::start();
    let house = dear(&fake);
    house.admin("/budget/new", json!({"budget_id": "free", "max_budget": 0.05})).answered();
    house.admin("/customer/new", json!({"user_id": "reader", "budget_id": "free"})).answered();
    house.admin("/customer/new", json!({"user_id": "x", "budget_id": "nobody"})).refused(404);
    let key = house.key(json!({}));
    let mut body = chat("word");
    body["user"] = json!("reader");
    assert!(spend_all(&key, &body).contains("End User=reader"));
    house.admin("/budget/update", json!({"budget_id": "free", "max_budget": 1})).answered();
    key.ask(&body).answered();
    house.admin("/customer/block", json!({"user_ids": ["reader", "stranger"]})).answered();
    key.ask(&body).refused_saying(401, "Customer=reader is blocked");
    body["user"] = json!("stranger");
    key.ask(&body).refused_saying(401, "Customer=stranger is blocked");
}

#[test]
fn roles_decide_who_may_administer() {
    let house = House::quick();
    let of = |role: &str| {
        let made = house.admin("/user/new", json!({"user_id": role, "user_role": role})).answered();
        house.shown(made["key"].as_str().unwrap())
    };
    let (admin, viewer, user) = (of("proxy_admin"), of("proxy_admin_viewer"), of("internal_user"));
    admin.post("/team/new", &json!({"team_id": "a"})).answered();
    viewer.get("/team/info?team_id=a").answered();
    viewer.post("/team/new", &json!({"team_id": "b"})).refused(403);
    user.get("/user/list").refused(403);
    user.post("/team/new", &json!({})).refused(403);
    house.admin("/user/new", json!({"user_role": "king"})).refused_saying(400, "proxy_admin_viewer");
    house.admin("/team/new", json!({"team_id": "a"})).refused_saying(400, "already exists");
    house.admin("/team/update", json!({"team_id": "nobody"})).refused(404);
    // A role that is taken away is gone at once.
    house.admin("/user/update", json!({"user_id": "proxy_admin", "user_role": "internal_user"})).answered();
    admin.post("/team/new", &json!({"team_id": "c"})).refused(403);
    // With a user go the keys.
    house.admin("/user/delete", json!({"user_ids": ["internal_user"]})).answered();
    user.get("/v1/models").refused(401);
}

#[test]
fn members_come_and_go_and_models_are_granted_to_a_team() {
    let fake = FakeProvider::start();
    let house = dear(&fake);
    house.admin("/user/new", json!({"user_id": "ada", "auto_create_key": false})).answered();
    house.admin("/team/new", json!({"team_id": "crew", "models": ["other"]})).answered();
    let key = house.key(json!({"team_id": "crew", "user_id": "ada"}));
    key.chat("word").refused_saying(403, "team not allowed to access model");
    house.admin("/team/model/add", json!({"team_id": "crew", "models": ["m"]})).answered();
    key.chat("word").answered();
    let added =
        json!({"team_id": "crew", "member": {"role": "user", "user_id": "ada"}, "max_budget_in_team": 0.03});
    house.admin("/team/member_add", added.clone()).answered();
    house.admin("/team/member_add", added).refused_saying(400, "already");
    assert_eq!(house.master().get("/user/info?user_id=ada").answered()["teams"][0]["team_id"], "crew");
    for (path, count) in [("/team/list", 1), ("/team/list?user_id=ada", 1), ("/team/list?user_id=eve", 0)] {
        assert_eq!(house.master().get(path).answered().as_array().unwrap().len(), count, "{path}");
    }
    assert_eq!(house.master().get("/v2/team/list?page=1&page_size=1").answered()["total_pages"], 1);
    assert_eq!(house.master().get("/v2/user/info?user_id=ada").answered()["user_id"], "ada");
    assert!(spend_all(&key, &chat("word")).contains("Team Member=ada of crew"));
    house
        .admin("/team/member_update", json!({"team_id": "crew", "user_id": "ada", "max_budget_in_team": 5}))
        .answered();
    key.chat("word").answered();
    house.admin("/team/member_delete", json!({"team_id": "crew", "user_id": "ada"})).answered();
    house.admin("/team/member_delete", json!({"team_id": "crew", "user_id": "ada"})).refused(404);
    assert_eq!(house.admin("/team/delete", json!({"team_ids": ["crew"]})).answered(), json!(["crew"]));
    key.chat("word").refused(401);
}
