//! Virtual keys in PostgreSQL. Each change notifies the other nodes in its own transaction.

use tokio_postgres::Row;
use weighhouse_types::{KeyHash, KeyId};

use super::PostgresStore;
use super::feed::CHANNEL;
use crate::columns::{KEY_COLUMNS, KeyColumns};
use crate::error::StoreError;
use crate::records::{KeyFilter, KeyRecord, Page};

impl PostgresStore {
    pub(crate) async fn insert_key(&self, key: &KeyRecord) -> Result<(), StoreError> {
        let key = KeyColumns::of(key)?;
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let statement = format!(
            "INSERT INTO virtual_keys ({KEY_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        );
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
                    &key.spend_nanos,
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

    pub(crate) async fn update_key(&self, key: &KeyRecord) -> Result<bool, StoreError> {
        let key = KeyColumns::of(key)?;
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let changed = transaction
            .execute(
                "UPDATE virtual_keys SET key_alias = $2, user_id = $3, team_id = $4, record = $5, updated_ms = $6 \
                 WHERE id = $1",
                &[&key.id, &key.key_alias, &key.user_id, &key.team_id, &key.record, &key.updated_ms],
            )
            .await?;
        notify(&transaction, &key.hash).await?;
        transaction.commit().await?;
        Ok(changed == 1)
    }

    pub(crate) async fn replace_key_hash(
        &self,
        id: &KeyId,
        hash: &KeyHash,
        record: KeyRecord,
    ) -> Result<bool, StoreError> {
        let columns = KeyColumns::of(&record)?;
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let old = transaction
            .query_opt("SELECT hash FROM virtual_keys WHERE id = $1 FOR UPDATE", &[&id.as_str()])
            .await?;
        let Some(old) = old else { return Ok(false) };
        transaction
            .execute(
                "UPDATE virtual_keys SET hash = $2, record = $3, updated_ms = $4 WHERE id = $1",
                &[&id.as_str(), &hash.as_str(), &columns.record, &columns.updated_ms],
            )
            .await?;
        notify(&transaction, old.get(0)).await?;
        notify(&transaction, hash.as_str()).await?;
        transaction.commit().await?;
        Ok(true)
    }

    pub(crate) async fn delete_keys(&self, hashes: &[KeyHash]) -> Result<Vec<KeyHash>, StoreError> {
        let hashes: Vec<&str> = hashes.iter().map(KeyHash::as_str).collect();
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let rows = transaction
            .query("DELETE FROM virtual_keys WHERE hash = ANY($1) RETURNING hash", &[&hashes])
            .await?;
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
        const WHERE: &str = "WHERE ($1::text IS NULL OR user_id = $1) AND ($2::text IS NULL OR team_id = $2) \
                             AND ($3::text IS NULL OR key_alias = $3) AND ($4::text IS NULL OR hash = $4)";
        let client = self.client().await?;
        let hash = filter.hash.as_ref().map(KeyHash::as_str);
        let count = format!("SELECT count(*) FROM virtual_keys {WHERE}");
        let total: i64 = client
            .query_one(&count, &[&filter.user_id, &filter.team_id, &filter.key_alias, &hash])
            .await?
            .get(0);
        let statement = format!(
            "SELECT {KEY_COLUMNS} FROM virtual_keys {WHERE} ORDER BY created_ms DESC, id LIMIT $5 OFFSET $6"
        );
        let (limit, offset) = (i64::from(page.limit), i64::try_from(page.offset).unwrap_or(i64::MAX));
        let rows = client
            .query(&statement, &[&filter.user_id, &filter.team_id, &filter.key_alias, &hash, &limit, &offset])
            .await?;
        let keys = rows.iter().map(|row| read(row).read()).collect::<Result<_, _>>()?;
        Ok((keys, u64::try_from(total).unwrap_or_default()))
    }
}

async fn notify(transaction: &tokio_postgres::Transaction<'_>, hash: &str) -> Result<(), StoreError> {
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
        spend_nanos: row.get(6),
        total_spend_nanos: row.get(7),
        created_ms: row.get(8),
        updated_ms: row.get(9),
    }
}
