//! The house's own routes about the ledger: the books held against it, days reckoned again, prices tried on it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::body::RequestBody;
use crate::dollars::Dollars;
use crate::secret::KeyText;

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
    /// Days that the daily tables know.
    #[serde(default)]
    pub days: u64,
    /// Those that say something else than the ledger; none where all is well.
    #[serde(default)]
    pub wrong_days: Vec<WrongDay>,
    /// Days on which attempts were charged without rows (`disable_spend_logs`): they cannot be checked.
    #[serde(default)]
    pub unchecked_days: Vec<String>,
    /// Attempts that the store did not take for their own sake, set aside in the table `ledger_refused`: neither the
    /// ledger nor the sums of days hold them.
    #[serde(default)]
    pub refused_rows: u64,
    /// What keys and accounts were charged for them, in dollars.
    #[serde(default)]
    pub refused_total: Dollars,
    /// The latest hundred of them; none where all is well.
    #[serde(default)]
    pub refused: Vec<RefusedAttempt>,
}

/// An attempt that the store did not take for its own sake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusedAttempt {
    /// The call's id and the attempt's number.
    pub attempt: String,
    /// The day of the call, `YYYY-MM-DD`, in UTC.
    pub day: String,
    /// What it cost, in dollars.
    pub cost: Dollars,
    /// Whether its key and accounts were charged all the same.
    pub is_charged: bool,
    /// Why it was not taken.
    pub reason: String,
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

/// A day of a daily table that says something else than the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WrongDay {
    /// `daily_spend` or `daily_tag_spend`.
    pub table: String,
    /// `YYYY-MM-DD`, in UTC.
    pub day: String,
    /// How many rows of the day differ, in money, attempts or tokens.
    pub rows: u64,
    /// What these rows sum to, in dollars.
    pub said: Dollars,
    /// What they should, in dollars.
    pub ledger: Dollars,
    /// The attempts in them.
    pub said_requests: i64,
    /// The attempts that should be in them.
    pub ledger_requests: i64,
}

/// `POST /ledger/rebuild-daily`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RebuiltDaily {
    /// Rows that the daily tables have now, without those of days that cannot be reckoned.
    pub rows: u64,
}

/// The body of `POST /ledger/reprice`: which rows to reckon again by the prices in force. Nothing is changed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct RepriceRequest {
    /// From this day on, `YYYY-MM-DD` in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// Up to and with this day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
    /// Only this group or model, by either name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only this key, or its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<KeyText>,
    /// Where the page before ended (`next_cursor`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Rows of one page: 1 to 2,000, which is what it is where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
}

impl RequestBody for RepriceRequest {
    const FIELDS: &'static [&'static str] =
        &["start_date", "end_date", "model", "api_key", "cursor", "page_size"];
}

/// `POST /ledger/reprice`: what a page of rows would cost by the prices in force.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Repriced {
    /// Always true: rows of the ledger are never changed.
    pub dry_run: bool,
    /// Rows that were looked at.
    pub rows: u64,
    /// Rows that would cost something else.
    pub changed: u64,
    /// Rows whose prices nobody knows; they count with what they cost.
    pub unpriced: u64,
    /// What the rows cost, in dollars.
    pub old_spend: Dollars,
    /// What they would cost, in dollars.
    pub new_spend: Dollars,
    /// The rows that differ most, the largest difference first.
    pub largest: Vec<RepricedRow>,
    /// Where the next page begins; none: this was the last.
    pub next_cursor: Option<String>,
}

/// A row that would cost something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RepricedRow {
    /// The call.
    pub litellm_call_id: String,
    /// Which try of the call this was.
    pub attempt: u16,
    /// The provider's answer id, or the call's.
    pub request_id: String,
    /// When the call was received.
    #[serde(rename = "startTime")]
    pub start_time: String,
    /// The provider's name of the model.
    pub model: String,
    /// The provider.
    pub custom_llm_provider: String,
    /// What it cost, in dollars.
    pub old_spend: Dollars,
    /// What it would cost, in dollars.
    pub new_spend: Dollars,
    /// The prices that it was booked by.
    pub old_price_version: String,
    /// The prices in force.
    pub new_price_version: String,
}

/// The body of `POST /spend/calculate`, as in LiteLLM.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct CalculateRequest {
    /// A model of the config, or a name such as `openai/gpt-4o`. With `messages`: what the prompt alone would cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Messages of a chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<Value>>,
    /// An answer with its `model` and `usage`: what it cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_response: Option<Map<String, Value>>,
}

impl RequestBody for CalculateRequest {
    const FIELDS: &'static [&'static str] = &["model", "messages", "completion_response"];
}

/// `POST /spend/calculate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Calculated {
    /// In dollars.
    pub cost: Dollars,
    /// How it comes about: `[class, units, pico-dollars per unit]` each.
    pub arithmetic: Value,
    /// The prices that were used.
    pub price_version: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::global_spend::EndUsersRequest;

    fn check<T: RequestBody + JsonSchema>() {
        let schema = schemars::schema_for!(T);
        let properties = schema.get("properties").and_then(Value::as_object).unwrap();
        let of_schema: std::collections::BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        assert_eq!(of_schema, T::FIELDS.iter().copied().collect(), "{}", std::any::type_name::<T>());
    }

    #[test]
    fn the_lists_of_fields_are_the_types() {
        check::<RepriceRequest>();
        check::<CalculateRequest>();
        check::<EndUsersRequest>();
    }
}
