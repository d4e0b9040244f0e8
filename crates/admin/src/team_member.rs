//! Members of teams: added, changed, taken out.

use std::collections::BTreeSet;
use std::sync::mpsc::sync_channel;

use weighhouse_api::{
    AddMemberRequest, DeleteMemberRequest, LimitPatch, Members, Patch, TeamObject, UpdateMemberRequest,
    read_body,
};
use weighhouse_auth::Granted;
use weighhouse_storage::{EntityKind, KeyFilter, Limits, TeamMember, TeamRecord, UserRecord};
use weighhouse_types::{Error, Kind};

use crate::admin::Admin;
use crate::bounds::check_member;
use crate::rules::invalid;
use crate::{entity, limits, team};

const TEAM: &str = "team_id";
/// Members that one request may name: each is looked for in the team's list.
const MAX_MEMBERS: usize = 500;

pub(crate) async fn add(admin: &Admin, granted: &Granted, body: &[u8]) -> Result<TeamObject, Error> {
    let request: AddMemberRequest = read_body(body)?;
    granted.check_whole_team(TEAM, &request.team_id)?;
    let is_bounded = !granted.reaches_everything();
    let now_ms = admin.now_ms();
    let members = match request.member {
        Members::One(member) => vec![member],
        Members::Many(members) => members,
    };
    few_enough("member", members.len())?;
    let mut own = Limits::default();
    if let Some(dollars) = request.max_budget_in_team {
        own.max_budget = Some(team::member_budget(dollars)?);
    }
    let duration = request.budget_duration.map_or(Patch::Keep, Patch::Set);
    limits::apply(LimitPatch { budget_duration: duration, ..LimitPatch::default() }, &mut own, now_ms)?;
    let mut fresh = members.into_iter().map(team::member).collect::<Result<Vec<_>, _>>()?;
    fresh.iter_mut().for_each(|member| member.limits = own.clone());
    let users: Vec<String> = fresh.iter().filter_map(|member| member.user_id.clone()).collect();
    let change = move |team: &mut TeamRecord| {
        if is_bounded {
            check_member(&team.team_id, &own, &team.limits)?;
        }
        for member in fresh {
            if place(team, member.user_id.as_deref(), member.user_email.as_deref()).is_some() {
                return Err(invalid("member", "the user is a member of the team already"));
            }
            team.members.push(member);
        }
        team.updated_ms = now_ms;
        Ok(())
    };
    let changed = entity::change(admin, TEAM, &request.team_id, change).await?;
    for user in users {
        note_team(admin, &user, &request.team_id, true).await?;
    }
    team::shown(admin, &changed).await
}

pub(crate) async fn update(admin: &Admin, granted: &Granted, body: &[u8]) -> Result<TeamObject, Error> {
    let request: UpdateMemberRequest = read_body(body)?;
    granted.check_whole_team(TEAM, &request.team_id)?;
    let is_bounded = !granted.reaches_everything();
    let now_ms = admin.now_ms();
    let team_id = request.team_id.clone();
    let change = move |team: &mut TeamRecord| {
        let place = place(team, request.user_id.as_deref(), request.user_email.as_deref());
        let member = place.and_then(|place| team.members.get_mut(place)).ok_or_else(nobody)?;
        match request.role.as_deref() {
            Some("admin") => member.is_admin = true,
            Some("user") => member.is_admin = false,
            None => {}
            Some(_) => return Err(invalid("role", "a member's role must be admin or user")),
        }
        let patch = LimitPatch {
            max_budget: request.max_budget_in_team,
            budget_duration: request.budget_duration,
            rpm_limit: request.rpm_limit,
            tpm_limit: request.tpm_limit,
            ..LimitPatch::default()
        };
        limits::apply(patch, &mut member.limits, now_ms)?;
        if is_bounded {
            check_member(&team.team_id, &member.limits, &team.limits)?;
        }
        team.updated_ms = now_ms;
        Ok(())
    };
    let changed = entity::change(admin, TEAM, &team_id, change).await?;
    team::shown(admin, &changed).await
}

pub(crate) async fn delete(admin: &Admin, granted: &Granted, body: &[u8]) -> Result<TeamObject, Error> {
    let request: DeleteMemberRequest = read_body(body)?;
    granted.check_whole_team(TEAM, &request.team_id)?;
    let now_ms = admin.now_ms();
    let (user, email) = (request.user_id, request.user_email);
    let (tell, told) = sync_channel(1);
    let change = move |team: &mut TeamRecord| {
        let place = place(team, user.as_deref(), email.as_deref()).ok_or_else(nobody)?;
        // Whoever was named by an address may have an id, and keys.
        drop(tell.send(team.members.remove(place).user_id));
        team.updated_ms = now_ms;
        Ok(())
    };
    let changed = entity::change(admin, TEAM, &request.team_id, change).await?;
    if let Some(user) = told.try_recv().ok().flatten() {
        note_team(admin, &user, &request.team_id, false).await?;
    }
    team::shown(admin, &changed).await
}

/// Checks how many members a field of a request names.
///
/// # Errors
/// `InvalidRequest`.
pub(crate) fn few_enough(field: &'static str, members: usize) -> Result<(), Error> {
    if members <= MAX_MEMBERS {
        return Ok(());
    }
    let message =
        format!("at most {MAX_MEMBERS} members can be named at once; add further ones by /team/member_add");
    Err(invalid(field, message))
}

/// Where a member stands in the list.
fn place(team: &TeamRecord, user: Option<&str>, email: Option<&str>) -> Option<usize> {
    let is_it = |member: &TeamMember| match (user, email) {
        (Some(user), _) => member.user_id.as_deref() == Some(user),
        (None, Some(email)) => member.user_email.as_deref() == Some(email),
        (None, None) => false,
    };
    team.members.iter().position(is_it)
}

/// Notes a team with users who came into it, and takes it from those who left.
///
/// # Errors
/// `Overloaded`: the store does not answer.
pub(crate) async fn note_members(
    admin: &Admin,
    team: &str,
    before: &[TeamMember],
    after: &[TeamMember],
) -> Result<(), Error> {
    let ids = |members: &[TeamMember]| -> BTreeSet<String> {
        members.iter().filter_map(|member| member.user_id.clone()).collect()
    };
    let (before, after) = (ids(before), ids(after));
    for user in before.symmetric_difference(&after) {
        note_team(admin, user, team, after.contains(user)).await?;
    }
    Ok(())
}

/// Makes a user a member of teams that exist, where they are none yet.
///
/// # Errors
/// As [`note_members`].
pub(crate) async fn join(admin: &Admin, user_id: &str, teams: &[String]) -> Result<(), Error> {
    for team in teams {
        let user_id = user_id.to_owned();
        let join = move |team: &mut TeamRecord| {
            let is_new = team.member(&user_id).is_none();
            if is_new {
                team.members.push(TeamMember { user_id: Some(user_id), ..TeamMember::default() });
            }
            is_new
        };
        if admin.store.edit(team, join).await? {
            admin.forget_entity(EntityKind::Team, team).await;
        }
    }
    Ok(())
}

/// Notes a team with a user that has a record, or takes it away, and with it their keys of the team: those would
/// go on spending its money, free of what bounded the member.
async fn note_team(admin: &Admin, user: &str, team: &str, is_added: bool) -> Result<(), Error> {
    if !is_added {
        let filter = KeyFilter {
            user_id: Some(user.to_owned()),
            team_id: Some(team.to_owned()),
            ..KeyFilter::default()
        };
        entity::delete_keys(admin, &filter).await?;
    }
    let team = team.to_owned();
    let note = move |user: &mut UserRecord| {
        user.teams.retain(|known| *known != team);
        if is_added {
            user.teams.push(team);
        }
        true
    };
    if admin.store.edit(user, note).await? {
        admin.forget_entity(EntityKind::User, user).await;
    }
    Ok(())
}

fn nobody() -> Error {
    Error::new(Kind::NotFound, "the team has no such member").at("user_id")
}
