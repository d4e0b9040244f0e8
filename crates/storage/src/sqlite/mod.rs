//! The store in an embedded SQLite file: one thread that writes, a few that read.

mod audit;
mod daily;
mod entities;
mod keys;
mod ledger;
mod refused;
mod thread;

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::error::StoreError;
use crate::migrations::{MIGRATIONS, NOTED, checksum_of, fill_days, missing, statements_of};
use thread::SqliteThread;

/// An open file.
#[derive(Clone, Debug)]
pub(crate) struct SqliteStore {
    writer: Arc<SqliteThread>,
    /// For what a call waits for.
    reader: Arc<SqliteThread>,
    /// For lists and sums, which may take long and must not hold up calls.
    long_reader: Arc<SqliteThread>,
}

impl SqliteStore {
    /// Opens or makes the file and brings its schema up to date.
    pub(crate) async fn open(path: &Path) -> Result<Self, StoreError> {
        let writer = SqliteThread::start(path, "store-writer")?;
        writer.run(migrate).await?;
        let reader = SqliteThread::start(path, "store-reader")?;
        let long_reader = SqliteThread::start(path, "store-lists")?;
        Ok(Self { writer: writer.into(), reader: reader.into(), long_reader: long_reader.into() })
    }

    async fn write<T, Work>(&self, work: Work) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Work: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer.run(work).await
    }

    /// Writes what must survive a power cut: what was taken from a key must not come back.
    async fn write_synced<T, Work>(&self, work: Work) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Work: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.write(|connection| {
            connection.pragma_update(None, "synchronous", "FULL")?;
            let done = work(connection);
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            done
        })
        .await
    }

    async fn read<T, Work>(&self, work: Work) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Work: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.reader.run(work).await
    }

    async fn read_long<T, Work>(&self, work: Work) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Work: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.long_reader.run(work).await
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.read(|connection| Ok(connection.query_row("SELECT 1", [], |_| Ok(()))?)).await
    }

    pub(crate) async fn get_setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let name = name.to_owned();
        self.read(move |connection| {
            let found =
                connection.query_row("SELECT value FROM settings WHERE name = ?1", [name], |row| row.get(0));
            Ok(found.optional()?)
        })
        .await
    }

    pub(crate) async fn put_setting_if_absent(&self, name: &str, value: &str) -> Result<String, StoreError> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.write_synced(move |connection| {
            connection
                .execute("INSERT OR IGNORE INTO settings (name, value) VALUES (?1, ?2)", [&name, &value])?;
            Ok(connection
                .query_row("SELECT value FROM settings WHERE name = ?1", [name], |row| row.get(0))?)
        })
        .await
    }

    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        self.writer.stop().await?;
        self.reader.stop().await?;
        self.long_reader.stop().await
    }
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(NOTED, [])?;
    let taken: Vec<(i64, i64)> = transaction
        .prepare("SELECT number, checksum FROM weighhouse_migrations")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    debug_assert!(MIGRATIONS.is_sorted_by_key(|migration| migration.number), "steps stand in order");
    let steps = missing(&taken, |migration| migration.sqlite)?;
    for migration in &steps {
        transaction.execute_batch(statements_of(migration.sqlite))?;
        let noted = (migration.number, checksum_of(migration.sqlite));
        transaction.execute("INSERT INTO weighhouse_migrations (number, checksum) VALUES (?1, ?2)", noted)?;
    }
    if fill_days(&steps) {
        daily::rebuild(&transaction)?;
    }
    Ok(transaction.commit()?)
}
