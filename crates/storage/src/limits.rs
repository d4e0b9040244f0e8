//! What a key, team, member, user, customer or tag may spend and how fast.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weighhouse_types::Nanos;

/// Budgets and limits of rate, as an administrator set them. Nothing that is not set bounds anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// The most that may be spent in a window of `budget_duration`, or for life.
    #[serde(rename = "max_budget_nanos", with = "nanos", skip_serializing_if = "Option::is_none")]
    pub max_budget: Option<Nanos>,
    /// LiteLLM's duration, such as `30d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_duration: Option<String>,
    /// Further budgets, each in windows of its own (LiteLLM's `budget_limits`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more_budgets: Vec<WindowBudget>,
    /// Spending above it is told to people; nothing is refused.
    #[serde(rename = "soft_budget_nanos", with = "nanos", skip_serializing_if = "Option::is_none")]
    pub soft_budget: Option<Nanos>,
    /// How strictly the budgets hold; the house's own mode where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_mode: Option<BudgetMode>,
    /// Raises `max_budget` until a moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temporary: Option<TemporaryIncrease>,
    /// Calls in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm_limit: Option<u64>,
    /// Tokens in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm_limit: Option<u64>,
    /// Tokens of prompts in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub itpm_limit: Option<u64>,
    /// Generated tokens in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otpm_limit: Option<u64>,
    /// Calls in a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpd_limit: Option<u64>,
    /// Tokens in a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpd_limit: Option<u64>,
    /// Calls at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel_requests: Option<u64>,
    /// Limits of single models, by the name that is asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub model_limits: BTreeMap<String, ModelLimits>,
}

/// What is set aside for a call before it is sent (money.md, "How much to hold").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetMode {
    /// The most that it may cost: the budget is never passed.
    #[default]
    Strict,
    /// What nearly every call of the model costs: more calls at once, and a possible overshoot that is told.
    Bounded,
    /// Nothing: a budget that is not spent yet admits any call, as in LiteLLM.
    After,
}

impl BudgetMode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Strict, Self::Bounded, Self::After];

    /// The name in requests and settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Bounded => "bounded",
            Self::After => "after",
        }
    }

    /// The mode of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

/// A budget in windows of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowBudget {
    /// LiteLLM's duration, such as `1d`.
    pub duration: String,
    /// The most that may be spent in a window.
    #[serde(rename = "max_nanos", with = "whole_nanos")]
    pub max: Nanos,
}

/// More money for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemporaryIncrease {
    /// How much more.
    #[serde(rename = "nanos", with = "whole_nanos")]
    pub amount: Nanos,
    /// Until when, milliseconds since 1970.
    pub until_ms: i64,
}

/// Limits of one model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelLimits {
    /// The most that may be spent on it.
    #[serde(rename = "max_budget_nanos", with = "nanos", skip_serializing_if = "Option::is_none")]
    pub max_budget: Option<Nanos>,
    /// In windows of this duration; for life where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_duration: Option<String>,
    /// Calls in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm_limit: Option<u64>,
    /// Tokens in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm_limit: Option<u64>,
}

impl Limits {
    /// The largest sum for the first budget at a moment.
    #[must_use]
    pub fn max_budget_at(&self, now_ms: i64) -> Option<Nanos> {
        let more = self.temporary.filter(|increase| now_ms < increase.until_ms);
        self.max_budget.map(|max| max + more.map_or(Nanos::ZERO, |increase| increase.amount))
    }

    /// These, and what more general ones say where these say nothing. A budget comes with its windows.
    #[must_use]
    pub fn filled_by(&self, general: &Self) -> Self {
        let mut limits = self.clone();
        // Each field is named, so that a new one is not forgotten here.
        let Self {
            max_budget,
            budget_duration,
            more_budgets,
            soft_budget,
            budget_mode,
            temporary,
            rpm_limit,
            tpm_limit,
            itpm_limit,
            otpm_limit,
            rpd_limit,
            tpd_limit,
            max_parallel_requests,
            model_limits,
        } = general;
        if limits.max_budget.is_none() {
            limits.max_budget = *max_budget;
            limits.budget_duration.clone_from(budget_duration);
            limits.temporary = limits.temporary.or(*temporary);
        }
        limits.soft_budget = limits.soft_budget.or(*soft_budget);
        limits.budget_mode = limits.budget_mode.or(*budget_mode);
        limits.rpm_limit = limits.rpm_limit.or(*rpm_limit);
        limits.tpm_limit = limits.tpm_limit.or(*tpm_limit);
        limits.itpm_limit = limits.itpm_limit.or(*itpm_limit);
        limits.otpm_limit = limits.otpm_limit.or(*otpm_limit);
        limits.rpd_limit = limits.rpd_limit.or(*rpd_limit);
        limits.tpd_limit = limits.tpd_limit.or(*tpd_limit);
        limits.max_parallel_requests = limits.max_parallel_requests.or(*max_parallel_requests);
        if limits.more_budgets.is_empty() {
            limits.more_budgets.clone_from(more_budgets);
        }
        if limits.model_limits.is_empty() {
            limits.model_limits.clone_from(model_limits);
        }
        limits
    }
}

impl From<&ModelLimits> for Limits {
    fn from(limits: &ModelLimits) -> Self {
        Self {
            max_budget: limits.max_budget,
            budget_duration: limits.budget_duration.clone(),
            rpm_limit: limits.rpm_limit,
            tpm_limit: limits.tpm_limit,
            ..Self::default()
        }
    }
}

mod whole_nanos {
    use serde::{Deserialize, Deserializer, Serializer};
    use weighhouse_types::Nanos;

    pub(super) fn serialize<S: Serializer>(nanos: &Nanos, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(nanos.get())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Nanos, D::Error> {
        i64::deserialize(deserializer).map(Nanos::new)
    }
}

mod nanos {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use weighhouse_types::Nanos;

    #[expect(clippy::ref_option, reason = "the shape that serde's `with` asks for")]
    pub(super) fn serialize<S: Serializer>(nanos: &Option<Nanos>, serializer: S) -> Result<S::Ok, S::Error> {
        nanos.map(Nanos::get).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Nanos>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(Nanos::new))
    }
}
