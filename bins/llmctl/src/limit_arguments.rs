//! Budgets and limits on the command line: the same words for keys, teams, users, customers, budgets and tags.

use clap::Args;
use weighhouse_api::{BudgetLimit, Dollars, LimitPatch, ModelBudget};
use weighhouse_types::Nanos;

use crate::request::{list, pairs, set};

/// Under which the help shows them.
pub(crate) const LIMITS: &str = "Limits";

/// What may be spent and how fast.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = LIMITS)]
pub(crate) struct LimitFields {
    /// The most that may be spent in a window, in dollars
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub(crate) max_budget: Option<Dollars>,
    /// How long a window of the budget lasts: 1h, 1d, 7d, 30d, 1mo
    #[arg(long, value_name = "DURATION")]
    pub(crate) budget_duration: Option<String>,
    /// Spending above it is told to people, in dollars
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub(crate) soft_budget: Option<Dollars>,
    /// A further budget in windows of its own, such as 1d=5; may be repeated
    #[arg(long = "budget-window", value_name = "DURATION=DOLLARS", value_parser = window)]
    pub(crate) budget_windows: Vec<BudgetLimit>,
    /// How strictly the budgets hold: strict (never passed), bounded (what calls usually cost is held), after
    #[arg(long, value_name = "MODE", value_parser = ["strict", "bounded", "after"])]
    pub(crate) budget_mode: Option<String>,
    /// Raises the budget until --temp-budget-expiry, in dollars
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub(crate) temp_budget_increase: Option<Dollars>,
    /// When that ends: a time, or a duration from now on such as 2d
    #[arg(long, value_name = "WHEN")]
    pub(crate) temp_budget_expiry: Option<String>,
    /// Calls per minute
    #[arg(long, value_name = "N")]
    pub(crate) rpm: Option<u64>,
    /// Tokens per minute
    #[arg(long, value_name = "N")]
    pub(crate) tpm: Option<u64>,
    /// Tokens of prompts per minute
    #[arg(long, value_name = "N")]
    pub(crate) itpm: Option<u64>,
    /// Generated tokens per minute
    #[arg(long, value_name = "N")]
    pub(crate) otpm: Option<u64>,
    /// Calls per day
    #[arg(long, value_name = "N")]
    pub(crate) rpd: Option<u64>,
    /// Tokens per day
    #[arg(long, value_name = "N")]
    pub(crate) tpd: Option<u64>,
    /// Calls at once
    #[arg(long, value_name = "N")]
    pub(crate) max_parallel: Option<u64>,
    /// The budget of a model, such as gpt-4o=5 or gpt-4o=5/30d; may be repeated
    #[arg(long = "model-budget", value_name = "MODEL=DOLLARS[/DURATION]", value_parser = model_budget)]
    pub(crate) model_budgets: Vec<(String, ModelBudget)>,
    /// Calls per minute of a model; may be repeated
    #[arg(long = "model-rpm", value_name = "MODEL=N", value_parser = model_limit)]
    pub(crate) model_rpm: Vec<(String, u64)>,
    /// Tokens per minute of a model; may be repeated
    #[arg(long = "model-tpm", value_name = "MODEL=N", value_parser = model_limit)]
    pub(crate) model_tpm: Vec<(String, u64)>,
}

impl LimitFields {
    /// What was said, as a patch: what was not said stays.
    pub(crate) fn patch(self) -> LimitPatch {
        LimitPatch {
            max_budget: set(self.max_budget),
            soft_budget: set(self.soft_budget),
            budget_duration: set(self.budget_duration),
            budget_limits: list(self.budget_windows),
            budget_mode: set(self.budget_mode),
            temp_budget_increase: set(self.temp_budget_increase),
            temp_budget_expiry: set(self.temp_budget_expiry),
            rpm_limit: set(self.rpm),
            tpm_limit: set(self.tpm),
            itpm_limit: set(self.itpm),
            otpm_limit: set(self.otpm),
            rpd_limit: set(self.rpd),
            tpd_limit: set(self.tpd),
            max_parallel_requests: set(self.max_parallel),
            model_max_budget: pairs(self.model_budgets),
            model_rpm_limit: pairs(self.model_rpm),
            model_tpm_limit: pairs(self.model_tpm),
        }
    }
}

/// An amount of dollars, digit by digit.
pub(crate) fn dollars(text: &str) -> Result<Dollars, String> {
    Nanos::parse_usd(text.strip_prefix('$').unwrap_or(text)).map(Dollars).map_err(|error| error.to_string())
}

fn window(text: &str) -> Result<BudgetLimit, String> {
    let (duration, amount) = text.split_once('=').ok_or("write it as DURATION=DOLLARS")?;
    Ok(BudgetLimit { budget_duration: duration.to_owned(), max_budget: dollars(amount)? })
}

fn model_budget(text: &str) -> Result<(String, ModelBudget), String> {
    let (model, budget) =
        text.rsplit_once('=').ok_or("write it as MODEL=DOLLARS or MODEL=DOLLARS/DURATION")?;
    let (amount, period) = match budget.split_once('/') {
        Some((amount, period)) => (amount, Some(period.to_owned())),
        None => (budget, None),
    };
    Ok((model.to_owned(), ModelBudget { budget_limit: dollars(amount)?, time_period: period }))
}

fn model_limit(text: &str) -> Result<(String, u64), String> {
    let (model, limit) = text.rsplit_once('=').ok_or("write it as MODEL=N")?;
    let limit = limit.parse().map_err(|_| format!("{limit:?} is no number"))?;
    Ok((model.to_owned(), limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_read_digit_by_digit() {
        assert_eq!(dollars("0.1").unwrap().0.get(), 100_000_000);
        assert_eq!(dollars("$1234567.123456789").unwrap().0.get(), 1_234_567_123_456_789);
        for bad in ["", "x", "1,5", "NaN", "inf", "99999999999999"] {
            assert!(dollars(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn budgets_of_models_and_windows_are_read() {
        let fields = LimitFields {
            budget_windows: vec![window("1d=5").unwrap()],
            model_budgets: vec![model_budget("openai/gpt-4o=2.5/30d").unwrap(), model_budget("m=1").unwrap()],
            model_rpm: vec![model_limit("m=3").unwrap()],
            ..LimitFields::default()
        };
        let expected = r#"{"budget_limits":[{"budget_duration":"1d","max_budget":5.0}],"model_max_budget":{"m":{"budget_limit":1.0},"openai/gpt-4o":{"budget_limit":2.5,"time_period":"30d"}},"model_rpm_limit":{"m":3}}"#;
        assert_eq!(serde_json::to_string(&fields.patch()).unwrap(), expected);
        assert!(window("5").is_err() && model_budget("m").is_err() && model_limit("m=x").is_err());
    }
}
