//! Gives a key a new secret; its id, its settings and what it spent stay.

use weighhouse_api::{KeyObject, KeyText, RegenerateKeyRequest, read_body};
use weighhouse_auth::Granted;
use weighhouse_storage::KeyRecord;
use weighhouse_types::Error;

use crate::admin::Admin;
use crate::bounds::{Bounds, check_routes};
use crate::generate::made_key;
use crate::named::{not_found, reached_key};
use crate::rules::{chosen_key, invalid, name_of, taken};
use crate::self_service::check_new_secret;
use crate::shown::shown_with_hash;

/// `in_path` is the key that the path names.
pub(crate) async fn regenerate(
    admin: &Admin,
    granted: &Granted,
    in_path: Option<&str>,
    body: &[u8],
) -> Result<KeyObject, Error> {
    let request: RegenerateKeyRequest = read_body(body)?;
    let named =
        in_path.map(KeyText::new).or(request.key).ok_or_else(|| invalid("key", "No key passed in."))?;
    let old = reached_key(&admin.store, granted, "key", &named).await?;
    check_new_secret(granted, &old)?;
    check_wider(admin, granted, &old).await?;
    let (secret, hash) = match request.new_key {
        Some(key) => {
            let hash = chosen_key("new_key", &key, granted.caller()?)?;
            (key, hash)
        }
        None => made_key()?,
    };
    let now_ms = admin.now_ms();
    let name = name_of(secret.expose());
    if !admin.store.replace_key_hash(&old, &hash, &name, now_ms).await.map_err(taken)? {
        return Err(not_found());
    }
    admin.forget(&old.hash).await;
    admin.forget(&hash).await;
    let fresh = KeyRecord { hash, key_name: name, updated_ms: now_ms, ..old };
    let spent = admin.spent_of_key(&fresh).await?;
    Ok(KeyObject { key: Some(secret), ..shown_with_hash(admin, &fresh, spent) })
}

/// A key gives another one a secret only where it could make one like it: else a bounded key would free itself.
async fn check_wider(admin: &Admin, granted: &Granted, key: &KeyRecord) -> Result<(), Error> {
    if granted.key().is_some_and(|own| own.record.id == key.id) {
        return Ok(());
    }
    check_routes(granted, None, key)?;
    match Bounds::of(admin, granted, key.user_id.as_deref(), key.team_id.as_deref()).await? {
        Some(bounds) => bounds.check_key(admin, key).await,
        None => Ok(()),
    }
}
