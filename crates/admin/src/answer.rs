//! From a value or an error to a response.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use weighhouse_api::Refusal;
use weighhouse_types::{Error, Kind};

/// 200 with a JSON body.
///
/// # Errors
/// `Internal`: the value cannot be written.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<Response<Bytes>, Error> {
    let body = serde_json::to_vec(value)
        .map_err(|error| Error::new(Kind::Internal, "the answer cannot be written").source(error))?;
    Ok(whole(body.into()))
}

/// 200 with a JSON body that was written before.
pub(crate) fn whole(body: Bytes) -> Response<Bytes> {
    with_type(Response::new(body))
}

/// An error in LiteLLM's shape; its cause goes to the log.
pub(crate) fn refuse(error: &Error) -> Response<Bytes> {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() {
        let cause = error.source.as_deref().map(ToString::to_string).unwrap_or_default();
        tracing::warn!(status = status.as_u16(), cause, "the control plane refused: {error}");
    }
    let body = serde_json::to_vec(&Refusal::of(error)).unwrap_or_default();
    let mut response = with_type(Response::new(body.into()));
    *response.status_mut() = status;
    if let Some(after) = error.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
    }
    response
}

fn with_type(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
