//! Users as they are shown.

use std::ops::Deref;

use weighhouse_api::{UserInfo, UserObject};

use crate::limit_view::{limits, metadata};
use crate::output::{Cell, Column, Table};

const COLUMNS: &[Column] = &[
    Column::id("user_id", "ID"),
    Column::id("user_email", "EMAIL"),
    Column::id("user_role", "ROLE"),
    Column::number("spend", "SPEND"),
    Column::number("max_budget", "BUDGET"),
    Column::text("teams", "TEAMS"),
];

pub(super) fn list<D: Deref<Target = UserObject>>(users: &[D]) -> Table {
    let mut table = Table::list(COLUMNS);
    for user in users {
        table.row([
            Cell::from(&user.user_id),
            user.user_email.as_ref().into(),
            (&user.user_role).into(),
            user.spend.into(),
            user.limits.max_budget.into(),
            Cell::list(&user.teams),
        ]);
    }
    table
}

pub(super) fn record(user: &UserObject) -> Table {
    let mut table = Table::record();
    table.field("user_id", "id", &user.user_id);
    table.field("key", "key", user.key.as_ref().map(|key| key.expose()));
    table.field("user_email", "email", user.user_email.as_ref());
    table.field("user_alias", "alias", user.user_alias.as_ref());
    table.field("user_role", "role", &user.user_role);
    table.field("spend", "spend", user.spend);
    limits(&mut table, &user.limits);
    table.field("models", "models", Cell::list(&user.models));
    table.field("teams", "teams", Cell::list(&user.teams));
    table.field("metadata", "metadata", metadata(&user.metadata));
    table.field("created_at", "created", &user.created_at);
    table.field("updated_at", "updated", &user.updated_at);
    table
}

pub(super) fn info(told: &UserInfo) -> Table {
    let mut table = record(&told.user_info);
    table.field("keys", "keys", told.keys.len());
    table
}
