//! The ledger on the wire, in the shape of LiteLLM's `LiteLLM_SpendLogs` rows (contract §6c).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use weighhouse_types::{Error, Nanos};

use crate::daily::period;
use crate::dollars::Dollars;
use crate::query::{Query, refused};
use crate::secret::KeyText;

/// The query of `GET /spend/logs`.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct SpendLogsQuery {
    /// LiteLLM's `request_id`: the provider's answer id, or the call id.
    pub request_id: Option<String>,
    /// The key or its hash.
    pub api_key: Option<KeyText>,
    /// Owner of the key.
    pub user_id: Option<String>,
    /// From this day on, `YYYY-MM-DD` in UTC.
    pub start_date: Option<String>,
    /// Until this day begins, `YYYY-MM-DD` in UTC, as in LiteLLM.
    pub end_date: Option<String>,
    /// With both days: sums by day ([`SpendSummary`]), unless it is false; else it says nothing.
    pub summarize: Option<bool>,
}

impl SpendLogsQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// `InvalidRequest`: `summarize` is neither true nor false.
    pub fn read(query: Option<&str>) -> Result<Self, Error> {
        let query = Query::new(query);
        Ok(Self {
            request_id: query.text("request_id"),
            api_key: query.text("api_key").map(|key| KeyText::new(&key)),
            user_id: query.text("user_id"),
            start_date: query.text("start_date"),
            end_date: query.text("end_date"),
            summarize: query.flag("summarize")?,
        })
    }

    /// The period to sum, where sums and no rows are asked for: LiteLLM's rule.
    #[must_use]
    pub fn summarized(&self) -> Option<(&str, &str)> {
        let days = self.start_date.as_deref().zip(self.end_date.as_deref());
        days.filter(|_| self.summarize != Some(false))
    }

    /// Writes the query.
    #[must_use]
    pub fn write(&self) -> String {
        Query::write([
            ("request_id", self.request_id.clone()),
            ("api_key", self.api_key.as_ref().map(|key| key.expose().to_owned())),
            ("user_id", self.user_id.clone()),
            ("start_date", self.start_date.clone()),
            ("end_date", self.end_date.clone()),
            ("summarize", self.summarize.map(|summarize| summarize.to_string())),
        ])
    }
}

/// A day of `GET /spend/logs` with both days of a period: `startTime`, `spend`, `users` and `models` with what was
/// spent by each, and what was spent with each key under its hash.
pub type SpendSummary = Map<String, Value>;

/// The query of `GET /spend/logs/v2`.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct SpendPageQuery {
    /// From this moment on, `YYYY-MM-DD HH:MM:SS` or `YYYY-MM-DD` in UTC.
    pub start_date: String,
    /// Up to and with this moment.
    pub end_date: String,
    /// LiteLLM's `request_id`: the provider's answer id, or the call id.
    pub request_id: Option<String>,
    /// The key or its hash.
    pub api_key: Option<KeyText>,
    /// Owner of the key.
    pub user_id: Option<String>,
    /// Team of the key.
    pub team_id: Option<String>,
    /// Whom the client named as its end user.
    pub end_user: Option<String>,
    /// `success`, `failure` or `aborted`.
    pub status_filter: Option<String>,
    /// The model as the provider knows it.
    pub model: Option<String>,
    /// The deployment.
    pub model_id: Option<String>,
    /// The group that served the call.
    pub model_group: Option<String>,
    /// At least this cost, in dollars.
    pub min_spend: Option<Dollars>,
    /// At most this cost, in dollars.
    pub max_spend: Option<Dollars>,
    /// Counts from 1.
    pub page: u64,
    /// Rows on a page: 1 to 1,000.
    pub page_size: u32,
    /// `startTime` or `spend`.
    pub sort_by: Option<String>,
    /// `asc` or `desc`.
    pub sort_order: Option<String>,
}

impl SpendPageQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// `InvalidRequest`: the period is missing, a number is out of its bounds, or an order is none.
    pub fn read(query: Option<&str>) -> Result<Self, Error> {
        let query = Query::new(query);
        let (start_date, end_date) = period(&query)?;
        let dollars = |name: &str| -> Result<Option<Dollars>, Error> {
            let Some(text) = query.text(name) else { return Ok(None) };
            let parsed = Nanos::parse_usd(&text).map_err(|_| refused(name, "must be a number of dollars"))?;
            Ok(Some(Dollars(parsed)))
        };
        let one_of = |name: &str, words: &[&str]| -> Result<Option<String>, Error> {
            let found = query.text(name);
            if found.as_deref().is_some_and(|found| !words.contains(&found)) {
                return Err(refused(name, &format!("must be {}", words.join(" or "))));
            }
            Ok(found)
        };
        let size = query.number("page_size", 1, 1_000)?;
        Ok(Self {
            start_date,
            end_date,
            request_id: query.text("request_id"),
            api_key: query.text("api_key").map(|key| KeyText::new(&key)),
            user_id: query.text("user_id"),
            team_id: query.text("team_id"),
            end_user: query.text("end_user"),
            status_filter: one_of("status_filter", &["success", "failure", "aborted"])?,
            model: query.text("model"),
            model_id: query.text("model_id"),
            model_group: query.text("model_group"),
            min_spend: dollars("min_spend")?,
            max_spend: dollars("max_spend")?,
            page: query.number("page", 1, u64::from(u32::MAX))?.unwrap_or(1),
            page_size: size.and_then(|size| u32::try_from(size).ok()).unwrap_or(50),
            sort_by: one_of("sort_by", &["startTime", "spend"])?,
            sort_order: one_of("sort_order", &["asc", "desc"])?,
        })
    }

    /// Writes the query.
    #[must_use]
    pub fn write(&self) -> String {
        let dollars = |dollars: Option<Dollars>| dollars.map(|dollars| dollars.0.to_string());
        Query::write([
            ("start_date", Some(self.start_date.clone())),
            ("end_date", Some(self.end_date.clone())),
            ("request_id", self.request_id.clone()),
            ("api_key", self.api_key.as_ref().map(|key| key.expose().to_owned())),
            ("user_id", self.user_id.clone()),
            ("team_id", self.team_id.clone()),
            ("end_user", self.end_user.clone()),
            ("status_filter", self.status_filter.clone()),
            ("model", self.model.clone()),
            ("model_id", self.model_id.clone()),
            ("model_group", self.model_group.clone()),
            ("min_spend", dollars(self.min_spend)),
            ("max_spend", dollars(self.max_spend)),
            ("page", Some(self.page.to_string())),
            ("page_size", Some(self.page_size.to_string())),
            ("sort_by", self.sort_by.clone()),
            ("sort_order", self.sort_order.clone()),
        ])
    }
}

/// `GET /spend/logs/v2`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpendPage {
    /// The rows.
    pub data: Vec<SpendLog>,
    /// Rows on all pages.
    pub total: u64,
    /// Counts from 1.
    pub page: u64,
    /// Rows on a page.
    pub page_size: u32,
    /// Pages in all.
    pub total_pages: u64,
}

/// An attempt, as LiteLLM shows a request. Times are RFC 3339.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpendLog {
    /// The provider's answer id, or the call's where there is none; attempts of one call may share it.
    pub request_id: String,
    /// LiteLLM's name of the operation, such as `acompletion`.
    pub call_type: String,
    /// The key's hash at the time.
    pub api_key: String,
    /// What the attempt cost, in dollars.
    pub spend: Dollars,
    /// Tokens in all.
    pub total_tokens: u64,
    /// Tokens of the prompt, cached ones included.
    pub prompt_tokens: u64,
    /// Generated tokens.
    pub completion_tokens: u64,
    /// When the call was received.
    #[serde(rename = "startTime")]
    pub start_time: String,
    /// When the attempt ended.
    #[serde(rename = "endTime")]
    pub end_time: String,
    /// When the answer began; the end where no byte of it came.
    #[serde(rename = "completionStartTime")]
    pub completion_start_time: String,
    /// From reception to the end, milliseconds.
    pub request_duration_ms: u64,
    /// The model as the provider knows it.
    pub model: String,
    /// The deployment.
    pub model_id: String,
    /// The group that served the call.
    pub model_group: String,
    /// The provider's name in the registry.
    pub custom_llm_provider: String,
    /// The provider's address.
    pub api_base: String,
    /// Owner of the key; empty where it has none.
    pub user: String,
    /// What LiteLLM has no column for.
    pub metadata: SpendMetadata,
    /// `True` or `False`, as texts.
    pub cache_hit: String,
    /// Tags of key and call.
    pub request_tags: Vec<String>,
    /// Team of the key.
    pub team_id: Option<String>,
    /// Whom the client named as its end user.
    pub end_user: Option<String>,
    /// The call: attempts of one call share it.
    pub session_id: String,
    /// `success` or `failure`; `aborted` where the client went away.
    pub status: String,
    /// The call.
    pub litellm_call_id: String,
}

/// What stands behind the sum of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpendMetadata {
    /// Which try of the call this was; counts from 0.
    pub attempt: u16,
    /// The model as the client wrote it.
    pub requested_model: String,
    /// The provider's status; 0 where none came.
    pub http_status: u16,
    /// Whether the answer was a stream.
    pub stream: bool,
    /// Units by class; the classes never overlap.
    pub usage: BTreeMap<String, u64>,
    /// The units were counted by the house because the provider did not say.
    pub usage_estimated: bool,
    /// The provider's classes did not sum to its totals; the larger reading was taken.
    pub usage_mismatch: bool,
    /// The provider's usage object as it came.
    pub usage_object: Value,
    /// How the cost came about: `[class, units, pico-dollars per unit]` each.
    pub arithmetic: Value,
    /// The price book that was used; empty where the model has no price.
    pub price_version: String,
    /// Whom the cost was charged to, the key itself first; several windows of one scope each count it.
    #[serde(default)]
    pub accounts: Vec<ChargedAccount>,
    /// Where the time went.
    pub timings: SpendTimings,
}

/// An account that a cost was charged to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChargedAccount {
    /// Whose, such as `team:payments` or `key_model:k/gpt-4o`.
    pub scope: String,
    /// The length of the window and its begin in milliseconds since 1970, such as `days:1@1795000000000`; empty for
    /// all that was ever spent.
    pub window: String,
}

/// Where the time of an attempt went, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpendTimings {
    /// Waiting before the house took the call up.
    pub queue_us: u32,
    /// The house's own work.
    pub overhead_us: u32,
    /// From reception to the first byte of the answer; 0 where none came.
    pub first_token_us: u32,
    /// From reception to the end.
    pub total_us: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_reads_back_what_was_written() {
        let query = SpendLogsQuery {
            api_key: Some(KeyText::new("sk-1")),
            start_date: Some("2026-01-01".into()),
            ..SpendLogsQuery::default()
        };
        let read = SpendLogsQuery::read(Some(&query.write())).unwrap();
        assert_eq!(read.api_key.unwrap().expose(), "sk-1");
        assert_eq!((read.start_date, read.end_date), (query.start_date, None));
        assert_eq!(SpendLogsQuery::read(Some("summarize=perhaps")).unwrap_err().status(), 422);
        let page = SpendPageQuery {
            start_date: "2026-01-01 10:00:00".into(),
            end_date: "2026-01-02".into(),
            status_filter: Some("failure".into()),
            min_spend: Some(Dollars(Nanos::new(1_500))),
            page: 2,
            page_size: 7,
            sort_by: Some("spend".into()),
            ..SpendPageQuery::default()
        };
        let read = SpendPageQuery::read(Some(&page.write())).unwrap();
        assert_eq!(format!("{read:?}"), format!("{page:?}"));
        assert!(SpendPageQuery::read(Some("start_date=a&end_date=b&sort_by=model")).is_err());
    }

    #[test]
    fn sums_are_asked_for_by_both_days_of_a_period() {
        let sums = |query: &str| SpendLogsQuery::read(Some(query)).unwrap().summarized().is_some();
        assert!(sums("start_date=2026-01-01&end_date=2026-01-02"));
        assert!(sums("start_date=2026-01-01&end_date=2026-01-02&summarize=true"));
        assert!(!sums("start_date=2026-01-01&end_date=2026-01-02&summarize=false"));
        assert!(!sums("start_date=2026-01-01&summarize=true"));
    }
}
