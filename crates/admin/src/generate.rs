//! Makes a key.

use secrecy::ExposeSecret;
use serde_json::Value;
use weighhouse_api::{GenerateKeyRequest, KeyObject, KeyText, read_body};
use weighhouse_auth::{Everything, hash_of, new_secret};
use weighhouse_storage::{KeyRecord, Limits};
use weighhouse_types::{Error, KeyHash, KeyId, Nanos};

use crate::admin::Admin;
use crate::calendar::end_of;
use crate::limits;
use crate::rules::{alias, chosen_key, name_of, put_tags, tags_of, taken};
use crate::shown::shown_with_hash;

/// LiteLLM's name for whoever holds the master key, in `created_by`.
const PROXY_ADMIN: &str = "default_user_id";
/// Letters of a key's lasting id: 128 bits.
const ID_LETTERS: usize = 32;

pub(crate) async fn generate(admin: &Admin, all: Everything<'_>, body: &[u8]) -> Result<KeyObject, Error> {
    let request: GenerateKeyRequest = read_body(body)?;
    let (secret, hash) = match &request.key {
        Some(key) => (key.clone(), chosen_key("key", key, all.caller)?),
        None => made_key()?,
    };
    let record = record_of(request, &secret, hash, admin.now_ms())?;
    admin.store.insert_key(&record).await.map_err(taken)?;
    // Somebody may have shown the key before it was made, and been remembered as a stranger.
    admin.forget(&record.hash).await;
    Ok(KeyObject { key: Some(secret), ..shown_with_hash(admin, &record, Nanos::ZERO) })
}

/// A new key and its hash.
///
/// # Errors
/// `Internal`: the system has no randomness to give.
pub(crate) fn made_key() -> Result<(KeyText, KeyHash), Error> {
    let secret = KeyText::from(new_secret()?);
    let hash = hash_of(secret.expose());
    Ok((secret, hash))
}

fn record_of(
    request: GenerateKeyRequest,
    secret: &KeyText,
    hash: KeyHash,
    now_ms: i64,
) -> Result<KeyRecord, Error> {
    let mut metadata = request.metadata.unwrap_or_default();
    if let Some(tags) = &request.tags {
        put_tags(&mut metadata, tags);
    }
    let expires_ms = match request.duration.as_deref() {
        None | Some("") => None,
        Some(duration) => end_of(duration, now_ms)?,
    };
    let mut limits = Limits::default();
    limits::apply(request.limits, &mut limits, now_ms)?;
    Ok(KeyRecord {
        id: new_id()?,
        hash,
        key_name: name_of(secret.expose()),
        key_alias: request.key_alias.map(alias).transpose()?.flatten(),
        models: request.models.unwrap_or_default(),
        aliases: request.aliases.unwrap_or_default().into_iter().collect(),
        user_id: request.user_id.filter(|id| !id.is_empty()),
        team_id: request.team_id.filter(|id| !id.is_empty()),
        tags: tags_of(&metadata)?,
        metadata: Value::Object(metadata),
        limits,
        budget_id: request.budget_id.filter(|id| !id.is_empty()),
        allowed_routes: Vec::new(),
        total_spend: Nanos::ZERO,
        expires_ms,
        blocked: request.blocked.unwrap_or(false),
        created_by: Some(PROXY_ADMIN.to_owned()),
        created_ms: now_ms,
        updated_ms: now_ms,
    })
}

/// A lasting id that says nothing about the secret, so that accounts survive its rotation.
fn new_id() -> Result<KeyId, Error> {
    let random = hash_of(new_secret()?.expose_secret());
    Ok(KeyId::new(random.as_str().get(..ID_LETTERS).unwrap_or(random.as_str())))
}
