//! What clients ask about a response that a provider keeps: to see it, to delete it, to stop it.

use std::time::Duration;

use http::{Method, Response, StatusCode};
use weighhouse_auth::Caller;
use weighhouse_catalog::Terms;
use weighhouse_metering::{Admission, OutputBound, Permit, Unpriced};
use weighhouse_types::{Error, Kind, Operation};

use super::place_of;
use crate::attempt::{self, Errand};
use crate::egress::json;
use crate::reply::ReplyBody;
use crate::snapshot::Snapshot;
use crate::subjects::{self, Named};
use crate::worker::Worker;

/// Longest id that is looked up.
const MAX_ID_BYTES: usize = 512;
/// Parameters of a list's page, which pass on; others (a stream) are not served.
const PASSED_ON: &[&str] = &["after=", "before=", "include", "limit=", "order="];

/// What is wanted of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The response.
    Whole,
    /// What it was asked with.
    InputItems,
    /// That it is forgotten.
    Deleted,
    /// That it stops.
    Cancelled,
}

impl Wanted {
    const fn method(self) -> Method {
        match self {
            Self::Whole | Self::InputItems => Method::GET,
            Self::Deleted => Method::DELETE,
            Self::Cancelled => Method::POST,
        }
    }

    const fn tail(self) -> &'static str {
        match self {
            Self::Whole | Self::Deleted => "",
            Self::InputItems => "/input_items",
            Self::Cancelled => "/cancel",
        }
    }
}

/// Asks the provider that keeps a response, if it is the caller's.
///
/// # Errors
/// `NotFound`: nobody's or somebody else's; what the provider says; limits of the key.
pub(crate) async fn answer(
    worker: &Worker,
    snapshot: &Snapshot,
    caller: &Caller,
    id: &str,
    wanted: Wanted,
    query: Option<&str>,
) -> Result<Response<ReplyBody>, Error> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if id.len() > MAX_ID_BYTES || !id.bytes().all(is_plain) {
        return Err(Error::new(Kind::NotFound, "no response has such an id").at("response_id"));
    }
    let place = place_of(&worker.house, snapshot, caller, id).await?;
    let deployment = snapshot.deployments.get(place).ok_or_else(gone)?;
    let served = deployment.served(None);
    let passed: Vec<&str> = query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| PASSED_ON.iter().any(|name| pair.starts_with(name)))
        .collect();
    let query = if passed.is_empty() { String::new() } else { format!("?{}", passed.join("&")) };
    let tail = format!("/{id}{}{query}", wanted.tail());
    let errand = Errand { method: wanted.method(), tail: &tail, patience: deployment.patience };
    let permit = admit(worker, snapshot, caller).await?;
    let (status, body) = attempt::run_errand(permit, &errand, &served, worker).await?;
    Ok(json(StatusCode::from_u16(status).unwrap_or(StatusCode::OK), body))
}

/// Nothing is generated and nothing costs; limits of requests count it.
async fn admit(worker: &Worker, snapshot: &Snapshot, caller: &Caller) -> Result<Permit, Error> {
    let house = &worker.house;
    let now = house.now();
    let standing = house.directory.standing(caller, None, &[]).await?;
    let named = Named { models: None, end_user: None };
    let scopes = subjects::meters(house, snapshot, caller, &standing, named, now.unix_ms).await?;
    let admission = Admission {
        scopes,
        books: &[],
        input_bound: 0,
        input_estimate: 0,
        output: OutputBound { asked: None, of_model: None, choices: 1, is_none: true },
        terms: Terms { unix_ms: None, tier: None, without: &[], searches: 0 },
        unix_ms: now.unix_ms,
        second: now.seconds(),
        is_free: true,
        hold_wait: Duration::ZERO,
        group: &"".into(),
        operation: Operation::Chat,
        unpriced: Unpriced::Refused,
        is_weighed: false,
    };
    house.meter.admit(admission).await
}

fn gone() -> Error {
    Error::new(Kind::Internal, "the response's deployment is not there")
}
