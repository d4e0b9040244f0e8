//! The books held against the ledger, in SQLite.

use rusqlite::Transaction;

use super::SqliteStore;
use crate::audit::{Audit, BookRow, CHARGED, DAYS, DayRow, KEYS, UNCHECKED_DAYS, accounts, days};
use crate::daily::DailyTable;
use crate::error::StoreError;
use crate::refused::{LATEST_REFUSED, REFUSED_TOTALS, RefusedRow};

fn shares() -> String {
    format!(
        "SELECT json_extract(account.value, '$[0]') AS scope, json_extract(account.value, '$[1]') AS budget_window, \
         sum(cost_nanos) AS nanos FROM {CHARGED}, json_each(charged.accounts) AS account GROUP BY 1, 2"
    )
}

impl SqliteStore {
    pub(crate) async fn audit(&self) -> Result<Audit, StoreError> {
        self.read_long(|connection| {
            let transaction = connection.transaction()?;
            let (rows, total) = transaction.query_row(
                "SELECT count(*), coalesce(sum(cost_nanos), 0) FROM ledger",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            let mut books = read(&transaction, KEYS)?;
            books.extend(read(&transaction, &accounts(&shares()))?);
            let mut wrong_days = Vec::new();
            for table in DailyTable::ALL {
                wrong_days.extend(read_days(&transaction, table)?);
            }
            let known = transaction.query_row(DAYS, [], |row| row.get(0))?;
            let mut unchecked = transaction.prepare(UNCHECKED_DAYS)?;
            let unchecked = unchecked.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            let (refused_rows, refused_total) =
                transaction.query_row(REFUSED_TOTALS, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let mut refused = transaction.prepare(LATEST_REFUSED)?;
            let refused = refused.query_map([], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
            })?;
            let refused = refused.map(|row| RefusedRow::read(row?)).collect::<Result<_, _>>()?;
            Ok(Audit::of(rows, total, books).with_days(known, wrong_days, unchecked).with_refused(
                refused_rows,
                refused_total,
                refused,
            ))
        })
        .await
    }
}

fn read_days(
    transaction: &Transaction<'_>,
    table: DailyTable,
) -> Result<Vec<(DailyTable, DayRow)>, StoreError> {
    let mut statement = transaction.prepare(&days(table))?;
    let mut found = statement.query([])?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let mut columns: DayRow = [0; 6];
        for (place, column) in columns.iter_mut().enumerate() {
            *column = row.get(place)?;
        }
        rows.push((table, columns));
    }
    Ok(rows)
}

fn read(transaction: &Transaction<'_>, statement: &str) -> Result<Vec<BookRow>, StoreError> {
    let mut statement = transaction.prepare(statement)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
