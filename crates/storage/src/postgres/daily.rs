//! The daily tables in PostgreSQL.

use deadpool_postgres::Transaction;
use serde::Serialize;
use tokio_postgres::Row;

use super::PostgresStore;
use crate::daily::{
    Daily, DailySums, DailyTable, Fact, IS_WITHOUT_ROWS, NEXT_DAY, SUMS, added, after, moments_of,
};
use crate::daily_query::{DailyColumns, DailyRow};
use crate::error::StoreError;
use crate::narrowed::{Statement, Value};

impl PostgresStore {
    pub(crate) async fn daily(&self, asked: Statement) -> Result<Vec<DailyRow>, StoreError> {
        Ok(self.ask_once(&asked).await?.iter().map(|row| DailyRow::read(read(row))).collect())
    }

    /// What a statement counts.
    pub(crate) async fn counted(&self, asked: Statement) -> Result<u64, StoreError> {
        let rows = self.ask_once(&asked).await?;
        let count: i64 = rows.first().map_or(0, |row| row.get(0));
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Asks without keeping the statement: there are as many as there are ways to narrow it.
    pub(super) async fn ask_once(&self, asked: &Statement) -> Result<Vec<Row>, StoreError> {
        let values: Vec<_> = asked.values.iter().map(Value::of_postgres).collect();
        Ok(self.client().await?.query(&asked.text, &values).await?)
    }

    /// Makes the daily tables anew, a day in a transaction; what is written meanwhile waits for one day at most.
    pub(crate) async fn rebuild_daily(&self) -> Result<u64, StoreError> {
        let (mut rows, mut day) = (0, None);
        let mut client = self.client().await?;
        let names = DailyTable::ALL.map(DailyTable::name).join(", ");
        loop {
            let transaction = client.transaction().await?;
            let Some(next) = next_day(&transaction, day).await? else { return Ok(rows) };
            // Writers wait; those that have written rows already are seen, because each statement looks anew.
            transaction.batch_execute(&format!("LOCK TABLE {names} IN EXCLUSIVE MODE")).await?;
            rows += rebuild_day(&transaction, next).await?;
            transaction.commit().await?;
            day = Some(next);
        }
    }
}

/// Makes every day anew, within a transaction.
pub(super) async fn rebuild(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let mut day = None;
    while let Some(next) = next_day(transaction, day).await? {
        rebuild_day(transaction, next).await?;
        day = Some(next);
    }
    Ok(())
}

/// The first day after another, or the first of all.
pub(super) async fn next_day(
    transaction: &Transaction<'_>,
    day: Option<i64>,
) -> Result<Option<i64>, StoreError> {
    let statement = transaction.prepare_cached(NEXT_DAY).await?;
    let (day, moment) = after(day);
    Ok(transaction.query_one(&statement, &[&day, &moment]).await?.get(0))
}

/// Gives the number of rows that the day has now.
async fn rebuild_day(transaction: &Transaction<'_>, day: i64) -> Result<u64, StoreError> {
    if transaction.query_one(IS_WITHOUT_ROWS, &[&day]).await?.get(0) {
        return Ok(0);
    }
    let (mut rows, (from, until)) = (0, moments_of(day));
    for table in DailyTable::ALL {
        transaction.execute(&table.emptied(), &[&day]).await?;
        let (name, facts, sums, view) = (table.name(), table.facts(), SUMS.join(", "), table.of_ledger());
        let summed = SUMS.map(|sum| format!("sum({sum})::bigint")).join(", ");
        let statement = format!(
            "INSERT INTO {name} ({facts}, {sums}) SELECT {facts}, {summed} FROM {view} \
             WHERE started_ms >= $1 AND started_ms < $2 GROUP BY {facts}"
        );
        rows += transaction.execute(&statement, &[&from, &until]).await?;
    }
    Ok(rows)
}

/// Facts and sums as they travel: one JSON text for all of them.
#[derive(Serialize)]
struct Columns<'row> {
    day: i64,
    key_id: &'row str,
    key_hash: &'row str,
    user_id: &'row str,
    team_id: &'row str,
    whose: &'row str,
    model_group: &'row str,
    upstream_model: &'row str,
    provider: &'row str,
    operation: &'row str,
    sums: [i64; 9],
}

impl<'row> Columns<'row> {
    fn of((fact, sums): (&'row Fact<'row>, &'row DailySums)) -> Self {
        Self {
            day: fact.day,
            key_id: fact.key_id,
            key_hash: fact.key_hash,
            user_id: fact.user_id,
            team_id: fact.team_id,
            whose: &fact.whose,
            model_group: fact.model_group,
            upstream_model: &fact.upstream_model,
            provider: fact.provider,
            operation: fact.operation,
            sums: sums.columns(),
        }
    }
}

/// Adds to the days, in the transaction of the rows and in one order everywhere, so that two nodes never wait for
/// each other.
pub(super) async fn book(transaction: &Transaction<'_>, daily: &Daily<'_>) -> Result<(), StoreError> {
    for table in DailyTable::ALL {
        let columns: Vec<Columns<'_>> = daily.of(table).iter().map(Columns::of).collect();
        if columns.is_empty() {
            continue;
        }
        let json = serde_json::to_string(&columns).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let (name, facts, sums) = (table.name(), table.facts(), SUMS.join(", "));
        let statement = format!(
            "INSERT INTO {name} ({facts}, {sums}) \
             SELECT day, key_id, key_hash, user_id, team_id, whose, model_group, upstream_model, provider, operation, \
               sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[7], sums[8], sums[9] \
             FROM jsonb_to_recordset($1::text::jsonb) AS row (day bigint, key_id text, key_hash text, user_id text, \
               team_id text, whose text, model_group text, upstream_model text, provider text, operation text, \
               sums bigint[]) \
             ON CONFLICT (day, fact) {}",
            added(table)
        );
        let statement = transaction.prepare_cached(&statement).await?;
        transaction.execute(&statement, &[&json]).await?;
    }
    Ok(())
}

/// Notes that these days hold what the ledger does not.
pub(super) async fn note_without_rows(
    transaction: &Transaction<'_>,
    daily: &Daily<'_>,
) -> Result<(), StoreError> {
    let days: Vec<i64> = daily.days().into_iter().collect();
    let statement = "INSERT INTO days_without_rows SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING";
    transaction.execute(statement, &[&days]).await?;
    Ok(())
}

fn read(row: &Row) -> DailyColumns {
    let texts = std::array::from_fn(|place| row.get(place + 1));
    let sums = std::array::from_fn(|place| row.get(place + 11));
    (row.get(0), texts, sums)
}
