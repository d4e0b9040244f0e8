//! Budgets and limits of rate on the wire: the same fields for keys, teams, users, customers, budgets and tags.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dollars::Dollars;
use crate::patch::Patch;

/// What a request says of limits: a merge patch. What is absent stays (or is not limited, where something is made),
/// null takes the limit away.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LimitPatch {
    /// The most that may be spent in a window of `budget_duration`, in dollars; without one, for life.
    #[serde(skip_serializing_if = "Patch::is_keep", deserialize_with = "empty_is_null")]
    pub max_budget: Patch<Dollars>,
    /// Spending above it is told to people; nothing is refused.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub soft_budget: Patch<Dollars>,
    /// How long a window of the budget lasts: `30s`, `5m`, `24h`, `7d`, `30d`, `1mo`. A day begins at midnight, seven
    /// days on Monday, thirty days on the first of the month.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub budget_duration: Patch<String>,
    /// Further budgets, each in windows of its own.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub budget_limits: Patch<Vec<BudgetLimit>>,
    /// How strictly the budgets hold: `strict` (never passed), `bounded` (what calls of the kind usually cost is held)
    /// or `after` (checked, then charged); absent: as the house has it. An own addition to LiteLLM's fields.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub budget_mode: Patch<String>,
    /// Raises `max_budget` until `temp_budget_expiry`.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub temp_budget_increase: Patch<Dollars>,
    /// When the increase ends: RFC 3339, or a duration from now on such as `2d`.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub temp_budget_expiry: Patch<String>,
    /// Calls per minute.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub rpm_limit: Patch<u64>,
    /// Tokens per minute.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub tpm_limit: Patch<u64>,
    /// Tokens of prompts per minute.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub itpm_limit: Patch<u64>,
    /// Generated tokens per minute.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub otpm_limit: Patch<u64>,
    /// Calls per day.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub rpd_limit: Patch<u64>,
    /// Tokens per day.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub tpd_limit: Patch<u64>,
    /// Calls at once.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub max_parallel_requests: Patch<u64>,
    /// Budgets of single models, by a model's name, a wildcard such as `openai/*` or an access group. Every entry that
    /// stands for a model bounds it, and all models of an entry share it.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub model_max_budget: Patch<BTreeMap<String, ModelBudget>>,
    /// Calls per minute of single models, named as in `model_max_budget`.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub model_rpm_limit: Patch<BTreeMap<String, u64>>,
    /// Tokens per minute of single models, named as in `model_max_budget`.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub model_tpm_limit: Patch<BTreeMap<String, u64>>,
}

/// LiteLLM takes an empty text for no budget.
fn empty_is_null<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Patch<Dollars>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(Patch::Clear),
        Value::String(text) if text.is_empty() => Ok(Patch::Clear),
        other => Dollars::deserialize(other).map(Patch::Set).map_err(serde::de::Error::custom),
    }
}

/// The names of the fields of [`LimitPatch`], and of others in front of them.
macro_rules! with_limit_fields {
    ($($field:literal),* $(,)?) => {
        &[
            $($field,)*
            "max_budget", "soft_budget", "budget_duration", "budget_limits", "budget_mode",
            "temp_budget_increase", "temp_budget_expiry", "rpm_limit", "tpm_limit", "itpm_limit", "otpm_limit",
            "rpd_limit", "tpd_limit", "max_parallel_requests", "model_max_budget", "model_rpm_limit",
            "model_tpm_limit",
        ]
    };
}

pub(crate) use with_limit_fields;

/// A budget in windows of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetLimit {
    /// How long a window lasts.
    pub budget_duration: String,
    /// The most that may be spent in it, in dollars.
    pub max_budget: Dollars,
}

/// The budget of a model. LiteLLM has two spellings of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelBudget {
    /// The most that may be spent on the model, in dollars.
    #[serde(alias = "max_budget")]
    pub budget_limit: Dollars,
    /// How long a window lasts; absent: for life.
    #[serde(default, alias = "budget_duration", skip_serializing_if = "Option::is_none")]
    pub time_period: Option<String>,
}

/// Limits as they are shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LimitObject {
    /// The most that may be spent in a window, in dollars.
    pub max_budget: Option<Dollars>,
    /// Spending above it is told to people.
    pub soft_budget: Option<Dollars>,
    /// How long a window of the budget lasts.
    pub budget_duration: Option<String>,
    /// When the next one begins.
    pub budget_reset_at: Option<String>,
    /// Further budgets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub budget_limits: Vec<BudgetLimit>,
    /// How strictly the budgets hold, where it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_mode: Option<String>,
    /// More money for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temp_budget_increase: Option<Dollars>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temp_budget_expiry: Option<String>,
    /// Calls per minute.
    pub rpm_limit: Option<u64>,
    /// Tokens per minute.
    pub tpm_limit: Option<u64>,
    /// Tokens of prompts per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub itpm_limit: Option<u64>,
    /// Generated tokens per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otpm_limit: Option<u64>,
    /// Calls per day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpd_limit: Option<u64>,
    /// Tokens per day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpd_limit: Option<u64>,
    /// Calls at once.
    pub max_parallel_requests: Option<u64>,
    /// Budgets of single models.
    pub model_max_budget: BTreeMap<String, ModelBudget>,
    /// Calls per minute of single models.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub model_rpm_limit: BTreeMap<String, u64>,
    /// Tokens per minute of single models.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub model_tpm_limit: BTreeMap<String, u64>,
}
