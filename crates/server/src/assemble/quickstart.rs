//! The snapshot of a start without a config: every provider whose key stands in the environment.

use std::sync::Arc;

use weighhouse_catalog::PriceBook;
use weighhouse_providers::{Target, TargetOptions, registry};
use weighhouse_router::{Member, Policy, Table};

use crate::deployment::Deployment;
use crate::limits::{Limits, Patience};
use crate::snapshot::{Compat, MoneyRules, Snapshot};

/// A wildcard for every provider whose key stands in the environment; where none does, the built-in echo.
#[must_use]
pub fn quickstart(variables: &dyn Fn(&str) -> Option<String>) -> Snapshot {
    let has_key = |row: &&registry::Row| {
        row.key_env.iter().any(|name| variables(name).is_some_and(|key| !key.is_empty()))
    };
    let with_key = registry::all().iter().filter(has_key).filter(|row| row.base_url.is_some());
    let mut models: Vec<(String, String)> =
        with_key.map(|row| (format!("{}/*", row.name), format!("{}/*", row.name))).collect();
    if models.is_empty() {
        models.push(("echo".into(), "echo/echo".into()));
    }
    let mut table = Table::new(Policy::default());
    let mut deployments = Vec::new();
    for (name, model) in models {
        let options = TargetOptions { model, ..TargetOptions::default() };
        let Ok(target) = Target::resolve(&options, variables) else { continue };
        table.add(&name, Member::plain(deployments.len()));
        let patience = (Patience::default(), Patience::default());
        // The echo costs nothing, and says so, so that keys with a budget may use it.
        let own_prices = (target.row().name == "echo").then(free).flatten();
        deployments.push(Arc::new(Deployment::new(&name, &name, target, own_prices, None, patience)));
    }
    Snapshot {
        table,
        deployments,
        access_groups: Arc::default(),
        limits: Limits::default(),
        master: None,
        key_header: None,
        compat: Compat::default(),
        money: MoneyRules::default(),
        weighs_deployments: false,
        global: None,
    }
}

fn free() -> Option<PriceBook> {
    let fields = [("input_cost_per_token", "0"), ("output_cost_per_token", "0")];
    PriceBook::from_litellm_fields(fields.into_iter()).ok()
}
