//! Many keys at once: told about, changed, named. What a caller does not reach is left out or refused for itself.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use weighhouse_api::{
    BulkUpdateKeysRequest, BulkUpdateTeamKeysRequest, BulkUpdatedKeys, FailedKey, KeyAliases,
    KeyAliasesQuery, KeyInfos, KeyInfosRequest, KeyText, UpdateKeyRequest, UpdatedKey, read_body,
};
use weighhouse_auth::{Everything, Granted};
use weighhouse_storage::{KeyFilter, KeyRecord, Page};
use weighhouse_types::{Error, Kind};

use crate::admin::Admin;
use crate::named::{hash_named, reached_key};
use crate::rules::invalid;
use crate::shown::shown;
use crate::update;

/// Keys that one request may name, as in LiteLLM.
const MAX_KEYS: usize = 500;
/// The same and one more, to tell that there are more.
const MANY: u32 = 501;

pub(crate) async fn infos(admin: &Admin, granted: &Granted, body: &[u8]) -> Result<KeyInfos, Error> {
    let request: KeyInfosRequest = read_body(body)?;
    let aliases = request.key_aliases.unwrap_or_default();
    bounded("keys", request.keys.as_ref().map_or(0, Vec::len).max(aliases.len()))?;
    let mut info = Vec::new();
    for key in request.keys.iter().flatten() {
        let found = admin.store.key_by_hash(&hash_named(key.expose())).await?;
        info.extend(found.filter(|key| granted.reaches_key(key)));
    }
    for alias in &aliases {
        let found = admin.store.key_by_alias(alias).await?;
        info.extend(found.filter(|key| granted.reaches_key(key)));
    }
    let mut shown_keys = Vec::with_capacity(info.len());
    for key in &info {
        shown_keys.push(shown(admin, key, admin.spent_of_key(key).await?));
    }
    Ok(KeyInfos { key: request.keys, info: shown_keys })
}

pub(crate) async fn aliases(
    admin: &Admin,
    granted: &Granted,
    query: Option<&str>,
) -> Result<KeyAliases, Error> {
    let query = KeyAliasesQuery::read(query)?;
    let filter = KeyFilter { team_id: query.team_id, of: granted.keys(), ..KeyFilter::default() };
    let size = u64::from(query.size);
    let page = Page { offset: (query.page - 1).saturating_mul(size), limit: query.size };
    let (aliases, total_count) = admin.store.key_aliases(&filter, query.search.as_deref(), page).await?;
    Ok(KeyAliases {
        aliases,
        total_count,
        current_page: query.page,
        total_pages: total_count.div_ceil(size),
        size: query.size,
    })
}

pub(crate) async fn update_each(
    admin: &Admin,
    all: Everything<'_>,
    body: &[u8],
) -> Result<BulkUpdatedKeys, Error> {
    let request: BulkUpdateKeysRequest = read_body(body)?;
    if request.keys.is_empty() {
        return Err(invalid("keys", "No keys provided for update"));
    }
    bounded("keys", request.keys.len())?;
    let named = request.keys.into_iter().map(|fields| {
        let named = fields.get("key").and_then(Value::as_str).map(KeyText::new);
        named
            .map(|named| (named, fields))
            .ok_or_else(|| invalid("keys", "every entry of `keys` must name its `key`").with_status(422))
    });
    // Nothing is changed before all entries are known to be whole.
    let named = named.collect::<Result<Vec<_>, _>>()?;
    let mut updated = BulkUpdatedKeys::of(named.len());
    for (named, fields) in named {
        match reached_key(&admin.store, all.granted(), "key", &named).await {
            Ok(key) => updated.note(admin, all.granted(), named, key, fields).await?,
            Err(error) => updated.fail(named, &error),
        }
    }
    Ok(updated)
}

pub(crate) async fn update_of_team(
    admin: &Admin,
    granted: &Granted,
    body: &[u8],
) -> Result<BulkUpdatedKeys, Error> {
    let request: BulkUpdateTeamKeysRequest = read_body(body)?;
    granted.check_whole_team("team_id", &request.team_id)?;
    for fixed in ["key", "team_id", "user_id"] {
        if request.update_fields.contains_key(fixed) {
            return Err(invalid("update_fields", format!("`update_fields` must not hold `{fixed}`")));
        }
    }
    let named = request.key_ids.unwrap_or_default();
    bounded("key_ids", named.len())?;
    if named.is_empty() != request.all_keys_in_team {
        let message = "give either `key_ids` or `all_keys_in_team: true`";
        return Err(invalid("key_ids", message).with_status(422));
    }
    let filter = KeyFilter { team_id: Some(request.team_id.clone()), ..KeyFilter::default() };
    if request.all_keys_in_team {
        let (found, _) = admin.store.list_keys(&filter, Page { offset: 0, limit: MANY }).await?;
        bounded("all_keys_in_team", found.len())?;
        let now_ms = admin.now_ms();
        let works = |key: &KeyRecord| !key.blocked && key.expires_ms.is_none_or(|expires| now_ms < expires);
        let keys: Vec<KeyRecord> = found.into_iter().filter(works).collect();
        if keys.is_empty() {
            let message = format!("No keys found for team {}", request.team_id);
            return Err(Error::new(Kind::NotFound, message).at("team_id"));
        }
        let mut updated = BulkUpdatedKeys::of(keys.len());
        for key in keys {
            let named = KeyText::new(key.hash.as_str());
            updated.note(admin, granted, named, key, request.update_fields.clone()).await?;
        }
        return Ok(updated);
    }
    let mut seen = BTreeSet::new();
    let named: Vec<_> =
        named.into_iter().filter(|key| seen.insert(hash_named(key.expose()).to_string())).collect();
    let mut updated = BulkUpdatedKeys::of(named.len());
    for named in named {
        let found = admin.store.key_by_hash(&hash_named(named.expose())).await?;
        match found.filter(|key| key.team_id.as_ref() == Some(&request.team_id)) {
            Some(key) => updated.note(admin, granted, named, key, request.update_fields.clone()).await?,
            None => {
                let message = format!("Key not found in team {}", request.team_id);
                updated.fail(named, &Error::new(Kind::NotFound, message));
            }
        }
    }
    Ok(updated)
}

/// The results of an update, key by key.
trait Results: Sized {
    fn of(total: usize) -> Self;
    async fn note(
        &mut self,
        admin: &Admin,
        granted: &Granted,
        named: KeyText,
        key: KeyRecord,
        fields: Map<String, Value>,
    ) -> Result<(), Error>;
    fn fail(&mut self, named: KeyText, error: &Error);
}

impl Results for BulkUpdatedKeys {
    fn of(total: usize) -> Self {
        Self { total_requested: total, successful_updates: Vec::new(), failed_updates: Vec::new() }
    }

    /// Changes a key, and notes what became of it.
    async fn note(
        &mut self,
        admin: &Admin,
        granted: &Granted,
        named: KeyText,
        key: KeyRecord,
        mut fields: Map<String, Value>,
    ) -> Result<(), Error> {
        fields.remove("key");
        let known = key.clone();
        let changed = match read_body::<UpdateKeyRequest>(Value::Object(fields).to_string().as_bytes()) {
            Ok(request) => update::change(admin, granted, key, request).await,
            Err(error) => Err(error),
        };
        match changed {
            Ok(key_info) => self.successful_updates.push(UpdatedKey { key: named, key_info }),
            Err(error) => {
                let key_info = Some(shown(admin, &known, admin.spent_of_key(&known).await?));
                let failed_reason = error.message;
                self.failed_updates.push(FailedKey { key: named, key_info, failed_reason });
            }
        }
        Ok(())
    }

    fn fail(&mut self, named: KeyText, error: &Error) {
        let failed_reason = error.message.clone();
        self.failed_updates.push(FailedKey { key: named, key_info: None, failed_reason });
    }
}

fn bounded(field: &'static str, count: usize) -> Result<(), Error> {
    if count <= MAX_KEYS {
        return Ok(());
    }
    Err(invalid(field, format!("at most {MAX_KEYS} keys can be named at once; send several requests")))
}
