//! What the settings say about money and limits, beside those of keys and teams.

use weighhouse_auth::Subject;
use weighhouse_config::{ModelEntry, Settings};
use weighhouse_metering::Unpriced;
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
    let of_provider = settings.router.provider_budgets.iter().find(|budget| budget.provider == provider);
    let of_provider = of_provider
        .and_then(|said| budget(Some(&said.budget_limit), said.time_period.as_deref()))
        .map(|limits| Subject::new(ScopeKind::Provider, provider, limits));
    own.into_iter().chain(of_provider).collect()
}

fn budget(max_budget: Option<&str>, duration: Option<&str>) -> Option<Limits> {
    let max_budget = max_budget.and_then(|text| Nanos::parse_usd(text).ok())?;
    let budget_duration = duration.map(str::to_owned);
    Some(Limits { max_budget: Some(max_budget), budget_duration, ..Limits::default() })
}
