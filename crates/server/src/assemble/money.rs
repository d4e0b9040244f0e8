//! What the settings say about money and limits, beside those of keys and teams.

use weighhouse_auth::Subject;
use weighhouse_config::{Finding, ModelEntry, ProviderBudget, Settings, Severity, nearest};
use weighhouse_metering::Unpriced;
use weighhouse_providers::registry;
use weighhouse_storage::{BudgetMode, Limits};
use weighhouse_types::{Nanos, ScopeKind};

use crate::relay::OnAbort;
use crate::snapshot::MoneyRules;

/// LiteLLM's check that makes limits of deployments more than weights.
const ENFORCED: &str = "enforce_model_rate_limits";

/// What holds where budgets do not say.
pub(super) fn rules(settings: &Settings) -> MoneyRules {
    let (own, default) = (&settings.own, MoneyRules::default());
    let said = own.unpriced_models.as_deref();
    MoneyRules {
        hold_wait: own.hold_wait.unwrap_or(default.hold_wait),
        unpriced: match said {
            Some("allow") => Unpriced::Held(Nanos::ZERO),
            Some(amount) => Nanos::parse_usd(amount).map_or(default.unpriced, Unpriced::Held),
            None => default.unpriced,
        },
        refuses_unpriced: settings.litellm.block_unpriced || said == Some("refuse"),
        on_abort: if own.on_abort.as_deref() == Some("drain") { OnAbort::Drain } else { OnAbort::Cancel },
    }
}

/// How strictly budgets hold that do not say.
#[must_use]
pub fn budget_mode(settings: &Settings) -> BudgetMode {
    settings.own.budget_mode.as_deref().and_then(BudgetMode::from_name).unwrap_or_default()
}

/// LiteLLM's `max_budget` and `budget_duration` under `litellm_settings`: what the whole house may spend.
pub(super) fn global(settings: &Settings) -> Option<Subject> {
    let limits = budget(settings.litellm.max_budget.as_deref(), settings.litellm.budget_duration.as_deref())?;
    Some(Subject::new(ScopeKind::Global, "", limits))
}

/// Limits of a deployment and of its provider, where there are any. Its rates bind where LiteLLM's check is on;
/// else they are weights only, as there.
pub(super) fn of_deployment(
    entry: &ModelEntry,
    id: &str,
    provider: &str,
    settings: &Settings,
) -> Vec<Subject> {
    let params = &entry.params;
    let budgeted = budget(params.max_budget.as_deref(), params.budget_duration.as_deref());
    let is_enforced = settings.router.optional_pre_call_checks.iter().any(|check| check == ENFORCED);
    let rate = |rate: Option<u64>| rate.filter(|_| is_enforced);
    let limits = Limits {
        rpm_limit: rate(params.rpm),
        tpm_limit: rate(params.tpm),
        itpm_limit: rate(params.itpm),
        otpm_limit: rate(params.otpm),
        rpd_limit: rate(params.rpd),
        tpd_limit: rate(params.tpd),
        max_parallel_requests: params.max_parallel_requests,
        ..budgeted.unwrap_or_default()
    };
    let own = (limits != Limits::default()).then(|| Subject::new(ScopeKind::Deployment, id, limits));
    let is_of_it =
        |budget: &&ProviderBudget| registry::find(&budget.provider).is_some_and(|row| row.name == provider);
    let of_provider = settings.router.provider_budgets.iter().find(is_of_it);
    let of_provider = of_provider
        .and_then(|said| budget(Some(&said.budget_limit), said.time_period.as_deref()))
        .map(|limits| Subject::new(ScopeKind::Provider, provider, limits));
    own.into_iter().chain(of_provider).collect()
}

/// Budgets of providers that would bound nothing: nothing starts with one.
pub(super) fn unkept(budgets: &[ProviderBudget]) -> Vec<Finding> {
    let mut known = Vec::with_capacity(budgets.len());
    let mut findings = Vec::new();
    for budget in budgets {
        let mut report = |message: String, hint: Option<String>| {
            findings.push(Finding {
                severity: Severity::Fatal,
                place: Some(budget.place.clone()),
                path: format!("router_settings.provider_budget_config.{}", budget.provider),
                message,
                hint,
            });
        };
        if Nanos::parse_usd(&budget.budget_limit).is_err() {
            report(format!("`budget_limit`: {} is no amount of dollars", budget.budget_limit), None);
        }
        match registry::find(&budget.provider) {
            None => {
                let names = registry::all().iter().map(|row| row.name.as_str());
                let hint = match nearest(&budget.provider, names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "take it out; docs/reference/providers.md has the names".to_owned(),
                };
                report("no provider has this name, so the budget would bound nothing".into(), Some(hint));
            }
            Some(row) if known.contains(&&row.name) => {
                report(format!("`{}` has a budget already", row.name), Some("leave one of them".into()));
            }
            Some(row) => known.push(&row.name),
        }
    }
    findings
}

fn budget(max_budget: Option<&str>, duration: Option<&str>) -> Option<Limits> {
    let max_budget = max_budget.and_then(|text| Nanos::parse_usd(text).ok())?;
    let budget_duration = duration.map(str::to_owned);
    Some(Limits { max_budget: Some(max_budget), budget_duration, ..Limits::default() })
}
