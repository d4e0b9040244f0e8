//! The ledger on the wire, in the shape of LiteLLM's `LiteLLM_SpendLogs` rows (contract §6c).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use weighhouse_types::Error;

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
}

impl SpendLogsQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// `InvalidRequest`: sums by day (`summarize=true`) are not made.
    pub fn read(query: Option<&str>) -> Result<Self, Error> {
        let query = Query::new(query);
        if query.flag("summarize")? == Some(true) {
            return Err(refused(
                "summarize",
                "is not supported yet: rows are returned; send summarize=false",
            ));
        }
        Ok(Self {
            request_id: query.text("request_id"),
            api_key: query.text("api_key").map(|key| KeyText::new(&key)),
            user_id: query.text("user_id"),
            start_date: query.text("start_date"),
            end_date: query.text("end_date"),
        })
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
            ("summarize", Some("false".to_owned())),
        ])
    }
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
    /// Where the time went.
    pub timings: SpendTimings,
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

/// `GET /ledger/verify`: the books held against the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerAudit {
    /// Rows of the ledger.
    pub rows: u64,
    /// The sum of their costs, in dollars.
    pub total: Dollars,
    /// Keys and accounts that were looked at.
    pub books: u64,
    /// Those that say something else than the ledger; none where all is well.
    pub wrong: Vec<WrongBook>,
}

/// A book that says something else than the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WrongBook {
    /// Which.
    pub book: String,
    /// What it says, in dollars.
    pub said: Dollars,
    /// What its rows sum to, in dollars.
    pub ledger: Dollars,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_reads_back_what_was_written_and_sums_are_refused() {
        let query = SpendLogsQuery {
            api_key: Some(KeyText::new("sk-1")),
            start_date: Some("2026-01-01".into()),
            ..SpendLogsQuery::default()
        };
        let read = SpendLogsQuery::read(Some(&query.write())).unwrap();
        assert_eq!(read.api_key.unwrap().expose(), "sk-1");
        assert_eq!((read.start_date, read.end_date), (query.start_date, None));
        assert_eq!(SpendLogsQuery::read(Some("summarize=true")).unwrap_err().status(), 400);
    }
}
