//! Makes a key.

use secrecy::ExposeSecret;
use serde_json::Value;
use weighhouse_api::{GenerateKeyRequest, KeyObject, KeyText, RouteGroup, read_body, routes_of_key_type};
use weighhouse_auth::{Granted, check_allowed_routes, hash_of, new_secret};
use weighhouse_storage::{KeyRecord, Limits, TeamRecord};
use weighhouse_types::{Error, KeyHash, KeyId, Nanos};

use crate::admin::Admin;
use crate::bounds::{Bounds, check_routes};
use crate::calendar::end_of;
use crate::named_budget::check_given;
use crate::rules::{alias, chosen_key, invalid, name_of, put_tags, tags_of, taken};
use crate::self_service::claim;
use crate::shown::shown_with_hash;
use crate::{entity, limits};

/// LiteLLM's name for whoever holds the master key, in `created_by`.
const PROXY_ADMIN: &str = "default_user_id";
/// The member of the metadata that names a service account, in LiteLLM and here.
const SERVICE_ACCOUNT: &str = "service_account_id";
/// Letters of a key's lasting id: 128 bits.
const ID_LETTERS: usize = 32;

pub(crate) async fn generate(admin: &Admin, granted: &Granted, body: &[u8]) -> Result<KeyObject, Error> {
    let mut request: GenerateKeyRequest = read_body(body)?;
    claim(admin, granted, &mut request, false).await?;
    make(admin, granted, request).await
}

/// Makes a key of a team that no user owns: it outlives the members, and the limits of members do not bound it.
pub(crate) async fn service_account(
    admin: &Admin,
    granted: &Granted,
    body: &[u8],
) -> Result<KeyObject, Error> {
    let mut request: GenerateKeyRequest = read_body(body)?;
    claim(admin, granted, &mut request, true).await?;
    let Some(team) = &request.team_id else {
        let message =
            "team_id is required for service account keys. Please specify `team_id` in the request body.";
        return Err(invalid("team_id", message));
    };
    entity::find::<TeamRecord>(admin, "team_id", team).await?;
    let metadata = request.metadata.get_or_insert_default();
    if metadata.get(SERVICE_ACCOUNT).is_none_or(Value::is_null) {
        let id = match &request.key_alias {
            Some(alias) => alias.clone(),
            None => new_id()?.to_string(),
        };
        metadata.insert(SERVICE_ACCOUNT.to_owned(), id.into());
    }
    make(admin, granted, request).await
}

async fn make(admin: &Admin, granted: &Granted, request: GenerateKeyRequest) -> Result<KeyObject, Error> {
    let (secret, hash) = match &request.key {
        Some(key) => (key.clone(), chosen_key("key", key, granted.caller()?)?),
        None => made_key()?,
    };
    let mut record = record_of(request, &secret, hash, admin.now_ms())?;
    if let Some(user) = granted.user_id() {
        record.created_by = Some(user.to_owned());
    }
    check_given(admin, record.budget_id.as_deref()).await?;
    let (user, team) = (record.user_id.clone(), record.team_id.clone());
    if let Some(bounds) = Bounds::of(admin, granted, user.as_deref(), team.as_deref()).await? {
        bounds.fill(&mut record);
        bounds.check(admin, None, &record).await?;
    }
    check_routes(granted, None, &record)?;
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
    let mut allowed_routes = request.allowed_routes.unwrap_or_default();
    check_allowed_routes(&allowed_routes)?;
    if let Some(preset) = preset(request.key_type.as_deref())? {
        allowed_routes = vec![preset.name().to_owned()];
    }
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
        allowed_routes,
        total_spend: Nanos::ZERO,
        expires_ms,
        blocked: request.blocked.unwrap_or(false),
        created_by: Some(PROXY_ADMIN.to_owned()),
        created_ms: now_ms,
        updated_ms: now_ms,
    })
}

fn preset(key_type: Option<&str>) -> Result<Option<RouteGroup>, Error> {
    let Some(key_type) = key_type else { return Ok(None) };
    routes_of_key_type(key_type).ok_or_else(|| {
        invalid("key_type", "key_type must be one of default, llm_api, management, read_only")
            .with_status(422)
    })
}

/// A lasting id that says nothing about the secret, so that accounts survive its rotation.
fn new_id() -> Result<KeyId, Error> {
    let random = hash_of(new_secret()?.expose_secret());
    Ok(KeyId::new(random.as_str().get(..ID_LETTERS).unwrap_or(random.as_str())))
}
