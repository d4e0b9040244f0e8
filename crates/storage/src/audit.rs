//! The books held against the ledger: what keys and accounts are said to have spent must be what their rows sum to.

use weighhouse_types::Nanos;

use crate::daily::DailyTable;
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

/// How many books there are; the same text for both databases.
pub(crate) const BOOKS: &str = "SELECT (SELECT count(*) FROM virtual_keys) + (SELECT count(*) FROM accounts)";

/// Day, rows, nano-dollars said and of the ledger, attempts said and of the ledger.
pub(crate) type DayRow = [i64; 6];

/// Days that the tables know; the same text for both databases.
pub(crate) const DAYS: &str = "SELECT count(DISTINCT day) FROM daily_spend";

/// Days that cannot be checked; the same text for both databases.
pub(crate) const UNCHECKED_DAYS: &str = "SELECT day FROM days_without_rows ORDER BY day";

impl Audit {
    /// Rows and sum of the ledger, how many books there are, and those that are wrong.
    pub(crate) fn of(rows: i64, total: i64, books: i64, wrong: Vec<BookRow>) -> Self {
        let discrepancy = |(book, said, ledger): BookRow| Discrepancy {
            book,
            said: Nanos::new(said),
            ledger: Nanos::new(ledger),
        };
        Self {
            rows: u64::try_from(rows).unwrap_or_default(),
            total: Nanos::new(total),
            books: u64::try_from(books).unwrap_or_default(),
            wrong: wrong.into_iter().map(discrepancy).collect(),
            ..Self::default()
        }
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
        let mut wrong_days: Vec<DailyDiscrepancy> = wrong_days.into_iter().map(wrong).collect();
        wrong_days.sort_by_key(|wrong| (wrong.table, wrong.day));
        Self { days: u64::try_from(days).unwrap_or_default(), wrong_days, unchecked_days, ..self }
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
    /// Holds the books against the ledger, at one moment, with the memory of one day of the daily tables or of a
    /// hundred thousand books, whatever the ledger's length.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn audit(&self) -> Result<Audit, StoreError> {
        ask!(self, backend => backend.audit().await)
    }
}
