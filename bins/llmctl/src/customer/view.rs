//! Customers as they are shown.

use std::ops::Deref;

use serde_json::Value;
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

const BLOCKED: &[Column] = &[Column::id("user_id", "ID"), Column::id("blocked", "BLOCKED")];

pub(super) fn list<D: Deref<Target = CustomerObject>>(customers: &[D]) -> Table {
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

/// Whom a call blocked or took again.
pub(super) fn blocked(answer: &Value) -> Table {
    let mut table = Table::list(BLOCKED);
    let named = |name| answer.get(name).and_then(Value::as_array);
    for one in named("blocked_users").or_else(|| named("unblocked_users")).into_iter().flatten() {
        let is_blocked = one.get("blocked").and_then(Value::as_bool);
        table.row([one.get("user_id").and_then(Value::as_str).into(), is_blocked.into()]);
    }
    table
}
