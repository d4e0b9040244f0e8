//! The books held against the ledger: what keys and accounts are said to have spent must be what their rows sum to.

use weighhouse_types::Nanos;

use crate::error::StoreError;
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

/// Every key beside the sum of its rows; the same text for both databases.
pub(crate) const KEYS: &str = "SELECT 'key:' || k.id, k.total_spend_nanos, CAST(coalesce(l.nanos, 0) AS BIGINT) \
     FROM virtual_keys k LEFT JOIN (SELECT key_id, sum(cost_nanos) AS nanos FROM ledger WHERE key_id IS NOT NULL \
     GROUP BY key_id) l ON l.key_id = k.id";

/// Every account beside the sum of its rows; `shares` is the database's way to read the rows' accounts.
pub(crate) fn accounts(shares: &str) -> String {
    format!(
        "SELECT coalesce(a.scope, s.scope) || ' ' || coalesce(a.budget_window, s.budget_window), \
           CAST(coalesce(a.settled_nanos, 0) AS BIGINT), CAST(coalesce(s.nanos, 0) AS BIGINT) \
         FROM accounts a FULL OUTER JOIN ({shares}) s ON s.scope = a.scope AND s.budget_window = a.budget_window"
    )
}

impl Audit {
    pub(crate) fn of(rows: i64, total: i64, books: Vec<BookRow>) -> Self {
        let mut audit = Self {
            rows: u64::try_from(rows).unwrap_or_default(),
            total: Nanos::new(total),
            books: books.len() as u64,
            wrong: Vec::new(),
        };
        for (book, said, ledger) in books {
            if said != ledger {
                audit.wrong.push(Discrepancy { book, said: Nanos::new(said), ledger: Nanos::new(ledger) });
            }
        }
        audit
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
