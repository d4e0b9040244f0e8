//! Teams: made, changed, shown, listed, blocked and deleted.

use std::collections::BTreeMap;

use weighhouse_api::{
    BlockTeamRequest, DeleteTeamsRequest, Dollars, Member, Patch, SortOrder, TeamColumn, TeamInfo, TeamList,
    TeamListQuery, TeamMembership, TeamModelsRequest, TeamObject, TeamQuery, TeamReach, TeamRequest,
    read_body,
};
use weighhouse_auth::Granted;
use weighhouse_storage::{EntityFilter, KeyFilter, Limits, Page, TeamMember, TeamRecord};
use weighhouse_types::{Error, Scope, ScopeKind};

use crate::admin::Admin;
use crate::calendar::moment;
use crate::rules::{budget, check_tags, invalid, tags_of};
use crate::team_member::{few_enough, identify, note_members};
use crate::{entity, limits};

const ID: &str = "team_id";
/// Teams on a page where the query does not say.
const PAGE_SIZE: u32 = 25;
/// Teams that a list looks at.
const MAX_TEAMS: u32 = 10_000;

pub(crate) async fn new(admin: &Admin, body: &[u8]) -> Result<TeamObject, Error> {
    let mut request: TeamRequest = read_body(body)?;
    let now_ms = admin.now_ms();
    let team_id = entity::id_or_new(ID, request.team_id.take())?;
    let mut team = TeamRecord { team_id, created_ms: now_ms, ..TeamRecord::default() };
    identify_members(admin, &mut request).await?;
    apply(request, &mut team, now_ms)?;
    entity::insert(admin, ID, &team).await?;
    note_members(admin, &team.team_id, &[], &team.members).await?;
    shown(admin, &team).await
}

pub(crate) async fn update(admin: &Admin, body: &[u8]) -> Result<TeamObject, Error> {
    let mut request: TeamRequest = read_body(body)?;
    let id = entity::checked_id(ID, request.team_id.take().unwrap_or_default())?;
    let now_ms = admin.now_ms();
    let before: TeamRecord = entity::find(admin, ID, &id).await?;
    identify_members(admin, &mut request).await?;
    let team = entity::change(admin, ID, &id, move |team| apply(request, team, now_ms)).await?;
    note_members(admin, &id, &before.members, &team.members).await?;
    shown(admin, &team).await
}

async fn identify_members(admin: &Admin, request: &mut TeamRequest) -> Result<(), Error> {
    if let Patch::Set(members) = &mut request.members_with_roles {
        few_enough("members_with_roles", members.len())?;
        identify(admin, members).await?;
    }
    Ok(())
}

/// Puts what a request says into the record.
fn apply(request: TeamRequest, team: &mut TeamRecord, now_ms: i64) -> Result<(), Error> {
    request.team_alias.apply(&mut team.team_alias);
    request.organization_id.apply(&mut team.organization_id);
    set(request.models, &mut team.models);
    set(request.model_aliases, &mut team.model_aliases);
    set(request.metadata, &mut team.metadata);
    set(request.tags, &mut team.tags);
    let of_metadata = tags_of(&team.metadata)?;
    check_tags(&[of_metadata.as_slice(), &team.tags].concat())?;
    set(request.blocked, &mut team.blocked);
    if let Patch::Set(members) = request.members_with_roles {
        // Who stays keeps the limits that were set for them alone.
        let known: BTreeMap<_, _> =
            team.members.drain(..).filter_map(|member| Some((member.user_id?, member.limits))).collect();
        for named in members {
            let mut fresh = member(named)?;
            let is_same = |other: &TeamMember| fresh.user_id.is_some() && other.user_id == fresh.user_id;
            if team.members.iter().any(is_same) {
                return Err(invalid("members_with_roles", "a user is named twice"));
            }
            let limits = fresh.user_id.as_ref().and_then(|user| known.get(user));
            fresh.limits = limits.cloned().unwrap_or_default();
            team.members.push(fresh);
        }
    }
    limits::apply(request.limits, &mut team.limits, now_ms)?;
    let of_members = weighhouse_api::LimitPatch {
        max_budget: request.team_member_budget,
        budget_duration: request.team_member_budget_duration,
        rpm_limit: request.team_member_rpm_limit,
        tpm_limit: request.team_member_tpm_limit,
        ..weighhouse_api::LimitPatch::default()
    };
    limits::apply(of_members, &mut team.member_limits, now_ms)?;
    team.updated_ms = now_ms;
    Ok(())
}

/// Sets what a request says; null is the empty value.
pub(crate) fn set<T: Default>(patch: Patch<T>, to: &mut T) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => *to = T::default(),
        Patch::Set(value) => *to = value,
    }
}

/// A member as a request names one.
///
/// # Errors
/// `InvalidRequest`: nobody is named, or the role is none.
pub(crate) fn member(member: Member) -> Result<TeamMember, Error> {
    if member.user_id.is_none() && member.user_email.is_none() {
        return Err(invalid("member", "a member needs a user_id or a user_email"));
    }
    let is_admin = match member.role.as_deref() {
        Some("admin") => true,
        Some("user") | None => false,
        Some(_) => return Err(invalid("role", "a member's role must be admin or user")),
    };
    Ok(TeamMember {
        user_id: member.user_id,
        user_email: member.user_email,
        is_admin,
        limits: Limits::default(),
    })
}

pub(crate) async fn info(admin: &Admin, granted: &Granted, query: Option<&str>) -> Result<TeamInfo, Error> {
    let TeamQuery { team_id } = TeamQuery::read(query)?;
    granted.check_team(ID, &team_id)?;
    let sees_all = granted.in_team(&team_id) == TeamReach::Whole;
    let team: TeamRecord = entity::find(admin, ID, &team_id).await?;
    let filter = KeyFilter { team_id: Some(team_id.clone()), of: granted.keys(), ..KeyFilter::default() };
    let mut team_memberships = Vec::new();
    for member in &team.members {
        let Some(user_id) = member.user_id.clone() else { continue };
        if !sees_all && granted.user_id() != Some(&user_id) {
            continue;
        }
        let limits = &member.limits.filled_by(&team.member_limits);
        let scope = Scope::pair(ScopeKind::Member, &team_id, &user_id);
        team_memberships.push(TeamMembership {
            spend: Dollars(admin.spent(&scope, limits).await?),
            litellm_budget_table: limits::shown(limits, &admin.zone, admin.now_ms()),
            team_id: team_id.clone(),
            user_id,
        });
    }
    Ok(TeamInfo {
        team_info: shown(admin, &team).await?,
        keys: entity::keys_shown(admin, &filter).await?,
        team_memberships,
        team_id,
    })
}

/// Teams that the query asks for: all of them, or a page.
pub(crate) async fn list(
    admin: &Admin,
    granted: &Granted,
    query: Option<&str>,
) -> Result<Vec<TeamObject>, Error> {
    let asked = TeamListQuery::read(query)?;
    let found = narrowed(admin, granted, &asked).await?;
    let (skip, most) = match (asked.page, asked.page_size) {
        (None, None) => (0, usize::MAX),
        (page, size) => place(page.unwrap_or(1), size.unwrap_or(PAGE_SIZE)),
    };
    shown_all(admin, found.iter().skip(skip).take(most)).await
}

/// A page of teams, and how many there are.
pub(crate) async fn pages(admin: &Admin, granted: &Granted, query: Option<&str>) -> Result<TeamList, Error> {
    let asked = TeamListQuery::read(query)?;
    let found = narrowed(admin, granted, &asked).await?;
    let (page, page_size) = (asked.page.unwrap_or(1), asked.page_size.unwrap_or(PAGE_SIZE));
    let (skip, most) = place(page, page_size);
    let total = found.len() as u64;
    Ok(TeamList {
        teams: shown_all(admin, found.iter().skip(skip).take(most)).await?,
        total,
        page,
        page_size,
        total_pages: total.div_ceil(u64::from(page_size)),
    })
}

fn place(page: u64, size: u32) -> (usize, usize) {
    let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    (whole((page - 1).saturating_mul(u64::from(size))), whole(u64::from(size)))
}

async fn narrowed(admin: &Admin, granted: &Granted, asked: &TeamListQuery) -> Result<Vec<TeamRecord>, Error> {
    if let Some(user) = &asked.user_id
        && !granted.reaches_everything()
        && granted.user_id() != Some(user)
    {
        return Err(granted.denied("user_id", "user", user));
    }
    let mut teams = match granted.teams() {
        Some(ids) => {
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                found.extend(admin.store.find::<TeamRecord>(&id).await?);
            }
            found
        }
        None => {
            let every = Page { offset: 0, limit: MAX_TEAMS };
            admin.store.list::<TeamRecord>(&EntityFilter::default(), every).await?.0
        }
    };
    if let Some(id) = &asked.team_id {
        teams.retain(|team| team.team_id == *id);
    }
    if let Some(part) = asked.team_alias.as_ref().map(|part| part.to_lowercase()) {
        let has = |alias: &String| alias.to_lowercase().contains(&part);
        teams.retain(|team| team.team_alias.as_ref().is_some_and(has));
    }
    if let Some(user) = &asked.user_id {
        teams.retain(|team| team.member(user).is_some());
    }
    if let Some(organization) = &asked.organization_id {
        teams.retain(|team| team.organization_id.as_ref() == Some(organization));
    }
    put_in_order(&mut teams, asked);
    Ok(teams)
}

/// The store gives the newest first.
fn put_in_order(teams: &mut [TeamRecord], asked: &TeamListQuery) {
    match asked.sort_by {
        None => return,
        Some(TeamColumn::TeamId) => teams.sort_by(|a, b| a.team_id.cmp(&b.team_id)),
        Some(TeamColumn::TeamAlias) => {
            teams.sort_by(|a, b| (&a.team_alias, &a.team_id).cmp(&(&b.team_alias, &b.team_id)));
        }
        Some(TeamColumn::CreatedAt) => {
            teams.sort_by(|a, b| (a.created_ms, &a.team_id).cmp(&(b.created_ms, &b.team_id)));
        }
    }
    if asked.sort_order == SortOrder::Descending {
        teams.reverse();
    }
}

async fn shown_all(
    admin: &Admin,
    teams: impl Iterator<Item = &TeamRecord>,
) -> Result<Vec<TeamObject>, Error> {
    let mut all = Vec::new();
    for team in teams {
        all.push(shown(admin, team).await?);
    }
    Ok(all)
}

pub(crate) async fn delete(admin: &Admin, body: &[u8]) -> Result<Vec<String>, Error> {
    let request: DeleteTeamsRequest = read_body(body)?;
    let mut teams = Vec::with_capacity(request.team_ids.len());
    for id in &request.team_ids {
        teams.extend(admin.store.find::<TeamRecord>(id).await?);
    }
    let deleted = entity::delete::<TeamRecord>(admin, "team_ids", &request.team_ids).await?;
    for id in &deleted {
        let filter = KeyFilter { team_id: Some(id.clone()), ..KeyFilter::default() };
        entity::delete_keys(admin, &filter).await?;
    }
    for team in teams {
        note_members(admin, &team.team_id, &team.members, &[]).await?;
    }
    Ok(deleted)
}

pub(crate) async fn set_blocked(admin: &Admin, body: &[u8], is_blocked: bool) -> Result<TeamObject, Error> {
    let request: BlockTeamRequest = read_body(body)?;
    let now_ms = admin.now_ms();
    let block = move |team: &mut TeamRecord| {
        (team.blocked, team.updated_ms) = (is_blocked, now_ms);
        Ok(())
    };
    let team = entity::change(admin, ID, &request.team_id, block).await?;
    shown(admin, &team).await
}

/// Lets a team use models, or use them no more.
pub(crate) async fn models(admin: &Admin, body: &[u8], is_added: bool) -> Result<TeamObject, Error> {
    let request: TeamModelsRequest = read_body(body)?;
    let now_ms = admin.now_ms();
    let named = request.models;
    let change = move |team: &mut TeamRecord| {
        team.models.retain(|model| !named.contains(model));
        if is_added {
            team.models.extend(named);
        }
        team.updated_ms = now_ms;
        Ok(())
    };
    let team = entity::change(admin, ID, &request.team_id, change).await?;
    shown(admin, &team).await
}

/// A team as it is shown.
///
/// # Errors
/// `Overloaded`: the store does not answer.
pub(crate) async fn shown(admin: &Admin, team: &TeamRecord) -> Result<TeamObject, Error> {
    let scope = Scope::new(ScopeKind::Team, &team.team_id);
    let now_ms = admin.now_ms();
    let member = |member: &TeamMember| Member {
        role: Some(if member.is_admin { "admin" } else { "user" }.to_owned()),
        user_id: member.user_id.clone(),
        user_email: member.user_email.clone(),
    };
    Ok(TeamObject {
        team_id: team.team_id.clone(),
        team_alias: team.team_alias.clone(),
        organization_id: team.organization_id.clone(),
        members_with_roles: team.members.iter().map(member).collect(),
        models: team.models.clone(),
        model_aliases: team.model_aliases.clone(),
        metadata: team.metadata.clone(),
        tags: team.tags.clone(),
        blocked: team.blocked,
        spend: Dollars(admin.spent(&scope, &team.limits).await?),
        limits: limits::shown(&team.limits, &admin.zone, now_ms),
        team_member_limits: limits::shown(&team.member_limits, &admin.zone, now_ms),
        created_at: moment(team.created_ms),
        updated_at: moment(team.updated_ms),
    })
}

/// A member's own budget, in the words of the member routes.
///
/// # Errors
/// `InvalidRequest`: less than nothing.
pub(crate) fn member_budget(dollars: Dollars) -> Result<weighhouse_types::Nanos, Error> {
    budget("max_budget_in_team", dollars)
}
