//! Records to keep.

use std::sync::Arc;

use weighhouse_storage::{
    KeyRecord, LedgerBatch, LedgerRow, Limits, ModelLimits, Outcome, Store, TemporaryIncrease, WindowBudget,
};
use weighhouse_types::{
    AccountId, AttemptId, CallId, KeyHash, KeyId, Nanos, Operation, Scope, ScopeKind, Usage, UsageClass,
    WindowId,
};

/// A key; its id, hash and alias come of its name.
pub(crate) fn key(name: &str) -> KeyRecord {
    KeyRecord {
        id: KeyId::new(&format!("id-{name}")),
        hash: KeyHash::new(&format!("hash-{name}")),
        key_name: "sk-...abcd".into(),
        key_alias: Some(name.into()),
        models: vec!["gpt-*".into()],
        aliases: vec![("fast".into(), "gpt-4o".into())],
        user_id: Some("user-1".into()),
        team_id: None,
        metadata: serde_json::json!({"a": [1, null]}),
        tags: vec!["blue".into()],
        limits: Limits {
            max_budget: Some(Nanos::dollars(1)),
            rpm_limit: Some(10),
            max_parallel_requests: Some(2),
            more_budgets: vec![WindowBudget { duration: "1d".into(), max: Nanos::new(5) }],
            temporary: Some(TemporaryIncrease { amount: Nanos::new(7), until_ms: 9 }),
            model_limits: [(
                "gpt-4o".to_owned(),
                ModelLimits { rpm_limit: Some(3), ..ModelLimits::default() },
            )]
            .into(),
            ..Limits::default()
        },
        budget_id: None,
        allowed_routes: vec!["llm_api_routes".into()],
        total_spend: Nanos::ZERO,
        expires_ms: Some(2_000_000_000_000),
        blocked: false,
        created_by: Some("admin".into()),
        created_ms: 1_795_000_000_000,
        updated_ms: 1_795_000_000_001,
    }
}

/// An attempt; the call's number is its time too.
pub(crate) fn row(key: Option<&KeyRecord>, call: u64, number: u16, nanos: i64) -> LedgerRow {
    LedgerRow {
        attempt: AttemptId { call: CallId::new(call, [1; 10]), number },
        started_ms: i64::try_from(call).unwrap(),
        key_id: key.map(|key| key.id.clone()),
        key_hash: key.map_or_else(|| KeyHash::new("master"), |key| key.hash.clone()),
        user_id: Some("user-1".into()),
        team_id: None,
        end_user: Some("nul\u{0} end".replace('\0', " ").into()),
        operation: Operation::Chat,
        requested_model: "fast".into(),
        model_group: "gpt-4o".into(),
        deployment_id: "d1".into(),
        provider: "openai".into(),
        upstream_model: "gpt-4o".into(),
        api_base: "https://api.openai.com/v1".into(),
        outcome: Outcome::Success,
        http_status: 200,
        response_id: Some(format!("chatcmpl-{call}-{number}").into()),
        stream: true,
        usage: Usage::default().with(UsageClass::InputText, 3).with(UsageClass::OutputReasoning, 5),
        raw_usage: Some("{\"prompt_tokens\":3}".into()),
        cost: Nanos::new(nanos),
        arithmetic: "[[\"input_text\",3,\"1\"]]".into(),
        price_version: "v1".into(),
        queue_us: 1,
        overhead_us: 2,
        first_token_us: 3,
        total_us: 4_000_000_000,
        tags: Arc::new(["blue".to_owned(), "quo\"te".to_owned()]),
        accounts: Arc::new([
            AccountId { scope: Scope::new(ScopeKind::User, "user-1"), window: WindowId::life() },
            AccountId {
                scope: Scope::new(ScopeKind::Tag, "b\u{e9}\"lue"),
                window: WindowId::new("days:1", 86_400_000),
            },
        ]),
    }
}

pub(crate) fn batch(rows: &[LedgerRow]) -> LedgerBatch {
    rows.iter().cloned().map(Box::new).collect()
}

/// A key that is in the store.
pub(crate) async fn kept_key(store: &Store, name: &str) -> KeyRecord {
    let key = key(name);
    store.insert_key(&key).await.unwrap();
    key
}

/// A key as the store has it now.
pub(crate) async fn now(store: &Store, key: &KeyRecord) -> KeyRecord {
    store.key_by_hash(&key.hash).await.unwrap().unwrap()
}

/// What keys are said to have spent is what their rows sum to.
pub(crate) async fn both_books_agree(store: &Store, keys: &[KeyRecord]) {
    let sums = store.spend_by_key().await.unwrap();
    for key in keys {
        let kept = now(store, key).await;
        let sum = sums.iter().find(|(id, _)| *id == key.id).map_or(Nanos::ZERO, |(_, sum)| *sum);
        assert_eq!(kept.total_spend, sum, "{:?}", key.id);
    }
}
