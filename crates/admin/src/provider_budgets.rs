//! Where the budgets of providers stand (`/provider/budgets`).

use weighhouse_api::{Dollars, ProviderBudget, ProviderBudgets};
use weighhouse_metering::WindowRule;
use weighhouse_storage::Limits;
use weighhouse_types::{Error, Scope, ScopeKind};

use crate::admin::Admin;
use crate::calendar::moment;
use crate::rules::invalid;

pub(crate) async fn read(admin: &Admin) -> Result<ProviderBudgets, Error> {
    let limits = admin.in_force()?.provider_limits();
    if limits.is_empty() {
        let message = "No provider budget config found. Please set a provider budget config in the router settings: \
                       router_settings.provider_budget_config";
        return Err(invalid("provider_budget_config", message));
    }
    let mut budgets = ProviderBudgets::default();
    for (provider, max_budget, duration) in limits {
        let scope = Scope::new(ScopeKind::Provider, &provider);
        let budget =
            Limits { max_budget: Some(max_budget), budget_duration: duration.clone(), ..Limits::default() };
        let rule = duration.as_deref().and_then(|duration| WindowRule::parse(duration, &admin.zone));
        let shown = ProviderBudget {
            budget_limit: Dollars(max_budget),
            time_period: duration,
            spend: Dollars(admin.spent(&scope, &budget).await?),
            budget_reset_at: rule.map(|rule| moment(rule.window_at(admin.now_ms()).1)),
        };
        budgets.providers.insert(provider, shown);
    }
    Ok(budgets)
}
