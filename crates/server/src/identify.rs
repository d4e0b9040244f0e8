//! From a request's headers to its caller.

use http::HeaderMap;
use weighhouse_auth::{Caller, presented_key};
use weighhouse_types::Error;

use crate::clock::Moment;
use crate::snapshot::Snapshot;
use crate::worker::Worker;

/// Who calls.
///
/// # Errors
/// What `auth` refuses: no key, a malformed, unknown, expired or blocked one.
pub(crate) async fn identify(
    worker: &Worker,
    snapshot: &Snapshot,
    headers: &HeaderMap,
    now: Moment,
) -> Result<Caller, Error> {
    let key = presented_key(headers, snapshot.key_header.as_deref())?;
    worker.house.keyring.identify(key, snapshot.master.as_ref(), now.unix_ms).await
}
