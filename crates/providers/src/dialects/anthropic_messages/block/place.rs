//! Errors about values inside a request, with their path.

use serde::Deserialize;
use serde_json::value::RawValue;
use weighhouse_types::Error;

use crate::ask::invalid;
use crate::wire;

/// Reads a value that was kept raw; errors name their place inside of it.
pub(in super::super) fn part<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Error> {
    wire::read_piece(raw)
}

/// The same error with its place seen from one level up.
pub(in super::super) fn under(mut error: Error, outer: &str) -> Error {
    let inner = error.at.take().filter(|at| at != "body");
    let at = match inner {
        Some(inner) if inner.starts_with('[') => format!("{outer}{inner}"),
        Some(inner) => format!("{outer}.{inner}"),
        None => outer.to_owned(),
    };
    let what = error.message.split_once("`: ").map_or(error.message.as_str(), |(_, what)| what);
    error.message = format!("`{at}`: {what}");
    error.at(at)
}

/// A member that must be there.
pub(in super::super) fn need<T>(member: Option<T>, name: &str) -> Result<T, Error> {
    member.ok_or_else(|| invalid(name, format!("`{name}`: is required; send it")))
}
