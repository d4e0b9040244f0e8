//! A key's record as it is shown.

use weighhouse_api::{Dollars, KeyObject};
use weighhouse_storage::KeyRecord;
use weighhouse_types::Nanos;

use crate::admin::Admin;
use crate::calendar::moment;
use crate::limits;

/// Shows a key without its hash or secret; `spend` is that of its present window.
pub(crate) fn shown(admin: &Admin, key: &KeyRecord, spend: Nanos) -> KeyObject {
    let now_ms = admin.now_ms();
    let status = match key.expires_ms {
        _ if key.blocked => "revoked",
        Some(expires) if expires <= now_ms => "expired",
        _ => "active",
    };
    KeyObject {
        key: None,
        token: None,
        token_id: None,
        key_name: Some(key.key_name.clone()),
        key_alias: key.key_alias.clone(),
        spend: Dollars(spend),
        total_spend: Dollars(key.total_spend),
        limits: limits::shown(&key.limits, &admin.zone, now_ms),
        budget_id: key.budget_id.clone(),
        expires: key.expires_ms.map(moment),
        models: key.models.clone(),
        aliases: key.aliases.iter().cloned().collect(),
        user_id: key.user_id.clone(),
        team_id: key.team_id.clone(),
        metadata: key.metadata.as_object().cloned().unwrap_or_default(),
        tags: key.tags.clone(),
        allowed_routes: key.allowed_routes.clone(),
        blocked: key.blocked,
        status: status.to_owned(),
        created_at: moment(key.created_ms),
        created_by: key.created_by.clone(),
        updated_at: moment(key.updated_ms),
    }
}

/// Shows a key with its hash.
pub(crate) fn shown_with_hash(admin: &Admin, key: &KeyRecord, spend: Nanos) -> KeyObject {
    let hash = Some(key.hash.to_string());
    KeyObject { token: hash.clone(), token_id: hash, ..shown(admin, key, spend) }
}
