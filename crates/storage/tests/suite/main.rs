//! What a store must do, the same on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a store that does not answer has failed the test")]

mod feed;
mod keys;
mod ledger;
mod records;

use weighhouse_storage::{Location, Store};
use weighhouse_testkit::services::Postgres;
use weighhouse_testkit::temp_dir::TempDir;

#[test]
fn sqlite_keeps_what_it_is_given() {
    let dir = TempDir::new("store");
    run(&Location::Sqlite(dir.path().join("test.db")));
}

#[test]
fn postgres_keeps_what_it_is_given() {
    run(&Location::parse(Postgres::database().url()).unwrap());
}

fn block_on(story: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(story);
}

async fn open(location: &Location) -> Store {
    Store::open(location).await.unwrap()
}

fn run(location: &Location) {
    block_on(async {
        let store = open(location).await;
        keys::keys_are_kept_changed_and_deleted(&store).await;
        keys::a_key_gets_another_secret_and_stays_the_same(&store).await;
        ledger::the_ledger_is_appended_once(&store).await;
        ledger::concurrent_batches_lose_and_double_nothing(&store).await;
        ledger::rows_without_a_key_may_come_in_any_order(&store).await;
        store.close().await.unwrap();
    });
}
