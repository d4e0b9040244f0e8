//! What is refused, with which status and at which field.

use http::Method;
use weighhouse_auth::hash_of;

use crate::plane::{MASTER, Plane, text};

async fn check(plane: &Plane, path: &str, body: &str, status: u16, param: &str) {
    let (answered, answer) = plane.ask(Method::POST, path, body).await;
    let error = answer.get("error").unwrap();
    assert_eq!((answered, text(error, "param").as_str()), (status, param), "{path} {body}: {answer}");
    assert_eq!(text(error, "code"), status.to_string());
    assert!(!answer.to_string().contains("sk-of-nobody"), "{answer} repeats a key");
}

#[tokio::test]
async fn bad_requests_name_their_field() {
    let plane = Plane::new().await;
    let key = plane.key(r#"{"key_alias":"taken"}"#).await;
    for (body, status, param) in [
        ("not json", 422, ""),
        ("[]", 422, ""),
        (r#"{"rpm_limit":"many"}"#, 422, "rpm_limit"),
        (r#"{"rpm_limit":-1}"#, 422, "rpm_limit"),
        (r#"{"metadata":"text"}"#, 422, "metadata"),
        (r#"{"budget_duration":"soon"}"#, 400, "budget_duration"),
        (r#"{"guardrails":["pii"]}"#, 400, "guardrails"),
        (r#"{"permissions":{"a":true}}"#, 400, "permissions"),
        (r#"{"duration":"tomorrow"}"#, 400, "duration"),
        (r#"{"max_budget":-1}"#, 400, "max_budget"),
        (r#"{"key_alias":"a\u0000b"}"#, 400, "key_alias"),
        (r#"{"key_alias":"taken"}"#, 400, "key_alias"),
        (r#"{"key":"sk-short"}"#, 400, "key"),
        (r#"{"key":"no-prefix-of-a-key"}"#, 400, "key"),
        (r#"{"metadata":{"tags":"a"}}"#, 400, "metadata"),
    ] {
        check(&plane, "/key/generate", body, status, param).await;
    }
    check(&plane, "/key/generate", &format!(r#"{{"key":"{key}"}}"#), 400, "key").await;
    check(&plane, "/key/generate", &format!(r#"{{"key":"{MASTER}"}}"#), 400, "key").await;
    assert_eq!(plane.get("/key/list").await.get("total_count"), Some(&1.into()));
}

#[tokio::test]
async fn unknown_keys_are_not_found_and_missing_ones_are_asked_for() {
    let plane = Plane::new().await;
    let nobody = r#"{"key":"sk-of-nobody-at-all"}"#;
    for path in ["/key/update", "/key/block", "/key/unblock", "/key/regenerate"] {
        check(&plane, path, nobody, 404, "key").await;
    }
    check(&plane, "/key/sk-of-nobody-at-all/regenerate", "", 404, "key").await;
    check(&plane, "/key/update", r#"{"key_alias":"none"}"#, 404, "key_alias").await;
    check(&plane, "/key/update", r#"{"rpm_limit":1}"#, 422, "key").await;
    check(&plane, "/key/regenerate", "{}", 400, "key").await;
    check(&plane, "/key/block", "{}", 422, "").await;
    check(&plane, "/key/delete", r#"{"keys":[]}"#, 422, "keys").await;
    check(&plane, "/key/delete", r#"{"keys":["sk-of-nobody-at-all"]}"#, 404, "keys").await;
    check(&plane, "/key/delete", r#"{"key_aliases":["none"]}"#, 404, "keys").await;
    for (path, status) in [
        ("/key/info?key=sk-of-nobody-at-all", 404),
        ("/key/info", 404),
        ("/key/list?size=1000", 422),
        ("/key/list?status=expired", 400),
        ("/spend/logs?start_date=yesterday", 400),
        ("/spend/logs?summarize=perhaps", 422),
    ] {
        assert_eq!(plane.ask(Method::GET, path, "").await.0, status, "{path}");
    }
}

#[tokio::test]
async fn a_rename_or_a_new_secret_cannot_take_what_another_key_has() {
    let plane = Plane::new().await;
    let (one, two) = (plane.key(r#"{"key_alias":"one"}"#).await, plane.key(r#"{"key_alias":"two"}"#).await);
    check(&plane, "/key/update", &format!(r#"{{"key":"{one}","key_alias":"two"}}"#), 400, "key_alias").await;
    check(&plane, "/key/regenerate", &format!(r#"{{"key":"{one}","new_key":"{two}"}}"#), 400, "key").await;
    check(&plane, "/key/regenerate", &format!(r#"{{"key":"{one}","new_key":"sk-short"}}"#), 400, "new_key")
        .await;
    assert!(plane.caller(&one).await.is_ok() && plane.caller(&two).await.is_ok());
    assert!(plane.store.key_by_hash(&hash_of(&one)).await.unwrap().is_some());
}
