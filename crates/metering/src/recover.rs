//! What a process that died left in its journal, brought into the store.

use weighhouse_storage::{LedgerBatch, LedgerRow, Outcome, Store, StoreError};

use crate::journal::{Journal, OpenAttempt, Replayed};

/// Rows that are written in one transaction.
const BATCH_ROWS: usize = 512;

/// What was brought into the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Settled attempts that the store did not have.
    pub settled: u64,
    /// Attempts whose end nobody saw: they are booked with all that was held for them.
    pub unfinished: u64,
}

/// Writes what a journal replayed into the store, before any call is taken. The store takes each attempt once, so
/// that doing it again changes nothing.
///
/// # Errors
/// The store does not answer; the journal keeps everything.
pub async fn recover(store: &Store, journal: &Journal, replayed: Replayed) -> Result<Recovered, StoreError> {
    let settled = append(store, journal, replayed.settled.into_iter()).await?;
    let unfinished = append(store, journal, replayed.open.into_iter().map(expired)).await?;
    Ok(Recovered { settled, unfinished })
}

/// Nobody knows what the provider did: where money was held, the most that it may have cost is booked, so that a
/// budget holds whatever happened.
fn expired(attempt: OpenAttempt) -> Box<LedgerRow> {
    let OpenAttempt { mut row, held } = attempt;
    row.outcome = Outcome::Failure;
    row.usage.estimated = true;
    row.cost = held;
    row
}

async fn append(
    store: &Store,
    journal: &Journal,
    rows: impl Iterator<Item = Box<LedgerRow>>,
) -> Result<u64, StoreError> {
    let mut appended = 0;
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let batch: LedgerBatch = rows.by_ref().take(BATCH_ROWS).collect();
        appended += store.append_ledger(&batch).await?;
        if let Err(error) = journal.flushed(batch.iter().map(|row| row.attempt)) {
            tracing::warn!(%error, "a file of the journal could not be deleted; it will be tried again");
        }
    }
    Ok(appended)
}
