//! Virtual keys in SQLite.

use rusqlite::{Connection, OptionalExtension, Row, params};
use weighhouse_types::{KeyHash, KeyId};

use super::SqliteStore;
use crate::columns::{KEY_COLUMNS, KeyColumns};
use crate::error::StoreError;
use crate::records::{KeyFilter, KeyRecord, Page};

impl SqliteStore {
    pub(crate) async fn insert_key(&self, key: &KeyRecord) -> Result<(), StoreError> {
        let key = KeyColumns::of(key)?;
        self.write(move |connection| {
            let statement = format!(
                "INSERT INTO virtual_keys ({KEY_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
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
                    key.spend_nanos,
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

    /// Writes what administrators set; what was spent stays. False: no key has that id.
    pub(crate) async fn update_key(&self, key: &KeyRecord) -> Result<bool, StoreError> {
        let key = KeyColumns::of(key)?;
        self.write(move |connection| {
            let changed = connection.execute(
                "UPDATE virtual_keys SET key_alias = ?2, user_id = ?3, team_id = ?4, record = ?5, updated_ms = ?6 \
                 WHERE id = ?1",
                params![key.id, key.key_alias, key.user_id, key.team_id, key.record, key.updated_ms],
            )?;
            Ok(changed == 1)
        })
        .await
    }

    pub(crate) async fn replace_key_hash(
        &self,
        id: &KeyId,
        hash: &KeyHash,
        record: KeyRecord,
    ) -> Result<bool, StoreError> {
        let (id, hash, columns) = (id.to_string(), hash.to_string(), KeyColumns::of(&record)?);
        self.write(move |connection| {
            let changed = connection.execute(
                "UPDATE virtual_keys SET hash = ?2, record = ?3, updated_ms = ?4 WHERE id = ?1",
                params![id, hash, columns.record, columns.updated_ms],
            )?;
            Ok(changed == 1)
        })
        .await
    }

    pub(crate) async fn delete_keys(&self, hashes: &[KeyHash]) -> Result<Vec<KeyHash>, StoreError> {
        let hashes = hashes.to_vec();
        self.write(move |connection| {
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
        let filter = filter.clone();
        self.read(move |connection| list(connection, &filter, page)).await
    }
}

fn list(
    connection: &Connection,
    filter: &KeyFilter,
    page: Page,
) -> Result<(Vec<KeyRecord>, u64), StoreError> {
    const WHERE: &str = "WHERE (?1 IS NULL OR user_id = ?1) AND (?2 IS NULL OR team_id = ?2) \
                         AND (?3 IS NULL OR key_alias = ?3) AND (?4 IS NULL OR hash = ?4)";
    let hash = filter.hash.as_ref().map(KeyHash::as_str);
    let narrowed = params![filter.user_id, filter.team_id, filter.key_alias, hash];
    let total: i64 =
        connection
            .query_row(&format!("SELECT count(*) FROM virtual_keys {WHERE}"), narrowed, |row| row.get(0))?;
    let statement = format!(
        "SELECT {KEY_COLUMNS} FROM virtual_keys {WHERE} ORDER BY created_ms DESC, id LIMIT ?5 OFFSET ?6"
    );
    let offset = i64::try_from(page.offset).unwrap_or(i64::MAX);
    let paged = params![filter.user_id, filter.team_id, filter.key_alias, hash, page.limit, offset];
    let rows =
        connection.prepare_cached(&statement)?.query_map(paged, read)?.collect::<Result<Vec<_>, _>>()?;
    let keys = rows.into_iter().map(KeyColumns::read).collect::<Result<_, _>>()?;
    Ok((keys, u64::try_from(total).unwrap_or_default()))
}

fn read(row: &Row<'_>) -> rusqlite::Result<KeyColumns> {
    Ok(KeyColumns {
        id: row.get(0)?,
        hash: row.get(1)?,
        key_alias: row.get(2)?,
        user_id: row.get(3)?,
        team_id: row.get(4)?,
        record: row.get(5)?,
        spend_nanos: row.get(6)?,
        total_spend_nanos: row.get(7)?,
        created_ms: row.get(8)?,
        updated_ms: row.get(9)?,
    })
}
