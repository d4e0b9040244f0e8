//! `/metrics`.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use weighhouse_telemetry::exposition;

use crate::reply::ReplyBody;
use crate::worker::Worker;

/// Everything that is counted, in Prometheus' text format.
pub(crate) fn expose(worker: &Worker) -> Response<ReplyBody> {
    let house = &worker.house;
    let text = exposition(&house.registry, &[("weighhouse_ledger_queue_rows", house.meter.queued() as u64)]);
    let mut response = Response::new(ReplyBody::whole(text.into()));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
