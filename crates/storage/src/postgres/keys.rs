//! Virtual keys in PostgreSQL. Each change notifies the other nodes in its own transaction.

use tokio_postgres::Row;
use weighhouse_types::{KeyHash, KeyId};

use super::feed::CHANNEL;
use super::{PostgresStore, ask};
use crate::columns::{KEY_COLUMNS, KeyColumns};
use crate::error::StoreError;
use crate::narrowed::Statement;
use crate::records::{KeyFilter, KeyRecord, Page};

impl PostgresStore {
    pub(crate) async fn insert_key(&self, key: &KeyRecord) -> Result<(), StoreError> {
        let key = KeyColumns::of(key)?;
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let statement =
            format!("INSERT INTO virtual_keys ({KEY_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
        transaction
            .execute(
                &statement,
                &[
                    &key.id,
                    &key.hash,
                    &key.key_alias,
                    &key.user_id,
                    &key.team_id,
                    &key.record,
                    &key.total_spend_nanos,
                    &key.created_ms,
                    &key.updated_ms,
                ],
            )
            .await?;
        notify(&transaction, &key.hash).await?;
        Ok(transaction.commit().await?)
    }

    pub(crate) async fn key_where(
        &self,
        column: &'static str,
        value: &str,
    ) -> Result<Option<KeyRecord>, StoreError> {
        let client = self.client().await?;
        let statement = client
            .prepare_cached(&format!("SELECT {KEY_COLUMNS} FROM virtual_keys WHERE {column} = $1"))
            .await?;
        client.query_opt(&statement, &[&value]).await?.map(|row| read(&row).read()).transpose()
    }

    /// Changes a key as it stands, in one transaction; gives its hash before. None: no such key, or `edit` left it.
    pub(crate) async fn edit_key<Edit>(&self, id: &KeyId, edit: Edit) -> Result<Option<KeyHash>, StoreError>
    where
        Edit: FnOnce(&mut KeyRecord) -> bool + Send + 'static,
    {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let statement = format!("SELECT {KEY_COLUMNS} FROM virtual_keys WHERE id = $1 FOR UPDATE");
        let Some(row) = transaction.query_opt(&statement, &[&id.as_str()]).await? else { return Ok(None) };
        let mut key = read(&row).read()?;
        let hash = key.hash.clone();
        if !edit(&mut key) {
            return Ok(None);
        }
        let key = KeyColumns::of(&key)?;
        transaction
            .execute(
                "UPDATE virtual_keys SET hash = $2, key_alias = $3, user_id = $4, team_id = $5, record = $6, \
                   updated_ms = $7 WHERE id = $1",
                &[
                    &id.as_str(),
                    &key.hash,
                    &key.key_alias,
                    &key.user_id,
                    &key.team_id,
                    &key.record,
                    &key.updated_ms,
                ],
            )
            .await?;
        notify(&transaction, hash.as_str()).await?;
        if key.hash != hash.as_str() {
            notify(&transaction, &key.hash).await?;
        }
        transaction.commit().await?;
        Ok(Some(hash))
    }

    pub(crate) async fn delete_keys(&self, hashes: &[KeyHash]) -> Result<Vec<KeyHash>, StoreError> {
        let hashes: Vec<&str> = hashes.iter().map(KeyHash::as_str).collect();
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        // Locked in the order in which the ledger locks them.
        let statement = "WITH locked AS (SELECT id FROM virtual_keys WHERE hash = ANY($1) ORDER BY id FOR UPDATE) \
                         DELETE FROM virtual_keys USING locked WHERE virtual_keys.id = locked.id RETURNING hash";
        let rows = transaction.query(statement, &[&hashes]).await?;
        let deleted: Vec<KeyHash> = rows.iter().map(|row| KeyHash::new(row.get(0))).collect();
        for hash in &deleted {
            notify(&transaction, hash.as_str()).await?;
        }
        transaction.commit().await?;
        Ok(deleted)
    }

    pub(crate) async fn list_keys(
        &self,
        filter: &KeyFilter,
        page: Page,
    ) -> Result<(Vec<KeyRecord>, u64), StoreError> {
        let (count, keys) = (Statement::of_key_count(filter), Statement::of_keys(filter, page));
        let client = self.client().await?;
        let (counted, found) = tokio::try_join!(ask(&client, &count), ask(&client, &keys))?;
        let total = counted.first().map_or(0, |row| row.get::<_, i64>(0));
        let keys = found.iter().map(|row| read(row).read()).collect::<Result<_, _>>()?;
        Ok((keys, u64::try_from(total).unwrap_or_default()))
    }

    pub(crate) async fn key_aliases(
        &self,
        filter: &KeyFilter,
        part: Option<&str>,
        page: Page,
    ) -> Result<(Vec<String>, u64), StoreError> {
        let count = Statement::of_key_alias_count(filter, part);
        let names = Statement::of_key_aliases(filter, part, page);
        let client = self.client().await?;
        let (counted, found) = tokio::try_join!(ask(&client, &count), ask(&client, &names))?;
        let total = counted.first().map_or(0, |row| row.get::<_, i64>(0));
        Ok((found.iter().map(|row| row.get(0)).collect(), u64::try_from(total).unwrap_or_default()))
    }
}

pub(super) async fn notify(
    transaction: &tokio_postgres::Transaction<'_>,
    hash: &str,
) -> Result<(), StoreError> {
    transaction.execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &hash]).await?;
    Ok(())
}

fn read(row: &Row) -> KeyColumns {
    KeyColumns {
        id: row.get(0),
        hash: row.get(1),
        key_alias: row.get(2),
        user_id: row.get(3),
        team_id: row.get(4),
        record: row.get(5),
        total_spend_nanos: row.get(6),
        created_ms: row.get(7),
        updated_ms: row.get(8),
    }
}
