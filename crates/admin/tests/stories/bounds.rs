//! Nobody gives what they do not have.

use http::Method;
use serde_json::{Value, json};
use weighhouse_auth::Caller;

use crate::plane::{Plane, text};

async fn asked(plane: &Plane, caller: &Caller, path: &str, body: &Value) -> (u16, Value) {
    plane.ask_as(Some(caller.clone()), Method::POST, path, &body.to_string()).await
}

async fn refused(
    plane: &Plane,
    caller: &Caller,
    path: &str,
    body: Value,
    status: u16,
    param: &str,
    words: &str,
) {
    let (answered, answer) = asked(plane, caller, path, &body).await;
    let error = answer.get("error").unwrap_or_else(|| panic!("{path} {body}: {answer}"));
    assert_eq!((answered, text(error, "param").as_str()), (status, param), "{path} {body}: {answer}");
    assert!(text(error, "message").contains(words), "{path} {body}: {answer}");
}

async fn made(plane: &Plane, caller: &Caller, path: &str, body: Value) -> Value {
    let (status, answer) = asked(plane, caller, path, &body).await;
    assert_eq!(status, 200, "{path} {body}: {answer}");
    answer
}

async fn holder(plane: &Plane, settings: Value) -> Caller {
    let key = plane.key(&settings.to_string()).await;
    plane.caller(&key).await.unwrap()
}

#[tokio::test]
async fn a_key_stays_within_its_owner() {
    let plane = Plane::new().await;
    let ada = json!({"user_id": "ada", "user_role": "internal_user", "auto_create_key": false, "max_budget": 10,
        "rpm_limit": 100, "models": ["gpt-*"], "model_max_budget": {"gpt-4o": {"budget_limit": 2}}});
    plane.post("/user/new", &ada.to_string()).await;
    let caller = holder(&plane, json!({"user_id": "ada"})).await;
    for (body, status, param, words) in [
        (json!({"max_budget": 11}), 400, "max_budget", "(11) cannot exceed that of user ada (10)"),
        (
            json!({"max_budget": 9, "temp_budget_increase": 2, "temp_budget_expiry": "1d"}),
            400,
            "temp_budget_increase",
            "(10)",
        ),
        (
            json!({"budget_limits": [{"budget_duration": "1d", "max_budget": 11}]}),
            400,
            "budget_limits",
            "(10)",
        ),
        (json!({"rpm_limit": 101}), 400, "rpm_limit", "user ada (100)"),
        (json!({"model_max_budget": {"gpt-4o": {"budget_limit": 3}}}), 400, "model_max_budget", "gpt-4o (2)"),
        (
            json!({"models": ["gpt-4o", "claude"]}),
            403,
            "models",
            "\"claude\" is beyond the models of user ada",
        ),
        (json!({"models": ["*o"]}), 403, "models", "\"*o\""),
        (json!({"aliases": {"gpt-4o": "claude"}}), 403, "aliases", "\"claude\""),
        (json!({"user_id": "bob"}), 403, "user_id", "themselves"),
        (json!({"team_id": "red"}), 403, "team_id", "team_id=red"),
        (json!({"key_type": "everything"}), 422, "key_type", "one of"),
        (json!({"allowed_routes": ["llm_routes"]}), 400, "allowed_routes", "llm_api_routes"),
    ] {
        refused(&plane, &caller, "/key/generate", body, status, param, words).await;
    }
    let fine =
        json!({"max_budget": 10, "rpm_limit": 100, "models": ["gpt-4o", "gpt-5*"], "key_type": "llm_api"});
    let key = made(&plane, &caller, "/key/generate", fine).await;
    assert_eq!((text(&key, "user_id"), text(&key, "created_by")), ("ada".into(), "ada".into()));
    assert_eq!(key["allowed_routes"], json!(["llm_api_routes"]));
    let unsaid = made(&plane, &caller, "/key/generate", json!({})).await;
    assert_eq!(
        (&unsaid["max_budget"], &unsaid["models"]),
        (&Value::Null, &json!([])),
        "ada's own bounds hold anyway"
    );
    let secret = text(&key, "key");
    for (body, status, param) in [
        (json!({"key": secret, "max_budget": 11}), 400, "max_budget"),
        (json!({"key": secret, "models": ["claude"]}), 403, "models"),
        (json!({"key": secret, "user_id": "bob"}), 403, "user_id"),
        (json!({"key": secret, "user_id": null}), 403, "user_id"),
        (json!({"key": secret, "team_id": "red"}), 403, "team_id"),
    ] {
        refused(&plane, &caller, "/key/update", body, status, param, "").await;
    }
    made(&plane, &caller, "/key/update", json!({"key": secret, "max_budget": 1, "user_id": "ada"})).await;
    plane.post("/key/block", &json!({"key": secret}).to_string()).await;
    refused(
        &plane,
        &caller,
        "/key/update",
        json!({"key": secret, "blocked": false}),
        403,
        "blocked",
        "unblocks",
    )
    .await;
}

#[tokio::test]
async fn a_key_stays_within_the_key_that_made_it() {
    let plane = Plane::new().await;
    plane.post("/user/new", r#"{"user_id":"ada","auto_create_key":false}"#).await;
    let narrow = json!({"user_id": "ada", "max_budget": 5, "budget_duration": "30d", "tpm_limit": 7, "models": ["a", "b"],
        "itpm_limit": 5, "otpm_limit": 3, "budget_mode": "bounded",
        "allowed_routes": ["/key/*", "openai_routes"], "duration": "7d",
        "budget_limits": [{"budget_duration": "1d", "max_budget": 1}]});
    let caller = holder(&plane, narrow).await;
    for (body, status, param) in [
        (json!({"max_budget": 6}), 400, "max_budget"),
        (json!({"max_budget": 5, "budget_duration": "1d"}), 400, "budget_duration"),
        (json!({"budget_limits": [{"budget_duration": "1h", "max_budget": 1}]}), 400, "budget_limits"),
        (json!({"tpm_limit": 8}), 400, "tpm_limit"),
        (json!({"itpm_limit": 6}), 400, "itpm_limit"),
        (json!({"otpm_limit": 4}), 400, "otpm_limit"),
        (json!({"budget_mode": "after"}), 400, "budget_mode"),
        (json!({"models": ["*"]}), 403, "models"),
        (json!({"models": ["all-team-models"]}), 403, "models"),
        (json!({"duration": "8d"}), 400, "duration"),
        (json!({"allowed_routes": ["/team/*"]}), 403, "allowed_routes"),
        (json!({"allowed_routes": ["llm_api_routes"]}), 403, "allowed_routes"),
        (json!({"key_type": "management"}), 403, "allowed_routes"),
    ] {
        refused(&plane, &caller, "/key/generate", body, status, param, "the key that asks").await;
    }
    // Where it says nothing, it has what the key that made it has.
    let child = made(&plane, &caller, "/key/generate", json!({})).await;
    for (field, value) in [
        ("max_budget", json!(5.0)),
        ("budget_duration", json!("30d")),
        ("tpm_limit", json!(7)),
        ("itpm_limit", json!(5)),
        ("otpm_limit", json!(3)),
        ("budget_mode", json!("bounded")),
        ("models", json!(["a", "b"])),
        ("allowed_routes", json!(["/key/*", "openai_routes"])),
        ("expires", json!("2026-02-07T12:00:00Z")),
    ] {
        assert_eq!(child[field], value, "{field}");
    }
    let secret = text(&child, "key");
    for (body, status, param) in [
        (json!({"max_budget": null}), 400, "max_budget"),
        (json!({"tpm_limit": null}), 400, "tpm_limit"),
        (json!({"otpm_limit": null}), 400, "otpm_limit"),
        (json!({"budget_mode": "after"}), 400, "budget_mode"),
        (json!({"models": []}), 403, "models"),
        (json!({"allowed_routes": null}), 403, "allowed_routes"),
        (json!({"duration": null}), 400, "duration"),
        (json!({"budget_limits": null}), 400, "budget_limits"),
    ] {
        let mut body = body;
        body["key"] = secret.clone().into();
        refused(&plane, &caller, "/key/update", body, status, param, "the key that asks").await;
    }
    made(
        &plane,
        &caller,
        "/key/update",
        json!({"key": secret, "tpm_limit": 6, "models": ["a"], "key_alias": "c"}),
    )
    .await;
}

#[tokio::test]
async fn a_bulk_update_changes_nothing_before_all_of_it_is_read() {
    let plane = Plane::new().await;
    let key = plane.key(r#"{"max_budget":5}"#).await;
    let body = json!({"keys": [{"key": key, "max_budget": 1}, {"max_budget": 2}]}).to_string();
    let (status, answer) = plane.ask(Method::POST, "/key/bulk_update", &body).await;
    assert_eq!(status, 422, "{answer}");
    let info = plane.get(&format!("/key/info?key={key}")).await;
    assert_eq!(info["info"]["max_budget"], json!(5.0), "{info}");
}

#[tokio::test]
async fn one_limit_of_a_member_leaves_the_others_of_all_members() {
    let plane = Plane::new().await;
    let members = json!([{"user_id": "tess", "role": "admin"}, {"user_id": "tom"}]);
    let team = json!({"team_id": "red", "members_with_roles": members, "team_member_budget": 4});
    plane.post("/team/new", &team.to_string()).await;
    plane.post("/team/member_update", r#"{"team_id":"red","user_id":"tom","rpm_limit":50}"#).await;
    let team = plane.directory.team("red").await.unwrap().unwrap();
    let limits = team.member("tom").limits;
    assert_eq!(
        (limits.max_budget.map(|max| max.to_string()), limits.rpm_limit),
        (Some("4".into()), Some(50))
    );
    // They stay with whoever stays, when the list is written anew.
    let again = json!({"team_id": "red", "members_with_roles": [{"user_id": "tom"}]});
    plane.post("/team/update", &again.to_string()).await;
    let team = plane.directory.team("red").await.unwrap().unwrap();
    assert_eq!(team.member("tom").limits.rpm_limit, Some(50));
}

#[tokio::test]
async fn what_an_administrator_made_only_administrators_change() {
    let plane = Plane::new().await;
    plane.post("/user/new", r#"{"user_id":"ada","auto_create_key":false}"#).await;
    let caller = holder(&plane, json!({"user_id": "ada"})).await;
    let capped = plane.key(r#"{"user_id":"ada","max_budget":1}"#).await;
    refused(
        &plane,
        &caller,
        "/key/update",
        json!({"key": capped, "max_budget": 9}),
        403,
        "key",
        "administrator",
    )
    .await;
    // But a new secret it may have, and go away.
    let renewed = made(&plane, &caller, "/key/regenerate", json!({"key": capped})).await;
    assert_eq!(renewed["max_budget"], json!(1.0));
    made(&plane, &caller, "/key/delete", json!({"keys": [text(&renewed, "key")]})).await;
}

#[tokio::test]
async fn an_admin_of_a_team_stays_within_it() {
    let plane = Plane::new().await;
    for user in ["tess", "tom"] {
        plane.post("/user/new", &json!({"user_id": user, "auto_create_key": false}).to_string()).await;
    }
    plane.post("/user/new", r#"{"user_id":"root","user_role":"proxy_admin","auto_create_key":false}"#).await;
    let members = json!([{"user_id": "tess", "role": "admin"}, {"user_id": "tom"}, {"user_id": "root"}]);
    plane
        .post(
            "/team/new",
            &json!({"team_id": "red", "members_with_roles": members, "max_budget": 10, "rpm_limit": 50,
                "team_member_budget": 4, "models": ["a"]})
            .to_string(),
        )
        .await;
    let tess = holder(&plane, json!({"user_id": "tess"})).await;
    for (path, body, status, param) in [
        ("/key/generate", json!({"team_id": "red", "max_budget": 5}), 400, "max_budget"),
        ("/key/generate", json!({"team_id": "red", "models": ["b"]}), 403, "models"),
        ("/key/generate", json!({"team_id": "red", "user_id": "eve"}), 403, "user_id"),
        ("/key/generate", json!({"team_id": "red", "user_id": "root"}), 403, "user_id"),
        (
            "/key/generate",
            json!({"team_id": "red", "user_id": "tom", "key_type": "management"}),
            403,
            "allowed_routes",
        ),
        (
            "/key/generate",
            json!({"team_id": "red", "user_id": "tom", "allowed_routes": ["*"]}),
            403,
            "allowed_routes",
        ),
        ("/key/service-account/generate", json!({"team_id": "red", "max_budget": 11}), 400, "max_budget"),
        ("/key/service-account/generate", json!({}), 400, "team_id"),
        (
            "/team/member_add",
            json!({"team_id": "red", "member": {"user_id": "x"}, "max_budget_in_team": 11}),
            400,
            "max_budget_in_team",
        ),
        (
            "/team/member_update",
            json!({"team_id": "red", "user_id": "tess", "rpm_limit": 51}),
            400,
            "rpm_limit",
        ),
        ("/team/update", json!({"team_id": "red", "max_budget": 100}), 403, ""),
    ] {
        refused(&plane, &tess, path, body, status, param, "").await;
    }
    let toms =
        made(&plane, &tess, "/key/generate", json!({"team_id": "red", "user_id": "tom", "max_budget": 4}))
            .await;
    assert_eq!(toms["allowed_routes"], json!(["llm_api_routes"]), "a key for another only calls models");
    let service =
        made(&plane, &tess, "/key/service-account/generate", json!({"team_id": "red", "key_alias": "bot"}))
            .await;
    assert_eq!(
        (&service["user_id"], &service["metadata"]["service_account_id"]),
        (&Value::Null, &json!("bot"))
    );
    let of_tom = plane.key(r#"{"user_id":"tom","team_id":"red"}"#).await;
    refused(&plane, &tess, "/key/regenerate", json!({"key": of_tom}), 403, "key", "its owner").await;
    made(&plane, &tess, "/key/block", json!({"key": of_tom})).await;
    let fields = json!({"team_id": "red", "all_keys_in_team": true, "update_fields": {"max_budget": 5}});
    let bulk = made(&plane, &tess, "/team/key/bulk_update", fields).await;
    assert_eq!(bulk["total_requested"], json!(2), "the blocked one stays as it is: {bulk}");
    assert_eq!(bulk["successful_updates"][0]["key_info"]["key_alias"], json!("bot"), "{bulk}");
    assert!(
        text(&bulk["failed_updates"][0], "failed_reason").contains("member tom of team red (4)"),
        "{bulk}"
    );
    let tom = holder(&plane, json!({"user_id": "tom"})).await;
    refused(&plane, &tom, "/key/generate", json!({"team_id": "red"}), 403, "team_id", "").await;
}
