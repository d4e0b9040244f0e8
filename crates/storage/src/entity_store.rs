//! The store's face for teams, users, customers, budgets and tags, and for the accounts of all scopes.

use weighhouse_types::{AccountId, Nanos, Scope, WindowId};

use crate::entities::{Entity, EntityFilter, EntityKind};
use crate::error::StoreError;
use crate::records::{Change, Page};
use crate::store::{Store, ask};

/// A record's columns.
#[derive(Debug)]
pub(crate) struct EntityColumns {
    pub(crate) kind: EntityKind,
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) record: String,
    pub(crate) created_ms: i64,
    pub(crate) updated_ms: i64,
}

/// Scope, window and nano-dollars settled in it.
pub(crate) type AccountRow = (String, String, i64);

impl EntityColumns {
    fn of<E: Entity>(entity: &E) -> Result<Self, StoreError> {
        let (created_ms, updated_ms) = entity.times();
        Ok(Self {
            kind: E::KIND,
            id: entity.id().to_owned(),
            name: entity.name().map(str::to_owned),
            record: serde_json::to_string(entity).map_err(|error| StoreError::Corrupt(error.to_string()))?,
            created_ms,
            updated_ms,
        })
    }
}

fn read<E: Entity>(record: &str) -> Result<E, StoreError> {
    serde_json::from_str(record)
        .map_err(|error| StoreError::Corrupt(format!("a record of a {}: {error}", E::KIND.name())))
}

impl Store {
    /// Keeps a new record.
    ///
    /// # Errors
    /// `Conflict`: its id is taken.
    pub async fn insert<E: Entity>(&self, entity: &E) -> Result<(), StoreError> {
        let columns = EntityColumns::of(entity)?;
        ask!(self, backend => backend.insert_entity(columns).await)?;
        self.announce_entity(E::KIND, entity.id());
        Ok(())
    }

    /// The record of an id.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn find<E: Entity>(&self, id: &str) -> Result<Option<E>, StoreError> {
        let found = ask!(self, backend => backend.entity(E::KIND, id).await)?;
        found.map(|record| read(&record)).transpose()
    }

    /// Changes a record as it stands in the store. False: there is none, or `edit` left it (said false).
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn edit<E, Edit>(&self, id: &str, edit: Edit) -> Result<bool, StoreError>
    where
        E: Entity,
        Edit: FnOnce(&mut E) -> bool + Send + 'static,
    {
        let change = move |record: &str| {
            let mut entity: E = read(record)?;
            Ok(if edit(&mut entity) { Some(EntityColumns::of(&entity)?) } else { None })
        };
        let is_changed = ask!(self, backend => backend.edit_entity(E::KIND, id, change).await)?;
        if is_changed {
            self.announce_entity(E::KIND, id);
        }
        Ok(is_changed)
    }

    /// Deletes a record; what was spent stays on its accounts. False: there was none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn delete<E: Entity>(&self, id: &str) -> Result<bool, StoreError> {
        let is_deleted = ask!(self, backend => backend.delete_entity(E::KIND, id).await)?;
        self.announce_entity(E::KIND, id);
        Ok(is_deleted)
    }

    /// A page of records, newest first, and how many there are in all.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn list<E: Entity>(
        &self,
        filter: &EntityFilter,
        page: Page,
    ) -> Result<(Vec<E>, u64), StoreError> {
        let (records, total) = ask!(self, backend => backend.list_entities(E::KIND, filter, page).await)?;
        let entities = records.iter().map(|record| read(record)).collect::<Result<_, _>>()?;
        Ok((entities, total))
    }

    /// What was settled on every account of some scopes, window by window; accounts without a cent are left out.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn accounts(&self, scopes: &[Scope]) -> Result<Vec<(AccountId, Nanos)>, StoreError> {
        let rows = ask!(self, backend => backend.accounts(scopes).await)?;
        let account = |(scope, window, settled): AccountRow| {
            let scope = Scope::parse(&scope)?;
            Some((AccountId { scope, window: WindowId::parse(&window) }, Nanos::new(settled)))
        };
        Ok(rows.into_iter().filter_map(account).collect())
    }

    /// Tells listeners of this process; PostgreSQL's own feed tells those of other nodes.
    fn announce_entity(&self, kind: EntityKind, id: &str) {
        // Nobody may be listening.
        drop(self.feed.send(Change::Entity(kind, id.to_owned())));
    }
}
