//! Everything whose limits hold for a call: its key, team, user, end user, tags, single models, and the house.

use std::sync::Arc;

use weighhouse_auth::{Caller, ModelSubjects, Standing, Subject};
use weighhouse_metering::{ScopeMeter, ScopeSpec};
use weighhouse_storage::StoreError;
use weighhouse_types::{Error, Kind, ScopeKind};

use crate::house::House;
use crate::snapshot::Snapshot;

/// What a call names beside its key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'call> {
    /// The model as it was asked for, and what the name stands for.
    pub(crate) models: Option<(&'call str, &'call str)>,
    /// Whom the client names as its end user.
    pub(crate) end_user: Option<&'call str>,
}

/// The counters of all of them. What nobody limited is counted too, so that its spend is known.
///
/// # Errors
/// `Overloaded` where the store cannot be asked for what was spent before.
pub(crate) async fn meters(
    house: &House,
    snapshot: &Snapshot,
    caller: &Caller,
    standing: &Standing,
    named: Named<'_>,
    now_ms: i64,
) -> Result<Vec<Arc<ScopeMeter>>, Error> {
    counted(house, subjects(snapshot, caller, standing, named), now_ms).await
}

/// The counters of some scopes.
///
/// # Errors
/// As [`meters`].
pub(crate) async fn counted(
    house: &House,
    subjects: Vec<Subject>,
    now_ms: i64,
) -> Result<Vec<Arc<ScopeMeter>>, Error> {
    let mut meters = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let spec = ScopeSpec {
            scope: subject.scope,
            shown: subject.shown,
            limits: subject.limits,
            spent_ever: subject.spent_ever,
        };
        meters.push(house.meter.scope(&spec, now_ms).await.map_err(unknown_spend)?);
    }
    Ok(meters)
}

/// The scopes in the order in which LiteLLM checks them (contract §4c).
fn subjects(snapshot: &Snapshot, caller: &Caller, standing: &Standing, named: Named<'_>) -> Vec<Subject> {
    let mut subjects = Vec::with_capacity(6);
    if let Some(identity) = caller.key() {
        match (identity.team_id.as_deref(), identity.user_id.as_deref()) {
            (Some(id), user) => {
                subjects.push(
                    standing
                        .team
                        .as_ref()
                        .map_or_else(|| Subject::unlimited(ScopeKind::Team, id), |team| team.subject.clone()),
                );
                // The user's own budget holds for keys without a team (contract §4c).
                if let (Some(team), Some(user)) = (&standing.team, user) {
                    subjects.push(team.member(user));
                }
            }
            (None, Some(id)) => subjects.push(
                standing
                    .user
                    .as_ref()
                    .map_or_else(|| Subject::unlimited(ScopeKind::User, id), |user| user.subject.clone()),
            ),
            (None, None) => {}
        }
    }
    if let Some(id) = named.end_user {
        subjects.push(
            standing.customer.as_ref().map_or_else(
                || Subject::unlimited(ScopeKind::EndUser, id),
                |customer| customer.subject.clone(),
            ),
        );
    }
    subjects.extend(standing.tags.iter().map(|tag| tag.subject.clone()));
    subjects.extend(snapshot.global.clone());
    if let Some(identity) = caller.key() {
        subjects.push(identity.subject.clone());
    }
    if let Some((asked, model)) = named.models {
        let limited = of_models(caller, standing);
        let found = |of_models: &'_ ModelSubjects| -> Vec<Subject> {
            of_models.find(asked, model, &snapshot.access_groups).into_iter().cloned().collect()
        };
        subjects.extend(limited.flat_map(found));
    }
    subjects
}

/// The limits of single models that everything above has, in the same order.
fn of_models<'call>(
    caller: &'call Caller,
    standing: &'call Standing,
) -> impl Iterator<Item = &'call ModelSubjects> {
    let key = caller.key();
    let is_of_team = key.is_some_and(|identity| identity.team_id.is_some());
    let user = standing.user.as_ref().filter(|_| !is_of_team);
    let of_standing = [
        standing.team.as_ref().map(|team| &team.of_models),
        user.map(|user| &user.of_models),
        standing.customer.as_ref().map(|customer| &customer.of_models),
    ];
    let of_tags = standing.tags.iter().map(|tag| &tag.of_models);
    of_standing.into_iter().flatten().chain(of_tags).chain(key.map(|identity| &identity.of_models))
}

fn unknown_spend(error: StoreError) -> Error {
    let message = "the store cannot be asked for what was spent before; try again in a moment";
    Error::new(Kind::Overloaded, message)
        .retry_after(std::time::Duration::from_secs(1))
        .source(error.to_string())
}
