//! The ledger as LiteLLM shows it.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use weighhouse_auth::hash_of;
use weighhouse_storage::{LedgerRow, Outcome};
use weighhouse_types::{AttemptId, CallId, KeyHash, Nanos, Operation, Usage, UsageClass};

use crate::plane::{NOW_MS, Plane, text};

const DAY_MS: i64 = 86_400_000;

/// A row of a key; `place` tells calls apart.
pub(crate) fn row(key: &KeyHash, place: u8, started_ms: i64) -> LedgerRow {
    let usage = Usage::default()
        .with(UsageClass::InputText, 10)
        .with(UsageClass::InputCacheRead, 5)
        .with(UsageClass::OutputText, 3);
    LedgerRow {
        attempt: AttemptId { call: CallId::new(started_ms.unsigned_abs(), [place; 10]), number: 1 },
        started_ms,
        key_id: None,
        key_hash: key.clone(),
        user_id: Some("u".into()),
        team_id: None,
        end_user: Some("reader".into()),
        operation: Operation::Chat,
        requested_model: "fast".into(),
        model_group: "gpt-4o".into(),
        deployment_id: "d1".into(),
        provider: "openai".into(),
        upstream_model: "gpt-4o-2024".into(),
        api_base: "https://api.openai.com/v1".into(),
        outcome: Outcome::Success,
        http_status: 200,
        response_id: Some(format!("chatcmpl-{place}").into()),
        stream: true,
        usage,
        raw_usage: Some(r#"{"prompt_tokens":15}"#.into()),
        cost: Nanos::new(1_500),
        arithmetic: r#"[["input_text",10,150]]"#.into(),
        price_version: "2026-01".into(),
        queue_us: 1,
        overhead_us: 2,
        first_token_us: 250_000,
        total_us: 1_500_000,
        tags: Arc::from(vec!["x".to_owned()]),
        accounts: Arc::default(),
    }
}

fn ids(rows: &Value) -> Vec<String> {
    rows.as_array().unwrap().iter().map(|row| text(row, "request_id")).collect()
}

#[tokio::test]
async fn a_row_has_litellms_shape_and_the_arithmetic_behind_its_sum() {
    let plane = Plane::new().await;
    let key = hash_of("sk-one");
    let mut without_id = row(&key, 2, NOW_MS - DAY_MS);
    without_id.response_id = None;
    plane
        .store
        .append_ledger(&[row(&key, 1, NOW_MS), without_id.clone()].map(Box::new).into())
        .await
        .unwrap();

    let rows = plane.get("/spend/logs").await;
    assert_eq!(ids(&rows), ["chatcmpl-1".to_owned(), without_id.attempt.call.to_string()]);
    let first = rows.get(0).unwrap();
    for (field, value) in [
        ("call_type", json!("acompletion")),
        ("api_key", json!(key.as_str())),
        ("spend", json!(0.0000015)),
        ("prompt_tokens", json!(15)),
        ("completion_tokens", json!(3)),
        ("total_tokens", json!(18)),
        ("startTime", json!("2026-01-31T12:00:00Z")),
        ("completionStartTime", json!("2026-01-31T12:00:00.25Z")),
        ("endTime", json!("2026-01-31T12:00:01.5Z")),
        ("model", json!("gpt-4o-2024")),
        ("model_group", json!("gpt-4o")),
        ("model_id", json!("d1")),
        ("custom_llm_provider", json!("openai")),
        ("user", json!("u")),
        ("team_id", Value::Null),
        ("end_user", json!("reader")),
        ("request_tags", json!(["x"])),
        ("cache_hit", json!("False")),
        ("status", json!("success")),
    ] {
        assert_eq!(first.get(field), Some(&value), "{field}");
    }
    let metadata = first.get("metadata").unwrap();
    assert_eq!(metadata.get("attempt"), Some(&json!(1)));
    assert_eq!(
        metadata.get("usage"),
        Some(&json!({"input_text": 10, "input_cache_read": 5, "output_text": 3}))
    );
    assert_eq!(metadata.get("arithmetic"), Some(&json!([["input_text", 10, 150]])));
    assert_eq!(metadata.get("usage_object"), Some(&json!({"prompt_tokens": 15})));
}

#[tokio::test]
async fn rows_are_narrowed_by_key_owner_id_and_day() {
    let plane = Plane::new().await;
    let (one, two) = (hash_of("sk-one"), hash_of("sk-two"));
    let mut of_two = row(&two, 2, NOW_MS - DAY_MS);
    of_two.user_id = Some("v".into());
    plane.store.append_ledger(&[row(&one, 1, NOW_MS), of_two.clone()].map(Box::new).into()).await.unwrap();
    for (query, expected) in [
        ("api_key=sk-one".to_owned(), "chatcmpl-1"),
        (format!("api_key={two}"), "chatcmpl-2"),
        ("user_id=v".to_owned(), "chatcmpl-2"),
        ("request_id=chatcmpl-1".to_owned(), "chatcmpl-1"),
        (format!("request_id={}", of_two.attempt.call), "chatcmpl-2"),
        ("start_date=2026-01-31".to_owned(), "chatcmpl-1"),
        ("start_date=2026-01-30&end_date=2026-01-31&summarize=false".to_owned(), "chatcmpl-2"),
    ] {
        assert_eq!(ids(&plane.get(&format!("/spend/logs?{query}")).await), [expected], "{query}");
    }
}

#[tokio::test]
async fn a_virtual_key_sees_its_own_rows_whatever_it_asks_for() {
    let plane = Plane::new().await;
    let key = plane.key("{}").await;
    let record = plane.store.key_by_hash(&hash_of(&key)).await.unwrap().unwrap();
    // A row from before the key got its present secret: it is the key's own by its lasting id.
    let own = LedgerRow { key_id: Some(record.id), ..row(&hash_of("sk-older"), 1, NOW_MS) };
    let rows = [own, row(&hash_of("sk-two"), 2, NOW_MS)].map(Box::new).into();
    plane.store.append_ledger(&rows).await.unwrap();
    let me = plane.caller(&key).await.unwrap();
    let own = vec!["chatcmpl-1".to_owned()];
    for (query, expected) in [("", &own), ("?user_id=u", &own), ("?request_id=chatcmpl-2", &Vec::new())] {
        let (status, rows) =
            plane.ask_as(Some(me.clone()), Method::GET, &format!("/spend/logs{query}"), "").await;
        assert_eq!((status, &ids(&rows)), (200, expected), "{query}");
    }
}
