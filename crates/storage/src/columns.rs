//! Records as both databases keep them: what is queried in columns, the rest as JSON.

use serde::{Deserialize, Serialize};
use weighhouse_types::{
    AccountId, AttemptId, CallId, KeyHash, KeyId, Nanos, Operation, Scope, Usage, UsageClass, WindowId,
};

use crate::error::StoreError;
use crate::limits::Limits;
use crate::records::{KeyRecord, LedgerRow, Outcome};

/// What administrators set of a key and nobody queries by.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeyDetails {
    key_name: String,
    models: Vec<String>,
    aliases: Vec<(String, String)>,
    metadata: serde_json::Value,
    tags: Vec<String>,
    #[serde(flatten)]
    limits: Limits,
    #[serde(default)]
    budget_id: Option<String>,
    #[serde(default)]
    allowed_routes: Vec<String>,
    expires_ms: Option<i64>,
    blocked: bool,
    created_by: Option<String>,
}

/// A key's columns.
#[derive(Debug)]
pub(crate) struct KeyColumns {
    pub(crate) id: String,
    pub(crate) hash: String,
    pub(crate) key_alias: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) team_id: Option<String>,
    pub(crate) record: String,
    pub(crate) total_spend_nanos: i64,
    pub(crate) created_ms: i64,
    pub(crate) updated_ms: i64,
}

/// The columns of a key in the order in which statements name them.
pub(crate) const KEY_COLUMNS: &str =
    "id, hash, key_alias, user_id, team_id, record, total_spend_nanos, created_ms, updated_ms";

impl KeyColumns {
    pub(crate) fn of(key: &KeyRecord) -> Result<Self, StoreError> {
        let details = KeyDetails {
            key_name: key.key_name.clone(),
            models: key.models.clone(),
            aliases: key.aliases.clone(),
            metadata: key.metadata.clone(),
            tags: key.tags.clone(),
            limits: key.limits.clone(),
            budget_id: key.budget_id.clone(),
            allowed_routes: key.allowed_routes.clone(),
            expires_ms: key.expires_ms,
            blocked: key.blocked,
            created_by: key.created_by.clone(),
        };
        Ok(Self {
            id: key.id.to_string(),
            hash: key.hash.to_string(),
            key_alias: key.key_alias.clone(),
            user_id: key.user_id.clone(),
            team_id: key.team_id.clone(),
            record: serde_json::to_string(&details)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?,
            total_spend_nanos: key.total_spend.get(),
            created_ms: key.created_ms,
            updated_ms: key.updated_ms,
        })
    }

    pub(crate) fn read(self) -> Result<KeyRecord, StoreError> {
        let details: KeyDetails = serde_json::from_str(&self.record)
            .map_err(|error| StoreError::Corrupt(format!("key {}: {error}", self.id)))?;
        Ok(KeyRecord {
            id: KeyId::new(&self.id),
            hash: KeyHash::new(&self.hash),
            key_name: details.key_name,
            key_alias: self.key_alias,
            models: details.models,
            aliases: details.aliases,
            user_id: self.user_id,
            team_id: self.team_id,
            metadata: details.metadata,
            tags: details.tags,
            limits: details.limits,
            budget_id: details.budget_id,
            allowed_routes: details.allowed_routes,
            total_spend: Nanos::new(self.total_spend_nanos),
            expires_ms: details.expires_ms,
            blocked: details.blocked,
            created_by: details.created_by,
            created_ms: self.created_ms,
            updated_ms: self.updated_ms,
        })
    }
}

/// The columns of the ledger in the order in which statements name them.
pub(crate) const LEDGER_COLUMNS: &str = "call_id, number, started_ms, key_id, key_hash, user_id, team_id, end_user, \
     operation, requested_model, model_group, deployment_id, provider, upstream_model, api_base, outcome, http_status, \
     response_id, stream, usage, usage_flags, raw_usage, cost_nanos, arithmetic, price_version, queue_us, overhead_us, \
     first_token_us, total_us, tags, accounts";

/// A ledger row as it is read back; the names are the columns'.
#[derive(Debug)]
pub(crate) struct LedgerColumns {
    pub(crate) call_id: Vec<u8>,
    pub(crate) number: i64,
    pub(crate) started_ms: i64,
    pub(crate) key_id: Option<String>,
    pub(crate) key_hash: String,
    pub(crate) user_id: Option<String>,
    pub(crate) team_id: Option<String>,
    pub(crate) end_user: Option<String>,
    pub(crate) operation: String,
    pub(crate) requested_model: String,
    pub(crate) model_group: String,
    pub(crate) deployment_id: String,
    pub(crate) provider: String,
    pub(crate) upstream_model: String,
    pub(crate) api_base: String,
    pub(crate) outcome: String,
    pub(crate) http_status: i64,
    pub(crate) response_id: Option<String>,
    pub(crate) stream: i64,
    pub(crate) usage: String,
    pub(crate) usage_flags: i64,
    pub(crate) raw_usage: Option<String>,
    pub(crate) cost_nanos: i64,
    pub(crate) arithmetic: String,
    pub(crate) price_version: String,
    pub(crate) queue_us: i64,
    pub(crate) overhead_us: i64,
    pub(crate) first_token_us: i64,
    pub(crate) total_us: i64,
    pub(crate) tags: String,
    pub(crate) accounts: String,
}

impl LedgerColumns {
    pub(crate) fn read(self) -> Result<LedgerRow, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("a ledger row's {what}"));
        let call: [u8; 16] = self.call_id.try_into().map_err(|_| corrupt("call_id"))?;
        let tags: Vec<String> = serde_json::from_str(&self.tags).map_err(|_| corrupt("tags"))?;
        let number = |value: i64, what| u32::try_from(value).map_err(|_| corrupt(what));
        Ok(LedgerRow {
            attempt: AttemptId {
                call: CallId::from_bytes(call),
                number: u16::try_from(self.number).map_err(|_| corrupt("number"))?,
            },
            started_ms: self.started_ms,
            key_id: self.key_id.as_deref().map(KeyId::new),
            key_hash: KeyHash::new(&self.key_hash),
            user_id: self.user_id.map(Into::into),
            team_id: self.team_id.map(Into::into),
            end_user: self.end_user.map(Into::into),
            operation: Operation::from_name(&self.operation).ok_or_else(|| corrupt("operation"))?,
            requested_model: self.requested_model.into(),
            model_group: self.model_group.into(),
            deployment_id: self.deployment_id.into(),
            provider: self.provider.into(),
            upstream_model: self.upstream_model.into(),
            api_base: self.api_base.into(),
            outcome: Outcome::from_name(&self.outcome).ok_or_else(|| corrupt("outcome"))?,
            http_status: u16::try_from(self.http_status).map_err(|_| corrupt("http_status"))?,
            response_id: self.response_id.map(Into::into),
            stream: self.stream != 0,
            usage: read_usage(&self.usage, self.usage_flags).ok_or_else(|| corrupt("usage"))?,
            raw_usage: self.raw_usage.map(Into::into),
            cost: Nanos::new(self.cost_nanos),
            arithmetic: self.arithmetic.into(),
            price_version: self.price_version.into(),
            queue_us: number(self.queue_us, "queue_us")?,
            overhead_us: number(self.overhead_us, "overhead_us")?,
            first_token_us: number(self.first_token_us, "first_token_us")?,
            total_us: number(self.total_us, "total_us")?,
            tags: tags.into(),
            accounts: read_accounts(&self.accounts).ok_or_else(|| corrupt("accounts"))?,
        })
    }
}

/// Usage as `{"input_text":12,...}`.
pub(crate) fn usage_json(usage: &Usage) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    text.push('{');
    for (class, units) in usage.classes() {
        if text.len() > 1 {
            text.push(',');
        }
        let written = write!(text, "\"{}\":{units}", class.name());
        debug_assert!(written.is_ok(), "a String takes every text");
    }
    text.push('}');
    text
}

pub(crate) fn usage_flags(usage: &Usage) -> i64 {
    i64::from(usage.estimated) | (i64::from(usage.mismatch) << 1)
}

fn read_usage(text: &str, flags: i64) -> Option<Usage> {
    let classes: std::collections::BTreeMap<String, u64> = serde_json::from_str(text).ok()?;
    let mut usage = Usage::default();
    for (name, units) in classes {
        usage.set(UsageClass::from_name(&name)?, units);
    }
    usage.estimated = flags & 1 != 0;
    usage.mismatch = flags & 2 != 0;
    Some(usage)
}

/// Accounts as `[["team:a",""],["user:b","days:1@1795046400000"]]`.
pub(crate) fn accounts_json(accounts: &[AccountId]) -> std::borrow::Cow<'static, str> {
    if accounts.is_empty() {
        return "[]".into();
    }
    let pairs: Vec<(&str, &str)> =
        accounts.iter().map(|account| (account.scope.as_str(), account.window.as_str())).collect();
    serde_json::to_string(&pairs).unwrap_or_else(|_| "[]".into()).into()
}

fn read_accounts(text: &str) -> Option<std::sync::Arc<[AccountId]>> {
    let pairs: Vec<(String, String)> = serde_json::from_str(text).ok()?;
    let account = |(scope, window): (String, String)| {
        Some(AccountId { scope: Scope::parse(&scope)?, window: WindowId::parse(&window) })
    };
    pairs.into_iter().map(account).collect()
}

/// The names of a row's accounts as `scope window`.
///
/// # Errors
/// `Corrupt`: they are no accounts.
pub(crate) fn account_books(text: &str) -> Result<Vec<String>, StoreError> {
    let pairs: Vec<(std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)> = serde_json::from_str(text)
        .map_err(|error| StoreError::Corrupt(format!("the accounts of a ledger row: {error}")))?;
    Ok(pairs.into_iter().map(|(scope, window)| format!("{scope} {window}")).collect())
}

/// Tags as a JSON array; most rows have none.
pub(crate) fn tags_json(tags: &[String]) -> std::borrow::Cow<'static, str> {
    if tags.is_empty() {
        return "[]".into();
    }
    serde_json::to_string(tags).unwrap_or_else(|_| "[]".into()).into()
}
