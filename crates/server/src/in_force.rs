//! What the configuration in force says of prices and provider budgets, for those who ask about spend.

use std::sync::Arc;

use bytes::Bytes;
use weighhouse_catalog::{Catalog, PriceBook, Tier};
use weighhouse_providers::dialects::{read_request, weigh_answer};
use weighhouse_providers::registry::UsageRules;
use weighhouse_providers::tokens;
use weighhouse_storage::LedgerRow;
use weighhouse_types::{Dialect, Error, Kind, Nanos, ScopeKind, Usage, UsageClass};

use crate::count::COUNTING;
use crate::course::tier_of;
use crate::deployment::{Deployment, Served};
use crate::snapshot::Snapshot;

/// Prices and their version; no line and no version where nobody knows any.
pub type Prices = (PriceBook, Arc<str>);

impl Snapshot {
    /// What serves a model of the config: the first deployment of its group.
    #[must_use]
    pub fn served_as(&self, model: &str) -> Option<Arc<Served>> {
        let found = self.table.find(model)?;
        let member = found.group.members.first()?;
        Some(self.deployments.get(member.deployment)?.served(found.tail.as_deref()))
    }

    /// Prices of a model of the config, or of a name such as `openai/gpt-4o` that the catalogue knows.
    #[must_use]
    pub fn prices_of_model(&self, model: &str) -> Option<Prices> {
        if let Some(served) = self.served_as(model) {
            return Some((served.prices.clone(), Arc::clone(&served.price_version)));
        }
        let (provider, name) = model.split_once('/')?;
        of_catalogue(provider, name)
    }

    /// Prices by which an attempt would be booked now: its deployment's, else those of a deployment that serves the
    /// same model of the same provider, in its group first, else the catalogue's. A deployment whose settings change
    /// is another one.
    #[must_use]
    pub fn prices_of_row(&self, row: &LedgerRow) -> Prices {
        let same = |deployment: &&Arc<Deployment>| {
            let served = deployment.served_to(&row.upstream_model);
            served.is_some_and(|served| served.target.provider() == row.provider)
        };
        let all = || self.deployments.iter();
        let found = all()
            .find(|deployment| deployment.id == row.deployment_id)
            .or_else(|| all().filter(same).find(|deployment| deployment.name == row.model_group))
            .or_else(|| all().find(same));
        match found.and_then(|deployment| deployment.served_to(&row.upstream_model)) {
            Some(served) => (served.prices.clone(), Arc::clone(&served.price_version)),
            None => of_catalogue(&row.provider, &row.upstream_model).unwrap_or_default(),
        }
    }

    /// What an answer says that it used and in which tier, in whichever shape a client got it.
    #[must_use]
    pub fn usage_of_answer(&self, model: &str, answer: &Bytes) -> Option<(Usage, Tier)> {
        let served = self.served_as(model);
        // Where client and provider speak one dialect the usage object is the provider's own.
        let rules = served.map_or_else(UsageRules::default, |served| served.target.row().usage);
        let whole = weigh_answer(dialect_of(answer)?, answer, None, rules).ok()?;
        Some((whole.usage?, tier_of(whole.service_tier.as_deref())))
    }

    /// Budgets of providers: name, limit and duration.
    #[must_use]
    pub fn provider_limits(&self) -> Vec<(String, Nanos, Option<String>)> {
        let subjects = self.deployments.iter().flat_map(|deployment| &deployment.subjects);
        let of_providers = subjects.filter(|subject| subject.scope.kind() == ScopeKind::Provider);
        let mut limits: Vec<_> = of_providers
            .filter_map(|subject| {
                let (_, name) = subject.scope.as_str().split_once(':')?;
                let limits = &subject.limits;
                Some((name.to_owned(), limits.max_budget?, limits.budget_duration.clone()))
            })
            .collect();
        limits.sort();
        limits.dedup();
        limits
    }
}

/// Tokens of a chat's prompt, counted by the model's tokenizer.
///
/// # Errors
/// `InvalidRequest`: the body is no chat. `Overloaded`: there is no configuration any more.
pub async fn prompt_usage(
    snapshot: Option<Arc<Snapshot>>,
    model: String,
    body: Bytes,
) -> Result<Usage, Error> {
    let snapshot = snapshot.ok_or_else(|| Error::new(Kind::Overloaded, "the gateway is shutting down"))?;
    let gone = |what: &str| Error::new(Kind::Internal, format!("the prompt was not counted: {what}"));
    let _turn = COUNTING.acquire().await.map_err(|_| gone("nobody counts any more"))?;
    let counted = tokio::task::spawn_blocking(move || {
        let request = read_request(Dialect::OpenAiChat, &body)?;
        let served = snapshot.served_as(&model);
        let name = served.as_ref().map_or(model.as_str(), |served| served.target.model());
        Ok(Usage::default().with(UsageClass::InputText, tokens::count(&request, name)))
    });
    counted.await.map_err(|_| gone("counting broke off"))?
}

fn of_catalogue(provider: &str, model: &str) -> Option<Prices> {
    let catalog = Catalog::builtin();
    catalog.find(provider, model).map(|facts| (facts.prices, catalog.version().into()))
}

/// The dialect of a whole answer, by the member that only it has.
fn dialect_of(answer: &[u8]) -> Option<Dialect> {
    let members: std::collections::BTreeMap<String, serde::de::IgnoredAny> =
        serde_json::from_slice(answer).ok()?;
    let has = |name: &str| members.contains_key(name);
    [
        ("choices", Dialect::OpenAiChat),
        ("usageMetadata", Dialect::Gemini),
        ("stop_reason", Dialect::AnthropicMessages),
        ("output", Dialect::OpenAiResponses),
    ]
    .into_iter()
    .find_map(|(name, dialect)| has(name).then_some(dialect))
    .or_else(|| has("usage").then_some(Dialect::OpenAiChat))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart_by_their_members() {
        for (answer, dialect) in [
            (r#"{"choices":[],"usage":{}}"#, Some(Dialect::OpenAiChat)),
            (r#"{"object":"list","usage":{"prompt_tokens":3}}"#, Some(Dialect::OpenAiChat)),
            (r#"{"type":"message","stop_reason":null,"usage":{}}"#, Some(Dialect::AnthropicMessages)),
            (r#"{"output":[],"usage":{}}"#, Some(Dialect::OpenAiResponses)),
            (r#"{"candidates":[],"usageMetadata":{}}"#, Some(Dialect::Gemini)),
            (r#"{"id":"x"}"#, None),
            ("[]", None),
        ] {
            assert_eq!(dialect_of(answer.as_bytes()), dialect, "{answer}");
        }
    }
}
