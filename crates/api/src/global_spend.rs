//! Spend of the whole house, in the shapes of LiteLLM's `/global/…` and `/spend/…` routes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use weighhouse_types::Error;

use crate::body::RequestBody;
use crate::daily::period;
use crate::dollars::Dollars;
use crate::query::{Query, refused};
use crate::secret::KeyText;

/// Lines that an answer of the dearest has at most.
const MAX_LIMIT: u64 = 1_000;

/// The query of routes that sum a period: both days in UTC, both included.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
pub struct PeriodQuery {
    /// From this day on, `YYYY-MM-DD`.
    pub start_date: String,
    /// Up to and with this day, `YYYY-MM-DD`.
    pub end_date: String,
    /// `/global/spend/tags` only: these tags, with commas between them; `all-tags` or nothing for all.
    pub tags: Option<String>,
}

impl PeriodQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// `InvalidRequest`: the period is missing.
    pub fn read(query: Option<&str>) -> Result<Self, Error> {
        let query = Query::new(query);
        let (start_date, end_date) = period(&query)?;
        Ok(Self { start_date, end_date, tags: query.text("tags") })
    }

    /// Writes the query.
    #[must_use]
    pub fn write(&self) -> String {
        Query::write([
            ("start_date", Some(self.start_date.clone())),
            ("end_date", Some(self.end_date.clone())),
            ("tags", self.tags.clone()),
        ])
    }
}

/// The query of routes that may be told a period (`/spend/tags`), a user (`/spend/users`), a key
/// (`/global/spend/logs`) or a number of lines (`/global/spend/keys`, `/global/spend/models`).
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct SpendQuery {
    /// From this day on, `YYYY-MM-DD` in UTC.
    pub start_date: Option<String>,
    /// Up to and with this day, `YYYY-MM-DD` in UTC.
    pub end_date: Option<String>,
    /// Only this user.
    pub user_id: Option<String>,
    /// Only this key, or its hash.
    pub api_key: Option<KeyText>,
    /// So many lines, the dearest first.
    pub limit: Option<u32>,
}

impl SpendQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// `InvalidRequest`: a number out of its bounds.
    pub fn read(query: Option<&str>) -> Result<Self, Error> {
        let query = Query::new(query);
        let limit = query.number("limit", 1, MAX_LIMIT)?;
        Ok(Self {
            start_date: query.text("start_date"),
            end_date: query.text("end_date"),
            user_id: query.text("user_id"),
            api_key: query.text("api_key").map(|key| KeyText::new(&key)),
            limit: limit.and_then(|limit| u32::try_from(limit).ok()),
        })
    }

    /// Writes the query.
    #[must_use]
    pub fn write(&self) -> String {
        Query::write([
            ("start_date", self.start_date.clone()),
            ("end_date", self.end_date.clone()),
            ("user_id", self.user_id.clone()),
            ("api_key", self.api_key.as_ref().map(|key| key.expose().to_owned())),
            ("limit", self.limit.map(|limit| limit.to_string())),
        ])
    }
}

/// `GET /spend/tags`: a tag. An attempt with two tags counts for both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TagSpend {
    /// The tag.
    pub individual_request_tag: String,
    /// Attempts with it.
    pub log_count: i64,
    /// In dollars.
    pub total_spend: Dollars,
}

/// `GET /global/spend`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GlobalSpend {
    /// Of the last 30 days, in dollars.
    pub spend: Dollars,
    /// What the whole house may spend; 0 where nothing bounds it, as LiteLLM says.
    pub max_budget: Dollars,
}

/// `GET /global/spend/tags`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GlobalTagSpend {
    /// The tags, the dearest first.
    pub spend_per_tag: Vec<NamedTagSpend>,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedTagSpend {
    /// The tag.
    pub name: String,
    /// In dollars.
    pub spend: Dollars,
    /// Attempts with it.
    pub log_count: i64,
}

/// `GET /global/spend/all_tag_names`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TagNames {
    /// Every tag that an attempt ever had.
    pub tag_names: Vec<String>,
}

/// `GET /global/spend/keys`: a key, by what it spent in the last 30 days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeySpend {
    /// The key's hash.
    pub api_key: String,
    /// A name for people.
    pub key_alias: Option<String>,
    /// `sk-...` and the last four characters.
    pub key_name: Option<String>,
    /// In dollars.
    pub total_spend: Dollars,
}

/// `GET /global/spend/models`: a model, by what was spent on it in the last 30 days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelSpend {
    /// The provider's name of the model.
    pub model: String,
    /// In dollars.
    pub total_spend: Dollars,
    /// Tokens in all.
    pub total_tokens: i64,
}

/// `GET /global/spend/provider`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProviderSpend {
    /// The provider.
    pub provider: String,
    /// In dollars.
    pub spend: Dollars,
}

/// `GET /global/spend/logs`: a day of the last 30.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DaySpend {
    /// `YYYY-MM-DD`, in UTC.
    pub date: String,
    /// In dollars.
    pub spend: Dollars,
    /// The key, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
}

/// `GET /global/spend/teams`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TeamsSpend {
    /// Days of the last 30: `date`, and what each team spent under its alias.
    pub daily_spend: Vec<Map<String, Value>>,
    /// Aliases of the teams.
    pub teams: Vec<String>,
    /// The ten dearest.
    pub total_spend_per_team: Vec<TeamSpend>,
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TeamSpend {
    /// The alias, as LiteLLM has it under this name.
    pub team_id: String,
    /// In dollars.
    pub total_spend: Dollars,
}

/// The body of `POST /global/spend/end_users`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct EndUsersRequest {
    /// Only with this key, or its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<KeyText>,
    /// From the day (UTC) of this moment on, RFC 3339; 30 days ago where nothing is said.
    #[serde(default, rename = "startTime", skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// Up to and with the day (UTC) of this moment; today where nothing is said.
    #[serde(default, rename = "endTime", skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
}

impl RequestBody for EndUsersRequest {
    const FIELDS: &'static [&'static str] = &["api_key", "startTime", "endTime"];
}

/// `POST /global/spend/end_users`: one of the hundred dearest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndUserSpend {
    /// Whom clients named; empty where they named nobody.
    pub end_user: String,
    /// Attempts.
    pub total_count: i64,
    /// In dollars.
    pub total_spend: Dollars,
}

/// `GET /global/all_end_users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndUserNames {
    /// Everyone whom a client ever named.
    pub end_users: Vec<String>,
}

/// `GET /global/activity`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Activity {
    /// The days that have any, in their order.
    pub daily_data: Vec<ActivityDay>,
    /// Attempts in all.
    pub sum_api_requests: i64,
    /// Tokens in all.
    pub sum_total_tokens: i64,
}

/// `GET /global/activity/model`: one of the ten models that were asked most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelActivity {
    /// The group that served.
    pub model: String,
    /// The days that have any, in their order.
    pub daily_data: Vec<ActivityDay>,
    /// Attempts in all.
    pub sum_api_requests: i64,
    /// Tokens in all.
    pub sum_total_tokens: i64,
}

/// A day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActivityDay {
    /// Such as `Jan 22`, in UTC.
    pub date: String,
    /// Attempts.
    pub api_requests: i64,
    /// Tokens.
    pub total_tokens: i64,
}

/// `GET /provider/budgets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProviderBudgets {
    /// Budgets of the config's `provider_budget_config`.
    pub providers: BTreeMap<String, ProviderBudget>,
}

/// A provider's budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProviderBudget {
    /// In dollars.
    pub budget_limit: Dollars,
    /// LiteLLM's duration, such as `1d`; none: for life.
    pub time_period: Option<String>,
    /// Spent in the present window, in dollars.
    pub spend: Dollars,
    /// When the window ends.
    pub budget_reset_at: Option<String>,
}

/// How `GET /global/spend/report` tells sums apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
pub enum ReportGroup {
    /// By day and team.
    #[default]
    Team,
    /// By day and customer.
    Customer,
    /// By key.
    ApiKey,
}

impl ReportGroup {
    /// The name in queries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Customer => "customer",
            Self::ApiKey => "api_key",
        }
    }
}

/// The query of `GET /global/spend/report`: both days in UTC, both included.
#[derive(Clone, Debug, JsonSchema)]
pub struct ReportQuery {
    /// From this day on, `YYYY-MM-DD`.
    pub start_date: String,
    /// Up to and with this day, `YYYY-MM-DD`.
    pub end_date: String,
    /// `team`, `customer` or `api_key`.
    pub group_by: ReportGroup,
    /// Only this key, or its hash: by key.
    pub api_key: Option<KeyText>,
    /// Only keys of this user: by key.
    pub internal_user_id: Option<String>,
    /// Only this team.
    pub team_id: Option<String>,
    /// With `team_id`: only this customer of it.
    pub customer_id: Option<String>,
}

impl ReportQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// `InvalidRequest`: the period is missing, or the group is none.
    pub fn read(query: Option<&str>) -> Result<Self, Error> {
        let query = Query::new(query);
        let (start_date, end_date) = period(&query)?;
        let groups = [ReportGroup::Team, ReportGroup::Customer, ReportGroup::ApiKey];
        let group_by = match query.text("group_by") {
            None => ReportGroup::default(),
            Some(name) => groups
                .into_iter()
                .find(|group| group.name() == name)
                .ok_or_else(|| refused("group_by", "must be team, customer or api_key"))?,
        };
        Ok(Self {
            start_date,
            end_date,
            group_by,
            api_key: query.text("api_key").map(|key| KeyText::new(&key)),
            internal_user_id: query.text("internal_user_id"),
            team_id: query.text("team_id"),
            customer_id: query.text("customer_id"),
        })
    }

    /// Writes the query.
    #[must_use]
    pub fn write(&self) -> String {
        Query::write([
            ("start_date", Some(self.start_date.clone())),
            ("end_date", Some(self.end_date.clone())),
            ("group_by", Some(self.group_by.name().to_owned())),
            ("api_key", self.api_key.as_ref().map(|key| key.expose().to_owned())),
            ("internal_user_id", self.internal_user_id.clone()),
            ("team_id", self.team_id.clone()),
            ("customer_id", self.customer_id.clone()),
        ])
    }
}

/// A line of `GET /global/spend/report`: which fields it has depends on `group_by` and the conditions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportLine {
    /// The day's first moment, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_by_day: Option<String>,
    /// By team: what each spent that day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams: Option<Vec<ReportSum>>,
    /// By customer: what each spent that day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customers: Option<Vec<ReportSum>>,
    /// By team and customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams_customers: Option<Vec<ReportSum>>,
    /// By key: its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// By key: in dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_cost: Option<Dollars>,
    /// By key: tokens of prompts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_input_tokens: Option<i64>,
    /// By key: generated tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_output_tokens: Option<i64>,
    /// By key: the same by model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_details: Option<Vec<ReportModel>>,
}

/// What a team or customer spent on a day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportSum {
    /// The team's alias, or its id where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_name: Option<String>,
    /// The customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// In dollars.
    pub total_spend: Dollars,
    /// The same by model and key.
    pub metadata: Vec<ReportDetail>,
}

/// A model and a key on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportDetail {
    /// The provider's name of the model.
    pub model: String,
    /// The key's hash.
    pub api_key: String,
    /// In dollars.
    pub spend: Dollars,
    /// Tokens in all.
    pub total_tokens: i64,
}

/// A model of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportModel {
    /// The provider's name of the model.
    pub model: String,
    /// In dollars.
    pub total_cost: Dollars,
    /// Tokens of prompts.
    pub total_input_tokens: i64,
    /// Generated tokens.
    pub total_output_tokens: i64,
}
