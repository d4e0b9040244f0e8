//! What the key routes answer.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::dollars::Dollars;
use crate::limits::LimitObject;
use crate::secret::KeyText;

/// A key as LiteLLM shows it. Times are RFC 3339.
///
/// Which of `key`, `token` and `token_id` is there depends on the route: the secret itself only where it was
/// just made.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KeyObject {
    /// The key itself (`/key/generate`, `/key/regenerate`), or the key as the request named it (`/key/update`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyText>,
    /// The key's hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The key's hash, under the name by which Terraform providers know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// `sk-...` and the last four characters.
    pub key_name: Option<String>,
    /// A name for people.
    pub key_alias: Option<String>,
    /// Spent in the present budget window, in dollars.
    pub spend: Dollars,
    /// Spent ever, in dollars.
    pub total_spend: Dollars,
    /// What the key may spend and how fast.
    #[serde(flatten)]
    pub limits: LimitObject,
    /// The named budget that it was given.
    #[serde(default)]
    pub budget_id: Option<String>,
    /// When the key stops working.
    pub expires: Option<String>,
    /// Models that the key may use; empty: all.
    pub models: Vec<String>,
    /// Names that stand for other models with this key.
    pub aliases: BTreeMap<String, String>,
    /// Owner.
    pub user_id: Option<String>,
    /// Team.
    pub team_id: Option<String>,
    /// Free JSON object, the tags included.
    pub metadata: Map<String, Value>,
    /// Tags put on every call.
    pub tags: Vec<String>,
    /// Routes that the key may ask; empty: those of its role.
    #[serde(default)]
    pub allowed_routes: Vec<String>,
    /// Refused until unblocked.
    pub blocked: bool,
    /// `active`, `expired` or `revoked` (blocked).
    pub status: String,
    /// When it was made.
    pub created_at: String,
    /// Who made it.
    pub created_by: Option<String>,
    /// When it was last changed by an administrator.
    pub updated_at: String,
}

/// `GET /key/info`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KeyInfo {
    /// The key as the request named it.
    pub key: KeyText,
    /// What is known of it.
    pub info: KeyObject,
}

/// An entry of a list of keys.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum KeyEntry {
    /// The hash alone.
    Hash(String),
    /// All of it.
    Whole(Box<KeyObject>),
}

/// `GET /key/list`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KeyList {
    /// Hashes, or whole keys with `return_full_object=true`; newest first.
    pub keys: Vec<KeyEntry>,
    /// Keys on all pages.
    pub total_count: u64,
    /// Counts from 1.
    pub current_page: u64,
    /// Pages in all.
    pub total_pages: u64,
}

/// `POST /key/delete`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeletedKeys {
    /// The keys or aliases as the request named them.
    pub deleted_keys: Vec<KeyText>,
}
