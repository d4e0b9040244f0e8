//! Limits as fields of a record: the same for teams, users, customers, budgets and tags.

use weighhouse_api::LimitObject;

use crate::output::{Cell, Table};

/// Adds what may be spent and how fast.
pub(crate) fn limits(table: &mut Table, limits: &LimitObject) {
    table.field("max_budget", "max budget", limits.max_budget);
    table.field("soft_budget", "soft budget", limits.soft_budget);
    table.field("budget_duration", "budget duration", limits.budget_duration.as_ref());
    table.field("budget_mode", "budget mode", limits.budget_mode.as_ref());
    table.field("budget_reset_at", "budget resets", limits.budget_reset_at.as_ref());
    let further = limits.budget_limits.iter();
    let further = further.map(|one| format!("${} in {}", one.max_budget.0, one.budget_duration));
    table.field("budget_limits", "further budgets", Cell::list(further));
    table.field("temp_budget_increase", "more for a while", limits.temp_budget_increase);
    table.field("temp_budget_expiry", "until", limits.temp_budget_expiry.as_ref());
    table.field("rpm_limit", "rpm limit", limits.rpm_limit);
    table.field("tpm_limit", "tpm limit", limits.tpm_limit);
    table.field("itpm_limit", "itpm limit", limits.itpm_limit);
    table.field("otpm_limit", "otpm limit", limits.otpm_limit);
    table.field("rpd_limit", "rpd limit", limits.rpd_limit);
    table.field("tpd_limit", "tpd limit", limits.tpd_limit);
    table.field("max_parallel_requests", "max parallel", limits.max_parallel_requests);
    let models = limits.model_max_budget.iter().map(|(model, budget)| {
        let window = budget.time_period.as_ref().map(|period| format!(" in {period}")).unwrap_or_default();
        format!("{model}=${}{window}", budget.budget_limit.0)
    });
    table.field("model_max_budget", "models' budgets", Cell::list(models));
    let pairs = |limits: &std::collections::BTreeMap<String, u64>| {
        Cell::list(limits.iter().map(|(model, limit)| format!("{model}={limit}")))
    };
    table.field("model_rpm_limit", "models' rpm", pairs(&limits.model_rpm_limit));
    table.field("model_tpm_limit", "models' tpm", pairs(&limits.model_tpm_limit));
}

/// A JSON object of somebody's own, in a line.
pub(crate) fn metadata(object: &serde_json::Map<String, serde_json::Value>) -> Cell {
    if object.is_empty() {
        Cell::Nothing
    } else {
        Cell::from(serde_json::Value::from(object.clone()).to_string())
    }
}
