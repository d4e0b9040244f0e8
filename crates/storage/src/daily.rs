//! What the ledger sums to by day: derived from its rows and kept beside them, so that a month is read without
//! reading its calls.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use weighhouse_types::{KeyId, Nanos, UsageClass};

use crate::records::{LedgerRow, Outcome};

/// Milliseconds of a day in UTC.
pub const DAY_MS: i64 = 86_400_000;

/// What attempts of a day sum to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DailySums {
    /// What they cost.
    pub spend: Nanos,
    /// Attempts.
    pub requests: i64,
    /// Those that answered.
    pub successes: i64,
    /// Those that failed; the others were left by their clients.
    pub failures: i64,
    /// Tokens of prompts, cached ones included.
    pub prompt_tokens: i64,
    /// Generated tokens.
    pub completion_tokens: i64,
    /// Tokens of prompts that were read from a provider's cache.
    pub cache_read_tokens: i64,
    /// Tokens of prompts that were written to one.
    pub cache_write_tokens: i64,
    /// Milliseconds that those which answered took, from reception to end.
    pub response_ms: i64,
}

impl DailySums {
    /// What one attempt adds. `ledger_facts` of the schema says the same.
    #[must_use]
    pub fn of(row: &LedgerRow) -> Self {
        let tokens = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
        let class = |class| tokens(row.usage.get(class));
        let is_success = row.outcome == Outcome::Success;
        Self {
            spend: row.cost,
            requests: 1,
            successes: i64::from(is_success),
            failures: i64::from(row.outcome == Outcome::Failure),
            prompt_tokens: tokens(row.usage.input()),
            completion_tokens: tokens(row.usage.output()),
            cache_read_tokens: class(UsageClass::InputCacheRead),
            cache_write_tokens: class(UsageClass::InputCacheWrite5m)
                .saturating_add(class(UsageClass::InputCacheWrite1h)),
            response_ms: if is_success { i64::from(row.total_us / 1_000) } else { 0 },
        }
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.spend += other.spend;
        self.requests += other.requests;
        self.successes += other.successes;
        self.failures += other.failures;
        self.prompt_tokens = self.prompt_tokens.saturating_add(other.prompt_tokens);
        self.completion_tokens = self.completion_tokens.saturating_add(other.completion_tokens);
        self.cache_read_tokens = self.cache_read_tokens.saturating_add(other.cache_read_tokens);
        self.cache_write_tokens = self.cache_write_tokens.saturating_add(other.cache_write_tokens);
        self.response_ms = self.response_ms.saturating_add(other.response_ms);
    }

    /// The measures in the order of their columns.
    pub(crate) const fn columns(&self) -> [i64; 9] {
        [
            self.spend.get(),
            self.requests,
            self.successes,
            self.failures,
            self.prompt_tokens,
            self.completion_tokens,
            self.cache_read_tokens,
            self.cache_write_tokens,
            self.response_ms,
        ]
    }

    /// The same, read back.
    pub(crate) const fn read(columns: [i64; 9]) -> Self {
        let [spend, requests, successes, failures, prompt, completion, cache_read, cache_write, response] =
            columns;
        Self {
            spend: Nanos::new(spend),
            requests,
            successes,
            failures,
            prompt_tokens: prompt,
            completion_tokens: completion,
            cache_read_tokens: cache_read,
            cache_write_tokens: cache_write,
            response_ms: response,
        }
    }
}

/// The two tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DailyTable {
    /// Every attempt once.
    Spend,
    /// Every attempt once a tag.
    TagSpend,
}

impl DailyTable {
    pub(crate) const ALL: [Self; 2] = [Self::Spend, Self::TagSpend];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Spend => "daily_spend",
            Self::TagSpend => "daily_tag_spend",
        }
    }

    /// What each attempt of the ledger adds to it.
    pub(crate) const fn of_ledger(self) -> &'static str {
        match self {
            Self::Spend => "ledger_facts",
            Self::TagSpend => "ledger_tag_facts",
        }
    }

    /// Takes a day away.
    pub(crate) fn emptied(self) -> String {
        format!("DELETE FROM {} WHERE day = $1", self.name())
    }

    /// What tells rows apart, in the order of [`Fact`].
    pub(crate) const fn facts(self) -> &'static str {
        match self {
            Self::Spend => {
                "day, key_id, key_hash, user_id, team_id, end_user, model_group, upstream_model, provider, operation"
            }
            Self::TagSpend => {
                "day, key_id, key_hash, user_id, team_id, tag, model_group, upstream_model, provider, operation"
            }
        }
    }
}

/// The first day after `$1` of which the ledger (from the moment `$2` on) or a daily table knows anything; the same
/// text for both databases, and quick whatever their size. SQLite numbers places in the order in which they stand.
pub(crate) const NEXT_DAY: &str = "SELECT min(day) FROM ( \
     SELECT min(day) AS day FROM daily_spend WHERE day > $1 \
     UNION ALL SELECT min(day) FROM daily_tag_spend WHERE day > $1 \
     UNION ALL SELECT (SELECT min(started_ms) FROM ledger WHERE started_ms >= $2) / 86400000) AS days";

/// Whether a day's attempts were charged without rows; the same text for both databases.
pub(crate) const IS_WITHOUT_ROWS: &str = "SELECT EXISTS (SELECT 1 FROM days_without_rows WHERE day = $1)";

/// Places of [`NEXT_DAY`] after a day, or for the first.
pub(crate) fn after(day: Option<i64>) -> (i64, i64) {
    day.map_or((i64::MIN, i64::MIN), |day| (day, moments_of(day).1))
}

/// A day's first moment, and the first after it. As in SQL, days are counted towards 1970 from both sides.
pub(crate) const fn moments_of(day: i64) -> (i64, i64) {
    let (first, after) = (day.saturating_mul(DAY_MS), day.saturating_add(1).saturating_mul(DAY_MS));
    match day {
        ..0 => (first.saturating_sub(DAY_MS - 1), first.saturating_add(1)),
        0 => (1 - DAY_MS, after),
        1.. => (first, after),
    }
}

/// Measures in the order of [`DailySums::columns`].
pub(crate) const SUMS: [&str; 9] = [
    "spend_nanos",
    "requests",
    "successes",
    "failures",
    "prompt_tokens",
    "completion_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "response_ms",
];

/// What adds to what is there already; what stands before it names the table and its values.
pub(crate) fn added(table: DailyTable) -> String {
    let name = table.name();
    let sums = SUMS.map(|sum| format!("{sum} = {name}.{sum} + excluded.{sum}"));
    format!("DO UPDATE SET {}", sums.join(", "))
}

/// What tells rows of a day apart; the order of fields is the order of locks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fact<'row> {
    pub(crate) day: i64,
    pub(crate) key_id: &'row str,
    pub(crate) key_hash: &'row str,
    pub(crate) user_id: &'row str,
    pub(crate) team_id: &'row str,
    /// The end user, or the tag in the table of tags.
    pub(crate) whose: Cow<'row, str>,
    pub(crate) model_group: &'row str,
    pub(crate) upstream_model: Cow<'row, str>,
    pub(crate) provider: &'row str,
    pub(crate) operation: &'row str,
}

impl Fact<'_> {
    /// The texts, in the order of [`DailyTable::facts`].
    pub(crate) fn texts(&self) -> [&str; 9] {
        [
            self.key_id,
            self.key_hash,
            self.user_id,
            self.team_id,
            &self.whose,
            self.model_group,
            &self.upstream_model,
            self.provider,
            self.operation,
        ]
    }
}

/// What rows add to their days.
#[derive(Debug, Default)]
pub(crate) struct Daily<'row> {
    spend: BTreeMap<Fact<'row>, DailySums>,
    tags: BTreeMap<Fact<'row>, DailySums>,
}

impl<'row> Daily<'row> {
    /// Adds a row; `storable` is how the database keeps a text of a client.
    pub(crate) fn add(&mut self, row: &'row LedgerRow, storable: fn(&'row str) -> Cow<'row, str>) {
        let sums = DailySums::of(row);
        let fact = Fact {
            day: row.started_ms / DAY_MS,
            key_id: row.key_id.as_ref().map_or("", KeyId::as_str),
            key_hash: row.key_hash.as_str(),
            user_id: row.user_id.as_deref().unwrap_or_default(),
            team_id: row.team_id.as_deref().unwrap_or_default(),
            whose: storable(row.end_user.as_deref().unwrap_or_default()),
            model_group: &row.model_group,
            upstream_model: storable(&row.upstream_model),
            provider: &row.provider,
            operation: row.operation.name(),
        };
        let tags: BTreeSet<Cow<'row, str>> = row.tags.iter().map(|tag| storable(tag)).collect();
        for tag in tags {
            self.tags.entry(Fact { whose: tag, ..fact.clone() }).or_default().add(&sums);
        }
        self.spend.entry(fact).or_default().add(&sums);
    }

    /// What is added to a table, in the order of locks.
    pub(crate) const fn of(&self, table: DailyTable) -> &BTreeMap<Fact<'row>, DailySums> {
        match table {
            DailyTable::Spend => &self.spend,
            DailyTable::TagSpend => &self.tags,
        }
    }

    /// Days that are added to.
    pub(crate) fn days(&self) -> BTreeSet<i64> {
        self.spend.keys().map(|fact| fact.day).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_a_day_are_those_that_are_counted_to_it() {
        for day in [-2, -1, 0, 1, 20_780] {
            let (first, after) = moments_of(day);
            assert_eq!([first / DAY_MS, (after - 1) / DAY_MS], [day, day]);
            assert!((first - 1) / DAY_MS < day && after / DAY_MS > day, "{day}");
        }
    }
}
