//! Teams, users, customers, budgets and tags in SQLite, and the accounts of all scopes.

use rusqlite::{OptionalExtension, TransactionBehavior, params, params_from_iter};
use weighhouse_types::Scope;

use super::SqliteStore;
use crate::entities::{EntityFilter, EntityKind};
use crate::entity_store::{AccountRow, EntityColumns};
use crate::error::StoreError;
use crate::narrowed::Statement;
use crate::records::Page;

impl SqliteStore {
    pub(crate) async fn insert_entity(&self, entity: EntityColumns) -> Result<(), StoreError> {
        self.write_synced(move |connection| {
            connection.execute(
                "INSERT INTO entities (kind, id, name, record, created_ms, updated_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    entity.kind.name(),
                    entity.id,
                    entity.name,
                    entity.record,
                    entity.created_ms,
                    entity.updated_ms
                ],
            )?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn entity(&self, kind: EntityKind, id: &str) -> Result<Option<String>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT record FROM entities WHERE kind = ?1 AND id = ?2")?;
            Ok(statement.query_row(params![kind.name(), id], |row| row.get(0)).optional()?)
        })
        .await
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
        let id = id.to_owned();
        self.write_synced(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let found: Option<String> = transaction
                .query_row(
                    "SELECT record FROM entities WHERE kind = ?1 AND id = ?2",
                    params![kind.name(), id],
                    |row| row.get(0),
                )
                .optional()?;
            let Some(entity) = found.map(|record| edit(&record)).transpose()?.flatten() else {
                return Ok(false);
            };
            transaction.execute(
                "UPDATE entities SET name = ?3, record = ?4, updated_ms = ?5 WHERE kind = ?1 AND id = ?2",
                params![kind.name(), id, entity.name, entity.record, entity.updated_ms],
            )?;
            transaction.commit()?;
            Ok(true)
        })
        .await
    }

    pub(crate) async fn delete_entity(&self, kind: EntityKind, id: &str) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write_synced(move |connection| {
            let statement = "DELETE FROM entities WHERE kind = ?1 AND id = ?2";
            Ok(connection.execute(statement, params![kind.name(), id])? == 1)
        })
        .await
    }

    pub(crate) async fn list_entities(
        &self,
        kind: EntityKind,
        filter: &EntityFilter,
        page: Page,
    ) -> Result<(Vec<String>, u64), StoreError> {
        let (count, list) =
            (Statement::of_entity_count(kind, filter), Statement::of_entities(kind, filter, page));
        self.read_long(move |connection| {
            let transaction = connection.transaction()?;
            let total: i64 = transaction
                .prepare_cached(&count.text)?
                .query_row(params_from_iter(&count.values), |row| row.get(0))?;
            let mut statement = transaction.prepare_cached(&list.text)?;
            let rows = statement.query_map(params_from_iter(&list.values), |row| row.get(0))?;
            let records = rows.collect::<Result<_, _>>()?;
            Ok((records, u64::try_from(total).unwrap_or_default()))
        })
        .await
    }

    pub(crate) async fn accounts(&self, scopes: &[Scope]) -> Result<Vec<AccountRow>, StoreError> {
        let scopes = scopes.to_vec();
        self.read(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT budget_window, settled_nanos FROM accounts WHERE scope = ?1")?;
            let mut accounts = Vec::new();
            for scope in scopes {
                let rows = statement.query_map([scope.as_str()], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
                })?;
                for row in rows {
                    let (start, settled) = row?;
                    accounts.push((scope.to_string(), start, settled));
                }
            }
            Ok(accounts)
        })
        .await
    }
}
