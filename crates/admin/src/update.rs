//! Changes a key: a merge patch, as in LiteLLM.

use serde_json::Value;
use weighhouse_api::{KeyObject, KeyText, Patch, UpdateKeyRequest, read_body};
use weighhouse_auth::{Granted, check_allowed_routes};
use weighhouse_storage::KeyRecord;
use weighhouse_types::{Error, Kind};

use crate::admin::Admin;
use crate::bounds::{Bounds, check_routes};
use crate::calendar::end_of;
use crate::limits;
use crate::named::{not_found, reached_key, reached_key_of_alias};
use crate::named_budget::check_given;
use crate::rules::{alias, invalid, put_tags, tags_of, taken};
use crate::self_service::check_update;
use crate::shown::shown_with_hash;

/// How often a change is tried that others get before.
pub(crate) const MAX_TRIES: usize = 8;

pub(crate) async fn update(admin: &Admin, granted: &Granted, body: &[u8]) -> Result<KeyObject, Error> {
    let mut request: UpdateKeyRequest = read_body(body)?;
    let key = match (&request.key, &request.key_alias) {
        (Some(key), _) => reached_key(&admin.store, granted, "key", key).await?,
        (None, Patch::Set(alias)) => {
            let key = reached_key_of_alias(&admin.store, granted, alias).await?;
            request.key_alias = Patch::Keep;
            key
        }
        (None, Patch::Keep | Patch::Clear) => {
            return Err(invalid("key", "either key or key_alias must be provided").with_status(422));
        }
    };
    let named = request.key.take();
    let named = named.unwrap_or_else(|| KeyText::new(key.hash.as_str()));
    Ok(KeyObject { key: Some(named), ..change(admin, granted, key, request).await? })
}

/// Changes a key that the caller reaches, within what they may give. Whoever else changes it meanwhile is not undone.
///
/// # Errors
/// Names the field and the bound.
pub(crate) async fn change(
    admin: &Admin,
    granted: &Granted,
    mut before: KeyRecord,
    mut request: UpdateKeyRequest,
) -> Result<KeyObject, Error> {
    request.user_id = request.user_id.or_clear(String::is_empty);
    request.budget_id = request.budget_id.or_clear(String::is_empty);
    for _ in 0..MAX_TRIES {
        check_update(granted, &before, &request)?;
        let mut key = before.clone();
        apply(request.clone(), &mut key, admin.now_ms())?;
        if key.budget_id != before.budget_id {
            check_given(admin, key.budget_id.as_deref()).await?;
        }
        check_routes(granted, Some(&before), &key)?;
        let bounds = Bounds::of(admin, granted, key.user_id.as_deref(), key.team_id.as_deref()).await?;
        if let Some(bounds) = bounds {
            bounds.check(admin, Some(&before), &key).await?;
        }
        key.updated_ms = admin.now_ms();
        if admin.store.update_key(&before, &key).await.map_err(taken)? {
            admin.forget(&key.hash).await;
            let spent = admin.spent_of_key(&key).await?;
            return Ok(shown_with_hash(admin, &key, spent));
        }
        before = admin.store.key_by_hash(&before.hash).await?.ok_or_else(not_found)?;
    }
    Err(busy())
}

/// Somebody else changes a key all the time.
pub(crate) fn busy() -> Error {
    Error::new(Kind::Conflict, "the key is being changed by others; try again in a moment").at("key")
}

/// Puts what the request says into the record.
fn apply(request: UpdateKeyRequest, key: &mut KeyRecord, now_ms: i64) -> Result<(), Error> {
    match request.key_alias {
        Patch::Keep => {}
        Patch::Clear => key.key_alias = None,
        Patch::Set(name) => key.key_alias = alias(name)?,
    }
    match request.duration {
        Patch::Keep => {}
        Patch::Clear => key.expires_ms = None,
        // LiteLLM lets an empty text change nothing.
        Patch::Set(duration) if duration.is_empty() => {}
        Patch::Set(duration) => key.expires_ms = end_of(&duration, now_ms)?,
    }
    limits::apply(request.limits, &mut key.limits, now_ms)?;
    request.budget_id.apply(&mut key.budget_id);
    match request.models {
        Patch::Keep => {}
        Patch::Clear => key.models.clear(),
        Patch::Set(models) => key.models = models,
    }
    match request.aliases {
        Patch::Keep => {}
        Patch::Clear => key.aliases.clear(),
        Patch::Set(aliases) => key.aliases = aliases.into_iter().collect(),
    }
    match request.blocked {
        Patch::Keep => {}
        Patch::Clear => key.blocked = false,
        Patch::Set(blocked) => key.blocked = blocked,
    }
    match request.allowed_routes {
        Patch::Keep => {}
        Patch::Clear => key.allowed_routes.clear(),
        Patch::Set(routes) => {
            check_allowed_routes(&routes)?;
            key.allowed_routes = routes;
        }
    }
    request.user_id.apply(&mut key.user_id);
    // LiteLLM lets an empty team change nothing.
    if request.team_id != Patch::Set(String::new()) {
        request.team_id.apply(&mut key.team_id);
    }

    let mut metadata = match request.metadata {
        Patch::Set(metadata) => metadata,
        Patch::Keep | Patch::Clear => key.metadata.as_object().cloned().unwrap_or_default(),
    };
    if let Patch::Set(tags) = request.tags {
        put_tags(&mut metadata, &tags);
    }
    key.tags = tags_of(&metadata)?;
    key.metadata = Value::Object(metadata);
    Ok(())
}
