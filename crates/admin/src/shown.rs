//! A key's record as it is shown.

use weighhouse_api::{Dollars, KeyObject};
use weighhouse_storage::KeyRecord;

use crate::calendar::moment;

/// Shows a key without its hash or secret.
pub(crate) fn shown(key: &KeyRecord, now_ms: i64) -> KeyObject {
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
        spend: Dollars(key.spend),
        total_spend: Dollars(key.total_spend),
        max_budget: key.max_budget.map(Dollars),
        expires: key.expires_ms.map(moment),
        models: key.models.clone(),
        aliases: key.aliases.iter().cloned().collect(),
        user_id: key.user_id.clone(),
        team_id: key.team_id.clone(),
        metadata: key.metadata.as_object().cloned().unwrap_or_default(),
        tags: key.tags.clone(),
        rpm_limit: key.rpm_limit,
        tpm_limit: key.tpm_limit,
        max_parallel_requests: key.max_parallel_requests,
        budget_duration: key.budget_duration.clone(),
        budget_reset_at: key.budget_reset_at_ms.map(moment),
        blocked: key.blocked,
        status: status.to_owned(),
        created_at: moment(key.created_ms),
        created_by: key.created_by.clone(),
        updated_at: moment(key.updated_ms),
    }
}

/// Shows a key with its hash.
pub(crate) fn shown_with_hash(key: &KeyRecord, now_ms: i64) -> KeyObject {
    let hash = Some(key.hash.to_string());
    KeyObject { token: hash.clone(), token_id: hash, ..shown(key, now_ms) }
}
