//! Users on the wire, with LiteLLM's field names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::body::RequestBody;
use crate::dollars::Dollars;
use crate::key::KeyObject;
use crate::limits::{LimitObject, LimitPatch, with_limit_fields};
use crate::patch::Patch;
use crate::secret::KeyText;
use crate::team::TeamObject;

/// `POST /user/new` and `POST /user/update`: what is absent stays, null clears.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct UserRequest {
    /// The lasting id; made here where a new user names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Address.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub user_email: Patch<String>,
    /// A name for people.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub user_alias: Patch<String>,
    /// `proxy_admin`, `proxy_admin_viewer`, `internal_user` or `internal_user_viewer`.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub user_role: Patch<String>,
    /// Teams of the user.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub teams: Patch<Vec<String>>,
    /// Models that keys of the user's own may use; empty: all.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub models: Patch<Vec<String>>,
    /// Free JSON object.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub metadata: Patch<Map<String, Value>>,
    /// A new user gets a key at once, unless this is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_create_key: Option<bool>,
    /// What the user's own keys together may spend and how fast.
    #[serde(flatten)]
    pub limits: LimitPatch,
}

impl RequestBody for UserRequest {
    const FIELDS: &'static [&'static str] = with_limit_fields![
        "user_id",
        "user_email",
        "user_alias",
        "user_role",
        "teams",
        "models",
        "metadata",
        "auto_create_key",
    ];
}

/// `POST /user/delete`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeleteUsersRequest {
    /// Which. Their keys are deleted with them.
    pub user_ids: Vec<String>,
}

impl RequestBody for DeleteUsersRequest {
    const FIELDS: &'static [&'static str] = &["user_ids"];
}

/// A user as LiteLLM shows them. Times are RFC 3339.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UserObject {
    /// The lasting id.
    pub user_id: String,
    /// The key that was made with the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyText>,
    /// Address.
    pub user_email: Option<String>,
    /// A name for people.
    pub user_alias: Option<String>,
    /// What the user may do at the control plane.
    pub user_role: String,
    /// Teams of the user.
    pub teams: Vec<String>,
    /// Models that keys of the user's own may use; empty: all.
    pub models: Vec<String>,
    /// Free JSON object.
    pub metadata: Map<String, Value>,
    /// Spent by the user's own keys in the present window, or ever, in dollars.
    pub spend: Dollars,
    /// What they may spend and how fast.
    #[serde(flatten)]
    pub limits: LimitObject,
    /// When the user was made.
    pub created_at: String,
    /// When the user was last changed by an administrator.
    pub updated_at: String,
}

/// `GET /user/info`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UserInfo {
    /// Which.
    pub user_id: String,
    /// What is known of the user.
    pub user_info: UserObject,
    /// The user's keys.
    pub keys: Vec<KeyObject>,
    /// The user's teams.
    pub teams: Vec<TeamObject>,
}

/// `GET /user/list`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UserList {
    /// Newest first.
    pub users: Vec<UserObject>,
    /// Users on all pages.
    pub total: u64,
    /// Counts from 1.
    pub page: u64,
    /// Users on a page.
    pub page_size: u32,
    /// Pages in all.
    pub total_pages: u64,
}
