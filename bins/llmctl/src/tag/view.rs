//! Tags as they are shown.

use std::ops::Deref;

use weighhouse_api::TagObject;

use crate::limit_view::limits;
use crate::output::{Cell, Column, Table};

const COLUMNS: &[Column] = &[
    Column::id("name", "NAME"),
    Column::text("description", "DESCRIPTION"),
    Column::number("spend", "SPEND"),
    Column::number("max_budget", "BUDGET"),
    Column::id("budget_reset_at", "RESETS"),
    Column::text("models", "MODELS"),
];

pub(super) fn list<D: Deref<Target = TagObject>>(tags: &[D]) -> Table {
    let mut table = Table::list(COLUMNS);
    for tag in tags {
        table.row([
            Cell::from(&tag.name),
            tag.description.as_ref().into(),
            tag.spend.into(),
            tag.limits.max_budget.into(),
            tag.limits.budget_reset_at.as_ref().into(),
            Cell::list(&tag.models),
        ]);
    }
    table
}

pub(super) fn record(tag: &TagObject) -> Table {
    let mut table = Table::record();
    table.field("name", "name", &tag.name);
    table.field("description", "description", tag.description.as_ref());
    table.field("spend", "spend", tag.spend);
    limits(&mut table, &tag.limits);
    table.field("models", "models", Cell::list(&tag.models));
    table.field("created_at", "created", &tag.created_at);
    table.field("updated_at", "updated", &tag.updated_at);
    table
}
