//! Keys by their secrets: a cache in front of the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::future::Cache;
use weighhouse_storage::{BudgetRecord, Change, EntityKind, Store};
use weighhouse_types::{Error, KeyHash, Kind};

use crate::hash::{digest_of, hex};
use crate::identity::{Caller, Identity};

/// Keys that are kept, absent ones included.
const MAX_KEYS: u64 = 100_000;
/// How long a key is believed without asking again, should the feed of changes be silent.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// Finds callers by what they show.
#[derive(Clone, Debug)]
pub struct Keyring {
    store: Store,
    /// By digest; none: the store does not know it.
    known: Cache<[u8; 32], Option<Arc<Identity>>>,
    /// Counts changes, so that a look-up that began before one does not outlive it in the cache.
    changes: Arc<AtomicU64>,
}

impl Keyring {
    /// A keyring over a store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            known: Cache::builder().max_capacity(MAX_KEYS).time_to_live(KEPT_FOR).build(),
            changes: Arc::default(),
        }
    }

    /// Who shows a key. `master` is the digest of the master key.
    ///
    /// # Errors
    /// `MalformedKey`, `UnknownKey`, `BlockedKey`, `ExpiredKey`; `Overloaded` where the store cannot be asked.
    pub async fn identify(&self, key: &str, master: Option<&[u8; 32]>, now_ms: i64) -> Result<Caller, Error> {
        let digest = digest_of(key);
        // Digests are compared, so the time it takes says nothing about the key.
        if master == Some(&digest) {
            return Ok(Caller::Master(KeyHash::new(&hex(&digest))));
        }
        if !key.starts_with("sk-") {
            return Err(Error::new(
                Kind::MalformedKey,
                "Authentication Error, LiteLLM Virtual Key expected. Received=****, expected to start with 'sk-'.",
            ));
        }
        let found = match self.known.get(&digest).await {
            Some(found) => found,
            // Rare and large: kept out of the future of every call.
            None => Box::pin(self.look_up(digest)).await?,
        };
        let identity = found.ok_or_else(|| unknown(&digest))?;
        identity.check(now_ms)?;
        Ok(Caller::Key(identity))
    }

    /// Asks the store once, however many calls wait for the same key.
    async fn look_up(&self, digest: [u8; 32]) -> Result<Option<Arc<Identity>>, Error> {
        let before = self.changes.load(Ordering::Acquire);
        let asked = self.known.try_get_with(digest, async {
            let Some(record) = self.store.key_by_hash(&KeyHash::new(&hex(&digest))).await? else {
                return Ok::<_, weighhouse_storage::StoreError>(None);
            };
            let budget = match &record.budget_id {
                Some(budget) => self.store.find::<BudgetRecord>(budget).await?,
                None => None,
            };
            Ok(Some(Arc::new(Identity::new(record, budget.as_ref()))))
        });
        let found = asked.await;
        if self.changes.load(Ordering::Acquire) != before {
            // The record may have been read before the change and kept after it.
            self.known.invalidate(&digest).await;
        }
        found.map_err(|error| {
            let message = "the store cannot be asked for this key now; try again in a moment";
            Error::new(Kind::Overloaded, message)
                .retry_after(Duration::from_secs(1))
                .source(error.to_string())
        })
    }

    /// Lets go of what a change made untrue.
    pub async fn forget(&self, change: &Change) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        match change {
            Change::Key(hash) => {
                if let Some(digest) = unhex(hash.as_str()) {
                    self.known.invalidate(&digest).await;
                }
            }
            // Whom a named budget was given nobody notes.
            Change::Entity(EntityKind::Budget, _) | Change::Everything => self.known.invalidate_all(),
            Change::Entity(..) => {}
        }
    }
}

/// The digest of a master key, to be kept instead of the key.
#[must_use]
pub fn master_digest(key: &str) -> [u8; 32] {
    digest_of(key)
}

fn unknown(digest: &[u8; 32]) -> Error {
    let message = format!(
        "Authentication Error, Invalid proxy server token passed. Received API Key hash={}. Unable to find token in \
         cache or `LiteLLM_VerificationTokenTable`",
        hex(digest)
    );
    Error::new(Kind::UnknownKey, message)
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
