//! Responses that providers keep: whose they are, and where.
//!
//! An id is the provider's own and passes as it came. Who may use it is known from the ledger, whose row of the
//! answer names key and deployment; the latest answers are remembered here, because their rows may not be
//! written yet and because a conversation that goes on asks for the last one.

mod recent;
mod request;

pub(crate) use recent::Recent;
pub(crate) use request::{Wanted, answer};

use std::sync::Arc;

use weighhouse_auth::Caller;
use weighhouse_storage::LedgerFilter;
use weighhouse_types::{Error, KeyId, Kind};

use crate::call::Call;
use crate::house::House;
use crate::snapshot::Snapshot;

/// Whose an answer is and which deployment's provider keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// None: the master key's.
    pub(crate) key: Option<KeyId>,
    pub(crate) deployment: Arc<str>,
}

/// The deployment, by its place, whose provider keeps a response that the caller may use.
///
/// # Errors
/// `NotFound`: nobody's, or somebody else's; which of them is not told.
pub(crate) async fn place_of(
    house: &House,
    snapshot: &Snapshot,
    caller: &Caller,
    id: &str,
) -> Result<usize, Error> {
    let owner = match house.recent.find(id) {
        Some(owner) => Some(owner),
        None => of_ledger(house, id).await?,
    };
    let is_own = |owner: &Owner| match caller {
        Caller::Master(_) => true,
        Caller::Key(identity) => owner.key.as_ref() == Some(&identity.record.id),
    };
    let owner = owner.filter(is_own).ok_or_else(|| not_found(id))?;
    let place = snapshot.deployments.iter().position(|one| one.id == owner.deployment);
    place.ok_or_else(|| {
        let message = format!("The deployment that made the response `{id}` is no longer configured");
        Error::new(Kind::NotFound, message).at("response_id")
    })
}

async fn of_ledger(house: &House, id: &str) -> Result<Option<Owner>, Error> {
    let filter = LedgerFilter { request_id: Some(id.to_owned()), limit: 1, ..LedgerFilter::default() };
    let rows = house.store.ledger(&filter).await.map_err(|error| {
        Error::new(Kind::Overloaded, "the books cannot be read now; try again in a moment").source(error)
    })?;
    Ok(rows.into_iter().next().map(|row| Owner { key: row.key_id, deployment: row.deployment_id }))
}

/// The deployment that keeps what a call goes on from; none where it begins anew.
///
/// # Errors
/// As [`place_of`].
pub(crate) async fn continued(
    house: &House,
    snapshot: &Snapshot,
    caller: &Caller,
    call: &Call,
) -> Result<Option<usize>, Error> {
    let Some(member) = call.ask.envelope.member("previous_response_id")? else { return Ok(None) };
    let Ok(Some(id)) = serde_json::from_slice::<Option<String>>(call.ask.envelope.raw(member)) else {
        return Ok(None);
    };
    place_of(house, snapshot, caller, &id).await.map(Some)
}

fn not_found(id: &str) -> Error {
    let shown: String = id.chars().filter(|letter| !letter.is_control()).take(80).collect();
    let message = format!("Response with id '{shown}' not found, or it is not this key's");
    Error::new(Kind::NotFound, message).at("response_id")
}
