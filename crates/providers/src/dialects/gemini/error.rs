//! Errors as clients of this dialect know them.

use bytes::Bytes;
use weighhouse_types::Error;

/// An error as a client of this dialect expects it: status and JSON body.
#[must_use]
pub fn write_error(error: &Error) -> (u16, Bytes) {
    (error.status(), Bytes::new())
}
