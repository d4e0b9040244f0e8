//! Many keys at once: told about, changed, and their names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use weighhouse_types::Error;

use super::KeyObject;
use crate::body::RequestBody;
use crate::query::Query;
use crate::secret::KeyText;

/// Names on a page where the query does not say, and the most that it may say: LiteLLM's.
const PAGE_SIZE: u32 = 50;
const MAX_PAGE_SIZE: u32 = 100;

/// `POST /v2/key/info`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct KeyInfosRequest {
    /// Keys or their hashes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<KeyText>>,
    /// Names of more keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_aliases: Option<Vec<String>>,
}

impl RequestBody for KeyInfosRequest {
    const FIELDS: &'static [&'static str] = &["keys", "key_aliases"];
}

/// What `POST /v2/key/info` tells: only keys that the caller may see.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KeyInfos {
    /// The keys as the request named them.
    pub key: Option<Vec<KeyText>>,
    /// What is known of them.
    pub info: Vec<KeyObject>,
}

/// `POST /key/bulk_update`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BulkUpdateKeysRequest {
    /// For every key what `/key/update` takes; 1 to 500.
    pub keys: Vec<Map<String, Value>>,
}

impl RequestBody for BulkUpdateKeysRequest {
    const FIELDS: &'static [&'static str] = &["keys"];
}

/// `POST /team/key/bulk_update`: either `key_ids` or `all_keys_in_team`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BulkUpdateTeamKeysRequest {
    /// Whose keys.
    pub team_id: String,
    /// Keys or their hashes; at most 500.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_ids: Option<Vec<KeyText>>,
    /// All keys of the team that are neither blocked nor expired.
    #[serde(default)]
    pub all_keys_in_team: bool,
    /// What `/key/update` takes, the same for every key.
    pub update_fields: Map<String, Value>,
}

impl RequestBody for BulkUpdateTeamKeysRequest {
    const FIELDS: &'static [&'static str] = &["team_id", "key_ids", "all_keys_in_team", "update_fields"];
}

/// What became of a bulk update. Every key is changed or refused for itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BulkUpdatedKeys {
    /// Keys that the request named.
    pub total_requested: usize,
    /// Those that were changed.
    pub successful_updates: Vec<UpdatedKey>,
    /// Those that were not.
    pub failed_updates: Vec<FailedKey>,
}

/// A key that was changed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UpdatedKey {
    /// The key as the request named it.
    pub key: KeyText,
    /// The key as it is now.
    pub key_info: KeyObject,
}

/// A key that was not changed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FailedKey {
    /// The key as the request named it.
    pub key: KeyText,
    /// The key as it is; none where there is none.
    pub key_info: Option<KeyObject>,
    /// Why.
    pub failed_reason: String,
}

/// The query of `GET /key/aliases`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
pub struct KeyAliasesQuery {
    /// Counts from 1.
    pub page: u64,
    /// Names on a page: 1 to 100.
    pub size: u32,
    /// A part of the name, in any case.
    pub search: Option<String>,
    /// Only keys of this team.
    pub team_id: Option<String>,
}

impl KeyAliasesQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// `InvalidRequest`: a number out of its bounds.
    pub fn read(query: Option<&str>) -> Result<Self, Error> {
        let query = Query::new(query);
        let size = query.number("size", 1, u64::from(MAX_PAGE_SIZE))?;
        Ok(Self {
            page: query.number("page", 1, u64::from(u32::MAX))?.unwrap_or(1),
            size: size.and_then(|size| u32::try_from(size).ok()).unwrap_or(PAGE_SIZE),
            search: query.text("search"),
            team_id: query.text("team_id"),
        })
    }
}

/// `GET /key/aliases`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KeyAliases {
    /// In the order of the alphabet.
    pub aliases: Vec<String>,
    /// Names on all pages.
    pub total_count: u64,
    /// Counts from 1.
    pub current_page: u64,
    /// Pages in all.
    pub total_pages: u64,
    /// Names on a page.
    pub size: u32,
}

/// `POST /key/health`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KeyHealth {
    /// `healthy` or `unhealthy`.
    pub key: String,
    /// What is wrong with the callbacks that the key's metadata name; none: it names none.
    pub logging_callbacks: Option<LoggingHealth>,
}

/// The state of a key's callbacks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LoggingHealth {
    /// Their names.
    pub callbacks: Vec<String>,
    /// `healthy` or `unhealthy`.
    pub status: String,
    /// For people.
    pub details: String,
}
