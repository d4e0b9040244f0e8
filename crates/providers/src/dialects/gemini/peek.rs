//! What the house needs to know of a request.

use weighhouse_types::{Error, Operation};

use crate::ask::Peek;
use crate::envelope::Envelope;

/// Reads what [`Peek`] wants from the members of a request.
///
/// # Errors
/// `InvalidRequest` naming the member.
pub fn peek(_envelope: &Envelope, _operation: Operation, _peek: &mut Peek) -> Result<(), Error> {
    Ok(())
}
