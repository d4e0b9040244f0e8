//! The books held against the ledger: what keys and accounts are said to have spent must be what their rows sum to.

use weighhouse_types::Nanos;

use crate::daily::{CAN_BE_RECKONED, DailyTable, SUMS};
use crate::error::StoreError;
use crate::refused::RefusedRow;
use crate::store::{Store, ask};

/// What was held against each other, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Rows of the ledger.
    pub rows: u64,
    /// The sum of their costs.
    pub total: Nanos,
    /// Keys and accounts that were looked at.
    pub books: u64,
    /// Those that say something else than the ledger.
    pub wrong: Vec<Discrepancy>,
    /// Days that the daily tables know.
    pub days: u64,
    /// Those that say something else than the ledger, table by table.
    pub wrong_days: Vec<DailyDiscrepancy>,
    /// Days on which attempts were charged without rows, counted from 1970: they cannot be checked.
    pub unchecked_days: Vec<i64>,
    /// Attempts that the ledger did not take and that were set aside: neither its sums nor those of days hold them.
    pub refused_rows: u64,
    /// What keys and accounts were charged for them.
    pub refused_total: Nanos,
    /// The latest hundred of them.
    pub refused: Vec<RefusedRow>,
}

/// A day of a daily table that says something else than the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyDiscrepancy {
    /// `daily_spend` or `daily_tag_spend`.
    pub table: &'static str,
    /// The day, counted from 1970 in UTC.
    pub day: i64,
    /// How many of its rows differ: in what they sum to, or because one of the two sides has none.
    pub rows: u64,
    /// What the rows that differ sum to.
    pub said: Nanos,
    /// What they should.
    pub ledger: Nanos,
    /// The attempts in them.
    pub said_requests: i64,
    /// The attempts that should be in them.
    pub ledger_requests: i64,
}

/// A book that says something else than the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// Which: `key:…` by its lasting id, or the account's scope and window.
    pub book: String,
    /// What it says.
    pub said: Nanos,
    /// What its rows sum to.
    pub ledger: Nanos,
}

/// Name of the book, what it says, what the ledger says.
pub(crate) type BookRow = (String, i64, i64);

/// Every key beside the sum of its rows, those that were set aside included; the same text for both databases.
pub(crate) const KEYS: &str = "SELECT 'key:' || k.id, k.total_spend_nanos, \
       CAST(coalesce(l.nanos, 0) + coalesce(r.nanos, 0) AS BIGINT) FROM virtual_keys k \
     LEFT JOIN (SELECT key_id, sum(cost_nanos) AS nanos FROM ledger WHERE key_id IS NOT NULL GROUP BY key_id) l \
       ON l.key_id = k.id \
     LEFT JOIN (SELECT key_id, sum(cost_nanos) AS nanos FROM ledger_refused WHERE is_charged = 1 GROUP BY key_id) r \
       ON r.key_id = k.id";

/// What accounts were charged for: rows of the ledger, and those that were set aside.
pub(crate) const CHARGED: &str = "(SELECT cost_nanos, accounts FROM ledger WHERE cost_nanos <> 0 \
     UNION ALL SELECT cost_nanos, accounts FROM ledger_refused WHERE is_charged = 1 AND cost_nanos <> 0) AS charged";

/// Every account beside the sum of its rows; `shares` is the database's way to read the rows' accounts.
pub(crate) fn accounts(shares: &str) -> String {
    format!(
        "SELECT coalesce(a.scope, s.scope) || ' ' || coalesce(a.budget_window, s.budget_window), \
           CAST(coalesce(a.settled_nanos, 0) AS BIGINT), CAST(coalesce(s.nanos, 0) AS BIGINT) \
         FROM accounts a FULL OUTER JOIN ({shares}) s ON s.scope = a.scope AND s.budget_window = a.budget_window"
    )
}

/// Day, rows, nano-dollars said and of the ledger, attempts said and of the ledger.
pub(crate) type DayRow = [i64; 6];

/// Days that the tables know; the same text for both databases.
pub(crate) const DAYS: &str = "SELECT count(DISTINCT day) FROM daily_spend";

/// Days that cannot be checked; the same text for both databases.
pub(crate) const UNCHECKED_DAYS: &str = "SELECT day FROM days_without_rows ORDER BY day";

/// Every row of a daily table beside what the ledger sums to, where they differ in anything, summed by day; the
/// same text for both databases.
pub(crate) fn days(table: DailyTable) -> String {
    let (facts, name, view) = (table.facts(), table.name(), table.of_ledger());
    let sums = SUMS.join(", ");
    let minus = SUMS.map(|sum| format!("-{sum}")).join(", ");
    let differ = SUMS.map(|sum| format!("sum({sum}) <> 0")).join(" OR ");
    format!(
        "SELECT day, count(*), CAST(sum(said) AS BIGINT), CAST(sum(ledger) AS BIGINT), \
           CAST(sum(said_requests) AS BIGINT), CAST(sum(ledger_requests) AS BIGINT) \
         FROM (SELECT {facts}, sum(said) AS said, sum(ledger) AS ledger, sum(said_requests) AS said_requests, \
             sum(ledger_requests) AS ledger_requests \
           FROM (SELECT {facts}, {sums}, spend_nanos AS said, 0 AS ledger, requests AS said_requests, \
               0 AS ledger_requests FROM {name} \
             UNION ALL SELECT {facts}, {minus}, 0, spend_nanos, 0, requests FROM {view}) AS sides \
           WHERE {CAN_BE_RECKONED} GROUP BY {facts} HAVING {differ}) AS facts \
         GROUP BY day ORDER BY day"
    )
}

impl Audit {
    pub(crate) fn of(rows: i64, total: i64, books: Vec<BookRow>) -> Self {
        let mut audit = Self {
            rows: u64::try_from(rows).unwrap_or_default(),
            total: Nanos::new(total),
            books: books.len() as u64,
            ..Self::default()
        };
        for (book, said, ledger) in books {
            if said != ledger {
                audit.wrong.push(Discrepancy { book, said: Nanos::new(said), ledger: Nanos::new(ledger) });
            }
        }
        audit
    }

    /// The same with what was found of the days.
    pub(crate) fn with_days(
        self,
        days: i64,
        wrong_days: Vec<(DailyTable, DayRow)>,
        unchecked_days: Vec<i64>,
    ) -> Self {
        let wrong =
            |(table, [day, rows, said, ledger, said_requests, ledger_requests]): (DailyTable, DayRow)| {
                DailyDiscrepancy {
                    table: table.name(),
                    day,
                    rows: u64::try_from(rows).unwrap_or_default(),
                    said: Nanos::new(said),
                    ledger: Nanos::new(ledger),
                    said_requests,
                    ledger_requests,
                }
            };
        Self {
            days: u64::try_from(days).unwrap_or_default(),
            wrong_days: wrong_days.into_iter().map(wrong).collect(),
            unchecked_days,
            ..self
        }
    }
}

impl Audit {
    /// The same with what was set aside.
    pub(crate) fn with_refused(self, rows: i64, total: i64, refused: Vec<RefusedRow>) -> Self {
        let refused_rows = u64::try_from(rows).unwrap_or_default();
        Self { refused_rows, refused_total: Nanos::new(total), refused, ..self }
    }
}

impl Store {
    /// Holds the books against the ledger, at one moment.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn audit(&self) -> Result<Audit, StoreError> {
        ask!(self, backend => backend.audit().await)
    }
}
