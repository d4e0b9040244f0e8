//! What teams, users, customers, budgets and tags have in common.

use std::sync::mpsc::sync_channel;

use weighhouse_api::{KeyObject, PageQuery};
use weighhouse_auth::new_secret;
use weighhouse_storage::{Entity, EntityFilter, EntityKind, KeyFilter, KeyRecord, Page, StoreError};
use weighhouse_types::{Error, Kind};

use crate::admin::Admin;
use crate::rules::invalid;
use crate::shown::shown_with_hash;

/// Letters of an id that is made here.
const ID_LETTERS: usize = 22;
/// Longest id that is taken.
const MAX_ID_BYTES: usize = 256;
/// Keys that are shown with their team or user, or deleted with them.
const MAX_KEYS: u32 = 10_000;

/// The id that a request names, or a new one.
///
/// # Errors
/// `InvalidRequest`: it cannot be shown or is too long; `Internal`: the system has no randomness to give.
pub(crate) fn id_or_new(field: &'static str, named: Option<String>) -> Result<String, Error> {
    match named.filter(|id| !id.is_empty()) {
        Some(id) => checked_id(field, id),
        None => {
            use secrecy::ExposeSecret;
            let secret = new_secret()?;
            let letters = secret.expose_secret().trim_start_matches("sk-");
            Ok(letters.get(..ID_LETTERS.min(letters.len())).unwrap_or(letters).to_owned())
        }
    }
}

/// An id that a request must name.
///
/// # Errors
/// `InvalidRequest`.
pub(crate) fn checked_id(field: &'static str, id: String) -> Result<String, Error> {
    if id.is_empty() || id.len() > MAX_ID_BYTES || id.chars().any(char::is_control) {
        let message = format!("`{field}` must have 1 to {MAX_ID_BYTES} bytes and no control characters");
        return Err(invalid(field, message));
    }
    Ok(id)
}

/// Keeps a new record.
///
/// # Errors
/// `InvalidRequest`: its id is taken.
pub(crate) async fn insert<E: Entity>(admin: &Admin, field: &'static str, entity: &E) -> Result<(), Error> {
    admin.store.insert(entity).await.map_err(|error| match error {
        StoreError::Conflict(_) => invalid(
            field,
            format!("{} id = {} already exists. Use a different one.", E::KIND.name(), entity.id()),
        ),
        other => other.into(),
    })?;
    admin.forget_entity(E::KIND, entity.id()).await;
    Ok(())
}

/// The record of an id.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn find<E: Entity>(admin: &Admin, field: &'static str, id: &str) -> Result<E, Error> {
    admin.store.find::<E>(id).await?.ok_or_else(|| not_found(E::KIND, field, id))
}

/// Changes a record as it stands in the store, whoever else changes it, and gives it as it is then.
///
/// # Errors
/// `NotFound`; what `apply` refuses, and then nothing changes.
pub(crate) async fn change<E, Apply>(
    admin: &Admin,
    field: &'static str,
    id: &str,
    apply: Apply,
) -> Result<E, Error>
where
    E: Entity,
    Apply: FnOnce(&mut E) -> Result<(), Error> + Send + 'static,
{
    let (tell, told) = sync_channel(1);
    let edit = move |entity: &mut E| {
        let applied = apply(entity).map(|()| entity.clone());
        let is_changed = applied.is_ok();
        // Whoever asked may be gone; the change stands all the same.
        drop(tell.send(applied));
        is_changed
    };
    admin.store.edit(id, edit).await?;
    let applied = told.try_recv().map_err(|_| not_found(E::KIND, field, id))?;
    admin.forget_entity(E::KIND, id).await;
    applied
}

/// Deletes records; the ids of those that were there.
///
/// # Errors
/// `NotFound`: none of them was.
pub(crate) async fn delete<E: Entity>(
    admin: &Admin,
    field: &'static str,
    ids: &[String],
) -> Result<Vec<String>, Error> {
    let mut deleted = Vec::new();
    for id in ids {
        if admin.store.delete::<E>(id).await? {
            deleted.push(id.clone());
        }
        admin.forget_entity(E::KIND, id).await;
    }
    if deleted.is_empty() {
        return Err(not_found(E::KIND, field, &ids.join(", ")));
    }
    Ok(deleted)
}

/// A page of records, and how many there are in all.
///
/// # Errors
/// `InvalidRequest`: a number out of its bounds.
pub(crate) async fn page<E: Entity>(
    admin: &Admin,
    query: Option<&str>,
) -> Result<(Vec<E>, u64, PageQuery), Error> {
    let asked = PageQuery::read(query)?;
    let offset = (asked.page - 1).saturating_mul(u64::from(asked.page_size));
    let page = Page { offset, limit: asked.page_size };
    let (entities, total) = admin.store.list::<E>(&EntityFilter::default(), page).await?;
    Ok((entities, total, asked))
}

/// Keys as they are shown with their team or user.
///
/// # Errors
/// `Overloaded`: the store does not answer.
pub(crate) async fn keys_shown(admin: &Admin, filter: &KeyFilter) -> Result<Vec<KeyObject>, Error> {
    let mut shown = Vec::new();
    for key in keys(admin, filter).await? {
        let spent = admin.spent_of_key(&key).await?;
        shown.push(shown_with_hash(admin, &key, spent));
    }
    Ok(shown)
}

/// Deletes the keys of a team or user with it.
///
/// # Errors
/// `Overloaded`: the store does not answer.
pub(crate) async fn delete_keys(admin: &Admin, filter: &KeyFilter) -> Result<(), Error> {
    let hashes: Vec<_> = keys(admin, filter).await?.into_iter().map(|key| key.hash).collect();
    for hash in admin.store.delete_keys(&hashes).await? {
        admin.forget(&hash).await;
    }
    Ok(())
}

async fn keys(admin: &Admin, filter: &KeyFilter) -> Result<Vec<KeyRecord>, Error> {
    Ok(admin.store.list_keys(filter, Page { offset: 0, limit: MAX_KEYS }).await?.0)
}

fn not_found(kind: EntityKind, field: &'static str, id: &str) -> Error {
    let message = format!("{} not found, passed {field}={id}", kind.name());
    Error::new(Kind::NotFound, message).at(field)
}
