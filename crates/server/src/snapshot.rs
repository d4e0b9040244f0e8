//! One configuration in force: never changed, swapped whole.

use std::sync::Arc;
use std::time::Duration;

use weighhouse_auth::{AccessGroups, Subject};
use weighhouse_metering::{HOLD_WAIT, Unpriced};
use weighhouse_router::Table;

use crate::deployment::Deployment;
use crate::limits::Limits;
use crate::relay::OnAbort;

/// What calls are served by. A call takes one and keeps it to its end.
#[derive(Debug)]
pub struct Snapshot {
    /// Groups, wildcards, aliases, fallbacks.
    pub table: Table,
    /// Deployments by the numbers that the table has for them.
    pub deployments: Vec<Arc<Deployment>>,
    /// Names for several models at once, which lists of models may use.
    pub access_groups: Arc<AccessGroups>,
    /// Limits of edge and calls.
    pub limits: Limits,
    /// Digest of the master key.
    pub master: Option<[u8; 32]>,
    /// LiteLLM's `litellm_key_header_name`.
    pub key_header: Option<String>,
    /// Statuses that LiteLLM had in other versions.
    pub compat: Compat,
    /// What holds for money where budgets do not say.
    pub money: MoneyRules,
    /// Some deployment has a budget of its own or of its provider.
    pub weighs_deployments: bool,
    /// What the whole house may spend, where the config bounds it.
    pub global: Option<Subject>,
}

/// What holds for money where budgets do not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneyRules {
    /// How long a call waits for money that others hold.
    pub hold_wait: Duration,
    /// What becomes of calls under a budget to models without a price.
    pub unpriced: Unpriced,
    /// Models without a price are refused even where no budget applies.
    pub refuses_unpriced: bool,
    /// What becomes of a provider's work when the client goes away.
    pub on_abort: OnAbort,
}

impl Default for MoneyRules {
    fn default() -> Self {
        Self {
            hold_wait: HOLD_WAIT,
            unpriced: Unpriced::Refused,
            refuses_unpriced: false,
            on_abort: OnAbort::Cancel,
        }
    }
}

/// Switches to LiteLLM's behaviour of other versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compat {
    /// Status of a refusal by budget: 422, 429 or 400.
    pub budget_exceeded: u16,
    /// Status of a refusal by model: 403 or 401.
    pub model_denied: u16,
}

impl Default for Compat {
    fn default() -> Self {
        Self { budget_exceeded: 422, model_denied: 403 }
    }
}
