//! Rows that SQLite never takes, set aside.

use rusqlite::{Connection, params};

use super::ledger::Charges;
use crate::error::StoreError;
use crate::records::LedgerRow;
use crate::refused::{REFUSED_COLUMNS, RefusedColumns, Written, check, halves, reason_of};

/// Writes rows within a transaction; the number of new ones.
pub(super) type Writing = fn(&Connection, &[Box<LedgerRow>]) -> Result<u64, StoreError>;

/// Writes rows in one transaction; those that are refused for their own sake are set aside in it.
pub(super) fn write(
    connection: &mut Connection,
    rows: &[Box<LedgerRow>],
    writing: Writing,
) -> Result<Written, StoreError> {
    let transaction = connection.transaction()?;
    match check(rows).and_then(|()| writing(&transaction, rows)) {
        Ok(appended) => {
            transaction.commit()?;
            return Ok(Written { appended, refused: Vec::new() });
        }
        Err(error) => drop(reason_of(error)?),
    }
    transaction.rollback()?;
    write_apart(connection, rows, writing)
}

/// Halves what is refused until one row stands alone.
fn write_apart(
    connection: &mut Connection,
    rows: &[Box<LedgerRow>],
    writing: Writing,
) -> Result<Written, StoreError> {
    let mut transaction = connection.transaction()?;
    let (mut written, mut parts) = (Written::default(), vec![rows]);
    while let Some(part) = parts.pop() {
        let savepoint = transaction.savepoint()?;
        let reason = match check(part).and_then(|()| writing(&savepoint, part)) {
            Ok(appended) => {
                savepoint.commit()?;
                written.appended += appended;
                continue;
            }
            Err(error) => reason_of(error)?,
        };
        savepoint.finish()?;
        match (halves(part), part) {
            (Some((earlier, later)), _) => parts.extend([later, earlier]),
            (None, [alone]) => {
                let mut kept = RefusedColumns::of(alone, &reason);
                if set_aside(&mut transaction, alone, &mut kept)? {
                    written.refused.push(kept.told);
                }
            }
            (None, _) => {}
        }
    }
    transaction.commit()?;
    Ok(written)
}

/// Keeps a row and charges its key and accounts, where that is not what is refused. False: it was there.
fn set_aside(
    transaction: &mut rusqlite::Transaction<'_>,
    row: &LedgerRow,
    kept: &mut RefusedColumns,
) -> Result<bool, StoreError> {
    let savepoint = transaction.savepoint()?;
    match keep(&savepoint, row, kept) {
        Ok(is_new) => {
            savepoint.commit()?;
            return Ok(is_new);
        }
        Err(error) => drop(reason_of(error)?),
    }
    savepoint.finish()?;
    kept.told.is_charged = false;
    keep(transaction, row, kept)
}

fn keep(connection: &Connection, row: &LedgerRow, kept: &RefusedColumns) -> Result<bool, StoreError> {
    let statement = format!(
        "INSERT OR IGNORE INTO ledger_refused ({REFUSED_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    );
    let told = &kept.told;
    let inserted = connection.execute(
        &statement,
        params![
            told.attempt.call.as_bytes(),
            told.attempt.number,
            told.started_ms,
            kept.key_id,
            told.cost.get(),
            kept.accounts,
            told.is_charged,
            told.reason,
            kept.record,
        ],
    )?;
    if inserted == 1 && told.is_charged {
        let mut charges = Charges::default();
        charges.add(row);
        charges.book(connection)?;
    }
    Ok(inserted == 1)
}

/// Whether any rows were set aside: hardly ever.
pub(super) fn are_there_any(connection: &Connection) -> Result<bool, StoreError> {
    let mut asked = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM ledger_refused)")?;
    Ok(asked.query_row([], |row| row.get(0))?)
}

/// Whether this row was set aside: what refused it then may take it now, and would charge it twice.
pub(super) fn is_there(connection: &Connection, row: &LedgerRow) -> Result<bool, StoreError> {
    let mut asked = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM ledger_refused WHERE call_id = ?1 AND number = ?2)")?;
    Ok(asked.query_row(params![row.attempt.call.as_bytes(), row.attempt.number], |row| row.get(0))?)
}
