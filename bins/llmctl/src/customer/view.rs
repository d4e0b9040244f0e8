//! Customers as they are shown.

use weighhouse_api::CustomerObject;

use crate::limit_view::limits;
use crate::output::{Cell, Column, Table};

const COLUMNS: &[Column] = &[
    Column::id("user_id", "ID"),
    Column::text("alias", "ALIAS"),
    Column::number("spend", "SPEND"),
    Column::number("max_budget", "BUDGET"),
    Column::id("budget_id", "NAMED BUDGET"),
    Column::id("blocked", "BLOCKED"),
];

pub(super) fn list(customers: &[CustomerObject]) -> Table {
    let mut table = Table::list(COLUMNS);
    for customer in customers {
        table.row([
            Cell::from(&customer.user_id),
            customer.alias.as_ref().into(),
            customer.spend.into(),
            customer.litellm_budget_table.max_budget.into(),
            customer.budget_id.as_ref().into(),
            customer.blocked.into(),
        ]);
    }
    table
}

pub(super) fn record(customer: &CustomerObject) -> Table {
    let mut table = Table::record();
    table.field("user_id", "id", &customer.user_id);
    table.field("alias", "alias", customer.alias.as_ref());
    table.field("blocked", "blocked", customer.blocked);
    table.field("spend", "spend", customer.spend);
    table.field("budget_id", "named budget", customer.budget_id.as_ref());
    limits(&mut table, &customer.litellm_budget_table);
    table
}
