//! What rows of the ledger would cost by the prices in force. Rows are never changed: this only tells.

use std::cmp::Reverse;

use weighhouse_api::{Dollars, RepriceRequest, Repriced, RepricedRow, read_body};
use weighhouse_catalog::{PriceMoment, Tier};
use weighhouse_storage::{DAY_MS, LedgerFilter, LedgerPlace, LedgerRow};
use weighhouse_types::{AttemptId, CallId, Error, Kind, Nanos};

use crate::admin::Admin;
use crate::calendar::{day_number, moment};
use crate::in_force::{InForce, Priced};
use crate::named::hash_named;

/// Rows of a page, at most and where the request does not say: as many as are reckoned without holding up calls.
const MOST_ROWS: u32 = 2_000;
/// Rows that are named because they differ most.
const LARGEST: usize = 20;

pub(crate) async fn reprice(admin: &Admin, body: &[u8]) -> Result<Repriced, Error> {
    let request: RepriceRequest = read_body(body)?;
    let in_force = admin.in_force()?;
    let filter = narrowed(admin, &request).await?;
    let rows = admin.store.ledger(&filter).await?;
    let mut told = Repriced { dry_run: true, ..Repriced::default() };
    for row in &rows {
        tell(&mut told, row, in_force);
    }
    told.largest.sort_by_key(|row| Reverse(difference(row)));
    told.largest.truncate(LARGEST);
    let is_full = u32::try_from(rows.len()).is_ok_and(|count| count == filter.limit);
    told.next_cursor = rows.last().filter(|_| is_full).map(cursor);
    Ok(told)
}

fn tell(told: &mut Repriced, row: &LedgerRow, in_force: &dyn InForce) {
    let priced = in_force.prices_of_row(row);
    let now = cost(row, &priced);
    let new = now.unwrap_or(row.cost);
    told.rows += 1;
    told.unpriced += u64::from(now.is_none());
    told.old_spend.0 += row.cost;
    told.new_spend.0 += new;
    if new == row.cost {
        return;
    }
    told.changed += 1;
    let call = row.attempt.call.to_string();
    told.largest.push(RepricedRow {
        request_id: row.response_id.as_deref().map_or_else(|| call.clone(), str::to_owned),
        litellm_call_id: call,
        attempt: row.attempt.number,
        start_time: moment(row.started_ms),
        model: row.upstream_model.to_string(),
        custom_llm_provider: row.provider.to_string(),
        old_spend: Dollars(row.cost),
        new_spend: Dollars(new),
        old_price_version: row.price_version.to_string(),
        new_price_version: priced.1.to_string(),
    });
    if told.largest.len() > LARGEST * 8 {
        told.largest.sort_by_key(|row| Reverse(difference(row)));
        told.largest.truncate(LARGEST);
    }
}

/// What a row would cost at the moment of its admission. None: it used something that has no price.
fn cost(row: &LedgerRow, priced: &Priced) -> Option<Nanos> {
    if row.arithmetic.is_empty() && row.cost > Nanos::ZERO {
        // A crash cut it off: nobody saw what it used, so it keeps what was held for it.
        return Some(row.cost);
    }
    let at = |tier| {
        let moment = PriceMoment { unix_ms: row.started_ms, tier };
        priced.0.cost(&row.usage, &moment)
    };
    // The ledger does not name the tier: where one of them still gives the row's own arithmetic, it was that one.
    let same = Tier::ALL.into_iter().map(at).find(|cost| cost.arithmetic_json(&row.usage) == *row.arithmetic);
    let cost = same.unwrap_or_else(|| at(Tier::Standard));
    (!cost.unpriced).then(|| cost.nanos())
}

fn difference(row: &RepricedRow) -> u64 {
    row.new_spend.0.get().abs_diff(row.old_spend.0.get())
}

async fn narrowed(admin: &Admin, request: &RepriceRequest) -> Result<LedgerFilter, Error> {
    let day = |name, day: Option<&str>| day.map(|day| day_number(name, day)).transpose();
    let mut filter = LedgerFilter {
        from_ms: day("start_date", request.start_date.as_deref())?.map(|day| day * DAY_MS),
        until_ms: day("end_date", request.end_date.as_deref())?.map(|day| (day + 1) * DAY_MS),
        model: request.model.clone(),
        after: request.cursor.as_deref().map(place).transpose()?,
        limit: rows_of_page(request.page_size)?,
        ..LedgerFilter::default()
    };
    if let Some(key) = &request.api_key {
        let hash = hash_named(key.expose());
        match admin.store.key_by_hash(&hash).await? {
            Some(key) => filter.key_id = Some(key.id),
            None => filter.key_hash = Some(hash),
        }
    }
    Ok(filter)
}

fn rows_of_page(asked: Option<u32>) -> Result<u32, Error> {
    let rows = asked.unwrap_or(MOST_ROWS);
    if (1..=MOST_ROWS).contains(&rows) {
        return Ok(rows);
    }
    let message = format!("`page_size` must be a number from 1 to {MOST_ROWS}");
    Err(Error::new(Kind::InvalidRequest, message).at("page_size"))
}

/// Where a page ended: moment, call and number.
fn cursor(row: &LedgerRow) -> String {
    format!("{}.{}.{}", row.started_ms, row.attempt.call, row.attempt.number)
}

fn place(cursor: &str) -> Result<LedgerPlace, Error> {
    let read = || {
        let (started_ms, rest) = cursor.split_once('.')?;
        let (call, number) = rest.split_once('.')?;
        let attempt = AttemptId { call: CallId::parse(call)?, number: number.parse().ok()? };
        Some(LedgerPlace { started_ms: started_ms.parse().ok()?, attempt })
    };
    read().ok_or_else(|| {
        let message = "`cursor` is none; send the next_cursor of the page before, or leave it out";
        Error::new(Kind::InvalidRequest, message).at("cursor")
    })
}
