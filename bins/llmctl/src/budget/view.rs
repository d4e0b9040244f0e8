//! Named budgets as they are shown.

use std::ops::Deref;

use weighhouse_api::BudgetObject;

use crate::limit_view::limits;
use crate::output::{Cell, Column, Table};

const COLUMNS: &[Column] = &[
    Column::id("budget_id", "ID"),
    Column::number("max_budget", "BUDGET"),
    Column::number("soft_budget", "SOFT BUDGET"),
    Column::id("budget_duration", "DURATION"),
    Column::number("rpm_limit", "RPM"),
    Column::number("tpm_limit", "TPM"),
];

pub(super) fn list<D: Deref<Target = BudgetObject>>(budgets: &[D]) -> Table {
    let mut table = Table::list(COLUMNS);
    for budget in budgets {
        table.row([
            Cell::from(&budget.budget_id),
            budget.limits.max_budget.into(),
            budget.limits.soft_budget.into(),
            budget.limits.budget_duration.as_ref().into(),
            budget.limits.rpm_limit.into(),
            budget.limits.tpm_limit.into(),
        ]);
    }
    table
}

pub(super) fn record(budget: &BudgetObject) -> Table {
    let mut table = Table::record();
    table.field("budget_id", "id", &budget.budget_id);
    limits(&mut table, &budget.limits);
    table.field("created_at", "created", &budget.created_at);
    table.field("updated_at", "updated", &budget.updated_at);
    table
}
