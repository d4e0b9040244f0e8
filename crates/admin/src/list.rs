//! Lists keys.

use weighhouse_api::{KeyEntry, KeyList, KeyListQuery};
use weighhouse_auth::Granted;
use weighhouse_storage::{KeyFilter, Page};
use weighhouse_types::Error;

use crate::admin::Admin;
use crate::named::hash_named;
use crate::shown::shown_with_hash;

pub(crate) async fn list(admin: &Admin, granted: &Granted, query: Option<&str>) -> Result<KeyList, Error> {
    let query = KeyListQuery::read(query)?;
    check(granted, &query)?;
    let filter = KeyFilter {
        user_id: query.user_id,
        team_id: query.team_id,
        key_alias: query.key_alias,
        hash: query.key_hash.as_deref().map(hash_named),
        of: granted.keys(),
    };
    let size = u64::from(query.size);
    let page = Page { offset: (query.page - 1).saturating_mul(size), limit: query.size };
    let (records, total_count) = admin.store.list_keys(&filter, page).await?;
    let mut keys = Vec::with_capacity(records.len());
    for record in &records {
        keys.push(if query.return_full_object {
            let spent = admin.spent_of_key(record).await?;
            KeyEntry::Whole(Box::new(shown_with_hash(admin, record, spent)))
        } else {
            KeyEntry::Hash(record.hash.to_string())
        });
    }
    Ok(KeyList { keys, total_count, current_page: query.page, total_pages: total_count.div_ceil(size) })
}

/// Whoever names a user or team that they do not reach is told so, and gets no empty list.
fn check(granted: &Granted, query: &KeyListQuery) -> Result<(), Error> {
    if let Some(user) = &query.user_id {
        granted.check_user("user_id", user)?;
    }
    match &query.team_id {
        Some(team) => granted.check_team("team_id", team),
        None => Ok(()),
    }
}
