//! The daily tables in SQLite.

use rusqlite::{Connection, params, params_from_iter};

use super::SqliteStore;
use crate::daily::{Daily, DailyTable, added};
use crate::daily_query::{DailyColumns, DailyRow};
use crate::error::StoreError;
use crate::narrowed::Statement;

impl SqliteStore {
    pub(crate) async fn daily(&self, asked: Statement) -> Result<Vec<DailyRow>, StoreError> {
        self.read_long(move |connection| {
            let mut statement = connection.prepare_cached(&asked.text)?;
            let rows = statement.query_map(params_from_iter(&asked.values), read)?;
            rows.map(|row| Ok(DailyRow::read(row?))).collect()
        })
        .await
    }

    /// What a statement counts.
    pub(crate) async fn counted(&self, asked: Statement) -> Result<u64, StoreError> {
        self.read_long(move |connection| {
            let mut statement = connection.prepare_cached(&asked.text)?;
            let count: i64 = statement.query_row(params_from_iter(&asked.values), |row| row.get(0))?;
            Ok(u64::try_from(count).unwrap_or_default())
        })
        .await
    }

    pub(crate) async fn rebuild_daily(&self) -> Result<u64, StoreError> {
        self.write(|connection| {
            let transaction = connection.transaction()?;
            let mut rows = 0;
            for table in DailyTable::ALL {
                transaction.execute(&table.emptied(), [])?;
                rows += transaction.execute(&table.filled(), [])?;
            }
            transaction.commit()?;
            Ok(rows as u64)
        })
        .await
    }
}

/// Adds to the days, in the transaction of the rows.
pub(super) fn book(connection: &Connection, daily: &Daily<'_>) -> Result<(), StoreError> {
    for table in DailyTable::ALL {
        let statement = format!(
            "INSERT INTO {} VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
               ?19) ON CONFLICT {}",
            table.name(),
            added(table)
        );
        let mut statement = connection.prepare_cached(&statement)?;
        for (fact, sums) in daily.of(table) {
            let [spend, requests, successes, failures, prompt, completion, read, written, response] =
                sums.columns();
            statement.execute(params![
                fact.day,
                fact.key_id,
                fact.key_hash,
                fact.user_id,
                fact.team_id,
                fact.whose,
                fact.model_group,
                fact.upstream_model,
                fact.provider,
                fact.operation,
                spend,
                requests,
                successes,
                failures,
                prompt,
                completion,
                read,
                written,
                response,
            ])?;
        }
    }
    Ok(())
}

/// Notes that these days hold what the ledger does not.
pub(super) fn note_without_rows(connection: &Connection, daily: &Daily<'_>) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("INSERT OR IGNORE INTO days_without_rows VALUES (?1)")?;
    for day in daily.days() {
        statement.execute([day])?;
    }
    Ok(())
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<DailyColumns> {
    let mut texts: [String; 10] = Default::default();
    for (place, text) in texts.iter_mut().enumerate() {
        *text = row.get(place + 1)?;
    }
    let mut sums = [0; 9];
    for (place, sum) in sums.iter_mut().enumerate() {
        *sum = row.get(place + 11)?;
    }
    Ok((row.get(0)?, texts, sums))
}
