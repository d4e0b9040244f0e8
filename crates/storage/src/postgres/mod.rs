//! The store in PostgreSQL.

mod audit;
mod daily;
mod entities;
mod feed;
mod keys;
mod ledger;
mod refused;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio::sync::broadcast;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls, Row};

use crate::error::StoreError;
use crate::migrations::{NOTED, checksum_of, fill_days, missing, statements_of};
use crate::narrowed::{Statement, Value};
use crate::records::Change;
use feed::Feed;

/// Connections of one node; LiteLLM's default is the same.
const CONNECTIONS: usize = 10;
/// How long an operation waits for one of them.
const WAIT: Duration = Duration::from_secs(5);
/// Silence after which the system asks whether the server is still there, and again after each such pause: a
/// server that vanished without a word is noticed within four of them, not within hours.
const SILENCE: Duration = Duration::from_secs(10);
/// Keeps two nodes from taking the same step of the schema at once.
const MIGRATION_LOCK: i64 = 0x7765_6967_6873;

/// An open server.
#[derive(Clone)]
pub(crate) struct PostgresStore {
    pool: Pool,
    feed: Arc<Feed>,
}

/// Shows no credentials.
impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("PostgresStore")
    }
}

impl PostgresStore {
    /// Connects, brings the schema up to date, and tells what changes from then on.
    pub(crate) async fn open(url: &str, told: broadcast::Sender<Change>) -> Result<Self, StoreError> {
        let config = configured(url)?;
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config.clone(), NoTls, manager))
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        migrate(&mut pool.get().await?).await?;
        let feed = Arc::new(Feed::start(config, told).await?);
        Ok(Self { pool, feed })
    }

    async fn client(&self) -> Result<Client, StoreError> {
        Ok(self.pool.get().await?)
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
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        self.feed.stop().await;
        self.pool.close();
        Ok(())
    }
}

/// Reads the address; what it says of time-outs stands.
fn configured(url: &str) -> Result<Config, StoreError> {
    let without_tls = "the database's address asks for TLS, which is not supported yet: leave sslmode out and \
                       connect over a private network or a local proxy";
    if url.contains("sslmode=verify") {
        return Err(StoreError::Location(without_tls.into()));
    }
    let mut config = Config::from_str(url).map_err(|error| {
        // Where a password holds one of these characters, the driver may take a part of it for something else
        // and repeat it.
        let is_plain = url.matches('@').count() <= 1 && url.matches('?').count() <= 1;
        let why = if is_plain {
            error.to_string()
        } else {
            "write @ / ? # in a password as %40 %2F %3F %23".into()
        };
        StoreError::Location(format!("the database's address cannot be read: {why}"))
    })?;
    if config.get_ssl_mode() == SslMode::Require {
        return Err(StoreError::Location(without_tls.into()));
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(WAIT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE * 4);
    }
    if !url.contains("keepalives") {
        config.keepalives_idle(SILENCE).keepalives_interval(SILENCE).keepalives_retries(3);
    }
    Ok(config)
}

async fn migrate(client: &mut Client) -> Result<(), StoreError> {
    let transaction = client.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK]).await?;
    transaction.batch_execute(NOTED).await?;
    let rows = transaction.query("SELECT number, checksum FROM weighhouse_migrations", &[]).await?;
    let taken: Vec<(i64, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let steps = missing(&taken, |migration| migration.postgres)?;
    if fill_days(&steps) && !taken.is_empty() {
        // An older node may be writing: its rows are there when the days are summed, or wait until they are.
        transaction.batch_execute("LOCK TABLE ledger IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    for migration in &steps {
        transaction.batch_execute(statements_of(migration.postgres)).await?;
        let statement = "INSERT INTO weighhouse_migrations (number, checksum) VALUES ($1, $2)";
        transaction.execute(statement, &[&migration.number, &checksum_of(migration.postgres)]).await?;
    }
    if fill_days(&steps) {
        daily::rebuild(&transaction).await?;
    }
    Ok(transaction.commit().await?)
}

/// Asks by a statement that the connection keeps.
async fn ask(client: &Client, statement: &Statement) -> Result<Vec<Row>, StoreError> {
    let prepared = client.prepare_cached(&statement.text).await?;
    let values: Vec<_> = statement.values.iter().map(Value::of_postgres).collect();
    Ok(client.query(&prepared, &values).await?)
}
