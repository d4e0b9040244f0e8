//! Answers the control plane's questions about prices and budgets from the configuration in force.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use weighhouse_admin::{Counting, InForce, Priced, ProviderLimit};
use weighhouse_catalog::Tier;
use weighhouse_server::{House, Snapshot, prompt_usage};
use weighhouse_storage::LedgerRow;
use weighhouse_types::{Nanos, Usage};

/// The house's configuration. The house holds the control plane, which holds this: so it does not hold the house.
#[derive(Debug)]
pub(crate) struct OfHouse(pub(crate) Weak<House>);

impl OfHouse {
    /// None: the house is being torn down.
    fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.0.upgrade().map(|house| house.snapshot.load_full())
    }
}

impl InForce for OfHouse {
    fn prices_of_model(&self, model: &str) -> Option<Priced> {
        self.snapshot()?.prices_of_model(model)
    }

    fn prices_of_row(&self, row: &LedgerRow) -> Priced {
        self.snapshot().map(|snapshot| snapshot.prices_of_row(row)).unwrap_or_default()
    }

    fn usage_of_answer(&self, model: &str, answer: &Bytes) -> Option<(Usage, Tier)> {
        self.snapshot()?.usage_of_answer(model, answer)
    }

    fn prompt_usage(&self, model: &str, body: Bytes) -> Counting {
        Box::pin(prompt_usage(self.snapshot(), model.to_owned(), body))
    }

    fn max_budget(&self) -> Option<Nanos> {
        self.snapshot()?.global.as_ref()?.limits.max_budget
    }

    fn provider_limits(&self) -> Vec<ProviderLimit> {
        self.snapshot().map(|snapshot| snapshot.provider_limits()).unwrap_or_default()
    }
}
