//! `/metrics`.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use weighhouse_telemetry::exposition;
use weighhouse_types::Nanos;

use crate::reply::ReplyBody;
use crate::worker::Worker;

/// Everything that is counted, in Prometheus' text format.
pub(crate) fn expose(worker: &Worker) -> Response<ReplyBody> {
    let house = &worker.house;
    let in_flight = house.meter.in_flight(house.now().unix_ms);
    let nanos = |amount: Nanos| u64::try_from(amount.get()).unwrap_or_default();
    let (journal_bytes, journal_attempts) = house.meter.journal_size();
    let gauges = [
        ("weighhouse_ledger_queue_rows", house.meter.queued() as u64),
        ("weighhouse_ledger_refused_rows", house.store.refused_rows()),
        ("weighhouse_journal_bytes", journal_bytes),
        ("weighhouse_journal_attempts", journal_attempts as u64),
        ("weighhouse_slots_in_use", in_flight.slots),
        ("weighhouse_held_nanodollars", nanos(in_flight.held)),
        ("weighhouse_budget_unheld_nanodollars", nanos(in_flight.unheld)),
    ];
    let text = exposition(&house.registry, &gauges);
    let mut response = Response::new(ReplyBody::whole(text.into()));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
