//! Keys as they are shown.

use std::ops::Deref;

use weighhouse_api::KeyObject;

use crate::limit_view::{limits, metadata};
use crate::output::{Cell, Column, Table};

const COLUMNS: &[Column] = &[
    Column::id("key_alias", "ALIAS"),
    Column::id("key_name", "NAME"),
    Column::id("status", "STATUS"),
    Column::number("spend", "SPEND"),
    Column::number("max_budget", "BUDGET"),
    Column::id("expires", "EXPIRES"),
    Column::id("team_id", "TEAM").spare(),
    Column::id("user_id", "USER").spare(),
    Column::text("models", "MODELS").spare(),
    Column::id("token", "HASH").spare(),
];

pub(super) fn list<D: Deref<Target = KeyObject>>(keys: &[D]) -> Table {
    let mut table = Table::list(COLUMNS);
    for key in keys {
        table.row([
            key.key_alias.as_ref().into(),
            key.key_name.as_ref().into(),
            Cell::from(&key.status),
            key.spend.into(),
            key.limits.max_budget.into(),
            key.expires.as_ref().into(),
            key.team_id.as_ref().into(),
            key.user_id.as_ref().into(),
            Cell::list(&key.models),
            key.token.as_ref().into(),
        ]);
    }
    table
}

pub(super) fn record(key: &KeyObject) -> Table {
    let mut table = Table::record();
    table.field("key", "key", key.key.as_ref().map(|key| key.expose()));
    table.field("key_name", "name", key.key_name.as_ref());
    table.field("key_alias", "alias", key.key_alias.as_ref());
    table.field("token", "hash", key.token.as_ref());
    table.field("status", "status", &key.status);
    table.field("spend", "spend", key.spend);
    table.field("total_spend", "spend ever", key.total_spend);
    limits(&mut table, &key.limits);
    table.field("budget_id", "named budget", key.budget_id.as_ref());
    table.field("expires", "expires", key.expires.as_ref());
    table.field("models", "models", Cell::list(&key.models));
    let aliases = key.aliases.iter().map(|(name, model)| format!("{name}={model}"));
    table.field("aliases", "model aliases", Cell::list(aliases));
    table.field("user_id", "user", key.user_id.as_ref());
    table.field("team_id", "team", key.team_id.as_ref());
    table.field("tags", "tags", Cell::list(&key.tags));
    table.field("metadata", "metadata", metadata(&key.metadata));
    table.field("created_at", "created", &key.created_at);
    table.field("created_by", "created by", key.created_by.as_ref());
    table.field("updated_at", "updated", &key.updated_at);
    table
}
