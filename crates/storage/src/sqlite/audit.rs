//! The books held against the ledger, in SQLite: the ledger is read row by row, because SQLite sorts and groups in
//! memory here.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::SqliteStore;
use super::daily::{DayFacts, next_day, read_day, read_ledger};
use crate::audit::{Audit, BOOKS, BookRow, DAYS, DayRow, UNCHECKED_DAYS};
use crate::columns::account_books;
use crate::daily::DailyTable;
use crate::error::StoreError;
use crate::migrations::checksum_of;
use crate::refused::{LATEST_REFUSED, REFUSED_TOTALS, RefusedRow};

/// Books that are held against the ledger in one reading of it.
const BOOKS_AT_ONCE: i64 = 100_000;

/// What keys and accounts were charged for.
const CHARGED: &str = "SELECT key_id, cost_nanos, accounts FROM ledger WHERE cost_nanos <> 0 \
     UNION ALL SELECT key_id, cost_nanos, accounts FROM ledger_refused WHERE is_charged = 1 AND cost_nanos <> 0";

const SAID: &str = "SELECT 'key:' || id, total_spend_nanos FROM virtual_keys \
     UNION ALL SELECT scope || ' ' || budget_window, settled_nanos FROM accounts";

impl SqliteStore {
    pub(crate) async fn audit(&self) -> Result<Audit, StoreError> {
        self.read_long(|connection| {
            // One moment for all of it.
            let transaction = connection.transaction()?;
            let (rows, total) = transaction.query_row(
                "SELECT count(*), coalesce(sum(cost_nanos), 0) FROM ledger",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            let books = transaction.query_row(BOOKS, [], |row| row.get(0))?;
            let passes = 1 + books / BOOKS_AT_ONCE;
            let mut wrong = Vec::new();
            for pass in 0..passes {
                wrong.extend(wrong_books(&transaction, passes, pass)?);
            }
            let known = transaction.query_row(DAYS, [], |row| row.get(0))?;
            let mut unchecked = transaction.prepare(UNCHECKED_DAYS)?;
            let unchecked: Vec<i64> = unchecked.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            let (mut wrong_days, mut day) = (Vec::new(), None);
            while let Some(next) = next_day(&transaction, day)? {
                if unchecked.binary_search(&next).is_err() {
                    wrong_days.extend(wrong_day(&transaction, next)?);
                }
                day = Some(next);
            }
            let (refused_rows, refused_total) =
                transaction.query_row(REFUSED_TOTALS, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(Audit::of(rows, total, books, wrong).with_days(known, wrong_days, unchecked).with_refused(
                refused_rows,
                refused_total,
                latest_refused(&transaction)?,
            ))
        })
        .await
    }
}

/// Books that say something else than the ledger, of those that belong to a pass.
fn wrong_books(connection: &Connection, passes: i64, pass: i64) -> Result<Vec<BookRow>, StoreError> {
    let is_of_pass = |book: &str| checksum_of(book).rem_euclid(passes) == pass;
    let mut books: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let mut said = connection.prepare(SAID)?;
    let mut found = said.query([])?;
    while let Some(row) = found.next()? {
        let book: String = row.get(0)?;
        if is_of_pass(&book) {
            books.insert(book, (row.get(1)?, 0));
        }
    }
    let mut charged = connection.prepare(CHARGED)?;
    let mut found = charged.query([])?;
    while let Some(row) = found.next()? {
        let nanos: i64 = row.get(1)?;
        let key: Option<String> = row.get(0)?;
        // A key that was deleted has no book any more.
        if let Some((_, ledger)) = key.and_then(|key| books.get_mut(&format!("key:{key}"))) {
            *ledger = ledger.saturating_add(nanos);
        }
        let accounts: String = row.get(2)?;
        for book in account_books(&accounts)? {
            if is_of_pass(&book) {
                let (_, ledger) = books.entry(book).or_default();
                *ledger = ledger.saturating_add(nanos);
            }
        }
    }
    let differ = |(book, (said, ledger))| (said != ledger).then_some((book, said, ledger));
    Ok(books.into_iter().filter_map(differ).collect())
}

/// A day of either table that says something else than the ledger.
fn wrong_day(connection: &Connection, day: i64) -> Result<Vec<(DailyTable, DayRow)>, StoreError> {
    let mut wrong = Vec::new();
    for table in DailyTable::ALL {
        let said = read_day(connection, table, day)?;
        let ledger = read_ledger(connection, table, day)?;
        if let Some(row) = difference(day, &said, &ledger) {
            wrong.push((table, row));
        }
    }
    Ok(wrong)
}

fn difference(day: i64, said: &DayFacts, ledger: &DayFacts) -> Option<DayRow> {
    let mut row: DayRow = [day, 0, 0, 0, 0, 0];
    let facts = said.keys().chain(ledger.keys().filter(|fact| !said.contains_key(*fact)));
    for fact in facts {
        let of = |side: &DayFacts| side.get(fact).copied().unwrap_or_default();
        let (said, ledger) = (of(said), of(ledger));
        if said != ledger {
            let [_, rows, said_nanos, ledger_nanos, said_requests, ledger_requests] = &mut row;
            *rows += 1;
            let ([one, first, ..], [other, second, ..]) = (said, ledger);
            *said_nanos = said_nanos.saturating_add(one);
            *ledger_nanos = ledger_nanos.saturating_add(other);
            *said_requests += first;
            *ledger_requests += second;
        }
    }
    let [_, rows, ..] = row;
    (rows > 0).then_some(row)
}

fn latest_refused(connection: &Connection) -> Result<Vec<RefusedRow>, StoreError> {
    let mut refused = connection.prepare(LATEST_REFUSED)?;
    let refused = refused.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
    })?;
    refused.map(|row| RefusedRow::read(row?)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::daily::{of_ledger, of_table};
    use super::super::migrate;
    use super::*;
    use crate::daily::NEXT_DAY;

    #[test]
    fn nothing_is_sorted_or_grouped_in_memory_and_days_are_found_by_their_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        let plan = |statement: &str| {
            let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
            let places = explained.parameter_count();
            let rows = explained.query_map(rusqlite::params_from_iter(vec![0_i64; places]), |row| row.get(3));
            let lines: Vec<String> = rows.unwrap().collect::<Result<_, _>>().unwrap();
            lines.join("; ")
        };
        let days = DailyTable::ALL.map(|table| [of_ledger(table), of_table(table)]);
        let of_ledger = days.each_ref().map(|[of_ledger, _]| of_ledger.clone());
        for statement in days.iter().flatten().map(String::as_str).chain([CHARGED, SAID, BOOKS, NEXT_DAY]) {
            let plan = plan(statement);
            assert!(!plan.contains("TEMP B-TREE") && !plan.contains("MATERIALIZE"), "{statement}: {plan}");
        }
        // Rows of an end user have no index of their own: it cost more than the rest of a row.
        let of_end_user = "SELECT * FROM ledger WHERE end_user = $1 AND started_ms >= $2 AND started_ms < $3 \
             ORDER BY started_ms DESC, call_id DESC, number DESC LIMIT 100";
        for statement in of_ledger.iter().map(String::as_str).chain([NEXT_DAY, of_end_user]) {
            assert!(
                plan(statement).contains("ledger_by_time (started_ms>?"),
                "{statement}: {}",
                plan(statement)
            );
        }
    }
}
