//! `/health` and its siblings.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

use crate::egress::json;
use crate::reply::ReplyBody;
use crate::snapshot::Snapshot;
use crate::worker::Worker;

/// A store that answers later than this is not ready.
const STORE_TIME: Duration = Duration::from_secs(2);

/// The process lives.
pub(crate) fn liveness() -> Response<ReplyBody> {
    json(StatusCode::OK, Bytes::from_static(br#""I'm alive!""#))
}

#[derive(Serialize)]
struct Readiness<'text> {
    status: &'text str,
    db: &'text str,
    litellm_version: &'text str,
    weighhouse_version: &'text str,
    deployments: usize,
    draining: bool,
}

/// The process can serve: the store answers, and it was not told to stop.
pub(crate) async fn readiness(worker: &Worker, snapshot: &Snapshot) -> Response<ReplyBody> {
    let answered = tokio::time::timeout(STORE_TIME, worker.house.store.ping()).await;
    let is_connected = matches!(answered, Ok(Ok(())));
    let draining = worker.house.is_draining();
    let is_ready = is_connected && !draining;
    let body = Readiness {
        status: if is_ready { "healthy" } else { "unhealthy" },
        db: if is_connected { "connected" } else { "disconnected" },
        litellm_version: "1.109.1",
        weighhouse_version: env!("CARGO_PKG_VERSION"),
        deployments: snapshot.deployments.len(),
        draining,
    };
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, serde_json::to_vec(&body).unwrap_or_default())
}

#[derive(Serialize)]
struct Health<'text> {
    healthy_endpoints: Vec<Deployment<'text>>,
    unhealthy_endpoints: Vec<Deployment<'text>>,
    healthy_count: usize,
    unhealthy_count: usize,
}

#[derive(Serialize)]
struct Deployment<'text> {
    model_name: &'text str,
    model: String,
    model_id: &'text str,
    api_base: String,
}

/// Deployments that are well and that cool down, as calls have shown them. No provider is called for it.
pub(crate) fn deployments(worker: &Worker, snapshot: &Snapshot) -> Response<ReplyBody> {
    let now = worker.house.now().millis();
    let (mut healthy, mut unhealthy) = (Vec::new(), Vec::new());
    for (place, deployment) in snapshot.deployments.iter().enumerate() {
        let served = deployment.served(None);
        let shown = Deployment {
            model_name: &deployment.name,
            model: format!("{}/{}", served.target.row().name, served.target.model()),
            model_id: &deployment.id,
            api_base: served.target.base().to_string(),
        };
        let is_cooling = snapshot.table.health(place).is_some_and(|health| health.is_cooling(now));
        if is_cooling { unhealthy.push(shown) } else { healthy.push(shown) }
    }
    let body = Health {
        healthy_count: healthy.len(),
        unhealthy_count: unhealthy.len(),
        healthy_endpoints: healthy,
        unhealthy_endpoints: unhealthy,
    };
    json(StatusCode::OK, serde_json::to_vec(&body).unwrap_or_default())
}
