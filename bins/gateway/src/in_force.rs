//! Answers the control plane's questions about prices and budgets from the configuration in force.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use weighhouse_admin::{Counting, InForce, Priced, ProviderLimit};
use weighhouse_catalog::Tier;
use weighhouse_server::{House, Prices, Snapshot, prompt_usage};
use weighhouse_storage::LedgerRow;
use weighhouse_types::{Error, Kind, Nanos, Usage};

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
        self.snapshot()?.prices_of_model(model).map(priced)
    }

    fn prices_of_row(&self, row: &LedgerRow) -> Priced {
        priced(self.snapshot().map(|snapshot| snapshot.prices_of_row(row)).unwrap_or_default())
    }

    fn usage_of_answer(&self, model: &str, answer: &Bytes) -> Option<(Usage, Tier)> {
        self.snapshot()?.usage_of_answer(model, answer)
    }

    fn prompt_usage(&self, model: &str, body: Bytes) -> Counting {
        let (snapshot, model) = (self.snapshot(), model.to_owned());
        Box::pin(async move {
            let snapshot =
                snapshot.ok_or_else(|| Error::new(Kind::Overloaded, "the gateway is shutting down"))?;
            prompt_usage(snapshot, model, body).await
        })
    }

    fn max_budget(&self) -> Option<Nanos> {
        self.snapshot()?.global.as_ref()?.limits.max_budget
    }

    fn provider_limits(&self) -> Vec<ProviderLimit> {
        let limits = self.snapshot().map(|snapshot| snapshot.provider_limits()).unwrap_or_default();
        let limit =
            |(provider, max_budget, budget_duration)| ProviderLimit { provider, max_budget, budget_duration };
        limits.into_iter().map(limit).collect()
    }
}

fn priced((book, version): Prices) -> Priced {
    Priced { book, version }
}
