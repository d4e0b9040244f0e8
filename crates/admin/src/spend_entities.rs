//! Keys and users with what they spent, the dearest first (`/spend/keys`, `/spend/users`).

use std::cmp::Reverse;

use weighhouse_api::{KeyObject, SpendQuery, UserObject};
use weighhouse_auth::Granted;
use weighhouse_storage::{EntityFilter, KeyFilter, Page, UserRecord};
use weighhouse_types::Error;

use crate::admin::Admin;
use crate::{entity, user};

/// Users that one answer tells of.
const MAX_USERS: u32 = 10_000;

pub(crate) async fn keys(admin: &Admin, granted: &Granted) -> Result<Vec<KeyObject>, Error> {
    let filter = KeyFilter { of: granted.keys(), ..KeyFilter::default() };
    let mut shown = entity::keys_shown(admin, &filter).await?;
    shown.sort_by_key(|key| Reverse(key.spend));
    Ok(shown)
}

pub(crate) async fn users(
    admin: &Admin,
    granted: &Granted,
    query: Option<&str>,
) -> Result<Vec<UserObject>, Error> {
    let asked = SpendQuery::read(query)?;
    if let Some(id) = &asked.user_id {
        granted.check_user("user_id", id)?;
    }
    let users: Vec<UserRecord> = match asked.user_id {
        Some(id) => vec![entity::find(admin, "user_id", &id).await?],
        None if granted.reaches_everything() => {
            let page = Page { offset: 0, limit: MAX_USERS };
            admin.store.list(&EntityFilter::default(), page).await?.0
        }
        // Their own, as LiteLLM does; a key without a user gets none.
        None => granted.user().map(|user| user.record.clone()).into_iter().collect(),
    };
    let mut shown = Vec::with_capacity(users.len());
    for record in &users {
        shown.push(user::shown(admin, record).await?);
    }
    shown.sort_by_key(|user| Reverse(user.spend));
    Ok(shown)
}
