//! The daily tables in SQLite.

use std::collections::BTreeMap;

use rusqlite::{CachedStatement, Connection, params, params_from_iter};

use super::SqliteStore;
use crate::daily::{Daily, DailyTable, IS_WITHOUT_ROWS, NEXT_DAY, SUMS, added, after, moments_of};
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

    /// Makes the daily tables anew, a day in a transaction; what is written meanwhile waits for one day at most.
    pub(crate) async fn rebuild_daily(&self) -> Result<u64, StoreError> {
        let (mut rows, mut day) = (0, None);
        while let Some(next) = self.write(move |connection| next_day(connection, day)).await? {
            rows += self
                .write(move |connection| {
                    let transaction = connection.transaction()?;
                    let made = rebuild_day(&transaction, next)?;
                    transaction.commit()?;
                    Ok(made)
                })
                .await?;
            day = Some(next);
        }
        Ok(rows)
    }
}

/// Makes every day anew, within a transaction.
pub(super) fn rebuild(connection: &Connection) -> Result<(), StoreError> {
    let mut day = None;
    while let Some(next) = next_day(connection, day)? {
        rebuild_day(connection, next)?;
        day = Some(next);
    }
    Ok(())
}

/// The first day after another, or the first of all.
pub(super) fn next_day(connection: &Connection, day: Option<i64>) -> Result<Option<i64>, StoreError> {
    Ok(connection.prepare_cached(NEXT_DAY)?.query_row(after(day), |row| row.get(0))?)
}

/// Gives the number of rows that the day has now.
fn rebuild_day(connection: &Connection, day: i64) -> Result<u64, StoreError> {
    if connection.prepare_cached(IS_WITHOUT_ROWS)?.query_row([day], |row| row.get(0))? {
        return Ok(0);
    }
    let mut rows = 0;
    for table in DailyTable::ALL {
        connection.prepare_cached(&table.emptied())?.execute([day])?;
        let facts = read_ledger(connection, table, day)?;
        rows += facts.len() as u64;
        let mut adding = adding(connection, table)?;
        for (texts, sums) in &facts {
            add(&mut adding, day, texts.each_ref().map(String::as_str), *sums)?;
        }
    }
    Ok(rows)
}

/// Rows of a day: the texts that tell them apart, and their sums.
pub(super) type DayFacts = BTreeMap<[String; 9], [i64; 9]>;

/// What the attempts of a day sum to. They are read one after the other: SQLite would sort them all to group them.
pub(super) fn read_ledger(
    connection: &Connection,
    table: DailyTable,
    day: i64,
) -> Result<DayFacts, StoreError> {
    let mut facts = DayFacts::new();
    read_facts(connection, &of_ledger(table), moments_of(day), |texts, sums| {
        for (sum, more) in facts.entry(texts).or_default().iter_mut().zip(sums) {
            *sum = sum.saturating_add(more);
        }
    })?;
    Ok(facts)
}

/// What a table says of a day.
pub(super) fn read_day(connection: &Connection, table: DailyTable, day: i64) -> Result<DayFacts, StoreError> {
    let mut facts = DayFacts::new();
    read_facts(connection, &of_table(table), [day], |texts, sums| {
        facts.insert(texts, sums);
    })?;
    Ok(facts)
}

pub(super) fn of_ledger(table: DailyTable) -> String {
    let (facts, sums, view) = (table.facts(), SUMS.join(", "), table.of_ledger());
    format!("SELECT {facts}, {sums} FROM {view} WHERE started_ms >= $1 AND started_ms < $2")
}

pub(super) fn of_table(table: DailyTable) -> String {
    format!("SELECT {}, {} FROM {} WHERE day = $1", table.facts(), SUMS.join(", "), table.name())
}

fn read_facts(
    connection: &Connection,
    statement: &str,
    places: impl rusqlite::Params,
    mut take: impl FnMut([String; 9], [i64; 9]),
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(statement)?;
    let mut found = statement.query(places)?;
    while let Some(row) = found.next()? {
        let mut texts: [String; 9] = Default::default();
        for (place, text) in texts.iter_mut().enumerate() {
            *text = row.get(place + 1)?;
        }
        let mut sums = [0; 9];
        for (place, sum) in sums.iter_mut().enumerate() {
            *sum = row.get(place + 10)?;
        }
        take(texts, sums);
    }
    Ok(())
}

/// Adds to the days, in the transaction of the rows.
pub(super) fn book(connection: &Connection, daily: &Daily<'_>) -> Result<(), StoreError> {
    for table in DailyTable::ALL {
        let mut adding = adding(connection, table)?;
        for (fact, sums) in daily.of(table) {
            add(&mut adding, fact.day, fact.texts(), sums.columns())?;
        }
    }
    Ok(())
}

fn adding(connection: &Connection, table: DailyTable) -> Result<CachedStatement<'_>, StoreError> {
    let statement = format!(
        "INSERT INTO {} VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19) \
         ON CONFLICT {}",
        table.name(),
        added(table)
    );
    Ok(connection.prepare_cached(&statement)?)
}

fn add(
    adding: &mut CachedStatement<'_>,
    day: i64,
    [key_id, key_hash, user_id, team_id, whose, group, model, provider, operation]: [&str; 9],
    [spend, requests, successes, failures, prompt, completion, read, written, response]: [i64; 9],
) -> Result<(), StoreError> {
    adding.execute(params![
        day, key_id, key_hash, user_id, team_id, whose, group, model, provider, operation, spend, requests,
        successes, failures, prompt, completion, read, written, response,
    ])?;
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
