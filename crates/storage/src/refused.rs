//! Attempts that no ledger takes for their own sake: set aside one by one, charged, kept and named, so that those
//! behind them do not wait for ever.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use weighhouse_types::{AttemptId, CallId, KeyId, Nanos};

use crate::columns::accounts_json;
use crate::error::StoreError;
use crate::ledger_json::Columns;
use crate::records::LedgerRow;
use crate::store::Store;

/// Units of one class that an attempt may have. With more, a few attempts would sum to what no column holds, and
/// then the sums of a day would take no attempt any more.
const MOST_UNITS: u64 = 1_000_000_000_000;
/// What an attempt may cost, for the same reason: a billion dollars.
const MOST_COST: Nanos = Nanos::dollars(1_000_000_000);

/// An attempt that the ledger did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// Which.
    pub attempt: AttemptId,
    /// When the call was received.
    pub started_ms: i64,
    /// What it cost.
    pub cost: Nanos,
    /// Whether its key and accounts were charged.
    pub is_charged: bool,
    /// Why it was not taken.
    pub reason: String,
}

/// What became of rows.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Rows that are new.
    pub(crate) appended: u64,
    /// Those that were set aside.
    pub(crate) refused: Vec<RefusedRow>,
}

/// A row to be set aside, as both databases keep it.
#[derive(Debug)]
pub(crate) struct RefusedColumns {
    pub(crate) key_id: Option<String>,
    pub(crate) accounts: String,
    pub(crate) record: String,
    pub(crate) told: RefusedRow,
}

/// The columns in the order in which statements name them.
pub(crate) const REFUSED_COLUMNS: &str =
    "call_id, number, started_ms, key_id, cost_nanos, accounts, is_charged, reason, record";

/// The latest of them; the same text for both databases.
pub(crate) const LATEST_REFUSED: &str = "SELECT call_id, number, started_ms, cost_nanos, is_charged, reason \
     FROM ledger_refused ORDER BY started_ms DESC, call_id, number LIMIT 100";

/// How many there are and what was charged for them; the same text for both databases.
pub(crate) const REFUSED_TOTALS: &str = "SELECT count(*), \
     CAST(coalesce(sum(CASE is_charged WHEN 1 THEN cost_nanos ELSE 0 END), 0) AS BIGINT) FROM ledger_refused";

/// Why a write failed, where it was for the sake of what was written.
///
/// # Errors
/// What may be over in a moment.
pub(crate) fn reason_of(error: StoreError) -> Result<String, StoreError> {
    match error {
        StoreError::Refused(reason) => Ok(reason),
        StoreError::Conflict(_) => Ok(error.to_string()),
        StoreError::Unavailable(_)
        | StoreError::Schema(_)
        | StoreError::Corrupt(_)
        | StoreError::Location(_) => Err(error),
    }
}

/// Refuses what one of the rows has too much of, alike for both databases.
///
/// # Errors
/// `Refused`.
pub(crate) fn check(rows: &[Box<LedgerRow>]) -> Result<(), StoreError> {
    rows.iter().find_map(|row| beyond(row)).map_or(Ok(()), |reason| Err(StoreError::Refused(reason)))
}

fn beyond(row: &LedgerRow) -> Option<String> {
    let mut classes = row.usage.classes();
    if let Some((class, units)) = classes.find(|(_, units)| *units > MOST_UNITS) {
        return Some(format!("{units} units of {} in one attempt", class.name()));
    }
    (row.cost > MOST_COST).then(|| format!("one attempt that costs ${}", row.cost))
}

/// A part of a batch.
type Part<'rows> = &'rows [Box<LedgerRow>];

/// The two halves of rows; none where one stands alone.
pub(crate) fn halves(rows: Part<'_>) -> Option<(Part<'_>, Part<'_>)> {
    if rows.len() < 2 { None } else { rows.split_at_checked(rows.len() / 2) }
}

impl RefusedColumns {
    /// A row that was refused, in nothing but ASCII without NUL: every database takes that.
    pub(crate) fn of(row: &LedgerRow, reason: &str) -> Self {
        let record = serde_json::to_string(&Columns::of(row, as_it_is)).unwrap_or_default();
        let printable = |text: &str| ascii(&text.replace('\0', "\u{fffd}").replace("\\u0000", "\\ufffd"));
        Self {
            key_id: row.key_id.as_ref().map(|id| KeyId::as_str(id).replace('\0', "\u{fffd}")),
            accounts: printable(&accounts_json(&row.accounts)),
            record: ascii(&record),
            told: RefusedRow {
                attempt: row.attempt,
                started_ms: row.started_ms,
                cost: row.cost,
                // What no sum holds is not added to one.
                is_charged: row.cost <= MOST_COST,
                reason: printable(reason),
            },
        }
    }
}

impl RefusedRow {
    /// The same, read back.
    pub(crate) fn read(
        (call, number, started_ms, cost, is_charged, reason): (Vec<u8>, i64, i64, i64, i64, String),
    ) -> Result<Self, StoreError> {
        let corrupt = |_| StoreError::Corrupt("the id of a row that was set aside".into());
        Ok(Self {
            attempt: AttemptId {
                call: CallId::from_bytes(call.try_into().map_err(|_| corrupt(()))?),
                number: u16::try_from(number).map_err(|_| corrupt(()))?,
            },
            started_ms,
            cost: Nanos::new(cost),
            is_charged: is_charged != 0,
            reason,
        })
    }
}

fn as_it_is(text: &str) -> Cow<'_, str> {
    text.into()
}

/// A text of JSON with escapes for all that is not ASCII.
fn ascii(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() * 2);
    for letter in text.chars() {
        if letter.is_ascii() {
            out.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            let written = write!(out, "\\u{unit:04x}");
            debug_assert!(written.is_ok(), "a String takes every text");
        }
    }
    out
}

impl Store {
    /// Says what became of rows; gives how many were new.
    pub(crate) fn told(&self, written: Written) -> u64 {
        let refused = written.refused.len() as u64;
        self.refused.fetch_add(refused, Ordering::Relaxed);
        for row in written.refused {
            let (call, number) = (row.attempt.call, row.attempt.number);
            tracing::error!(
                %call, number, cost = %row.cost, is_charged = row.is_charged, reason = row.reason,
                "the ledger does not take an attempt; it was set aside in the table ledger_refused"
            );
        }
        written.appended + refused
    }

    /// Attempts that this process set aside, and those that it found set aside when it started.
    #[must_use]
    pub fn refused_rows(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_aside_is_ascii_and_reads_back_as_it_was() {
        let text = "é \u{1f600} \"x\" \\u0000";
        let json = ascii(&serde_json::to_string(text).unwrap());
        assert!(json.is_ascii(), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
