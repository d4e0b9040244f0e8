//! The one face of the store.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::sync::broadcast;
use weighhouse_types::{CallId, KeyHash, KeyId, Nanos};

use crate::error::StoreError;
use crate::location::Location;
use crate::narrowed::Statement;
use crate::postgres::PostgresStore;
use crate::records::{Change, KeyFilter, KeyRecord, LedgerBatch, LedgerFilter, LedgerRow, Page};
use crate::sqlite::SqliteStore;

/// Changes that a slow listener may lag behind before it is told that anything may have changed.
const FEED: usize = 1_024;

/// The store, on whatever it lives. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) backend: Backend,
    pub(crate) feed: broadcast::Sender<Change>,
    /// Attempts that were set aside.
    pub(crate) refused: Arc<AtomicU64>,
}

#[derive(Clone, Debug)]
pub(crate) enum Backend {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

/// Asks whichever backend there is.
macro_rules! ask {
    ($store:expr, $backend:ident => $question:expr) => {
        match &$store.backend {
            $crate::store::Backend::Sqlite($backend) => $question,
            $crate::store::Backend::Postgres($backend) => $question,
        }
    };
}

pub(crate) use ask;

impl Store {
    /// Opens a store and brings its schema up to date.
    ///
    /// # Errors
    /// `Unavailable` naming the place; `Schema` where a newer version was here.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        let (feed, _) = broadcast::channel(FEED);
        let backend = match location {
            Location::Sqlite(path) => Backend::Sqlite(SqliteStore::open(path).await?),
            Location::Postgres(url) => Backend::Postgres(PostgresStore::open(url, feed.clone()).await?),
        };
        let counted = Statement { text: "SELECT count(*) FROM ledger_refused".into(), values: Vec::new() };
        let refused = match &backend {
            Backend::Sqlite(backend) => backend.counted(counted).await?,
            Backend::Postgres(backend) => backend.counted(counted).await?,
        };
        Ok(Self { backend, feed, refused: Arc::new(AtomicU64::new(refused)) })
    }

    /// What changes from now on, here or on another node.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.feed.subscribe()
    }

    /// Tells listeners of this process; PostgreSQL's own feed tells those of other nodes.
    fn announce(&self, hash: &KeyHash) {
        // Nobody may be listening.
        drop(self.feed.send(Change::Key(hash.clone())));
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn ping(&self) -> Result<(), StoreError> {
        ask!(self, backend => backend.ping().await)
    }

    /// Keeps a new key.
    ///
    /// # Errors
    /// `Conflict`: its hash or alias is taken.
    pub async fn insert_key(&self, key: &KeyRecord) -> Result<(), StoreError> {
        ask!(self, backend => backend.insert_key(key).await)?;
        self.announce(&key.hash);
        Ok(())
    }

    /// The key of a hash.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn key_by_hash(&self, hash: &KeyHash) -> Result<Option<KeyRecord>, StoreError> {
        ask!(self, backend => backend.key_where("hash", hash.as_str()).await)
    }

    /// The key of an alias.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn key_by_alias(&self, alias: &str) -> Result<Option<KeyRecord>, StoreError> {
        ask!(self, backend => backend.key_where("key_alias", alias).await)
    }

    /// Writes what people set of a key, by its id, where nobody has set anything of it since it was `before`; its
    /// secret and what it spent are not touched. False: somebody has, or there is no such key.
    ///
    /// # Errors
    /// `Conflict`: its alias is taken.
    pub async fn update_key(&self, before: &KeyRecord, key: &KeyRecord) -> Result<bool, StoreError> {
        let (before, given) = (before.clone(), key.clone());
        self.edit_key(&key.id, move |kept| {
            let as_it_was = KeyRecord {
                hash: before.hash.clone(),
                key_name: before.key_name.clone(),
                total_spend: before.total_spend,
                updated_ms: before.updated_ms,
                ..kept.clone()
            };
            let is_same = as_it_was == before;
            if is_same {
                *kept = KeyRecord {
                    hash: kept.hash.clone(),
                    key_name: std::mem::take(&mut kept.key_name),
                    total_spend: kept.total_spend,
                    created_ms: kept.created_ms,
                    ..given
                };
            }
            is_same
        })
        .await
    }

    /// Changes a key as it stands in the store. False: no such key, or `edit` left it.
    async fn edit_key<Edit>(&self, id: &KeyId, edit: Edit) -> Result<bool, StoreError>
    where
        Edit: FnOnce(&mut KeyRecord) -> bool + Send + 'static,
    {
        let before = ask!(self, backend => backend.edit_key(id, edit).await)?;
        before.iter().for_each(|hash| self.announce(hash));
        Ok(before.is_some())
    }

    /// Gives a key another secret; its id, what it spent, and what else was set of it meanwhile stay. False: no
    /// such key.
    ///
    /// # Errors
    /// `Conflict`: the new hash is taken.
    pub async fn replace_key_hash(
        &self,
        key: &KeyRecord,
        new_hash: &KeyHash,
        new_name: &str,
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        let (hash, name) = (new_hash.clone(), new_name.to_owned());
        let edited = self.edit_key(&key.id, move |kept| {
            (kept.hash, kept.key_name, kept.updated_ms) = (hash, name, now_ms);
            true
        });
        let is_changed = edited.await?;
        if is_changed {
            self.announce(new_hash);
        }
        Ok(is_changed)
    }

    /// Deletes keys; gives back those that were there. Their ledger rows stay.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn delete_keys(&self, hashes: &[KeyHash]) -> Result<Vec<KeyHash>, StoreError> {
        let deleted = ask!(self, backend => backend.delete_keys(hashes).await)?;
        deleted.iter().for_each(|hash| self.announce(hash));
        Ok(deleted)
    }

    /// A page of keys, newest first, and how many there are in all.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn list_keys(
        &self,
        filter: &KeyFilter,
        page: Page,
    ) -> Result<(Vec<KeyRecord>, u64), StoreError> {
        ask!(self, backend => backend.list_keys(filter, page).await)
    }

    /// A page of the names of keys, in the order of the alphabet, and how many there are in all. `part` is in them, in
    /// any case.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn key_aliases(
        &self,
        filter: &KeyFilter,
        part: Option<&str>,
        page: Page,
    ) -> Result<(Vec<String>, u64), StoreError> {
        ask!(self, backend => backend.key_aliases(filter, part, page).await)
    }

    /// Appends attempts that are not in the ledger yet and charges their keys and accounts, all or nothing; gives
    /// the number of new rows. Appending the same rows again changes nothing.
    ///
    /// A row that the database never takes is set aside in a table of its own, charged all the same where that can
    /// be, and counts as new; the rows beside it are appended.
    ///
    /// # Errors
    /// `Unavailable`: nothing was appended.
    pub async fn append_ledger(&self, rows: &LedgerBatch) -> Result<u64, StoreError> {
        let written = ask!(self, backend => backend.append_ledger(LedgerBatch::clone(rows)).await)?;
        Ok(self.told(written))
    }

    /// Charges keys and accounts for attempts without keeping rows (LiteLLM's `disable_spend_logs`). Not idempotent.
    /// A row that the database never takes is set aside, as of [`Self::append_ledger`].
    ///
    /// # Errors
    /// `Unavailable`: nothing was charged.
    pub async fn charge_keys(&self, rows: &LedgerBatch) -> Result<(), StoreError> {
        let written = ask!(self, backend => backend.charge_keys(LedgerBatch::clone(rows)).await)?;
        self.told(written);
        Ok(())
    }

    /// Attempts, in the order that the filter names.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn ledger(&self, filter: &LedgerFilter) -> Result<Vec<LedgerRow>, StoreError> {
        // Asked one after the other, because no index serves both at once.
        if let Some(call) = filter.request_id.as_deref().and_then(CallId::parse) {
            let asked = Statement::of_ledger(filter, Some(call));
            let found = ask!(self, backend => backend.ledger(asked).await)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let asked = Statement::of_ledger(filter, None);
        ask!(self, backend => backend.ledger(asked).await)
    }

    /// How many attempts a filter has on all of its pages.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn ledger_count(&self, filter: &LedgerFilter) -> Result<u64, StoreError> {
        if let Some(call) = filter.request_id.as_deref().and_then(CallId::parse) {
            let asked = Statement::of_ledger_count(filter, Some(call));
            let found = ask!(self, backend => backend.counted(asked).await)?;
            if found > 0 {
                return Ok(found);
            }
        }
        let asked = Statement::of_ledger_count(filter, None);
        ask!(self, backend => backend.counted(asked).await)
    }

    /// Rows of the ledger and the sum of their costs.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn ledger_totals(&self) -> Result<(u64, Nanos), StoreError> {
        ask!(self, backend => backend.ledger_totals().await)
    }

    /// What the ledger's rows of each key sum to, by id; keys without rows are left out. It must be what the
    /// keys are said to have spent ever, unless some were charged without rows.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn spend_by_key(&self) -> Result<Vec<(KeyId, Nanos)>, StoreError> {
        ask!(self, backend => backend.spend_by_key().await)
    }

    /// A setting.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn get_setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        ask!(self, backend => backend.get_setting(name).await)
    }

    /// Sets what nobody set yet; gives the value in force.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn put_setting_if_absent(&self, name: &str, value: &str) -> Result<String, StoreError> {
        ask!(self, backend => backend.put_setting_if_absent(name, value).await)
    }

    /// Finishes what waits and closes.
    ///
    /// # Errors
    /// `Unavailable`: a thread of the store died.
    pub async fn close(&self) -> Result<(), StoreError> {
        ask!(self, backend => backend.close().await)
    }
}
