//! Asks the daily tables, and shows what they say.

use std::collections::{BTreeMap, BTreeSet};

use weighhouse_api::Dollars;
use weighhouse_api::{DailyKeyMetadata, SpendMetrics};
use weighhouse_storage::{DailyQuery, DailyRow, DailySums, KeyRecord, Page};
use weighhouse_types::{Error, KeyHash, Kind};

use crate::admin::Admin;

/// Days of LiteLLM's views of the last month, today included.
pub(crate) const MONTH: i64 = 31;
/// Sums that one answer is made of at most.
const MOST_SUMS: u32 = 100_000;

impl Admin {
    /// Today by its number, counted from 1970 in UTC.
    pub(crate) fn today(&self) -> i64 {
        self.now_ms().div_euclid(weighhouse_storage::DAY_MS)
    }

    /// The first day of LiteLLM's last 30.
    pub(crate) fn month_ago(&self) -> i64 {
        self.today() - (MONTH - 1)
    }

    /// All sums that a query asks for.
    ///
    /// # Errors
    /// `InvalidRequest`: there are more than one answer is made of; `Overloaded`: the store does not answer.
    pub(crate) async fn sums(&self, query: &DailyQuery) -> Result<Vec<DailyRow>, Error> {
        let rows = self.store.daily(query, Page { offset: 0, limit: MOST_SUMS + 1 }).await?;
        if rows.len() > MOST_SUMS as usize {
            let message = format!("more than {MOST_SUMS} sums answer this; ask for a shorter period");
            return Err(Error::new(Kind::InvalidRequest, message).at("start_date"));
        }
        Ok(rows)
    }

    /// The dearest sums of a query.
    ///
    /// # Errors
    /// `Overloaded`: the store does not answer.
    pub(crate) async fn dearest(&self, query: DailyQuery, limit: u32) -> Result<Vec<DailyRow>, Error> {
        let query = DailyQuery { dearest_first: true, ..query };
        Ok(self.store.daily(&query, Page { offset: 0, limit }).await?)
    }

    /// The keys of rows by their hashes, as far as they are still there.
    ///
    /// # Errors
    /// `Overloaded`: the store does not answer.
    pub(crate) async fn keys_of(&self, rows: &[DailyRow]) -> Result<BTreeMap<String, KeyRecord>, Error> {
        let hashes: BTreeSet<&str> = rows.iter().map(|row| row.key_hash.as_str()).collect();
        let mut keys = BTreeMap::new();
        for hash in hashes {
            if let Some(key) = self.store.key_by_hash(&KeyHash::new(hash)).await? {
                keys.insert(hash.to_owned(), key);
            }
        }
        Ok(keys)
    }
}

/// Sums as they are shown.
pub(crate) const fn metrics(sums: &DailySums) -> SpendMetrics {
    SpendMetrics {
        spend: Dollars(sums.spend),
        prompt_tokens: sums.prompt_tokens,
        completion_tokens: sums.completion_tokens,
        cache_read_input_tokens: sums.cache_read_tokens,
        cache_creation_input_tokens: sums.cache_write_tokens,
        total_tokens: total_tokens(sums),
        successful_requests: sums.successes,
        failed_requests: sums.failures,
        api_requests: sums.requests,
        total_response_time_ms: sums.response_ms,
        timed_requests: sums.successes,
    }
}

/// Tokens of prompts and generated ones.
pub(crate) const fn total_tokens(sums: &DailySums) -> i64 {
    sums.prompt_tokens.saturating_add(sums.completion_tokens)
}

/// Adds sums that are shown.
pub(crate) fn add(to: &mut SpendMetrics, sums: &DailySums) {
    let more = metrics(sums);
    to.spend.0 += more.spend.0;
    to.prompt_tokens += more.prompt_tokens;
    to.completion_tokens += more.completion_tokens;
    to.cache_read_input_tokens += more.cache_read_input_tokens;
    to.cache_creation_input_tokens += more.cache_creation_input_tokens;
    to.total_tokens += more.total_tokens;
    to.successful_requests += more.successful_requests;
    to.failed_requests += more.failed_requests;
    to.api_requests += more.api_requests;
    to.total_response_time_ms += more.total_response_time_ms;
    to.timed_requests += more.timed_requests;
}

/// Whose key it is.
pub(crate) fn key_metadata(key: Option<&KeyRecord>) -> DailyKeyMetadata {
    DailyKeyMetadata {
        key_alias: key.and_then(|key| key.key_alias.clone()),
        team_id: key.and_then(|key| key.team_id.clone()),
        user_id: key.and_then(|key| key.user_id.clone()),
        user_email: None,
        key_exists: key.is_some(),
    }
}
