//! Members of teams: added, changed, taken out.

use std::collections::BTreeSet;
use std::sync::mpsc::sync_channel;

use weighhouse_api::{
    AddMemberRequest, DeleteMemberRequest, LimitPatch, Member, Members, Patch, TeamObject,
    UpdateMemberRequest, read_body,
};
use weighhouse_auth::Granted;
use weighhouse_storage::{
    EntityFilter, EntityKind, KeyFilter, Limits, Page, TeamMember, TeamRecord, UserRecord,
};
use weighhouse_types::{Error, Kind};

use crate::admin::Admin;
use crate::bounds::check_member;
use crate::rules::invalid;
use crate::{entity, limits, team};

const TEAM: &str = "team_id";
/// Members that one request may name: each is looked for in the team's list.
const MAX_MEMBERS: usize = 500;
/// Teams that are read at once where all are looked through.
const TEAMS_AT_ONCE: u32 = 1_000;

pub(crate) async fn add(admin: &Admin, granted: &Granted, body: &[u8]) -> Result<TeamObject, Error> {
    let request: AddMemberRequest = read_body(body)?;
    granted.check_whole_team(TEAM, &request.team_id)?;
    let is_bounded = !granted.reaches_everything();
    let now_ms = admin.now_ms();
    let mut members = match request.member {
        Members::One(member) => vec![member],
        Members::Many(members) => members,
    };
    few_enough("member", members.len())?;
    // Whoever does not see all users is not told who has an address.
    if !is_bounded {
        identify(admin, &mut members).await?;
    }
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

/// Gives members whom an address alone names the id of the user who has it: all that they may do hangs on ids.
///
/// # Errors
/// As [`note_members`].
pub(crate) async fn identify(admin: &Admin, members: &mut [Member]) -> Result<(), Error> {
    for member in members.iter_mut().filter(|member| member.user_id.is_none()) {
        if let Some(email) = &member.user_email {
            member.user_id = user_of(admin, email).await?;
        }
    }
    Ok(())
}

/// The user of an address; none where several have it.
async fn user_of(admin: &Admin, email: &str) -> Result<Option<String>, Error> {
    let filter = EntityFilter { name: Some(email.to_owned()) };
    let (users, _) = admin.store.list::<UserRecord>(&filter, Page { offset: 0, limit: 2 }).await?;
    match users.as_slice() {
        [user] => Ok(Some(user.user_id.clone())),
        _ => Ok(None),
    }
}

/// Notes with a user the teams that knew them before, by their id or by their address.
///
/// # Errors
/// As [`note_members`].
pub(crate) async fn note_known(admin: &Admin, user: &UserRecord) -> Result<(), Error> {
    let email = match &user.user_email {
        Some(email) if user_of(admin, email).await?.as_ref() == Some(&user.user_id) => Some(email),
        _ => None,
    };
    let is_it = |member: &TeamMember| match &member.user_id {
        Some(id) => *id == user.user_id,
        None => email.is_some() && member.user_email.as_ref() == email,
    };
    for team in teams_with(admin, is_it).await? {
        let (id, email) = (user.user_id.clone(), email.cloned());
        let give_id = move |team: &mut TeamRecord| {
            if team.member(&id).is_some() {
                return false;
            }
            let is_named = |member: &&mut TeamMember| member.user_id.is_none() && member.user_email == email;
            let named = team.members.iter_mut().find(is_named);
            named.map(|member| member.user_id = Some(id)).is_some()
        };
        if admin.store.edit(&team, give_id).await? {
            admin.forget_entity(EntityKind::Team, &team).await;
        }
        note_team(admin, &user.user_id, &team, true).await?;
    }
    Ok(())
}

/// Takes users who are no more out of all teams.
///
/// # Errors
/// As [`note_members`].
pub(crate) async fn leave_all(admin: &Admin, users: &[String]) -> Result<(), Error> {
    let is_one = |member: &TeamMember| member.user_id.as_ref().is_some_and(|id| users.contains(id));
    for team in teams_with(admin, is_one).await? {
        let users = users.to_vec();
        let leave = move |team: &mut TeamRecord| {
            let before = team.members.len();
            team.members.retain(|member| member.user_id.as_ref().is_none_or(|id| !users.contains(id)));
            team.members.len() < before
        };
        if admin.store.edit(&team, leave).await? {
            admin.forget_entity(EntityKind::Team, &team).await;
        }
    }
    Ok(())
}

/// The teams that have such a member.
async fn teams_with(admin: &Admin, is_it: impl Fn(&TeamMember) -> bool + Sync) -> Result<Vec<String>, Error> {
    let (mut found, mut offset) = (Vec::new(), 0);
    loop {
        let page = Page { offset, limit: TEAMS_AT_ONCE };
        let (teams, total) = admin.store.list::<TeamRecord>(&EntityFilter::default(), page).await?;
        let having = teams.into_iter().filter(|team| team.members.iter().any(&is_it));
        found.extend(having.map(|team| team.team_id));
        offset += u64::from(TEAMS_AT_ONCE);
        if offset >= total {
            return Ok(found);
        }
    }
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
