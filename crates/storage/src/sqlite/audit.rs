//! The books held against the ledger, in SQLite.

use rusqlite::Transaction;

use super::SqliteStore;
use crate::audit::{Audit, BookRow, KEYS, accounts};
use crate::error::StoreError;

const SHARES: &str = "SELECT json_extract(account.value, '$[0]') AS scope, json_extract(account.value, '$[1]') AS budget_window, \
     sum(cost_nanos) AS nanos FROM ledger, json_each(ledger.accounts) AS account WHERE cost_nanos <> 0 GROUP BY 1, 2";

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
            books.extend(read(&transaction, &accounts(SHARES))?);
            Ok(Audit::of(rows, total, books))
        })
        .await
    }
}

fn read(transaction: &Transaction<'_>, statement: &str) -> Result<Vec<BookRow>, StoreError> {
    let mut statement = transaction.prepare(statement)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
