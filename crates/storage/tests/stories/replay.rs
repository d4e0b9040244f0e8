//! Whatever batches are written again, in whatever order and however often, the books agree.

use crate::open;
use crate::records::{batch, both_books_agree, key, row};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use weighhouse_storage::{KeyRecord, LedgerRow, Location, Store};
use weighhouse_testkit::services::Postgres;
use weighhouse_testkit::temp_dir::TempDir;
use weighhouse_types::{KeyHash, KeyId, Nanos};

/// Attempts, by the key that pays (none: the master key) and the cost; then batches of some of them.
type Plan = (Vec<(usize, i64)>, Vec<Vec<prop::sample::Index>>);

fn plan() -> impl Strategy<Value = Plan> {
    let attempts = prop::collection::vec((0..4_usize, 0..1_000_000_000_i64), 1..40);
    let batches = prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..30), 1..12);
    (attempts, batches)
}

#[test]
fn replays_change_nothing_on_sqlite() {
    let dir = TempDir::new("replay");
    replay(&Location::Sqlite(dir.path().join("test.db")), 200);
}

#[test]
fn replays_change_nothing_on_postgres() {
    replay(&Location::parse(Postgres::database().url()).unwrap(), 50);
}

fn replay(location: &Location, cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = runtime.block_on(open(location));
    // One store serves all cases: each has keys and attempts of its own.
    let case = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let proven = runner.run(&plan(), |plan| {
        case.set(case.get() + 1);
        runtime.block_on(play(&store, case.get(), &plan));
        Ok(())
    });
    let audit = runtime.block_on(store.audit()).unwrap();
    runtime.block_on(store.close()).unwrap();
    proven.unwrap();
    assert_eq!(audit.wrong_days, []);
}

async fn play(store: &Store, case: u64, (attempts, batches): &Plan) {
    let payers: Vec<KeyRecord> = (0..3)
        .map(|number| {
            let name = format!("replay-{case}-{number}");
            KeyRecord { id: KeyId::new(&name), hash: KeyHash::new(&name), key_alias: None, ..key(&name) }
        })
        .collect();
    for payer in &payers {
        store.insert_key(payer).await.unwrap();
    }
    let rows: Vec<LedgerRow> = (0_u64..)
        .zip(attempts)
        .map(|(number, (payer, nanos))| row(payers.get(*payer), case * 1_000 + number, 0, *nanos))
        .collect();
    let (_, before) = store.ledger_totals().await.unwrap();
    let mut written = std::collections::BTreeMap::new();
    for chosen in batches {
        let chosen: Vec<LedgerRow> = chosen.iter().map(|index| index.get(&rows).clone()).collect();
        let fresh = chosen.iter().filter(|row| written.insert(row.attempt, row.cost).is_none()).count();
        assert_eq!(store.append_ledger(&batch(&chosen)).await.unwrap(), fresh as u64);
    }
    let (_, after) = store.ledger_totals().await.unwrap();
    let expected = written.values().fold(Nanos::ZERO, |sum, cost| sum + *cost);
    assert_eq!(after - before, expected, "case {case}: {attempts:?} {batches:?}");
    both_books_agree(store, &payers).await;
}
