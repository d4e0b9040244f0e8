//! The life of a key.

use http::Method;
use serde_json::{Value, json};
use weighhouse_auth::hash_of;
use weighhouse_storage::KeyRecord;
use weighhouse_types::{Kind, Nanos};

use crate::plane::{Plane, text};

#[tokio::test]
async fn a_key_is_made_with_all_that_was_asked() {
    let plane = Plane::new().await;
    let body = r#"{"key_alias":"app","duration":"24h","models":["gpt-4o"],"aliases":{"mini":"gpt-4o-mini"},
        "max_budget":0.1,"user_id":"u","team_id":"t","metadata":{"a":1},"tags":["x"],"rpm_limit":1,"tpm_limit":2,
        "max_parallel_requests":3,"budget_duration":null,"guardrails":[]}"#;
    let made = plane.post("/key/generate", body).await;
    let key = text(&made, "key");
    assert!(key.starts_with("sk-") && key.len() >= 25, "{key}");
    assert_eq!(text(&made, "token"), hash_of(&key).as_str());
    assert_eq!(text(&made, "token_id"), hash_of(&key).as_str());
    assert_eq!(text(&made, "key_name"), format!("sk-...{}", key.get(key.len() - 4..).unwrap()));
    assert_eq!(text(&made, "expires"), "2026-02-01T12:00:00Z");
    assert_eq!(text(&made, "created_at"), "2026-01-31T12:00:00Z");
    for (field, value) in [
        ("key_alias", json!("app")),
        ("models", json!(["gpt-4o"])),
        ("aliases", json!({"mini": "gpt-4o-mini"})),
        ("max_budget", json!(0.1)),
        ("spend", json!(0.0)),
        ("user_id", json!("u")),
        ("team_id", json!("t")),
        ("metadata", json!({"a": 1, "tags": ["x"]})),
        ("tags", json!(["x"])),
        ("rpm_limit", json!(1)),
        ("tpm_limit", json!(2)),
        ("max_parallel_requests", json!(3)),
        ("blocked", json!(false)),
    ] {
        assert_eq!(made.get(field), Some(&value), "{field}");
    }
    let kept = plane.store.key_by_hash(&hash_of(&key)).await.unwrap().unwrap();
    assert_eq!((kept.limits.max_budget, kept.tags), (Some(Nanos::new(100_000_000)), vec!["x".to_owned()]));
    assert!(plane.caller(&key).await.is_ok());
}

#[tokio::test]
async fn an_empty_body_makes_a_key_without_bounds() {
    let plane = Plane::new().await;
    for body in ["", "{}"] {
        let made = plane.post("/key/generate", body).await;
        assert_eq!((made.get("expires"), made.get("max_budget")), (Some(&Value::Null), Some(&Value::Null)));
        assert_eq!(made.get("models"), Some(&json!([])));
    }
}

#[tokio::test]
async fn a_chosen_key_works_at_once_even_where_it_was_refused_before() {
    let plane = Plane::new().await;
    let key = "sk-chosen-by-someone";
    assert_eq!(plane.caller(key).await.err(), Some(Kind::UnknownKey));
    assert_eq!(plane.key(&format!(r#"{{"key":"{key}"}}"#)).await, key);
    assert!(plane.caller(key).await.is_ok());
}

#[tokio::test]
async fn tags_in_the_metadata_are_tags() {
    let plane = Plane::new().await;
    let made = plane.post("/key/generate", r#"{"metadata":{"tags":["a","b"]}}"#).await;
    assert_eq!(made.get("tags"), Some(&json!(["a", "b"])));
    // Each call carries all of them into its row.
    for tags in [json!(["x".repeat(257)]), json!(vec!["x"; 101])] {
        let body = json!({"tags": tags}).to_string();
        let (status, answer) = plane.ask(Method::POST, "/key/generate", &body).await;
        assert_eq!((status, text(&answer["error"], "param")), (400, "tags".to_owned()), "{answer}");
    }
}

#[tokio::test]
async fn a_key_is_told_about_by_secret_and_by_hash() {
    let plane = Plane::new().await;
    let key = plane.key(r#"{"key_alias":"app"}"#).await;
    for named in [key.clone(), hash_of(&key).to_string()] {
        let told = plane.get(&format!("/key/info?key={named}")).await;
        assert_eq!(text(&told, "key"), named);
        let info = told.get("info").unwrap();
        assert_eq!((text(info, "key_alias"), text(info, "status")), ("app".to_owned(), "active".to_owned()));
        assert_eq!((info.get("key"), info.get("token")), (None, None));
    }
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_nothing_else() {
    let plane = Plane::new().await;
    let body = r#"{"key_alias":"app","duration":"1h","models":["a"],"max_budget":1,"rpm_limit":1,"metadata":{"a":1},"tags":["x"]}"#;
    let key = plane.key(body).await;
    let after = async |change: &str, field: &str| {
        let body = format!(r#"{{"key":"{key}",{change}}}"#);
        let changed = plane.post("/key/update", &body).await;
        assert_eq!(text(&changed, "key"), key);
        changed.get(field).cloned().unwrap_or_default()
    };
    assert_eq!(after(r#""rpm_limit":7"#, "rpm_limit").await, json!(7));
    assert_eq!(after(r#""max_budget":null"#, "max_budget").await, Value::Null);
    assert_eq!(after(r#""max_budget":2.5"#, "rpm_limit").await, json!(7));
    assert_eq!(after(r#""models":null"#, "models").await, json!([]));
    assert_eq!(after(r#""duration":"2h""#, "expires").await, json!("2026-01-31T14:00:00Z"));
    assert_eq!(after(r#""duration":"-1""#, "expires").await, Value::Null);
    assert_eq!(after(r#""tags":["y"]"#, "metadata").await, json!({"a": 1, "tags": ["y"]}));
    assert_eq!(after(r#""tags":null"#, "tags").await, json!(["y"]));
    assert_eq!(after(r#""metadata":{"b":2}"#, "tags").await, json!([]));
    assert_eq!(after(r#""team_id":"t""#, "team_id").await, json!("t"));
    assert_eq!(after(r#""team_id":"""#, "team_id").await, json!("t"));
    assert_eq!(after(r#""team_id":null"#, "team_id").await, Value::Null);
    assert_eq!(after(r#""key_alias":"other""#, "key_alias").await, json!("other"));

    let by_alias = plane.post("/key/update", r#"{"key_alias":"other","tpm_limit":9}"#).await;
    assert_eq!(by_alias.get("tpm_limit"), Some(&json!(9)));
    assert_eq!(text(&by_alias, "key_alias"), "other");
}

#[tokio::test]
async fn a_named_budget_that_nobody_made_is_given_to_nobody() {
    let plane = Plane::new().await;
    plane.post("/budget/new", r#"{"budget_id":"free","max_budget":1}"#).await;
    let key = plane.key(r#"{"user_id":"ada","budget_id":"free"}"#).await;
    plane.post("/customer/new", r#"{"user_id":"reader","budget_id":"free"}"#).await;
    for (path, body) in [
        ("/key/generate", json!({"budget_id": "fre"})),
        ("/key/update", json!({"key": key, "budget_id": "fre"})),
        ("/customer/update", json!({"user_id": "reader", "budget_id": "fre"})),
    ] {
        let (status, answer) = plane.ask(Method::POST, path, &body.to_string()).await;
        let error = &answer["error"];
        assert_eq!((status, text(error, "param")), (404, "budget_id".to_owned()), "{path}: {answer}");
        assert!(text(error, "message").contains("budget_id=fre"), "{path}: {answer}");
    }
    let kept = || async { plane.store.key_by_hash(&hash_of(&key)).await.unwrap().unwrap() };
    assert_eq!(kept().await.budget_id.as_deref(), Some("free"));
    // An empty text takes away what null takes away.
    for field in ["budget_id", "user_id"] {
        plane.post("/key/update", &json!({"key": key, field: ""}).to_string()).await;
    }
    let kept = kept().await;
    assert_eq!((kept.budget_id, kept.user_id), (None, None));
    let customer = plane.post("/customer/update", r#"{"user_id":"reader","budget_id":""}"#).await;
    assert_eq!(customer["budget_id"], Value::Null);
}

#[tokio::test]
async fn a_blocked_key_is_refused_at_once_and_an_unblocked_one_is_not() {
    let plane = Plane::new().await;
    let key = plane.key("{}").await;
    assert!(plane.caller(&key).await.is_ok());
    let body = format!(r#"{{"key":"{key}"}}"#);
    let blocked = plane.post("/key/block", &body).await;
    assert_eq!(
        (blocked.get("blocked"), text(&blocked, "status")),
        (Some(&json!(true)), "revoked".to_owned())
    );
    assert_eq!(plane.caller(&key).await.err(), Some(Kind::BlockedKey));
    plane.post("/key/unblock", &body).await;
    assert!(plane.caller(&key).await.is_ok());
}

#[tokio::test]
async fn a_key_expires() {
    let plane = Plane::new().await;
    let key = plane.key(r#"{"duration":"30s"}"#).await;
    assert!(plane.caller(&key).await.is_ok());
    plane.pass(30_000);
    assert_eq!(plane.caller(&key).await.err(), Some(Kind::ExpiredKey));
    let told = plane.get(&format!("/key/info?key={key}")).await;
    assert_eq!(text(told.get("info").unwrap(), "status"), "expired");
}

#[tokio::test]
async fn a_new_secret_replaces_the_old_one_and_keeps_the_account() {
    let plane = Plane::new().await;
    let old = plane.key(r#"{"key_alias":"app","max_budget":5}"#).await;
    let id = plane.store.key_by_hash(&hash_of(&old)).await.unwrap().unwrap().id;
    assert!(plane.caller(&old).await.is_ok());

    let made = plane.post("/key/regenerate", &format!(r#"{{"key":"{old}"}}"#)).await;
    let new = text(&made, "key");
    assert_ne!(new, old);
    assert_eq!(
        (text(&made, "token"), text(&made, "key_alias")),
        (hash_of(&new).to_string(), "app".to_owned())
    );
    assert_eq!(plane.caller(&old).await.err(), Some(Kind::UnknownKey));
    assert_eq!(plane.caller(&new).await.unwrap().key().unwrap().record.id, id);

    // By the path, with a key of one's own.
    let path = format!("/key/{}/regenerate", hash_of(&new));
    let chosen = plane.post(&path, r#"{"new_key":"sk-chosen-by-someone"}"#).await;
    assert_eq!(text(&chosen, "key"), "sk-chosen-by-someone");
    assert_eq!(text(&chosen, "key_name"), "sk-...eone");
    assert_eq!(plane.caller("sk-chosen-by-someone").await.unwrap().key().unwrap().record.id, id);
}

#[tokio::test]
async fn deleted_keys_are_named_as_the_request_named_them_and_refused_at_once() {
    let plane = Plane::new().await;
    let (one, two, three) =
        (plane.key("{}").await, plane.key("{}").await, plane.key(r#"{"key_alias":"c"}"#).await);
    assert!(plane.caller(&one).await.is_ok());
    let hash = hash_of(&two).to_string();
    let body = json!({ "keys": [one, hash, "sk-of-nobody-at-all"] }).to_string();
    assert_eq!(plane.post("/key/delete", &body).await, json!({ "deleted_keys": [one, hash] }));
    assert_eq!(plane.caller(&one).await.err(), Some(Kind::UnknownKey));
    assert_eq!(plane.post("/key/delete", r#"{"key_aliases":["c"]}"#).await, json!({ "deleted_keys": ["c"] }));
    assert_eq!(plane.caller(&three).await.err(), Some(Kind::UnknownKey));
}

#[tokio::test]
async fn keys_are_listed_by_page_newest_first() {
    let plane = Plane::new().await;
    let mut hashes = Vec::new();
    for number in 0..5 {
        plane.pass(1_000);
        let body = format!(r#"{{"key_alias":"k{number}","user_id":"u{}"}}"#, number % 2);
        hashes.push(hash_of(&plane.key(&body).await).to_string());
    }
    hashes.reverse();
    let first = plane.get("/key/list?page=1&size=2").await;
    assert_eq!(
        first,
        json!({ "keys": hashes.get(..2).unwrap(), "total_count": 5, "current_page": 1, "total_pages": 3 })
    );
    assert_eq!(
        plane.get("/key/list?page=3&size=2").await.get("keys"),
        Some(&json!(hashes.get(4..).unwrap()))
    );
    assert_eq!(plane.get("/key/list?user_id=u1").await.get("total_count"), Some(&json!(2)));
    assert_eq!(plane.get("/key/list?key_alias=k4").await.get("keys"), Some(&json!(hashes.get(..1).unwrap())));
    let whole =
        plane.get(&format!("/key/list?return_full_object=true&key_hash={}", hashes.first().unwrap())).await;
    let whole = whole.pointer("/keys/0").unwrap();
    assert_eq!(
        (text(whole, "key_alias"), text(whole, "token")),
        ("k4".to_owned(), hashes.first().unwrap().clone())
    );
    assert_eq!(whole.get("key"), None);
}

#[tokio::test]
async fn anyone_may_read_the_description() {
    let plane = Plane::new().await;
    let (status, description) = plane.ask_as(None, Method::GET, "/openapi.json", "").await;
    assert_eq!((status, text(&description, "openapi")), (200, "3.1.0".to_owned()));
}

#[tokio::test]
async fn a_change_undoes_no_other_that_came_between() {
    let plane = Plane::new().await;
    let key = plane.key(r#"{"max_budget":5}"#).await;
    let before = plane.store.key_by_hash(&hash_of(&key)).await.unwrap().unwrap();
    plane.post("/key/block", &format!(r#"{{"key":"{key}"}}"#)).await;
    let late = KeyRecord { key_alias: Some("late".into()), ..before.clone() };
    assert!(!plane.store.update_key(&before, &late).await.unwrap(), "the block would be undone");
    plane.post("/key/update", &format!(r#"{{"key":"{key}","key_alias":"late"}}"#)).await;
    let after = plane.store.key_by_hash(&hash_of(&key)).await.unwrap().unwrap();
    assert_eq!((after.blocked, after.key_alias.as_deref()), (true, Some("late")));
}
