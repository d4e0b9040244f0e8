//! Users: made, changed, shown, listed and deleted.

use serde_json::{Value, json};
use weighhouse_api::{
    DeleteUsersRequest, Dollars, Patch, UserInfo, UserList, UserObject, UserQuery, UserRequest, read_body,
};
use weighhouse_auth::{Everything, Granted};
use weighhouse_storage::{KeyFilter, TeamRecord, UserRecord, UserRole};
use weighhouse_types::{Error, Scope, ScopeKind};

use crate::admin::Admin;
use crate::calendar::moment;
use crate::rules::invalid;
use crate::team::set;
use crate::team_member::{join, leave_all, note_known};
use crate::{entity, generate, limits, team};

const ID: &str = "user_id";

pub(crate) async fn new(admin: &Admin, all: Everything<'_>, body: &[u8]) -> Result<UserObject, Error> {
    let mut request: UserRequest = read_body(body)?;
    let now_ms = admin.now_ms();
    let user_id = entity::id_or_new(ID, request.user_id.take())?;
    let gets_key = request.auto_create_key.unwrap_or(true);
    let mut user = UserRecord { user_id, created_ms: now_ms, ..UserRecord::default() };
    apply(request, &mut user, now_ms)?;
    entity::insert(admin, ID, &user).await?;
    join(admin, &user.user_id, &user.teams).await?;
    note_known(admin, &user).await?;
    let key = if gets_key {
        let asked = json!({ "user_id": user.user_id }).to_string();
        generate::generate(admin, all.granted(), asked.as_bytes()).await?.key
    } else {
        None
    };
    let user = entity::find(admin, ID, &user.user_id).await?;
    Ok(UserObject { key, ..shown(admin, &user).await? })
}

pub(crate) async fn update(admin: &Admin, body: &[u8]) -> Result<UserObject, Error> {
    let mut request: UserRequest = read_body(body)?;
    let id = entity::checked_id(ID, request.user_id.take().unwrap_or_default())?;
    let now_ms = admin.now_ms();
    let has_new_address = matches!(request.user_email, Patch::Set(_));
    let mut user = entity::change(admin, ID, &id, move |user| apply(request, user, now_ms)).await?;
    if has_new_address {
        note_known(admin, &user).await?;
        user = entity::find(admin, ID, &id).await?;
    }
    shown(admin, &user).await
}

fn apply(request: UserRequest, user: &mut UserRecord, now_ms: i64) -> Result<(), Error> {
    request.user_email.apply(&mut user.user_email);
    request.user_alias.apply(&mut user.user_alias);
    match request.user_role {
        Patch::Keep => {}
        Patch::Clear => user.user_role = UserRole::default(),
        Patch::Set(name) => {
            user.user_role = UserRole::from_name(&name).ok_or_else(|| {
                let names = UserRole::ALL.map(UserRole::name).join(", ");
                invalid("user_role", format!("user_role must be one of {names}"))
            })?;
        }
    }
    set(request.teams, &mut user.teams);
    set(request.models, &mut user.models);
    set(request.metadata, &mut user.metadata);
    limits::apply(request.limits, &mut user.limits, now_ms)?;
    user.updated_ms = now_ms;
    Ok(())
}

pub(crate) async fn info(admin: &Admin, granted: &Granted, query: Option<&str>) -> Result<UserInfo, Error> {
    let user_id = asked(granted, query)?;
    let user: UserRecord = entity::find(admin, ID, &user_id).await?;
    let filter = KeyFilter { user_id: Some(user_id.clone()), ..KeyFilter::default() };
    let mut teams = Vec::new();
    for id in &user.teams {
        let found = admin.store.find::<TeamRecord>(id).await?;
        // The team's own list says who belongs to it.
        if let Some(found) = found.filter(|team| team.member(&user_id).is_some()) {
            teams.push(team::shown(admin, &found).await?);
        }
    }
    Ok(UserInfo {
        user_info: shown(admin, &user).await?,
        keys: entity::keys_shown(admin, &filter).await?,
        teams,
        user_id,
    })
}

/// The user whom the query names, or the one who asks.
fn asked(granted: &Granted, query: Option<&str>) -> Result<String, Error> {
    let named = UserQuery::read(query).map(|query| query.user_id);
    let id = match (named, granted.user_id()) {
        (Ok(id), _) => id,
        (Err(_), Some(own)) => own.to_owned(),
        (Err(error), None) => return Err(error),
    };
    granted.check_user(ID, &id)?;
    Ok(id)
}

/// The user without keys and teams.
pub(crate) async fn alone(
    admin: &Admin,
    granted: &Granted,
    query: Option<&str>,
) -> Result<UserObject, Error> {
    let user_id = asked(granted, query)?;
    shown(admin, &entity::find(admin, ID, &user_id).await?).await
}

pub(crate) async fn list(admin: &Admin, query: Option<&str>) -> Result<UserList, Error> {
    let (found, total, asked) = entity::page::<UserRecord>(admin, query).await?;
    let mut users = Vec::with_capacity(found.len());
    for user in &found {
        users.push(shown(admin, user).await?);
    }
    Ok(UserList {
        users,
        total,
        page: asked.page,
        page_size: asked.page_size,
        total_pages: total.div_ceil(u64::from(asked.page_size)),
    })
}

/// What roles users may have, by their names.
pub(crate) fn roles() -> Value {
    let described = UserRole::ALL.map(|role| {
        let (label, description) = match role {
            UserRole::ProxyAdmin => ("Admin (All Permissions)", "sees and changes everything"),
            UserRole::ProxyAdminViewer => ("Admin (View Only)", "sees everything, changes nothing"),
            UserRole::InternalUser => ("Internal User", "looks after keys of their own"),
            UserRole::InternalUserViewer => ("Internal Viewer", "sees keys and spend of their own"),
        };
        (role.name().to_owned(), json!({ "description": description, "ui_label": label }))
    });
    Value::Object(described.into_iter().collect())
}

/// How many were deleted, as LiteLLM answers.
pub(crate) async fn delete(admin: &Admin, body: &[u8]) -> Result<usize, Error> {
    let request: DeleteUsersRequest = read_body(body)?;
    let deleted = entity::delete::<UserRecord>(admin, "user_ids", &request.user_ids).await?;
    for id in &deleted {
        let filter = KeyFilter { user_id: Some(id.clone()), ..KeyFilter::default() };
        entity::delete_keys(admin, &filter).await?;
    }
    leave_all(admin, &deleted).await?;
    Ok(deleted.len())
}

pub(crate) async fn shown(admin: &Admin, user: &UserRecord) -> Result<UserObject, Error> {
    let scope = Scope::new(ScopeKind::User, &user.user_id);
    Ok(UserObject {
        user_id: user.user_id.clone(),
        key: None,
        user_email: user.user_email.clone(),
        user_alias: user.user_alias.clone(),
        user_role: user.user_role.name().to_owned(),
        teams: user.teams.clone(),
        models: user.models.clone(),
        metadata: user.metadata.clone(),
        spend: Dollars(admin.spent(&scope, &user.limits).await?),
        limits: limits::shown(&user.limits, &admin.zone, admin.now_ms()),
        created_at: moment(user.created_ms),
        updated_at: moment(user.updated_ms),
    })
}
