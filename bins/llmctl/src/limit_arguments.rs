//! Budgets and limits on the command line: the same words for teams, users, customers, budgets and tags.

use clap::Args;
use weighhouse_api::{Dollars, LimitPatch, Patch};

use crate::failure::Failure;

/// What may be spent and how fast.
#[derive(Debug, Default, Args)]
pub(crate) struct LimitFields {
    /// The most that may be spent in a window, in dollars
    #[arg(long, value_name = "DOLLARS")]
    pub(crate) max_budget: Option<f64>,
    /// How long a window of the budget lasts: 1h, 1d, 7d, 30d, 1mo
    #[arg(long, value_name = "DURATION")]
    pub(crate) budget_duration: Option<String>,
    /// Spending above it is told to people, in dollars
    #[arg(long, value_name = "DOLLARS")]
    pub(crate) soft_budget: Option<f64>,
    /// Calls per minute
    #[arg(long, value_name = "N")]
    pub(crate) rpm: Option<u64>,
    /// Tokens per minute
    #[arg(long, value_name = "N")]
    pub(crate) tpm: Option<u64>,
    /// Calls per day
    #[arg(long, value_name = "N")]
    pub(crate) rpd: Option<u64>,
    /// Tokens per day
    #[arg(long, value_name = "N")]
    pub(crate) tpd: Option<u64>,
    /// Calls at once
    #[arg(long, value_name = "N")]
    pub(crate) max_parallel: Option<u64>,
}

impl LimitFields {
    /// What was said, as a patch: what was not said stays.
    ///
    /// # Errors
    /// An amount that is no number of dollars.
    pub(crate) fn patch(self) -> Result<LimitPatch, Failure> {
        fn set<T>(value: Option<T>) -> Patch<T> {
            value.map_or(Patch::Keep, Patch::Set)
        }
        Ok(LimitPatch {
            max_budget: set(self.max_budget.map(dollars).transpose()?),
            soft_budget: set(self.soft_budget.map(dollars).transpose()?),
            budget_duration: set(self.budget_duration),
            rpm_limit: set(self.rpm),
            tpm_limit: set(self.tpm),
            rpd_limit: set(self.rpd),
            tpd_limit: set(self.tpd),
            max_parallel_requests: set(self.max_parallel),
            ..LimitPatch::default()
        })
    }
}

/// An amount of dollars.
///
/// # Errors
/// It is no number that the books can hold.
pub(crate) fn dollars(amount: f64) -> Result<Dollars, Failure> {
    Dollars::from_f64(amount)
        .map_err(|error| Failure::usage(format!("{amount} is no amount of dollars: {error}")))
}
