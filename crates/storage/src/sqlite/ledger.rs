//! The ledger in SQLite.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rusqlite::{CachedStatement, Connection, Row, params, params_from_iter};
use weighhouse_types::{AccountId, KeyId, Nanos};

use super::{SqliteStore, daily, refused};
use crate::columns::{LedgerColumns, accounts_json, tags_json, usage_flags, usage_json};
use crate::daily::Daily;
use crate::error::StoreError;
use crate::narrowed::{SPEND_BY_KEY, Statement};
use crate::records::{LedgerBatch, LedgerRow};
use crate::refused::Written;

impl SqliteStore {
    /// Appends rows that are not there yet, charges their keys and accounts and adds to their days, in one
    /// transaction.
    pub(crate) async fn append_ledger(&self, rows: LedgerBatch) -> Result<Written, StoreError> {
        self.write(move |connection| refused::write(connection, &rows, append)).await
    }

    /// Charges keys and accounts and adds to the days, without keeping rows.
    pub(crate) async fn charge_keys(&self, rows: LedgerBatch) -> Result<Written, StoreError> {
        self.write(move |connection| refused::write(connection, &rows, charge)).await
    }

    pub(crate) async fn ledger(&self, asked: Statement) -> Result<Vec<LedgerRow>, StoreError> {
        self.read_long(move |connection| {
            let mut statement = connection.prepare_cached(&asked.text)?;
            let rows = statement.query_map(params_from_iter(&asked.values), read)?;
            rows.map(|row| row?.read()).collect()
        })
        .await
    }

    pub(crate) async fn spend_by_key(&self) -> Result<Vec<(KeyId, Nanos)>, StoreError> {
        self.read_long(|connection| {
            let mut statement = connection.prepare_cached(SPEND_BY_KEY)?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
            rows.map(|row| row.map(|(id, nanos)| (KeyId::new(&id), Nanos::new(nanos))).map_err(Into::into))
                .collect()
        })
        .await
    }

    pub(crate) async fn ledger_totals(&self) -> Result<(u64, Nanos), StoreError> {
        self.read_long(|connection| {
            let totals = connection.query_row(
                "SELECT count(*), coalesce(sum(cost_nanos), 0) FROM ledger",
                [],
                |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)),
            )?;
            Ok((u64::try_from(totals.0).unwrap_or_default(), Nanos::new(totals.1)))
        })
        .await
    }
}

/// Within a transaction; the number of new rows.
fn append(connection: &Connection, rows: &[Box<LedgerRow>]) -> Result<u64, StoreError> {
    let (mut appended, mut charges, mut daily) = (0, Charges::default(), Daily::default());
    let are_some_refused = refused::are_there_any(connection)?;
    let mut inserting = connection.prepare_cached(INSERT)?;
    for row in rows {
        if are_some_refused && refused::is_there(connection, row)? {
            continue;
        }
        if insert(&mut inserting, row)? {
            appended += 1;
            charges.add(row);
            daily.add(row, Cow::Borrowed);
        }
    }
    charges.book(connection)?;
    daily::book(connection, &daily)?;
    Ok(appended)
}

/// Within a transaction.
fn charge(connection: &Connection, rows: &[Box<LedgerRow>]) -> Result<u64, StoreError> {
    let (mut charges, mut daily) = (Charges::default(), Daily::default());
    for row in rows {
        charges.add(row);
        daily.add(row, Cow::Borrowed);
    }
    charges.book(connection)?;
    daily::book(connection, &daily)?;
    daily::note_without_rows(connection, &daily)?;
    Ok(0)
}

/// What rows cost their keys and accounts.
#[derive(Default)]
pub(super) struct Charges {
    keys: BTreeMap<String, i64>,
    accounts: BTreeMap<AccountId, i64>,
}

impl Charges {
    pub(super) fn add(&mut self, row: &LedgerRow) {
        if row.cost == Nanos::ZERO {
            return;
        }
        if let Some(key) = &row.key_id {
            match self.keys.get_mut(key.as_str()) {
                Some(charge) => *charge = charge.saturating_add(row.cost.get()),
                None => drop(self.keys.insert(key.to_string(), row.cost.get())),
            }
        }
        for account in row.accounts.iter() {
            match self.accounts.get_mut(account) {
                Some(charge) => *charge = charge.saturating_add(row.cost.get()),
                None => drop(self.accounts.insert(account.clone(), row.cost.get())),
            }
        }
    }

    pub(super) fn book(&self, connection: &Connection) -> Result<(), StoreError> {
        let mut of_keys = connection.prepare_cached(
            "UPDATE virtual_keys SET spend_nanos = spend_nanos + ?2, total_spend_nanos = total_spend_nanos + ?2 \
             WHERE id = ?1",
        )?;
        for (key, nanos) in &self.keys {
            of_keys.execute(params![key, nanos])?;
        }
        let mut of_accounts = connection.prepare_cached(
            "INSERT INTO accounts (scope, budget_window, settled_nanos) VALUES (?1, ?2, ?3) \
             ON CONFLICT (scope, budget_window) DO UPDATE SET settled_nanos = settled_nanos + excluded.settled_nanos",
        )?;
        for (account, nanos) in &self.accounts {
            of_accounts.execute(params![account.scope.as_str(), account.window.as_str(), nanos])?;
        }
        Ok(())
    }
}

/// A row with all its columns.
const INSERT: &str = "INSERT OR IGNORE INTO ledger VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, \
         ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31)";

fn insert(inserting: &mut CachedStatement<'_>, row: &LedgerRow) -> Result<bool, StoreError> {
    let inserted = inserting.execute(params![
        row.attempt.call.as_bytes(),
        row.attempt.number,
        row.started_ms,
        row.key_id.as_ref().map(KeyId::as_str),
        row.key_hash.as_str(),
        row.user_id.as_deref(),
        row.team_id.as_deref(),
        row.end_user.as_deref(),
        row.operation.name(),
        &*row.requested_model,
        &*row.model_group,
        &*row.deployment_id,
        &*row.provider,
        &*row.upstream_model,
        &*row.api_base,
        row.outcome.name(),
        row.http_status,
        row.response_id.as_deref(),
        row.stream,
        usage_json(&row.usage),
        usage_flags(&row.usage),
        row.raw_usage.as_deref(),
        row.cost.get(),
        &*row.arithmetic,
        &*row.price_version,
        row.queue_us,
        row.overhead_us,
        row.first_token_us,
        row.total_us,
        tags_json(&row.tags),
        accounts_json(&row.accounts),
    ])?;
    Ok(inserted == 1)
}

fn read(row: &Row<'_>) -> rusqlite::Result<LedgerColumns> {
    Ok(LedgerColumns {
        call_id: row.get(0)?,
        number: row.get(1)?,
        started_ms: row.get(2)?,
        key_id: row.get(3)?,
        key_hash: row.get(4)?,
        user_id: row.get(5)?,
        team_id: row.get(6)?,
        end_user: row.get(7)?,
        operation: row.get(8)?,
        requested_model: row.get(9)?,
        model_group: row.get(10)?,
        deployment_id: row.get(11)?,
        provider: row.get(12)?,
        upstream_model: row.get(13)?,
        api_base: row.get(14)?,
        outcome: row.get(15)?,
        http_status: row.get(16)?,
        response_id: row.get(17)?,
        stream: row.get(18)?,
        usage: row.get(19)?,
        usage_flags: row.get(20)?,
        raw_usage: row.get(21)?,
        cost_nanos: row.get(22)?,
        arithmetic: row.get(23)?,
        price_version: row.get(24)?,
        queue_us: row.get(25)?,
        overhead_us: row.get(26)?,
        first_token_us: row.get(27)?,
        total_us: row.get(28)?,
        tags: row.get(29)?,
        accounts: row.get(30)?,
    })
}
