//! The ledger takes each attempt once and charges its key for it once.

use weighhouse_storage::{KeyRecord, LedgerFilter, LedgerRow, Store};
use weighhouse_types::{KeyHash, Nanos};

use crate::records::{batch, kept_key, key, now, row};

pub(crate) async fn the_ledger_is_appended_once(store: &Store) {
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

pub(crate) async fn concurrent_batches_lose_and_double_nothing(store: &Store) {
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

/// The master key's rows hang on no key whose lock would bring writers into an order.
pub(crate) async fn rows_without_a_key_may_come_in_any_order(store: &Store) {
    let rows: Vec<LedgerRow> = (0..1_500).map(|number| row(None, 9_000 + number, 0, 1)).collect();
    let backwards: Vec<LedgerRow> = rows.iter().rev().cloned().collect();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (store, mine) = (store.clone(), batch(if task % 2 == 0 { &rows } else { &backwards }));
            tokio::spawn(async move { store.append_ledger(&mine).await })
        })
        .collect();
    let mut appended = 0;
    for task in tasks {
        appended += task.await.unwrap().unwrap();
    }
    assert_eq!(appended, 1_500);
}
