//! A deployment: a provider and a model with their prices and times, as the configuration has them.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use weighhouse_auth::Subject;
use weighhouse_catalog::{Catalog, ModelFacts, PriceBook};
use weighhouse_providers::Target;

use crate::limits::Patience;

/// Models whose facts a wildcard deployment keeps; beyond it they are looked up anew for each call.
const MAX_KEPT_MODELS: usize = 512;

/// What a deployment serves: a target with the facts of its model.
#[derive(Debug)]
pub struct Served {
    /// Provider and model.
    pub target: Target,
    /// Prices; the configuration's own win over the catalogue's.
    pub prices: PriceBook,
    /// Which prices these are; empty where there are none.
    pub price_version: Arc<str>,
    /// What the catalogue knows of the model.
    pub facts: Option<ModelFacts>,
}

/// A deployment of one configuration.
#[derive(Debug)]
pub struct Deployment {
    /// LiteLLM's deployment id.
    pub id: Arc<str>,
    /// The public name that it was configured under.
    pub name: Arc<str>,
    /// Times for whole answers.
    pub patience: Patience,
    /// Times for streams.
    pub stream_patience: Patience,
    /// Its own limits and those of its provider, where it has any.
    pub subjects: Vec<Subject>,
    served: Arc<Served>,
    own_prices: Option<PriceBook>,
    base_model: Option<String>,
    /// What a wildcard stood for lately.
    kept: ArcSwap<HashMap<String, Arc<Served>>>,
}

impl Deployment {
    /// A deployment; `own_prices` and `base_model` come from the configuration.
    #[must_use]
    pub fn new(
        id: &str,
        name: &str,
        target: Target,
        own_prices: Option<PriceBook>,
        base_model: Option<String>,
        patience: (Patience, Patience),
    ) -> Self {
        let served = served(target, own_prices.as_ref(), base_model.as_deref());
        Self {
            id: id.into(),
            name: name.into(),
            patience: patience.0,
            stream_patience: patience.1,
            subjects: Vec::new(),
            served: served.into(),
            own_prices,
            base_model,
            kept: ArcSwap::default(),
        }
    }

    /// The same with limits of its own and of its provider.
    #[must_use]
    pub fn under(self, subjects: Vec<Subject>) -> Self {
        Self { subjects, ..self }
    }

    /// Whether a budget bounds what it may spend.
    #[must_use]
    pub fn has_budget(&self) -> bool {
        self.subjects.iter().any(|subject| subject.limits.max_budget.is_some())
    }

    /// What is served by that model of the provider. None: the deployment serves other models now.
    #[must_use]
    pub fn served_to(&self, upstream_model: &str) -> Option<Arc<Served>> {
        let pattern = self.served.target.model();
        let Some((before, after)) = pattern.split_once('*') else {
            return (**pattern == *upstream_model).then(|| Arc::clone(&self.served));
        };
        let tail = upstream_model.strip_prefix(before)?.strip_suffix(after)?;
        Some(self.served(Some(tail)))
    }

    /// What is served where the wildcard stands for `tail`.
    #[must_use]
    pub fn served(&self, tail: Option<&str>) -> Arc<Served> {
        let pattern = self.served.target.model();
        let Some(tail) = tail.filter(|_| pattern.contains('*')) else {
            return Arc::clone(&self.served);
        };
        if let Some(kept) = self.kept.load().get(tail) {
            return Arc::clone(kept);
        }
        let target = self.served.target.for_model(&pattern.replacen('*', tail, 1));
        let fresh = Arc::new(served(target, self.own_prices.as_ref(), self.base_model.as_deref()));
        if self.kept.load().len() < MAX_KEPT_MODELS {
            self.kept.rcu(|kept| {
                let mut kept = HashMap::clone(kept);
                kept.insert(tail.to_owned(), Arc::clone(&fresh));
                kept
            });
        }
        fresh
    }
}

fn served(target: Target, own_prices: Option<&PriceBook>, base_model: Option<&str>) -> Served {
    let catalog = Catalog::builtin();
    let provider = target.row().name.as_str();
    let facts = match base_model {
        // LiteLLM's base_model may carry its provider.
        Some(base) => match base.split_once('/') {
            Some((of, model)) => catalog.find(of, model).or_else(|| catalog.find(provider, base)),
            None => catalog.find(provider, base),
        },
        None => catalog.find(provider, target.model()),
    };
    let (prices, version) = match (own_prices, &facts) {
        (Some(own), _) => (own.clone(), "config"),
        (None, Some(facts)) => (facts.prices.clone(), catalog.version()),
        (None, None) => (PriceBook::default(), ""),
    };
    Served { target, prices, price_version: version.into(), facts }
}
