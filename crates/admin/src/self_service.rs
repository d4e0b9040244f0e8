//! Keys that somebody who is no proxy admin makes and changes: whose they may be, and which of them.

use weighhouse_api::{GenerateKeyRequest, Patch, RouteGroup, TeamReach, UpdateKeyRequest};
use weighhouse_auth::Granted;
use weighhouse_storage::{KeyRecord, UserRole};
use weighhouse_types::{Error, Kind};

use crate::admin::Admin;
use crate::bounds::only_calls;

/// Says whose a new key is: the user's who asks, another member's of a team that they look after, or no user's.
///
/// # Errors
/// `RouteDenied`: another user's, or in a team that the caller does not look after.
pub(crate) async fn claim(
    admin: &Admin,
    granted: &Granted,
    request: &mut GenerateKeyRequest,
    is_of_team: bool,
) -> Result<(), Error> {
    request.team_id = request.team_id.take().filter(|id| !id.is_empty());
    request.user_id = request.user_id.take().filter(|id| !id.is_empty());
    if is_of_team {
        request.user_id = None;
    }
    if granted.reaches_everything() {
        return Ok(());
    }
    if let Some(team) = &request.team_id {
        granted.check_whole_team("team_id", team)?;
    }
    let own = granted.user_id();
    match request.user_id.as_deref() {
        None if is_of_team => Ok(()),
        None => {
            request.user_id = own.map(str::to_owned);
            Ok(())
        }
        Some(id) if Some(id) == own => Ok(()),
        Some(id) => {
            check_member(admin, granted, request.team_id.as_deref(), id).await?;
            confine(request)
        }
    }
}

/// Whoever knows a key's secret acts as its owner, so a key for somebody else is only for members with no more
/// power than to look after keys of their own.
async fn check_member(
    admin: &Admin,
    granted: &Granted,
    team_id: Option<&str>,
    user_id: &str,
) -> Result<(), Error> {
    let team = match team_id {
        Some(team_id) => admin.directory.team(team_id).await?,
        None => None,
    };
    if team.is_none_or(|team| team.record.member(user_id).is_none()) {
        let message = format!(
            "User can only create keys for themselves. Got user_id={user_id}, Your ID={}. An admin of a team makes keys \
             for its members",
            granted.user_id().unwrap_or("none")
        );
        return Err(Error::new(Kind::RouteDenied, message).at("user_id"));
    }
    let role = admin.directory.user(user_id).await?.map(|user| user.record.user_role);
    match role {
        Some(UserRole::ProxyAdmin | UserRole::ProxyAdminViewer) => {
            let message = format!(
                "user_id: {user_id} has a role above your own; only a proxy admin makes keys for them"
            );
            Err(Error::new(Kind::RouteDenied, message).at("user_id"))
        }
        Some(UserRole::InternalUser | UserRole::InternalUserViewer) | None => Ok(()),
    }
}

/// A key for somebody else calls models and does nothing else.
fn confine(request: &mut GenerateKeyRequest) -> Result<(), Error> {
    let calls = vec![RouteGroup::LlmApi.name().to_owned()];
    let allowed = request.allowed_routes.get_or_insert_with(|| calls.clone());
    if allowed.is_empty() {
        *allowed = calls;
    }
    let is_preset_wider = !matches!(request.key_type.as_deref(), None | Some("default" | "llm_api"));
    if is_preset_wider || !only_calls(allowed) {
        let message = "allowed_routes: a key for another user may only call models (llm_api_routes), because whoever \
                       holds it acts as that user";
        return Err(Error::new(Kind::RouteDenied, message).at("allowed_routes"));
    }
    Ok(())
}

/// Checks that a key may be changed at all, and who it belongs to stays.
///
/// # Errors
/// `RouteDenied`, naming the field.
pub(crate) fn check_update(
    granted: &Granted,
    key: &KeyRecord,
    request: &UpdateKeyRequest,
) -> Result<(), Error> {
    if granted.reaches_everything() {
        return Ok(());
    }
    let of_team = key.team_id.as_deref().map(|team| granted.in_team(team));
    let is_admin = of_team == Some(TeamReach::Whole);
    let denied = |field: &str, message: String| Err(Error::new(Kind::RouteDenied, message).at(field));
    if !is_admin && key.created_by.as_deref() != granted.user_id() {
        return denied("key", "a key that an administrator made is changed by administrators only".into());
    }
    match &request.user_id {
        Patch::Set(id) if Some(id) == key.user_id.as_ref() => {}
        Patch::Clear if key.user_id.is_none() => {}
        Patch::Keep => {}
        Patch::Clear => {
            return denied("user_id", "Non-admin users cannot remove the user_id from a key.".into());
        }
        Patch::Set(id) => {
            let known = key.user_id.as_deref().unwrap_or("none");
            let message =
                format!("Non-admin caller is not allowed to rebind the key from user={known} to user={id}");
            return denied("user_id", message);
        }
    }
    let keeps_team = match &request.team_id {
        Patch::Keep => true,
        Patch::Clear => key.team_id.is_none(),
        Patch::Set(id) => id.is_empty() || Some(id) == key.team_id.as_ref(),
    };
    if !keeps_team {
        return denied("team_id", "only a proxy admin moves a key to another team or out of its own".into());
    }
    let is_own = key.user_id.is_none() || key.user_id.as_deref() == granted.user_id();
    if !is_own && !keeps_to_calls(&request.allowed_routes, &key.allowed_routes) {
        let message = "whoever holds this key acts as its owner, so only they or a proxy admin change its routes, but \
                       for a key that calls models and still does nothing else";
        return denied("allowed_routes", message.into());
    }
    let is_unblocked = matches!(request.blocked, Patch::Set(false) | Patch::Clear);
    if key.blocked && is_unblocked && !is_admin {
        return denied("blocked", "only a proxy admin or an admin of the key's team unblocks it".into());
    }
    Ok(())
}

/// Whether a change leaves a key's routes as they are, or confined to models. Another's key that is confined for a
/// moment could be given a secret that is known, and then be freed again.
fn keeps_to_calls(change: &Patch<Vec<String>>, routes: &[String]) -> bool {
    match change {
        Patch::Keep => true,
        Patch::Clear => routes.is_empty(),
        Patch::Set(fresh) => fresh == routes || (only_calls(routes) && only_calls(fresh)),
    }
}

/// Checks that a key's new secret may be told to the caller.
///
/// # Errors
/// `RouteDenied`: it would let them act as somebody else.
pub(crate) fn check_new_secret(granted: &Granted, key: &KeyRecord) -> Result<(), Error> {
    let is_own = key.user_id.is_none() || key.user_id.as_deref() == granted.user_id();
    if granted.reaches_everything() || is_own || only_calls(&key.allowed_routes) {
        return Ok(());
    }
    let message = "whoever holds this key acts as its owner, so only they or a proxy admin give it a new secret; you \
                   may block or delete it";
    Err(Error::new(Kind::RouteDenied, message).at("key"))
}
