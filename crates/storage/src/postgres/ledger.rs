//! The ledger in PostgreSQL.

use std::borrow::Cow;
use std::collections::BTreeSet;

use deadpool_postgres::Transaction;
use serde::Serialize;
use tokio_postgres::Row;
use weighhouse_types::{KeyId, Nanos};

use super::{PostgresStore, daily};
use crate::columns::{LEDGER_COLUMNS, LedgerColumns, accounts_json};
use crate::daily::Daily;
use crate::error::StoreError;
use crate::ledger_json::Columns;
use crate::narrowed::{SPEND_BY_KEY, Statement};
use crate::records::{LedgerBatch, LedgerRow};
use crate::refused::Written;

/// Types of the columns where rows travel as one JSON text: one round trip, whatever their number.
const RECORD: &str = "call_id text, number bigint, started_ms bigint, key_id text, key_hash text, user_id text, \
     team_id text, end_user text, operation text, requested_model text, model_group text, deployment_id text, \
     provider text, upstream_model text, api_base text, outcome text, http_status bigint, response_id text, \
     stream bigint, usage text, usage_flags bigint, raw_usage text, cost_nanos bigint, arithmetic text, \
     price_version text, queue_us bigint, overhead_us bigint, first_token_us bigint, total_us bigint, tags text, accounts text";

/// Charges keys and accounts for the rows of `fresh`; accounts in the order of their ids, so that two nodes never
/// wait for each other.
const CHARGES: &str = "charges AS (SELECT key_id, sum(cost_nanos)::bigint AS nanos FROM fresh \
       WHERE key_id IS NOT NULL GROUP BY key_id), \
     charged AS (UPDATE virtual_keys SET spend_nanos = spend_nanos + nanos, \
       total_spend_nanos = total_spend_nanos + nanos FROM charges WHERE id = charges.key_id RETURNING 1), \
     shares AS (SELECT account->>0 AS scope, account->>1 AS budget_window, sum(cost_nanos)::bigint AS nanos \
       FROM fresh, jsonb_array_elements(fresh.accounts::jsonb) AS account \
       WHERE cost_nanos <> 0 GROUP BY 1, 2 ORDER BY 1, 2), \
     booked AS (INSERT INTO accounts (scope, budget_window, settled_nanos) SELECT scope, budget_window, nanos FROM shares \
       ON CONFLICT (scope, budget_window) \
       DO UPDATE SET settled_nanos = accounts.settled_nanos + excluded.settled_nanos RETURNING 1)";

impl PostgresStore {
    /// Appends rows that are not there yet, charges their keys and accounts and adds to their days, in one
    /// transaction.
    pub(crate) async fn append_ledger(&self, rows: LedgerBatch) -> Result<Written, StoreError> {
        self.write(&rows, Writing::Append).await
    }

    /// Charges keys and accounts and adds to the days, without keeping rows.
    pub(crate) async fn charge_keys(&self, rows: LedgerBatch) -> Result<Written, StoreError> {
        self.write(&rows, Writing::Charge).await
    }

    pub(crate) async fn ledger(&self, asked: Statement) -> Result<Vec<LedgerRow>, StoreError> {
        let rows = self.ask_once(&asked).await?;
        rows.iter().map(|row| read(row).read()).collect()
    }

    pub(crate) async fn spend_by_key(&self) -> Result<Vec<(KeyId, Nanos)>, StoreError> {
        let rows = self.client().await?.query(SPEND_BY_KEY, &[]).await?;
        Ok(rows.iter().map(|row| (KeyId::new(row.get(0)), Nanos::new(row.get(1)))).collect())
    }

    pub(crate) async fn ledger_totals(&self) -> Result<(u64, Nanos), StoreError> {
        let statement = "SELECT count(*), coalesce(sum(cost_nanos), 0)::bigint FROM ledger";
        let row = self.client().await?.query_one(statement, &[]).await?;
        Ok((u64::try_from(row.get::<_, i64>(0)).unwrap_or_default(), Nanos::new(row.get(1))))
    }
}

/// What is done with rows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Writing {
    /// They are kept.
    Append,
    /// They are charged alone.
    Charge,
}

impl Writing {
    /// Within a transaction; the number of new rows.
    pub(super) async fn write(
        self,
        transaction: &Transaction<'_>,
        rows: &[Box<LedgerRow>],
    ) -> Result<u64, StoreError> {
        match self {
            Self::Append => append(transaction, rows).await,
            Self::Charge => {
                charge(transaction, rows).await?;
                let mut daily = Daily::default();
                rows.iter().for_each(|row| daily.add(row, storable));
                daily::book(transaction, &daily).await?;
                daily::note_without_rows(transaction, &daily).await?;
                Ok(0)
            }
        }
    }
}

async fn append(transaction: &Transaction<'_>, rows: &[Box<LedgerRow>]) -> Result<u64, StoreError> {
    let json = as_json(rows)?;
    lock_keys(transaction, rows).await?;
    let values = LEDGER_COLUMNS.replacen("call_id", "decode(call_id, 'hex')", 1);
    // What was set aside once may be taken now, and would be charged twice.
    let statement = format!(
        "WITH fresh AS (INSERT INTO ledger ({LEDGER_COLUMNS}) SELECT {values} \
           FROM jsonb_to_recordset($1::text::jsonb) AS row ({RECORD}) \
           WHERE NOT EXISTS (SELECT 1 FROM ledger_refused r \
             WHERE r.call_id = decode(row.call_id, 'hex') AND r.number = row.number) ON CONFLICT DO NOTHING \
           RETURNING call_id, number, key_id, cost_nanos, accounts), {CHARGES} SELECT call_id, number FROM fresh"
    );
    let statement = transaction.prepare_cached(&statement).await?;
    let appended = transaction.query(&statement, &[&json]).await?;
    let mut fresh: BTreeSet<(&[u8], i64)> = appended.iter().map(|row| (row.get(0), row.get(1))).collect();
    let mut daily = Daily::default();
    for row in rows {
        // The first of those with the same id is the one that was written.
        if fresh.remove(&(&row.attempt.call.as_bytes()[..], i64::from(row.attempt.number))) {
            daily.add(row, storable);
        }
    }
    daily::book(transaction, &daily).await?;
    Ok(appended.len() as u64)
}

/// What of a row is charged: nothing else of it can be refused then.
#[derive(Serialize)]
struct Charge<'row> {
    key_id: Option<&'row str>,
    cost_nanos: i64,
    accounts: Cow<'row, str>,
}

impl<'row> Charge<'row> {
    fn of(row: &'row LedgerRow) -> Self {
        Self {
            key_id: row.key_id.as_ref().map(KeyId::as_str),
            cost_nanos: row.cost.get(),
            accounts: storable(&accounts_json(&row.accounts)).into_owned().into(),
        }
    }
}

/// Charges keys and accounts.
pub(super) async fn charge(transaction: &Transaction<'_>, rows: &[Box<LedgerRow>]) -> Result<(), StoreError> {
    let charges: Vec<Charge<'_>> = rows.iter().map(|row| Charge::of(row)).collect();
    let json = serde_json::to_string(&charges).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    lock_keys(transaction, rows).await?;
    let statement = format!(
        "WITH fresh AS (SELECT key_id, cost_nanos, accounts FROM jsonb_to_recordset($1::text::jsonb) \
           AS row (key_id text, cost_nanos bigint, accounts text)), {CHARGES} SELECT 1"
    );
    transaction.execute(&statement, &[&json]).await?;
    Ok(())
}

/// PostgreSQL keeps no NUL in a text; callers and providers may send one.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') || text.contains("\\u0000") {
        return text.replace('\0', "\u{fffd}").replace("\\u0000", "\\ufffd").into();
    }
    text.into()
}

/// Rows as one JSON text, in the order of their ids: two writers of the same rows then never wait for each other.
fn as_json(rows: &[Box<LedgerRow>]) -> Result<String, StoreError> {
    let mut columns: Vec<Columns<'_>> = rows.iter().map(|row| Columns::of(row, storable)).collect();
    columns.sort_by(|one, other| (&one.call_id, one.number).cmp(&(&other.call_id, other.number)));
    serde_json::to_string(&columns).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// Locks the keys in one order everywhere, so that two nodes never wait for each other.
async fn lock_keys(transaction: &Transaction<'_>, rows: &[Box<LedgerRow>]) -> Result<(), StoreError> {
    let mut ids: Vec<&str> = rows.iter().filter_map(|row| row.key_id.as_ref().map(KeyId::as_str)).collect();
    ids.sort_unstable();
    ids.dedup();
    let statement = transaction
        .prepare_cached("SELECT 1 FROM virtual_keys WHERE id = ANY($1) ORDER BY id FOR UPDATE")
        .await?;
    transaction.query(&statement, &[&ids]).await?;
    Ok(())
}

fn read(row: &Row) -> LedgerColumns {
    LedgerColumns {
        call_id: row.get(0),
        number: row.get(1),
        started_ms: row.get(2),
        key_id: row.get(3),
        key_hash: row.get(4),
        user_id: row.get(5),
        team_id: row.get(6),
        end_user: row.get(7),
        operation: row.get(8),
        requested_model: row.get(9),
        model_group: row.get(10),
        deployment_id: row.get(11),
        provider: row.get(12),
        upstream_model: row.get(13),
        api_base: row.get(14),
        outcome: row.get(15),
        http_status: row.get(16),
        response_id: row.get(17),
        stream: row.get(18),
        usage: row.get(19),
        usage_flags: row.get(20),
        raw_usage: row.get(21),
        cost_nanos: row.get(22),
        arithmetic: row.get(23),
        price_version: row.get(24),
        queue_us: row.get(25),
        overhead_us: row.get(26),
        first_token_us: row.get(27),
        total_us: row.get(28),
        tags: row.get(29),
        accounts: row.get(30),
    }
}
