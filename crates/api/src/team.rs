//! Teams on the wire, with LiteLLM's field names.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::body::RequestBody;
use crate::dollars::Dollars;
use crate::key::KeyObject;
use crate::limits::{LimitObject, LimitPatch, with_limit_fields};
use crate::patch::Patch;

/// A user's place in a team.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Member {
    /// `admin` or `user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Who.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Who, where no id is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_email: Option<String>,
}

/// `POST /team/new` and `POST /team/update`: what is absent stays, null clears.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TeamRequest {
    /// The lasting id; made here where a new team names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<String>,
    /// A name for people.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub team_alias: Patch<String>,
    /// The organisation that it belongs to.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub organization_id: Patch<String>,
    /// Who belongs to it.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub members_with_roles: Patch<Vec<Member>>,
    /// Models that its keys may use, with wildcards; empty: all.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub models: Patch<Vec<String>>,
    /// Names that stand for other models with its keys.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub model_aliases: Patch<BTreeMap<String, String>>,
    /// Free JSON object.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub metadata: Patch<Map<String, Value>>,
    /// Tags for every call of its keys.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub tags: Patch<Vec<String>>,
    /// Refused until unblocked.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub blocked: Patch<bool>,
    /// What all of it together may spend and how fast.
    #[serde(flatten)]
    pub limits: LimitPatch,
    /// What each member may spend, where nothing is said of the member, in dollars.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub team_member_budget: Patch<Dollars>,
    /// In windows of this duration.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub team_member_budget_duration: Patch<String>,
    /// Calls per minute of each member.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub team_member_rpm_limit: Patch<u64>,
    /// Tokens per minute of each member.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub team_member_tpm_limit: Patch<u64>,
}

impl RequestBody for TeamRequest {
    const FIELDS: &'static [&'static str] = with_limit_fields![
        "team_id",
        "team_alias",
        "organization_id",
        "members_with_roles",
        "models",
        "model_aliases",
        "metadata",
        "tags",
        "blocked",
        "team_member_budget",
        "team_member_budget_duration",
        "team_member_rpm_limit",
        "team_member_tpm_limit",
    ];
}

/// `POST /team/delete`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeleteTeamsRequest {
    /// Which.
    pub team_ids: Vec<String>,
}

impl RequestBody for DeleteTeamsRequest {
    const FIELDS: &'static [&'static str] = &["team_ids"];
}

/// `POST /team/block` and `POST /team/unblock`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BlockTeamRequest {
    /// Which.
    pub team_id: String,
}

impl RequestBody for BlockTeamRequest {
    const FIELDS: &'static [&'static str] = &["team_id"];
}

/// One member, or several.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Members {
    /// Several.
    Many(Vec<Member>),
    /// One.
    One(Member),
}

/// `POST /team/member_add`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AddMemberRequest {
    /// To which team.
    pub team_id: String,
    /// Whom.
    pub member: Members,
    /// What each of them may spend of the team's money, in dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_budget_in_team: Option<Dollars>,
    /// In windows of this duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_duration: Option<String>,
}

impl RequestBody for AddMemberRequest {
    const FIELDS: &'static [&'static str] = &["team_id", "member", "max_budget_in_team", "budget_duration"];
}

/// `POST /team/member_update`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct UpdateMemberRequest {
    /// In which team.
    pub team_id: String,
    /// Who.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Who, where no id is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_email: Option<String>,
    /// `admin` or `user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What the member may spend of the team's money, in dollars; null: what the team says of all.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub max_budget_in_team: Patch<Dollars>,
    /// In windows of this duration.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub budget_duration: Patch<String>,
    /// Calls per minute.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub rpm_limit: Patch<u64>,
    /// Tokens per minute.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub tpm_limit: Patch<u64>,
}

impl RequestBody for UpdateMemberRequest {
    const FIELDS: &'static [&'static str] = &[
        "team_id",
        "user_id",
        "user_email",
        "role",
        "max_budget_in_team",
        "budget_duration",
        "rpm_limit",
        "tpm_limit",
    ];
}

/// `POST /team/member_delete`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DeleteMemberRequest {
    /// From which team.
    pub team_id: String,
    /// Whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Whom, where no id is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_email: Option<String>,
}

impl RequestBody for DeleteMemberRequest {
    const FIELDS: &'static [&'static str] = &["team_id", "user_id", "user_email"];
}

/// `POST /team/model/add` and `POST /team/model/delete`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TeamModelsRequest {
    /// Which team.
    pub team_id: String,
    /// Which models.
    pub models: Vec<String>,
}

impl RequestBody for TeamModelsRequest {
    const FIELDS: &'static [&'static str] = &["team_id", "models"];
}

/// A team as LiteLLM shows it. Times are RFC 3339.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TeamObject {
    /// The lasting id.
    pub team_id: String,
    /// A name for people.
    pub team_alias: Option<String>,
    /// The organisation that it belongs to.
    pub organization_id: Option<String>,
    /// Who belongs to it.
    pub members_with_roles: Vec<Member>,
    /// Models that its keys may use; empty: all.
    pub models: Vec<String>,
    /// Names that stand for other models.
    pub model_aliases: BTreeMap<String, String>,
    /// Free JSON object.
    pub metadata: Map<String, Value>,
    /// Tags for every call of its keys.
    pub tags: Vec<String>,
    /// Refused until unblocked.
    pub blocked: bool,
    /// Spent in the present window of the budget, or ever where it has none, in dollars.
    pub spend: Dollars,
    /// What it may spend and how fast.
    #[serde(flatten)]
    pub limits: LimitObject,
    /// What each member may, where nothing is said of the member.
    pub team_member_limits: LimitObject,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed by an administrator.
    pub updated_at: String,
}

/// What a member spent of the team's money.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TeamMembership {
    /// Who.
    pub user_id: String,
    /// In which team.
    pub team_id: String,
    /// Spent in the present window, in dollars.
    pub spend: Dollars,
    /// What the member may.
    pub litellm_budget_table: LimitObject,
}

/// `GET /team/info`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TeamInfo {
    /// Which.
    pub team_id: String,
    /// What is known of it.
    pub team_info: TeamObject,
    /// Its keys.
    pub keys: Vec<KeyObject>,
    /// Its members and what they spent.
    pub team_memberships: Vec<TeamMembership>,
}

/// `GET /v2/team/list`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TeamList {
    /// Newest first.
    pub teams: Vec<TeamObject>,
    /// Teams on all pages.
    pub total: u64,
    /// Counts from 1.
    pub page: u64,
    /// Teams on a page.
    pub page_size: u32,
    /// Pages in all.
    pub total_pages: u64,
}
