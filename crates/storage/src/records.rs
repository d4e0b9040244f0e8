//! What the store keeps, as the rooms above see it.

use std::sync::Arc;

use weighhouse_types::{AccountId, AttemptId, KeyHash, KeyId, Nanos, Operation, Usage};

use crate::entities::EntityKind;
use crate::limits::Limits;

/// A virtual key. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRecord {
    /// Lasting id; accounts hang on it.
    pub id: KeyId,
    /// Hash of the present secret; changes with rotation.
    pub hash: KeyHash,
    /// `sk-...` and the last four characters of the secret.
    pub key_name: String,
    /// A name that people chose; unique where set.
    pub key_alias: Option<String>,
    /// Models that the key may use, with wildcards; empty means all.
    pub models: Vec<String>,
    /// Names that stand for other models, for this key only: (alias, model).
    pub aliases: Vec<(String, String)>,
    /// Owner.
    pub user_id: Option<String>,
    /// Team.
    pub team_id: Option<String>,
    /// Free JSON object.
    pub metadata: serde_json::Value,
    /// Tags put on every call.
    pub tags: Vec<String>,
    /// What it may spend and how fast.
    pub limits: Limits,
    /// A named budget whose limits hold where the key's own say nothing.
    pub budget_id: Option<String>,
    /// Routes of the control plane and of calls that the key may ask; empty means those of its role.
    pub allowed_routes: Vec<String>,
    /// Spent ever.
    pub total_spend: Nanos,
    /// When the key stops working.
    pub expires_ms: Option<i64>,
    /// Refused until unblocked.
    pub blocked: bool,
    /// Who made it.
    pub created_by: Option<String>,
    /// When it was made.
    pub created_ms: i64,
    /// When it was last changed by an administrator.
    pub updated_ms: i64,
}

/// One try at one deployment: the ledger's row, written once and never changed.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow {
    /// Primary key.
    pub attempt: AttemptId,
    /// When the call was received, milliseconds since 1970.
    pub started_ms: i64,
    /// Who pays; none for the master key.
    pub key_id: Option<KeyId>,
    /// The key's hash at the time (`api_key` in LiteLLM's rows).
    pub key_hash: KeyHash,
    /// Owner of the key.
    pub user_id: Option<Arc<str>>,
    /// Team of the key.
    pub team_id: Option<Arc<str>>,
    /// Whom the client named as its end user.
    pub end_user: Option<Arc<str>>,
    /// What was asked for.
    pub operation: Operation,
    /// The model as the client wrote it.
    pub requested_model: Arc<str>,
    /// The group that served it.
    pub model_group: Arc<str>,
    /// The deployment.
    pub deployment_id: Arc<str>,
    /// The provider's name in the registry.
    pub provider: Arc<str>,
    /// The model as the provider knows it.
    pub upstream_model: Arc<str>,
    /// The provider's address, without credentials.
    pub api_base: Arc<str>,
    /// Whether the attempt answered the call.
    pub outcome: Outcome,
    /// The provider's status, 0 where none came.
    pub http_status: u16,
    /// The id that the provider gave its answer.
    pub response_id: Option<Box<str>>,
    /// Whether the answer was a stream.
    pub stream: bool,
    /// Units by class.
    pub usage: Usage,
    /// The provider's usage object as it came.
    pub raw_usage: Option<Box<str>>,
    /// What the attempt cost.
    pub cost: Nanos,
    /// How the cost came about: a JSON array of `[class, units, picos per unit]`.
    pub arithmetic: Box<str>,
    /// The price book that was used; empty where the model has no price.
    pub price_version: Arc<str>,
    /// Waiting before the house took the call up, microseconds.
    pub queue_us: u32,
    /// The house's own work, microseconds.
    pub overhead_us: u32,
    /// From reception to the first byte of the answer, microseconds; 0 where none came.
    pub first_token_us: u32,
    /// From reception to the end, microseconds.
    pub total_us: u32,
    /// Tags of key and call.
    pub tags: Arc<[String]>,
    /// Accounts that the attempt is charged to, beside the key's own for life.
    pub accounts: Arc<[AccountId]>,
}

/// Rows that are written together; shared, because a batch may have to be written again.
pub type LedgerBatch = Arc<[Box<LedgerRow>]>;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its answer went to the client whole.
    Success,
    /// It failed.
    Failure,
    /// The client went away.
    Aborted,
}

impl Outcome {
    /// The name in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Aborted => "aborted",
        }
    }

    /// The outcome of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Success, Self::Failure, Self::Aborted].into_iter().find(|outcome| outcome.name() == name)
    }
}

/// Which keys to list; every field that is set narrows the answer.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    /// Owner.
    pub user_id: Option<String>,
    /// Team.
    pub team_id: Option<String>,
    /// Exact alias.
    pub key_alias: Option<String>,
    /// Exact hash.
    pub hash: Option<KeyHash>,
    /// Only keys that somebody reaches.
    pub of: Option<KeysOf>,
}

/// The keys that somebody reaches: any of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeysOf {
    /// The key that asks.
    pub itself: Option<KeyId>,
    /// Keys of this user.
    pub user_id: Option<String>,
    /// All keys of these teams.
    pub whole_teams: Vec<String>,
    /// Keys of these teams that no user owns.
    pub shared_teams: Vec<String>,
}

/// Which ledger rows to read; every field that is set narrows the answer.
#[derive(Clone, Debug, Default)]
pub struct LedgerFilter {
    /// Key, by its lasting id: rows from before a rotation too.
    pub key_id: Option<KeyId>,
    /// Key, by the hash that it had at the time; the only way to a key that was deleted.
    pub key_hash: Option<KeyHash>,
    /// Owner of the key.
    pub user_id: Option<String>,
    /// Team of the key.
    pub team_id: Option<String>,
    /// Whom the client named as its end user.
    pub end_user: Option<String>,
    /// Only attempts of keys that somebody reaches.
    pub of: Option<KeysOf>,
    /// LiteLLM's `request_id`: the provider's answer id, or the call id.
    pub request_id: Option<String>,
    /// From this moment on.
    pub from_ms: Option<i64>,
    /// Up to, but without, this moment.
    pub until_ms: Option<i64>,
    /// How the attempt ended.
    pub outcome: Option<Outcome>,
    /// The model as the provider knows it.
    pub upstream_model: Option<String>,
    /// The group that served.
    pub model_group: Option<String>,
    /// The group or the model, by either name.
    pub model: Option<String>,
    /// The deployment.
    pub deployment_id: Option<String>,
    /// At least this cost.
    pub least: Option<Nanos>,
    /// At most this cost.
    pub most: Option<Nanos>,
    /// Only what comes after this row, newest first.
    pub after: Option<LedgerPlace>,
    /// In which order.
    pub order: LedgerOrder,
    /// Rows to pass over.
    pub offset: u64,
    /// At most so many rows.
    pub limit: u32,
}

/// A row's place in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerPlace {
    /// When the call was received.
    pub started_ms: i64,
    /// Which attempt.
    pub attempt: AttemptId,
}

/// The order of ledger rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LedgerOrder {
    /// The latest first.
    #[default]
    Newest,
    /// The earliest first.
    Oldest,
    /// The dearest first.
    Dearest,
    /// The cheapest first.
    Cheapest,
}

/// A page of an ordered list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Rows to pass over.
    pub offset: u64,
    /// Rows to return.
    pub limit: u32,
}

/// What changed in the store, so that caches can let go of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A key was made, changed, rotated, blocked or deleted; its hash before the change.
    Key(KeyHash),
    /// A team, user, customer, budget or tag was made, changed or deleted.
    Entity(EntityKind, String),
    /// The feed was interrupted: anything may have changed.
    Everything,
}
