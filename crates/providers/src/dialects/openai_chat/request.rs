//! Requests of this dialect, read into the canonical form and written from it.

use weighhouse_types::chat::ChatRequest;
use weighhouse_types::{Error, Kind};

use crate::translation::{Toward, Written};

/// Reads a client's request.
///
/// # Errors
/// `InvalidRequest` with the JSON path of what does not fit.
pub fn read_request(_body: &[u8]) -> Result<ChatRequest, Error> {
    Err(Error::new(Kind::Internal, "not there yet"))
}

/// Writes a request for a provider.
///
/// # Errors
/// `Unsupported`, naming what cannot be said in this dialect.
pub fn write_request(_request: &ChatRequest, _toward: &Toward<'_>) -> Result<Written, Error> {
    Err(Error::new(Kind::Internal, "not there yet"))
}
