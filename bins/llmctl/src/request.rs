//! Requests from what the command line says.

use weighhouse_api::{PageQuery, Patch};

use crate::entity_arguments::Paging;
use crate::failure::Failure;
use crate::output::say;

/// What was said is set; what was not stays.
pub(crate) fn set<T>(value: Option<T>) -> Patch<T> {
    value.map_or(Patch::Keep, Patch::Set)
}

/// A list that was said replaces the old one.
pub(crate) fn list<T>(values: Vec<T>) -> Patch<Vec<T>> {
    set(Some(values).filter(|values| !values.is_empty()))
}

pub(crate) const fn page(paging: &Paging) -> PageQuery {
    PageQuery { page: paging.page, page_size: paging.size }
}

/// Says how many were deleted.
///
/// # Errors
/// Some were not there.
pub(crate) fn told_deleted(deleted: usize, asked: usize, what: &str) -> Result<(), Failure> {
    say(&format!("Deleted {deleted} of {asked} {what}."));
    if deleted < asked {
        return Err(Failure::not_found(format!("some of the {what} were not there")));
    }
    Ok(())
}
