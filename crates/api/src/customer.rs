//! Customers (whom clients name as their end users), named budgets and tags on the wire, with LiteLLM's field names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::body::RequestBody;
use crate::dollars::Dollars;
use crate::limits::{LimitObject, LimitPatch, with_limit_fields};
use crate::patch::Patch;

/// `POST /customer/new` and `POST /customer/update`: what is absent stays, null clears.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CustomerRequest {
    /// What clients call them.
    pub user_id: String,
    /// A name for people.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub alias: Patch<String>,
    /// Refused until unblocked.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub blocked: Patch<bool>,
    /// The named budget that holds for them.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub budget_id: Patch<String>,
    /// What they may spend and how fast.
    #[serde(flatten)]
    pub limits: LimitPatch,
}

impl RequestBody for CustomerRequest {
    const FIELDS: &'static [&'static str] = with_limit_fields!["user_id", "alias", "blocked", "budget_id"];
}

/// `POST /customer/delete`, `/customer/block` and `/customer/unblock`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CustomersRequest {
    /// Which.
    pub user_ids: Vec<String>,
}

impl RequestBody for CustomersRequest {
    const FIELDS: &'static [&'static str] = &["user_ids"];
}

/// A customer as LiteLLM shows them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CustomerObject {
    /// What clients call them.
    pub user_id: String,
    /// A name for people.
    pub alias: Option<String>,
    /// Refused until unblocked.
    pub blocked: bool,
    /// The named budget that holds for them.
    pub budget_id: Option<String>,
    /// Spent in the present window, or ever, in dollars.
    pub spend: Dollars,
    /// What they may spend and how fast.
    pub litellm_budget_table: LimitObject,
}

/// `POST /budget/new` and `POST /budget/update`: what is absent stays, null clears.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BudgetRequest {
    /// Its name; made here where a new one has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_id: Option<String>,
    /// What it allows to each of those whom it is given.
    #[serde(flatten)]
    pub limits: LimitPatch,
}

impl RequestBody for BudgetRequest {
    const FIELDS: &'static [&'static str] = with_limit_fields!["budget_id"];
}

/// `POST /budget/info`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BudgetsRequest {
    /// Which.
    pub budgets: Vec<String>,
}

impl RequestBody for BudgetsRequest {
    const FIELDS: &'static [&'static str] = &["budgets"];
}

/// `POST /budget/delete`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeleteBudgetRequest {
    /// Which.
    pub id: String,
}

impl RequestBody for DeleteBudgetRequest {
    const FIELDS: &'static [&'static str] = &["id"];
}

/// A named budget.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BudgetObject {
    /// Its name.
    pub budget_id: String,
    /// What it allows.
    #[serde(flatten)]
    pub limits: LimitObject,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// `POST /tag/new` and `POST /tag/update`: what is absent stays, null clears.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TagRequest {
    /// The tag.
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub description: Patch<String>,
    /// Models that calls with it may use; empty: all.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub models: Patch<Vec<String>>,
    /// What calls with it may spend and how fast.
    #[serde(flatten)]
    pub limits: LimitPatch,
}

impl RequestBody for TagRequest {
    const FIELDS: &'static [&'static str] = with_limit_fields!["name", "description", "models"];
}

/// `POST /tag/info`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TagsRequest {
    /// Which.
    pub names: Vec<String>,
}

impl RequestBody for TagsRequest {
    const FIELDS: &'static [&'static str] = &["names"];
}

/// `POST /tag/delete`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeleteTagRequest {
    /// Which.
    pub name: String,
}

impl RequestBody for DeleteTagRequest {
    const FIELDS: &'static [&'static str] = &["name"];
}

/// A tag.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TagObject {
    /// The tag.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Models that calls with it may use; empty: all.
    pub models: Vec<String>,
    /// Spent in the present window, or ever, in dollars.
    pub spend: Dollars,
    /// What calls with it may spend and how fast.
    #[serde(flatten)]
    pub limits: LimitObject,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}
