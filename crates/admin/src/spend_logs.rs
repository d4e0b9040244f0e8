//! Reads the ledger: one row per attempt, or a period day by day.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Response;
use serde_json::json;
use weighhouse_api::{
    ChargedAccount, Dollars, SpendLog, SpendLogsQuery, SpendMetadata, SpendSummary, SpendTimings,
};
use weighhouse_auth::Granted;
use weighhouse_storage::{DAY_MS, DailyDimension, DailyQuery, KeyRecord, LedgerFilter, LedgerRow};
use weighhouse_types::{Error, KeyHash, Nanos, Scope, ScopeKind};

use crate::admin::Admin;
use crate::answer;
use crate::calendar::{date_of, days_of, moment, start_of_day};
use crate::named::hash_named;

/// LiteLLM's cap (contract §6c).
const MAX_ROWS: u32 = 10_000;

/// Rows, or with both days of a period its sums.
pub(crate) async fn read(
    admin: &Admin,
    granted: &Granted,
    query: Option<&str>,
) -> Result<Response<Bytes>, Error> {
    let query = SpendLogsQuery::read(query)?;
    if let Some(period) = query.summarized() {
        return answer::json(&summary(admin, granted, &query, period).await?);
    }
    let filter = narrowed(admin, granted, query).await?;
    let rows = admin.store.ledger(&filter).await?;
    let shown: Vec<SpendLog> = rows.iter().map(log).collect();
    answer::json(&shown)
}

/// A period day by day, in LiteLLM's shape.
async fn summary(
    admin: &Admin,
    granted: &Granted,
    query: &SpendLogsQuery,
    (start, end): (&str, &str),
) -> Result<Vec<SpendSummary>, Error> {
    let (first, end) = days_of(start, end)?;
    let mut days: BTreeMap<i64, DaySums> = BTreeMap::new();
    if query.request_id.is_some() {
        // Sums of days know no single call.
        let filter = narrowed(admin, granted, query.clone()).await?;
        for row in admin.store.ledger(&filter).await? {
            let key = row.key_hash.as_str();
            let user = row.user_id.as_deref().unwrap_or_default();
            let day = days.entry(row.started_ms.div_euclid(DAY_MS)).or_default();
            day.add((key, user, &row.upstream_model), row.cost);
        }
    } else {
        for row in admin.sums(&of_days(admin, granted, query, (first, end - 1)).await?).await? {
            let day = days.entry(row.day).or_default();
            day.add((&row.key_hash, &row.user_id, &row.upstream_model), row.sums.spend);
        }
    }
    let Some(last) = days.keys().next_back().copied() else { return Ok(Vec::new()) };
    // LiteLLM fills the days from the last one that has any to the end.
    let padding = (last + 1..=end).map(|day| DaySums::default().shown(day));
    Ok(days.iter().map(|(day, sums)| sums.shown(*day)).chain(padding).collect())
}

async fn of_days(
    admin: &Admin,
    granted: &Granted,
    query: &SpendLogsQuery,
    (from, to): (i64, i64),
) -> Result<DailyQuery, Error> {
    let mut only = Vec::new();
    if let Some(key) = &query.api_key {
        let (hash, key) = key_asked(admin, granted, key.expose()).await?;
        only.push(match key {
            Some(key) => (DailyDimension::KeyId, vec![key.id.to_string()]),
            None => (DailyDimension::KeyHash, vec![hash.to_string()]),
        });
    }
    if let Some(user) = &query.user_id {
        only.push((DailyDimension::User, vec![user.clone()]));
    }
    Ok(DailyQuery {
        by: vec![DailyDimension::Day, DailyDimension::KeyHash, DailyDimension::User, DailyDimension::Model],
        from_day: Some(from),
        to_day: Some(to),
        only,
        of: granted.keys(),
        ..DailyQuery::default()
    })
}

/// What was spent on a day, by key, user and model.
#[derive(Default)]
struct DaySums {
    spend: Nanos,
    keys: BTreeMap<String, Nanos>,
    users: BTreeMap<String, Nanos>,
    models: BTreeMap<String, Nanos>,
}

impl DaySums {
    fn add(&mut self, (key, user, model): (&str, &str, &str), nanos: Nanos) {
        self.spend += nanos;
        *self.keys.entry(key.to_owned()).or_default() += nanos;
        *self.users.entry(user.to_owned()).or_default() += nanos;
        *self.models.entry(model.to_owned()).or_default() += nanos;
    }

    fn shown(&self, day: i64) -> SpendSummary {
        let dollars = |sums: &BTreeMap<String, Nanos>| -> BTreeMap<String, Dollars> {
            sums.iter().map(|(name, nanos)| (name.clone(), Dollars(*nanos))).collect()
        };
        let of_keys = self.keys.iter().map(|(hash, nanos)| (hash.clone(), json!(Dollars(*nanos))));
        let fields = [
            ("startTime", json!(date_of(day))),
            ("spend", json!(Dollars(self.spend))),
            ("users", json!(dollars(&self.users))),
            ("models", json!(dollars(&self.models))),
        ];
        of_keys.chain(fields.map(|(name, value)| (name.to_owned(), value))).collect()
    }
}

/// The key that a query names, if the caller reaches it.
///
/// # Errors
/// `RouteDenied`; `Overloaded`: the store does not answer.
pub(crate) async fn key_asked(
    admin: &Admin,
    granted: &Granted,
    named: &str,
) -> Result<(KeyHash, Option<KeyRecord>), Error> {
    let hash = hash_named(named);
    let key = admin.store.key_by_hash(&hash).await?;
    if !granted.reaches_everything() && !key.as_ref().is_some_and(|key| granted.reaches_key(key)) {
        return Err(granted.denied_key("api_key"));
    }
    Ok((hash, key))
}

/// What the query asks for, and of that what the caller may see.
async fn narrowed(admin: &Admin, granted: &Granted, query: SpendLogsQuery) -> Result<LedgerFilter, Error> {
    let day = |name, day: Option<String>| day.map(|day| start_of_day(name, &day)).transpose();
    let mut filter = LedgerFilter {
        of: granted.keys(),
        user_id: query.user_id,
        request_id: query.request_id,
        from_ms: day("start_date", query.start_date)?,
        // LiteLLM's end is the first moment of the day, that moment included.
        until_ms: day("end_date", query.end_date)?.map(|midnight| midnight + 1),
        limit: MAX_ROWS,
        ..LedgerFilter::default()
    };
    if let Some(key) = &query.api_key {
        narrow_to_key(admin, granted, key.expose(), &mut filter).await?;
    }
    Ok(filter)
}

/// Narrows to a key. One that still exists is read by its lasting id, so that rows from before a rotation are
/// found.
///
/// # Errors
/// As [`key_asked`].
pub(crate) async fn narrow_to_key(
    admin: &Admin,
    granted: &Granted,
    named: &str,
    filter: &mut LedgerFilter,
) -> Result<(), Error> {
    match key_asked(admin, granted, named).await? {
        (_, Some(key)) => filter.key_id = Some(key.id),
        (hash, None) => filter.key_hash = Some(hash),
    }
    Ok(())
}

/// A row in LiteLLM's shape.
pub(crate) fn log(row: &LedgerRow) -> SpendLog {
    let after = |micros: u32| moment(row.started_ms + i64::from(micros / 1_000));
    let call = row.attempt.call.to_string();
    let began_us = if row.first_token_us == 0 { row.total_us } else { row.first_token_us };
    SpendLog {
        request_id: row.response_id.as_deref().map_or_else(|| call.clone(), str::to_owned),
        call_type: row.operation.call_type().to_owned(),
        api_key: row.key_hash.to_string(),
        spend: Dollars(row.cost),
        total_tokens: row.usage.total(),
        prompt_tokens: row.usage.input(),
        completion_tokens: row.usage.output(),
        start_time: moment(row.started_ms),
        end_time: after(row.total_us),
        completion_start_time: after(began_us),
        request_duration_ms: u64::from(row.total_us / 1_000),
        model: row.upstream_model.to_string(),
        model_id: row.deployment_id.to_string(),
        model_group: row.model_group.to_string(),
        custom_llm_provider: row.provider.to_string(),
        api_base: row.api_base.to_string(),
        user: row.user_id.as_deref().unwrap_or_default().to_owned(),
        metadata: metadata(row),
        // No answer comes from a cache that is not there.
        cache_hit: "False".to_owned(),
        request_tags: row.tags.to_vec(),
        team_id: row.team_id.as_deref().map(str::to_owned),
        end_user: row.end_user.as_deref().map(str::to_owned),
        session_id: call.clone(),
        status: row.outcome.name().to_owned(),
        litellm_call_id: call,
    }
}

/// The key's account for life is the key's own row, which no ledger row names.
fn accounts(row: &LedgerRow) -> Vec<ChargedAccount> {
    let of_key = row.key_id.as_ref().map(|id| Scope::new(ScopeKind::Key, id.as_str()));
    let of_key =
        of_key.map(|scope| ChargedAccount { scope: scope.as_str().to_owned(), window: String::new() });
    let others = row.accounts.iter().map(|account| ChargedAccount {
        scope: account.scope.as_str().to_owned(),
        window: account.window.as_str().to_owned(),
    });
    of_key.into_iter().chain(others).collect()
}

fn metadata(row: &LedgerRow) -> SpendMetadata {
    let usage: BTreeMap<String, u64> =
        row.usage.classes().map(|(class, units)| (class.name().to_owned(), units)).collect();
    let json = |text: &str| serde_json::from_str(text).unwrap_or_default();
    SpendMetadata {
        attempt: row.attempt.number,
        requested_model: row.requested_model.to_string(),
        http_status: row.http_status,
        stream: row.stream,
        usage,
        usage_estimated: row.usage.estimated,
        usage_mismatch: row.usage.mismatch,
        usage_object: row.raw_usage.as_deref().map(json).unwrap_or_default(),
        arithmetic: json(&row.arithmetic),
        price_version: row.price_version.to_string(),
        accounts: accounts(row),
        timings: SpendTimings {
            queue_us: row.queue_us,
            overhead_us: row.overhead_us,
            first_token_us: row.first_token_us,
            total_us: row.total_us,
        },
    }
}
