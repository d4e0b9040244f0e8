//! Deletes keys. Their ledger rows stay.

use weighhouse_api::{DeleteKeyRequest, DeletedKeys, KeyText, read_body};
use weighhouse_auth::Granted;
use weighhouse_types::{Error, KeyHash, Kind};

use crate::admin::Admin;
use crate::named::hash_named;
use crate::rules::invalid;

/// Keys that one request may name.
const MAX_KEYS: usize = 1_000;

pub(crate) async fn delete(admin: &Admin, granted: &Granted, body: &[u8]) -> Result<DeletedKeys, Error> {
    let request: DeleteKeyRequest = read_body(body)?;
    let (keys, aliases) = (request.keys.unwrap_or_default(), request.key_aliases.unwrap_or_default());
    if keys.is_empty() && aliases.is_empty() {
        let message = "At least one of 'keys' or 'key_aliases' must be provided.";
        return Err(invalid("keys", message).with_status(422));
    }
    if keys.len().max(aliases.len()) > MAX_KEYS {
        return Err(invalid(
            "keys",
            format!("at most {MAX_KEYS} keys can be deleted at once; send several requests"),
        ));
    }
    // As named, beside the hash it stands for. LiteLLM looks at aliases only where there are no keys.
    let mut named: Vec<(KeyText, KeyHash)> = Vec::with_capacity(keys.len().max(aliases.len()));
    for alias in aliases.iter().filter(|_| keys.is_empty()) {
        match admin.store.key_by_alias(alias).await? {
            Some(key) if granted.reaches_key(&key) => named.push((KeyText::new(alias), key.hash)),
            None if granted.reaches_everything() => {}
            // The same whether the alias is another's or nobody's.
            Some(_) | None => return Err(granted.denied_key("key_aliases")),
        }
    }
    named.extend(keys.into_iter().map(|key| {
        let hash = hash_named(key.expose());
        (key, hash)
    }));
    let hashes: Vec<KeyHash> = named.iter().map(|(_, hash)| hash.clone()).collect();
    check(admin, granted, &hashes).await?;
    let deleted = admin.store.delete_keys(&hashes).await?;
    for hash in &deleted {
        admin.forget(hash).await;
    }
    if deleted.is_empty() {
        return Err(Error::new(Kind::NotFound, "No keys found").at("keys"));
    }
    named.retain(|(_, hash)| deleted.contains(hash));
    Ok(DeletedKeys { deleted_keys: named.into_iter().map(|(key, _)| key).collect() })
}

/// All or nothing: one key that is not reached, or is nobody's, and none is deleted.
async fn check(admin: &Admin, granted: &Granted, hashes: &[KeyHash]) -> Result<(), Error> {
    if granted.reaches_everything() {
        return Ok(());
    }
    for hash in hashes {
        let found = admin.store.key_by_hash(hash).await?;
        if !found.is_some_and(|key| granted.reaches_key(&key)) {
            return Err(granted.denied_key("keys"));
        }
    }
    Ok(())
}
