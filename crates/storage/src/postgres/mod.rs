//! The store in PostgreSQL.

mod feed;
mod keys;
mod ledger;

use std::str::FromStr;

use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio::sync::broadcast;
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;

use crate::error::StoreError;
use crate::migrations::{NOTED, checksum_of, missing};
use crate::records::Change;

/// Connections of one node; LiteLLM's default is the same.
const CONNECTIONS: usize = 10;
/// How long an operation waits for one of them.
const WAIT: std::time::Duration = std::time::Duration::from_secs(5);
/// Keeps two nodes from taking the same step of the schema at once.
const MIGRATION_LOCK: i64 = 0x7765_6967_6873;

/// An open server.
#[derive(Clone)]
pub(crate) struct PostgresStore {
    pool: Pool,
}

/// Shows no credentials.
impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("PostgresStore")
    }
}

impl PostgresStore {
    /// Connects and brings the schema up to date.
    pub(crate) async fn open(url: &str, feed: broadcast::Sender<Change>) -> Result<Self, StoreError> {
        let config = tokio_postgres::Config::from_str(url).map_err(|error| {
            StoreError::Location(format!("the database's address cannot be read: {error}"))
        })?;
        if config.get_ssl_mode() == SslMode::Require {
            let words =
                "sslmode=require is not supported yet: connect over a private network or a local proxy";
            return Err(StoreError::Location(words.into()));
        }
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config.clone(), NoTls, manager))
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let store = Self { pool };
        store.migrate().await?;
        feed::follow(config, feed);
        Ok(store)
    }

    async fn client(&self) -> Result<Client, StoreError> {
        Ok(self.pool.get().await?)
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK]).await?;
        transaction.batch_execute(NOTED).await?;
        let rows = transaction.query("SELECT number, checksum FROM weighhouse_migrations", &[]).await?;
        let taken: Vec<(i64, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        for migration in missing(&taken, |migration| migration.postgres)? {
            transaction.batch_execute(migration.postgres).await?;
            let statement = "INSERT INTO weighhouse_migrations (number, checksum) VALUES ($1, $2)";
            transaction.execute(statement, &[&migration.number, &checksum_of(migration.postgres)]).await?;
        }
        Ok(transaction.commit().await?)
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.client().await?.query_one("SELECT 1", &[]).await?;
        Ok(())
    }

    pub(crate) async fn get_setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let client = self.client().await?;
        let row = client.query_opt("SELECT value FROM settings WHERE name = $1", &[&name]).await?;
        Ok(row.map(|row| row.get(0)))
    }

    pub(crate) async fn put_setting_if_absent(&self, name: &str, value: &str) -> Result<String, StoreError> {
        let client = self.client().await?;
        let statement = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        client.execute(statement, &[&name, &value]).await?;
        Ok(client.query_one("SELECT value FROM settings WHERE name = $1", &[&name]).await?.get(0))
    }

    /// Lets connections go; those in use end with their work.
    #[expect(clippy::unused_async, reason = "the face of the store closes both backends alike")]
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        self.pool.close();
        Ok(())
    }
}
