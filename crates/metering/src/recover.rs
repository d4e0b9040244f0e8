//! What a process that died left in its journal, brought into the store.

use weighhouse_storage::{LedgerBatch, Outcome, StoreError};
use weighhouse_types::UsageClass;

use crate::book_of_record::BookOfRecord;
use crate::journal::{Journal, OpenAttempt, Replayed, SettledAttempt};

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
pub async fn recover(
    book: &dyn BookOfRecord,
    journal: &Journal,
    replayed: Replayed,
) -> Result<Recovered, StoreError> {
    let settled = append(book, journal, replayed.settled.into_iter()).await?;
    let unfinished = append(book, journal, replayed.open.into_iter().map(expired)).await?;
    Ok(Recovered { settled, unfinished })
}

/// Nobody knows what the provider did: where money was held, the most that it may have cost is booked, so that a
/// budget holds whatever happened; where none was, as much as was known of it.
fn expired(attempt: OpenAttempt) -> SettledAttempt {
    let OpenAttempt { mut row, held, progress, noted } = attempt;
    let progress = progress.unwrap_or_default();
    row.outcome = Outcome::Failure;
    if progress.output_tokens > 0 {
        row.usage.set(UsageClass::OutputText, progress.output_tokens);
    }
    row.usage.estimated = true;
    row.cost = row.cost.max(progress.cost).max(held);
    SettledAttempt { row, noted }
}

async fn append(
    book: &dyn BookOfRecord,
    journal: &Journal,
    attempts: impl Iterator<Item = SettledAttempt>,
) -> Result<u64, StoreError> {
    let mut appended = 0;
    let mut attempts = attempts.peekable();
    while attempts.peek().is_some() {
        let (noted, rows): (Vec<_>, Vec<_>) =
            attempts.by_ref().take(BATCH_ROWS).map(|attempt| (attempt.noted, attempt.row)).unzip();
        appended += book.append(&LedgerBatch::from(rows)).await?;
        if let Err(error) = journal.flushed(noted.into_iter()) {
            tracing::warn!(%error, "a file of the journal could not be deleted; it will be tried again");
        }
    }
    Ok(appended)
}
