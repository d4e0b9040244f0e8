//! Teams, users, customers, budgets and tags in PostgreSQL, and the accounts of all scopes. Each change notifies
//! the other nodes in its own transaction.

use weighhouse_types::Scope;

use super::keys::notify;
use super::{PostgresStore, ask};
use crate::entities::{EntityFilter, EntityKind};
use crate::entity_store::{AccountRow, EntityColumns};
use crate::error::StoreError;
use crate::narrowed::Statement;
use crate::records::Page;

impl PostgresStore {
    pub(crate) async fn insert_entity(&self, entity: EntityColumns) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        transaction
            .execute(
                "INSERT INTO entities (kind, id, name, record, created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, $6)",
                &[
                    &entity.kind.name(),
                    &entity.id,
                    &entity.name,
                    &entity.record,
                    &entity.created_ms,
                    &entity.updated_ms,
                ],
            )
            .await?;
        notify(&transaction, &told(entity.kind, &entity.id)).await?;
        Ok(transaction.commit().await?)
    }

    pub(crate) async fn entity(&self, kind: EntityKind, id: &str) -> Result<Option<String>, StoreError> {
        let client = self.client().await?;
        let statement =
            client.prepare_cached("SELECT record FROM entities WHERE kind = $1 AND id = $2").await?;
        Ok(client.query_opt(&statement, &[&kind.name(), &id]).await?.map(|row| row.get(0)))
    }

    /// Changes a record as it stands, in one transaction. False: there is none, or `edit` left it.
    pub(crate) async fn edit_entity<Edit>(
        &self,
        kind: EntityKind,
        id: &str,
        edit: Edit,
    ) -> Result<bool, StoreError>
    where
        Edit: FnOnce(&str) -> Result<Option<EntityColumns>, StoreError> + Send + 'static,
    {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let statement = "SELECT record FROM entities WHERE kind = $1 AND id = $2 FOR UPDATE";
        let found = transaction.query_opt(statement, &[&kind.name(), &id]).await?;
        let Some(entity) = found.map(|row| edit(row.get(0))).transpose()?.flatten() else { return Ok(false) };
        let statement =
            "UPDATE entities SET name = $3, record = $4, updated_ms = $5 WHERE kind = $1 AND id = $2";
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
            [&kind.name(), &id, &entity.name, &entity.record, &entity.updated_ms];
        transaction.execute(statement, &values).await?;
        notify(&transaction, &told(kind, id)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    pub(crate) async fn delete_entity(&self, kind: EntityKind, id: &str) -> Result<bool, StoreError> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let statement = "DELETE FROM entities WHERE kind = $1 AND id = $2";
        let deleted = transaction.execute(statement, &[&kind.name(), &id]).await?;
        notify(&transaction, &told(kind, id)).await?;
        transaction.commit().await?;
        Ok(deleted == 1)
    }

    pub(crate) async fn list_entities(
        &self,
        kind: EntityKind,
        filter: &EntityFilter,
        page: Page,
    ) -> Result<(Vec<String>, u64), StoreError> {
        let (count, list) =
            (Statement::of_entity_count(kind, filter), Statement::of_entities(kind, filter, page));
        let client = self.client().await?;
        let (counted, found) = tokio::try_join!(ask(&client, &count), ask(&client, &list))?;
        let total = counted.first().map_or(0, |row| row.get::<_, i64>(0));
        let records = found.iter().map(|row| row.get(0)).collect();
        Ok((records, u64::try_from(total).unwrap_or_default()))
    }

    pub(crate) async fn accounts(&self, scopes: &[Scope]) -> Result<Vec<AccountRow>, StoreError> {
        let scopes: Vec<&str> = scopes.iter().map(Scope::as_str).collect();
        let client = self.client().await?;
        let statement = client
            .prepare_cached("SELECT scope, budget_window, settled_nanos FROM accounts WHERE scope = ANY($1)")
            .await?;
        let rows = client.query(&statement, &[&scopes]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
    }
}

/// What the other nodes are told.
fn told(kind: EntityKind, id: &str) -> String {
    format!("{}:{id}", kind.name())
}
