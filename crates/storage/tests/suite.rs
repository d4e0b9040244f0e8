//! What a store must do, the same on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a store that does not answer has failed the test")]

use std::sync::Arc;

use weighhouse_storage::{
    Change, KeyFilter, KeyRecord, LedgerBatch, LedgerFilter, LedgerRow, Location, Outcome, Page, Store,
    StoreError,
};
use weighhouse_testkit::services::Postgres;
use weighhouse_testkit::temp_dir::TempDir;
use weighhouse_types::{AttemptId, CallId, KeyHash, KeyId, Nanos, Operation, Usage, UsageClass};

#[test]
fn sqlite_keeps_what_it_is_given() {
    let dir = TempDir::new("store");
    run(&Location::Sqlite(dir.path().join("test.db")));
}

#[test]
fn postgres_keeps_what_it_is_given() {
    run(&Location::parse(Postgres::database().url()).unwrap());
}

fn run(location: &Location) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(location).await.unwrap();
        keys_are_kept_changed_and_deleted(&store).await;
        a_key_gets_another_secret_and_stays_the_same(&store).await;
        the_ledger_is_appended_once(&store).await;
        concurrent_batches_lose_and_double_nothing(&store).await;
        settings_are_set_once(&store).await;
        store.close().await.unwrap();
        let again = Store::open(location).await.unwrap();
        assert!(
            again.key_by_alias("renamed").await.unwrap().is_some(),
            "it is still there after opening again"
        );
        again.close().await.unwrap();
    });
}

fn key(name: &str) -> KeyRecord {
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
        max_budget: Some(Nanos::dollars(1)),
        budget_duration: None,
        budget_reset_at_ms: None,
        spend: Nanos::ZERO,
        total_spend: Nanos::ZERO,
        rpm_limit: Some(10),
        tpm_limit: None,
        max_parallel_requests: Some(2),
        expires_ms: Some(2_000_000_000_000),
        blocked: false,
        created_by: Some("admin".into()),
        created_ms: 1_795_000_000_000,
        updated_ms: 1_795_000_000_001,
    }
}

fn row(key: Option<&KeyRecord>, call: u64, number: u16, nanos: i64) -> LedgerRow {
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
    }
}

fn batch(rows: &[LedgerRow]) -> LedgerBatch {
    rows.iter().cloned().map(Box::new).collect()
}

async fn keys_are_kept_changed_and_deleted(store: &Store) {
    let mut changes = store.changes();
    let first = key("first");
    store.insert_key(&first).await.unwrap();
    assert_eq!(store.key_by_hash(&first.hash).await.unwrap().as_ref(), Some(&first));
    assert_eq!(changes.recv().await.unwrap(), Change::Key(first.hash.clone()));
    let same_alias = KeyRecord { id: KeyId::new("other"), hash: KeyHash::new("other"), ..first.clone() };
    let refused = store.insert_key(&same_alias).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(what) if what.contains("alias")), "{refused}");

    let changed = KeyRecord {
        key_alias: Some("renamed".into()),
        blocked: true,
        max_budget: None,
        spend: Nanos::dollars(99),
        ..first.clone()
    };
    assert!(store.update_key(&changed).await.unwrap());
    let kept = store.key_by_alias("renamed").await.unwrap().unwrap();
    assert_eq!(kept, KeyRecord { spend: Nanos::ZERO, ..changed });

    for name in ["second", "third"] {
        store.insert_key(&KeyRecord { user_id: None, ..key(name) }).await.unwrap();
    }
    let of_user = KeyFilter { user_id: Some("user-1".into()), ..KeyFilter::default() };
    let (found, total) = store.list_keys(&of_user, Page { offset: 0, limit: 10 }).await.unwrap();
    assert_eq!((found.len(), total), (1, 1));
    let (page, total) = store.list_keys(&KeyFilter::default(), Page { offset: 2, limit: 2 }).await.unwrap();
    assert_eq!((page.len(), total), (1, 3));

    let gone = [KeyHash::new("hash-third"), KeyHash::new("nobody")];
    assert_eq!(store.delete_keys(&gone).await.unwrap(), [KeyHash::new("hash-third")]);
    assert_eq!(store.key_by_hash(&gone[0]).await.unwrap(), None);
    assert!(!store.update_key(&key("third")).await.unwrap());
}

async fn a_key_gets_another_secret_and_stays_the_same(store: &Store) {
    let old = key("rotating");
    store.insert_key(&old).await.unwrap();
    store.append_ledger(&batch(&[row(Some(&old), 10, 0, 70)])).await.unwrap();
    let new_hash = KeyHash::new("hash-new");
    assert!(store.replace_key_hash(&old, &new_hash, "sk-...wxyz", 5).await.unwrap());
    assert_eq!(store.key_by_hash(&old.hash).await.unwrap(), None);
    let rotated = store.key_by_hash(&new_hash).await.unwrap().unwrap();
    assert_eq!(
        (rotated.id, rotated.spend, rotated.key_name.as_str()),
        (old.id, Nanos::new(70), "sk-...wxyz")
    );
}

async fn the_ledger_is_appended_once(store: &Store) {
    let payer = key("payer");
    store.insert_key(&payer).await.unwrap();
    let (rows_before, cost_before) = store.ledger_totals().await.unwrap();
    let rows = [row(Some(&payer), 1_000, 0, 5), row(Some(&payer), 1_000, 1, 7), row(None, 1_001, 0, 11)];
    assert_eq!(store.append_ledger(&batch(&rows)).await.unwrap(), 3);
    for _ in 0..3 {
        assert_eq!(store.append_ledger(&batch(&rows[1..])).await.unwrap(), 0);
    }
    assert_eq!(
        store
            .append_ledger(&batch(&[row(Some(&payer), 1_000, 0, 999), row(Some(&payer), 1_002, 0, 1)]))
            .await
            .unwrap(),
        1
    );
    let (rows_after, cost_after) = store.ledger_totals().await.unwrap();
    assert_eq!((rows_after - rows_before, cost_after - cost_before), (4, Nanos::new(24)));
    let charged = store.key_by_hash(&payer.hash).await.unwrap().unwrap();
    assert_eq!((charged.spend, charged.total_spend), (Nanos::new(13), Nanos::new(13)));

    let of_key = LedgerFilter { key_hash: Some(payer.hash.clone()), limit: 10, ..LedgerFilter::default() };
    let read = store.ledger(&of_key).await.unwrap();
    assert_eq!(read, [row(Some(&payer), 1_002, 0, 1), rows[1].clone(), rows[0].clone()]);
    let one =
        LedgerFilter { request_id: Some("chatcmpl-1001-0".into()), limit: 10, ..LedgerFilter::default() };
    assert_eq!(store.ledger(&one).await.unwrap(), [rows[2].clone()]);
    let call = rows[0].attempt.call.to_string();
    let of_call = LedgerFilter { request_id: Some(call), limit: 10, ..LedgerFilter::default() };
    assert_eq!(store.ledger(&of_call).await.unwrap().len(), 2);
    let between =
        LedgerFilter { from_ms: Some(1_001), until_ms: Some(1_002), limit: 10, ..LedgerFilter::default() };
    assert_eq!(store.ledger(&between).await.unwrap().len(), 1);
    store.charge_keys(&batch(&rows[..2])).await.unwrap();
    assert_eq!(store.key_by_hash(&payer.hash).await.unwrap().unwrap().spend, Nanos::new(25));
}

async fn concurrent_batches_lose_and_double_nothing(store: &Store) {
    let payers: Vec<KeyRecord> = (0..3).map(|number| key(&format!("many-{number}"))).collect();
    for payer in &payers {
        store.insert_key(payer).await.unwrap();
    }
    let rows: Vec<LedgerRow> = (0..120)
        .map(|number| row(payers.get(number % 3), 5_000 + number as u64, 0, 1 + number as i64))
        .collect();
    let (_, before) = store.ledger_totals().await.unwrap();
    let tasks: Vec<_> = (0..16_usize)
        .map(|task| {
            let store = store.clone();
            // Overlapping batches, each in another order.
            let mut mine: Vec<LedgerRow> = rows.iter().skip(task * 5).take(60).cloned().collect();
            if task % 2 == 0 {
                mine.reverse();
            }
            tokio::spawn(async move { store.append_ledger(&batch(&mine)).await })
        })
        .collect();
    let mut appended = 0;
    for task in tasks {
        appended += task.await.unwrap().unwrap();
    }
    assert_eq!(appended, 120);
    let (_, after) = store.ledger_totals().await.unwrap();
    let mut charged = Nanos::ZERO;
    for payer in &payers {
        charged += store.key_by_hash(&payer.hash).await.unwrap().unwrap().total_spend;
    }
    assert_eq!((after - before, charged), (Nanos::new(7_260), Nanos::new(7_260)));
}

async fn settings_are_set_once(store: &Store) {
    assert_eq!(store.get_setting("name").await.unwrap(), None);
    assert_eq!(store.put_setting_if_absent("name", "one").await.unwrap(), "one");
    assert_eq!(store.put_setting_if_absent("name", "two").await.unwrap(), "one");
    store.ping().await.unwrap();
}
