//! Reads the ledger: one row per attempt.

use std::collections::BTreeMap;

use weighhouse_api::{
    Dollars, LedgerAudit, SpendLog, SpendLogsQuery, SpendMetadata, SpendTimings, WrongBook,
};
use weighhouse_auth::Granted;
use weighhouse_storage::{Discrepancy, LedgerFilter, LedgerRow};
use weighhouse_types::Error;

use crate::admin::Admin;
use crate::calendar::{moment, start_of_day};
use crate::named::hash_named;

/// LiteLLM's cap (contract §6c).
const MAX_ROWS: u32 = 10_000;

pub(crate) async fn read(
    admin: &Admin,
    granted: &Granted,
    query: Option<&str>,
) -> Result<Vec<SpendLog>, Error> {
    let mut filter = narrowed(SpendLogsQuery::read(query)?, granted)?;
    if let Some(hash) = &filter.key_hash {
        let key = admin.store.key_by_hash(hash).await?;
        if !granted.reaches_everything() && !key.as_ref().is_some_and(|key| granted.reaches_key(key)) {
            return Err(granted.denied_key("api_key"));
        }
        // A key that still exists is read by its lasting id, so that rows from before a rotation are found.
        if let Some(key) = key {
            filter.key_id = Some(key.id);
            filter.key_hash = None;
        }
    }
    let rows = admin.store.ledger(&filter).await?;
    Ok(rows.iter().map(log).collect())
}

/// The books held against the ledger.
pub(crate) async fn verify(admin: &Admin) -> Result<LedgerAudit, Error> {
    let audit = admin.store.audit().await?;
    let wrong = |wrong: Discrepancy| WrongBook {
        book: wrong.book,
        said: Dollars(wrong.said),
        ledger: Dollars(wrong.ledger),
    };
    Ok(LedgerAudit {
        rows: audit.rows,
        total: Dollars(audit.total),
        books: audit.books,
        wrong: audit.wrong.into_iter().map(wrong).collect(),
    })
}

/// What the query asks for, and of that what the caller may see.
fn narrowed(query: SpendLogsQuery, granted: &Granted) -> Result<LedgerFilter, Error> {
    let key_hash = query.api_key.as_ref().map(|key| hash_named(key.expose()));
    let day = |name, day: Option<String>| day.map(|day| start_of_day(name, &day)).transpose();
    Ok(LedgerFilter {
        team_id: None,
        end_user: None,
        of: granted.keys(),
        key_id: None,
        key_hash,
        user_id: query.user_id,
        request_id: query.request_id,
        from_ms: day("start_date", query.start_date)?,
        // LiteLLM's end is the first moment of the day, that moment included.
        until_ms: day("end_date", query.end_date)?.map(|midnight| midnight + 1),
        limit: MAX_ROWS,
    })
}

/// A row in LiteLLM's shape.
fn log(row: &LedgerRow) -> SpendLog {
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
        timings: SpendTimings {
            queue_us: row.queue_us,
            overhead_us: row.overhead_us,
            first_token_us: row.first_token_us,
            total_us: row.total_us,
        },
    }
}
