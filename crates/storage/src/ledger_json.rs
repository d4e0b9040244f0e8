//! Ledger rows as JSON: how they travel to PostgreSQL, and how those are kept that no ledger takes.

use std::borrow::Cow;

use serde::Serialize;
use weighhouse_types::KeyId;

use crate::columns::{accounts_json, tags_json, usage_flags, usage_json};
use crate::records::LedgerRow;

/// A ledger row as JSON; the names are the columns'.
#[derive(Serialize)]
pub(crate) struct Columns<'row> {
    pub(crate) call_id: String,
    pub(crate) number: u16,
    started_ms: i64,
    key_id: Option<&'row str>,
    key_hash: &'row str,
    user_id: Option<&'row str>,
    team_id: Option<&'row str>,
    end_user: Option<Cow<'row, str>>,
    operation: &'row str,
    requested_model: Cow<'row, str>,
    model_group: &'row str,
    deployment_id: &'row str,
    provider: &'row str,
    upstream_model: Cow<'row, str>,
    api_base: &'row str,
    outcome: &'row str,
    http_status: u16,
    response_id: Option<Cow<'row, str>>,
    stream: u8,
    usage: String,
    usage_flags: i64,
    raw_usage: Option<Cow<'row, str>>,
    cost_nanos: i64,
    arithmetic: &'row str,
    price_version: &'row str,
    queue_us: u32,
    overhead_us: u32,
    first_token_us: u32,
    total_us: u32,
    tags: String,
    accounts: Cow<'row, str>,
}

impl<'row> Columns<'row> {
    /// `storable` is how the database keeps a text of a client.
    pub(crate) fn of(row: &'row LedgerRow, storable: fn(&str) -> Cow<'_, str>) -> Self {
        Self {
            call_id: hex(row.attempt.call.as_bytes()),
            number: row.attempt.number,
            started_ms: row.started_ms,
            key_id: row.key_id.as_ref().map(KeyId::as_str),
            key_hash: row.key_hash.as_str(),
            user_id: row.user_id.as_deref(),
            team_id: row.team_id.as_deref(),
            end_user: row.end_user.as_deref().map(storable),
            operation: row.operation.name(),
            requested_model: storable(&row.requested_model),
            model_group: &row.model_group,
            deployment_id: &row.deployment_id,
            provider: &row.provider,
            upstream_model: storable(&row.upstream_model),
            api_base: &row.api_base,
            outcome: row.outcome.name(),
            http_status: row.http_status,
            response_id: row.response_id.as_deref().map(storable),
            stream: u8::from(row.stream),
            usage: usage_json(&row.usage),
            usage_flags: usage_flags(&row.usage),
            raw_usage: row.raw_usage.as_deref().map(storable),
            cost_nanos: row.cost.get(),
            arithmetic: &row.arithmetic,
            price_version: &row.price_version,
            queue_us: row.queue_us,
            overhead_us: row.overhead_us,
            first_token_us: row.first_token_us,
            total_us: row.total_us,
            tags: storable(&tags_json(&row.tags)).into_owned(),
            accounts: storable(&accounts_json(&row.accounts)).into_owned().into(),
        }
    }
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8; 16]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
