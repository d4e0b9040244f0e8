//! `/metrics`.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use weighhouse_telemetry::exposition;

use crate::reply::ReplyBody;
use crate::worker::Worker;

/// Everything that is counted, in Prometheus' text format.
pub(crate) fn expose(worker: &Worker) -> Response<ReplyBody> {
    let house = &worker.house;
    let unheld = house.meter.unheld(house.now().unix_ms).get();
    let (journal_bytes, journal_attempts) = house.meter.journal_size();
    let gauges = [
        ("weighhouse_ledger_queue_rows", house.meter.queued() as u64),
        ("weighhouse_journal_bytes", journal_bytes),
        ("weighhouse_journal_attempts", journal_attempts as u64),
        ("weighhouse_budget_unheld_nanodollars", u64::try_from(unheld).unwrap_or_default()),
    ];
    let text = exposition(&house.registry, &gauges);
    let mut response = Response::new(ReplyBody::whole(text.into()));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
