//! Virtual keys in SQLite.

use rusqlite::{OptionalExtension, Row, TransactionBehavior, params, params_from_iter};
use weighhouse_types::{KeyHash, KeyId};

use super::SqliteStore;
use crate::columns::{KEY_COLUMNS, KeyColumns};
use crate::error::StoreError;
use crate::narrowed::Statement;
use crate::records::{KeyFilter, KeyRecord, Page};

impl SqliteStore {
    pub(crate) async fn insert_key(&self, key: &KeyRecord) -> Result<(), StoreError> {
        let key = KeyColumns::of(key)?;
        self.write_synced(move |connection| {
            let statement = format!(
                "INSERT INTO virtual_keys ({KEY_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
            );
            connection.execute(
                &statement,
                params![
                    key.id,
                    key.hash,
                    key.key_alias,
                    key.user_id,
                    key.team_id,
                    key.record,
                    key.total_spend_nanos,
                    key.created_ms,
                    key.updated_ms
                ],
            )?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn key_where(
        &self,
        column: &'static str,
        value: &str,
    ) -> Result<Option<KeyRecord>, StoreError> {
        let value = value.to_owned();
        self.read(move |connection| {
            let statement = format!("SELECT {KEY_COLUMNS} FROM virtual_keys WHERE {column} = ?1");
            let found = connection.prepare_cached(&statement)?.query_row([value], read).optional()?;
            found.map(KeyColumns::read).transpose()
        })
        .await
    }

    /// Changes a key as it stands, in one transaction; gives its hash before. None: no such key, or `edit` left it.
    pub(crate) async fn edit_key<Edit>(&self, id: &KeyId, edit: Edit) -> Result<Option<KeyHash>, StoreError>
    where
        Edit: FnOnce(&mut KeyRecord) -> bool + Send + 'static,
    {
        let id = id.clone();
        self.write_synced(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let statement = format!("SELECT {KEY_COLUMNS} FROM virtual_keys WHERE id = ?1");
            let found = transaction.query_row(&statement, [id.as_str()], read).optional()?;
            let Some(mut key) = found.map(KeyColumns::read).transpose()? else { return Ok(None) };
            let hash = key.hash.clone();
            if !edit(&mut key) {
                return Ok(None);
            }
            let key = KeyColumns::of(&key)?;
            transaction.execute(
                "UPDATE virtual_keys SET hash = ?2, key_alias = ?3, user_id = ?4, team_id = ?5, record = ?6, \
                   updated_ms = ?7 WHERE id = ?1",
                params![
                    id.as_str(),
                    key.hash,
                    key.key_alias,
                    key.user_id,
                    key.team_id,
                    key.record,
                    key.updated_ms
                ],
            )?;
            transaction.commit()?;
            Ok(Some(hash))
        })
        .await
    }

    pub(crate) async fn delete_keys(&self, hashes: &[KeyHash]) -> Result<Vec<KeyHash>, StoreError> {
        let hashes = hashes.to_vec();
        self.write_synced(move |connection| {
            let transaction = connection.transaction()?;
            let mut deleted = Vec::new();
            for hash in hashes {
                if transaction.execute("DELETE FROM virtual_keys WHERE hash = ?1", [hash.as_str()])? == 1 {
                    deleted.push(hash);
                }
            }
            transaction.commit()?;
            Ok(deleted)
        })
        .await
    }

    pub(crate) async fn list_keys(
        &self,
        filter: &KeyFilter,
        page: Page,
    ) -> Result<(Vec<KeyRecord>, u64), StoreError> {
        let (count, keys) = (Statement::of_key_count(filter), Statement::of_keys(filter, page));
        self.read_long(move |connection| {
            // One moment for both.
            let transaction = connection.transaction()?;
            let total: i64 = transaction
                .prepare_cached(&count.text)?
                .query_row(params_from_iter(&count.values), |row| row.get(0))?;
            let mut statement = transaction.prepare_cached(&keys.text)?;
            let rows = statement.query_map(params_from_iter(&keys.values), read)?;
            let keys = rows.map(|row| row?.read()).collect::<Result<_, _>>()?;
            Ok((keys, u64::try_from(total).unwrap_or_default()))
        })
        .await
    }

    pub(crate) async fn key_aliases(
        &self,
        filter: &KeyFilter,
        part: Option<&str>,
        page: Page,
    ) -> Result<(Vec<String>, u64), StoreError> {
        let count = Statement::of_key_alias_count(filter, part);
        let names = Statement::of_key_aliases(filter, part, page);
        self.read_long(move |connection| {
            // One moment for both.
            let transaction = connection.transaction()?;
            let total: i64 = transaction
                .prepare_cached(&count.text)?
                .query_row(params_from_iter(&count.values), |row| row.get(0))?;
            let mut statement = transaction.prepare_cached(&names.text)?;
            let rows = statement.query_map(params_from_iter(&names.values), |row| row.get(0))?;
            let names = rows.collect::<Result<_, _>>()?;
            Ok((names, u64::try_from(total).unwrap_or_default()))
        })
        .await
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<KeyColumns> {
    Ok(KeyColumns {
        id: row.get(0)?,
        hash: row.get(1)?,
        key_alias: row.get(2)?,
        user_id: row.get(3)?,
        team_id: row.get(4)?,
        record: row.get(5)?,
        total_spend_nanos: row.get(6)?,
        created_ms: row.get(7)?,
        updated_ms: row.get(8)?,
    })
}
