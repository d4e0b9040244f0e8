//! What changes on one node is told on the others.

use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use weighhouse_storage::{Change, Location, Store};
use weighhouse_testkit::services::{Database, Postgres};
use weighhouse_types::KeyHash;

use crate::records::{batch, kept_key, key, row};
use crate::{block_on, open};

/// The next change; a feed that stays silent has failed.
async fn next(changes: &mut Receiver<Change>) -> Change {
    let change = tokio::time::timeout(Duration::from_secs(20), changes.recv()).await;
    change.expect("no change was told").unwrap()
}

async fn two_nodes(database: &Database) -> (Store, Store) {
    let location = Location::parse(database.url()).unwrap();
    (open(&location).await, open(&location).await)
}

#[test]
fn changes_of_one_node_reach_the_other() {
    let database = Postgres::database();
    block_on(async {
        let (here, there) = two_nodes(&database).await;
        let mut told = there.changes();
        let made = kept_key(&here, "made").await;
        assert_eq!(next(&mut told).await, Change::Key(made.hash.clone()));
        here.update_key(&made, &made).await.unwrap();
        assert_eq!(next(&mut told).await, Change::Key(made.hash.clone()));
        // Spend is no change: else every call would empty the caches.
        here.append_ledger(&batch(&[row(Some(&made), 1, 0, 5)])).await.unwrap();
        let fresh = KeyHash::new("fresh");
        here.replace_key_hash(&made, &fresh, "sk-...", 1).await.unwrap();
        assert_eq!(next(&mut told).await, Change::Key(made.hash.clone()));
        assert_eq!(next(&mut told).await, Change::Key(fresh.clone()));
        here.delete_keys(std::slice::from_ref(&fresh)).await.unwrap();
        assert_eq!(next(&mut told).await, Change::Key(fresh));
        here.close().await.unwrap();
        there.close().await.unwrap();
    });
}

#[test]
fn after_a_gap_anything_may_have_changed_and_the_feed_goes_on() {
    let database = Postgres::database();
    block_on(async {
        let (here, there) = two_nodes(&database).await;
        let mut told = there.changes();
        for round in 0..3 {
            cut_listeners(&database).await;
            // Told when the node listens again and not before: from here on nothing is missed.
            assert_eq!(next(&mut told).await, Change::Everything);
            let made = kept_key(&here, &format!("after-{round}")).await;
            assert_eq!(next(&mut told).await, Change::Key(made.hash));
        }
        here.close().await.unwrap();
        there.close().await.unwrap();
    });
}

/// Ends the connections of this database that listen.
async fn cut_listeners(database: &Database) {
    let (client, connection) = tokio_postgres::connect(database.url(), tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let of_listeners = "FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()";
    // The other node may still be on its way back from the last cut.
    let count = format!("SELECT count(*) {of_listeners}");
    let both = async { while client.query_one(&count, &[]).await.unwrap().get::<_, i64>(0) < 2 {} };
    tokio::time::timeout(Duration::from_secs(20), both).await.unwrap();
    let cut = format!("SELECT pg_terminate_backend(pid) {of_listeners}");
    assert_eq!(client.query(&cut, &[]).await.unwrap().len(), 2);
    drop(client);
    driver.await.unwrap().unwrap();
}

#[test]
fn a_closed_store_tells_nothing_more_and_listens_no_more() {
    let database = Postgres::database();
    block_on(async {
        let (here, there) = two_nodes(&database).await;
        let mut told = there.changes();
        there.close().await.unwrap();
        drop(there);
        here.insert_key(&key("unheard")).await.unwrap();
        let closed = tokio::time::timeout(Duration::from_secs(20), told.recv()).await.unwrap();
        assert_eq!(closed, Err(tokio::sync::broadcast::error::RecvError::Closed));
        here.close().await.unwrap();
    });
}
