//! From a key as a request names it to its record.

use weighhouse_api::KeyText;
use weighhouse_auth::{Granted, hash_of};
use weighhouse_storage::{KeyRecord, Store};
use weighhouse_types::{Error, KeyHash, Kind};

/// The hash that a text stands for: a secret's, or the text itself.
pub(crate) fn hash_named(key: &str) -> KeyHash {
    if key.starts_with("sk-") { hash_of(key) } else { KeyHash::new(key) }
}

/// The key that a text stands for, where it is reached.
///
/// # Errors
/// `RouteDenied`, the same whether the key is another's or nobody's; `NotFound` for whoever reaches every key.
pub(crate) async fn reached_key(
    store: &Store,
    granted: &Granted,
    field: &'static str,
    key: &KeyText,
) -> Result<KeyRecord, Error> {
    match store.key_by_hash(&hash_named(key.expose())).await? {
        Some(found) if granted.reaches_key(&found) => Ok(found),
        None if granted.reaches_everything() => Err(not_found()),
        Some(_) | None => Err(granted.denied_key(field)),
    }
}

/// The key of an alias.
///
/// # Errors
/// `NotFound`; `Overloaded` where the store cannot be asked.
async fn key_of_alias(store: &Store, alias: &str) -> Result<KeyRecord, Error> {
    let found = store.key_by_alias(alias).await?;
    found.ok_or_else(|| {
        let message = format!("Key not found. No key with key_alias='{alias}'.");
        Error::new(Kind::NotFound, message).at("key_alias")
    })
}

/// The key of an alias, where it is reached.
///
/// # Errors
/// As [`reached_key`].
pub(crate) async fn reached_key_of_alias(
    store: &Store,
    granted: &Granted,
    alias: &str,
) -> Result<KeyRecord, Error> {
    if granted.reaches_everything() {
        return key_of_alias(store, alias).await;
    }
    let found = store.key_by_alias(alias).await?.filter(|found| granted.reaches_key(found));
    found.ok_or_else(|| granted.denied_key("key_alias"))
}

/// No such key; the text that was sent may be a secret and is not repeated.
pub(crate) fn not_found() -> Error {
    Error::new(Kind::NotFound, "Key not found.").at("key")
}
