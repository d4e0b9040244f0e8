//! What the configuration in force says of prices and budgets: asked of whoever holds it.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use weighhouse_catalog::{PriceBook, Tier};
use weighhouse_storage::LedgerRow;
use weighhouse_types::{Error, Nanos, Usage};

/// Prices, and which ones they are: the catalogue's day, or `config`. No line and no version where nobody knows any.
pub type Priced = (PriceBook, Arc<str>);

/// A provider's budget, as the config has it: the provider's name in the registry, the most that may be spent in a
/// window, and LiteLLM's duration, without which it is for life.
pub type ProviderLimit = (String, Nanos, Option<String>);

/// A prompt's usage, still to come: counting a long one takes a while.
pub type Counting = Pin<Box<dyn Future<Output = Result<Usage, Error>> + Send>>;

/// The configuration in force, as far as questions about spend need it. The composer puts it in, because the room
/// that holds configurations is beside this one.
pub trait InForce: Send + Sync + Debug {
    /// Prices of a model of the config, or of a name such as `openai/gpt-4o` that the catalogue knows. None: nobody
    /// knows the model.
    fn prices_of_model(&self, model: &str) -> Option<Priced>;

    /// Prices by which an attempt would be booked now: its deployment's, else the catalogue's for its provider and
    /// model.
    fn prices_of_row(&self, row: &LedgerRow) -> Priced;

    /// What an answer says that it used and in which tier, in whichever shape a client got it.
    fn usage_of_answer(&self, model: &str, answer: &Bytes) -> Option<(Usage, Tier)>;

    /// Tokens of a chat's prompt, counted by the model's tokenizer; `InvalidRequest` where the body is no chat.
    fn prompt_usage(&self, model: &str, body: Bytes) -> Counting;

    /// What the whole house may spend.
    fn max_budget(&self) -> Option<Nanos>;

    /// Budgets of providers.
    fn provider_limits(&self) -> Vec<ProviderLimit>;
}
