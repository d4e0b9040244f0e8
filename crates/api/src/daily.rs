//! Sums by day, in the shape of LiteLLM's `…/daily/activity` routes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use weighhouse_types::Error;

use crate::dollars::Dollars;
use crate::query::{Query, refused};
use crate::secret::KeyText;

/// Rows on a page where the query does not say, and the most that it may say.
const PAGE_SIZE: u32 = 50;
const MAX_PAGE_SIZE: u32 = 1_000;
/// Ids that one query may name.
const MAX_IDS: usize = 200;

/// The query of a `…/daily/activity` route and of its `/aggregated` form. Days are days in UTC.
#[derive(Clone, Debug, JsonSchema)]
pub struct DailyActivityQuery {
    /// From this day on, `YYYY-MM-DD`.
    pub start_date: String,
    /// Up to and with this day, `YYYY-MM-DD`.
    pub end_date: String,
    /// Only these: `user_id`, or `team_ids`, `tags`, `end_user_ids` with commas between them.
    pub ids: Vec<String>,
    /// Not these: `exclude_team_ids`, `exclude_end_user_ids`.
    pub exclude: Vec<String>,
    /// Only this model, by the provider's name.
    pub model: Option<String>,
    /// Only this key, or its hash.
    pub api_key: Option<KeyText>,
    /// Counts from 1.
    pub page: u64,
    /// Rows on a page: 1 to 1,000.
    pub page_size: u32,
    /// Minutes that the caller's clock is behind UTC, as JavaScript's `getTimezoneOffset` says.
    pub timezone: Option<i64>,
    /// With `timezone`: a period that ends with the caller's today goes on to today in UTC.
    pub include_current_utc_day: bool,
}

/// How the ids are named in the queries of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyIds {
    /// The parameter.
    pub only: &'static str,
    /// The parameter of those that are left out.
    pub exclude: Option<&'static str>,
    /// One id and no list: commas are part of it.
    pub is_single: bool,
}

impl DailyIds {
    /// `/user/daily/activity`.
    pub const USER: Self = Self { only: "user_id", exclude: None, is_single: true };
    /// `/team/daily/activity`.
    pub const TEAM: Self = Self { only: "team_ids", exclude: Some("exclude_team_ids"), is_single: false };
    /// `/tag/daily/activity`.
    pub const TAG: Self = Self { only: "tags", exclude: None, is_single: false };
    /// `/customer/daily/activity`.
    pub const CUSTOMER: Self =
        Self { only: "end_user_ids", exclude: Some("exclude_end_user_ids"), is_single: false };
}

impl DailyActivityQuery {
    /// The query of a period.
    #[must_use]
    pub fn of_days(start_date: &str, end_date: &str) -> Self {
        Self {
            start_date: start_date.to_owned(),
            end_date: end_date.to_owned(),
            ids: Vec::new(),
            exclude: Vec::new(),
            model: None,
            api_key: None,
            page: 1,
            page_size: PAGE_SIZE,
            timezone: None,
            include_current_utc_day: false,
        }
    }

    /// Reads a query.
    ///
    /// # Errors
    /// `InvalidRequest`: the period is missing, or a number is out of its bounds.
    pub fn read(query: Option<&str>, names: DailyIds) -> Result<Self, Error> {
        let query = Query::new(query);
        let list = |name: &str| -> Result<Vec<String>, Error> {
            let Some(text) = query.text(name) else { return Ok(Vec::new()) };
            if names.is_single {
                return Ok(vec![text]);
            }
            let ids: Vec<String> =
                text.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
            if ids.len() > MAX_IDS {
                return Err(refused(name, "names too many; name at most 200"));
            }
            Ok(ids)
        };
        let (start_date, end_date) = period(&query)?;
        let size = query.number("page_size", 1, u64::from(MAX_PAGE_SIZE))?;
        Ok(Self {
            start_date,
            end_date,
            ids: list(names.only)?,
            exclude: names.exclude.map_or_else(|| Ok(Vec::new()), list)?,
            model: query.text("model"),
            api_key: query.text("api_key").map(|key| KeyText::new(&key)),
            page: query.number("page", 1, u64::from(u32::MAX))?.unwrap_or(1),
            page_size: size.and_then(|size| u32::try_from(size).ok()).unwrap_or(PAGE_SIZE),
            timezone: query
                .text("timezone")
                .map(|text| text.parse().map_err(|_| refused("timezone", "must be a number of minutes")))
                .transpose()?,
            include_current_utc_day: query.flag("include_current_utc_day")?.unwrap_or(false),
        })
    }

    /// Writes the query.
    #[must_use]
    pub fn write(&self, names: DailyIds) -> String {
        let list = |ids: &[String]| (!ids.is_empty()).then(|| ids.join(","));
        Query::write([
            ("start_date", Some(self.start_date.clone())),
            ("end_date", Some(self.end_date.clone())),
            (names.only, list(&self.ids)),
            (names.exclude.unwrap_or("exclude"), names.exclude.and_then(|_| list(&self.exclude))),
            ("model", self.model.clone()),
            ("api_key", self.api_key.as_ref().map(|key| key.expose().to_owned())),
            ("page", Some(self.page.to_string())),
            ("page_size", Some(self.page_size.to_string())),
            ("timezone", self.timezone.map(|minutes| minutes.to_string())),
            ("include_current_utc_day", self.include_current_utc_day.then(|| "true".to_owned())),
        ])
    }
}

/// Both days of a period that must be given.
///
/// # Errors
/// `InvalidRequest`: one is missing.
pub(crate) fn period(query: &Query<'_>) -> Result<(String, String), Error> {
    let day = |name| {
        query.text(name).ok_or_else(|| {
            refused(name, "is required: give start_date and end_date, both as 2026-01-31, in UTC")
        })
    };
    Ok((day("start_date")?, day("end_date")?))
}

/// Sums of attempts. What LiteLLM says of features that are not here (flat costs, savings) is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpendMetrics {
    /// In dollars.
    pub spend: Dollars,
    /// Tokens of prompts, cached ones included.
    pub prompt_tokens: i64,
    /// Generated tokens.
    pub completion_tokens: i64,
    /// Tokens of prompts that came from a provider's cache.
    pub cache_read_input_tokens: i64,
    /// Tokens of prompts that were written to one.
    pub cache_creation_input_tokens: i64,
    /// Tokens in all.
    pub total_tokens: i64,
    /// Attempts that answered.
    pub successful_requests: i64,
    /// Attempts that failed.
    pub failed_requests: i64,
    /// Attempts; those that are in neither of the two were left by their clients.
    pub api_requests: i64,
    /// Milliseconds that those which answered took.
    pub total_response_time_ms: i64,
    /// How many took them.
    pub timed_requests: i64,
}

/// Whose key it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DailyKeyMetadata {
    /// A name for people.
    pub key_alias: Option<String>,
    /// Team.
    pub team_id: Option<String>,
    /// Owner.
    pub user_id: Option<String>,
    /// The owner's address.
    pub user_email: Option<String>,
    /// False where the key was deleted or got another secret since.
    pub key_exists: bool,
}

/// Sums of a key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeyMetrics {
    /// The sums.
    pub metrics: SpendMetrics,
    /// Whose key it is.
    pub metadata: DailyKeyMetadata,
}

/// Sums of a model, provider, endpoint, or whose activity it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupMetrics {
    /// The sums.
    pub metrics: SpendMetrics,
    /// What is known of it, such as a team's `team_alias`.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// The same sums by the hash of the key.
    #[serde(default)]
    pub api_key_breakdown: BTreeMap<String, KeyMetrics>,
}

/// The sums of a day, told apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DailyBreakdown {
    /// By the provider's name of the model.
    pub models: BTreeMap<String, GroupMetrics>,
    /// By the group that served.
    pub model_groups: BTreeMap<String, GroupMetrics>,
    /// By provider.
    pub providers: BTreeMap<String, GroupMetrics>,
    /// By the endpoint that was asked.
    pub endpoints: BTreeMap<String, GroupMetrics>,
    /// By the hash of the key.
    pub api_keys: BTreeMap<String, KeyMetrics>,
    /// By user, team, tag or customer: whose activity was asked for.
    pub entities: BTreeMap<String, GroupMetrics>,
    /// MCP servers: there are none.
    #[serde(default)]
    pub mcp_servers: BTreeMap<String, GroupMetrics>,
}

/// A day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DailyActivityDay {
    /// `YYYY-MM-DD`, in UTC.
    pub date: String,
    /// The day's sums.
    pub metrics: SpendMetrics,
    /// The same, told apart.
    pub breakdown: DailyBreakdown,
}

/// The sums of what `results` shows, and where in the pages it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DailyActivityMetadata {
    /// In dollars.
    pub total_spend: Dollars,
    /// Tokens of prompts.
    pub total_prompt_tokens: i64,
    /// Generated tokens.
    pub total_completion_tokens: i64,
    /// Tokens in all.
    pub total_tokens: i64,
    /// Attempts.
    pub total_api_requests: i64,
    /// Attempts that answered.
    pub total_successful_requests: i64,
    /// Attempts that failed.
    pub total_failed_requests: i64,
    /// Tokens of prompts that came from a provider's cache.
    pub total_cache_read_input_tokens: i64,
    /// Tokens of prompts that were written to one.
    pub total_cache_creation_input_tokens: i64,
    /// Milliseconds that those which answered took.
    pub total_response_time_ms: i64,
    /// How many took them.
    pub total_timed_requests: i64,
    /// Counts from 1.
    pub page: u64,
    /// Pages in all.
    pub total_pages: u64,
    /// Whether another page follows.
    pub has_more: bool,
}

/// What a `…/daily/activity` route answers, the latest day first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DailyActivity {
    /// The days.
    pub results: Vec<DailyActivityDay>,
    /// Their sums.
    pub metadata: DailyActivityMetadata,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_reads_back_what_was_written() {
        let query = DailyActivityQuery {
            ids: vec!["a".into(), "b c".into()],
            exclude: vec!["d".into()],
            model: Some("gpt-4o".into()),
            page: 3,
            page_size: 7,
            timezone: Some(-60),
            include_current_utc_day: true,
            ..DailyActivityQuery::of_days("2026-01-01", "2026-01-31")
        };
        let read = DailyActivityQuery::read(Some(&query.write(DailyIds::TEAM)), DailyIds::TEAM).unwrap();
        assert_eq!(format!("{read:?}"), format!("{query:?}"));
        let user = DailyActivityQuery { ids: vec!["a,b".into()], exclude: vec![], ..query };
        let read = DailyActivityQuery::read(Some(&user.write(DailyIds::USER)), DailyIds::USER).unwrap();
        assert_eq!(format!("{read:?}"), format!("{user:?}"));
    }

    #[test]
    fn a_period_must_be_given_and_numbers_bounded() {
        for bad in ["", "start_date=2026-01-01", "end_date=2026-01-01"] {
            assert_eq!(
                DailyActivityQuery::read(Some(bad), DailyIds::TAG).unwrap_err().status(),
                400,
                "{bad}"
            );
        }
        let days = "start_date=2026-01-01&end_date=2026-01-01";
        for bad in ["page=0", "page_size=1001", "timezone=x", "include_current_utc_day=maybe"] {
            assert!(
                DailyActivityQuery::read(Some(&format!("{days}&{bad}")), DailyIds::TAG).is_err(),
                "{bad}"
            );
        }
    }
}
