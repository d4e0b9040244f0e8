//! A store is opened again, by others, after others, and not where it must not be.

use weighhouse_storage::{Location, Store, StoreError};
use weighhouse_testkit::services::Postgres;
use weighhouse_testkit::temp_dir::TempDir;

use crate::records::{batch, kept_key, now, row};
use crate::{block_on, open};

#[test]
fn what_was_handed_over_is_written_when_a_store_closes() {
    let dir = TempDir::new("closing");
    let location = Location::Sqlite(dir.path().join("test.db"));
    block_on(async {
        let store = open(&location).await;
        let payer = kept_key(&store, "payer").await;
        let tasks: Vec<_> = (0..20)
            .map(|number| {
                let (store, rows) = (store.clone(), batch(&[row(Some(&payer), number, 0, 1)]));
                tokio::spawn(async move { store.append_ledger(&rows).await })
            })
            .collect();
        // Each has handed its rows over.
        tokio::task::yield_now().await;
        store.close().await.unwrap();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap(), 1);
        }
        assert!(store.ping().await.is_err());
        store.close().await.unwrap();

        let again = open(&location).await;
        assert_eq!(now(&again, &payer).await.total_spend.get(), 20);
        again.close().await.unwrap();
    });
}

#[test]
fn nodes_that_start_at_once_do_not_trip_over_each_other() {
    let dir = TempDir::new("together");
    for location in
        [Location::Sqlite(dir.path().join("test.db")), Location::parse(Postgres::database().url()).unwrap()]
    {
        block_on(async {
            let tasks: Vec<_> = (0..6)
                .map(|_| {
                    let location = location.clone();
                    tokio::spawn(async move { Store::open(&location).await })
                })
                .collect();
            for task in tasks {
                task.await.unwrap().unwrap().close().await.unwrap();
            }
        });
    }
}

#[test]
fn a_newer_sqlite_file_is_refused_and_left_as_it_is() {
    let dir = TempDir::new("newer");
    let path = dir.path().join("test.db");
    let location = Location::Sqlite(path.clone());
    block_on(async {
        open(&location).await.close().await.unwrap();
        let file = rusqlite::Connection::open(&path).unwrap();
        file.execute("INSERT INTO weighhouse_migrations (number, checksum) VALUES (999, 0)", []).unwrap();
        refused_as_newer(&location).await;
    });
}

#[test]
fn a_newer_postgres_database_is_refused_and_left_as_it_is() {
    let database = Postgres::database();
    let location = Location::parse(database.url()).unwrap();
    block_on(async {
        open(&location).await.close().await.unwrap();
        let (client, connection) =
            tokio_postgres::connect(database.url(), tokio_postgres::NoTls).await.unwrap();
        let driver = tokio::spawn(connection);
        let statement = "INSERT INTO weighhouse_migrations (number, checksum) VALUES (999, 0)";
        client.batch_execute(statement).await.unwrap();
        drop(client);
        driver.await.unwrap().unwrap();
        refused_as_newer(&location).await;
    });
}

async fn refused_as_newer(location: &Location) {
    let refused = Store::open(location).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Schema(words) if words.contains("newer version")), "{refused}");
}

#[test]
fn what_cannot_be_opened_says_why_and_shows_no_password() {
    let nowhere = Location::Sqlite("/nowhere/at/all/test.db".into());
    for (location, words) in [
        (nowhere, "/nowhere/at/all/test.db"),
        (Location::parse("postgres://u:secret@127.0.0.1:1/db").unwrap(), "connect"),
        (Location::parse("postgres://u:secret@127.0.0.1/db?sslmode=require").unwrap(), "TLS"),
        (Location::parse("postgres://u:secret@127.0.0.1/db?sslmode=verify-full").unwrap(), "TLS"),
        (Location::parse("postgres://u:a@b?secret=1@127.0.0.1/db").unwrap(), "%40"),
    ] {
        block_on(async {
            let refused = Store::open(&location).await.unwrap_err();
            let said = format!("{refused} {refused:?} {location:?}");
            assert!(said.contains(words) && !said.contains("secret"), "{said}");
        });
    }
}
