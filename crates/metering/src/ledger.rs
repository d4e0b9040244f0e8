//! The way of settled attempts into the store: a bounded queue and one writer that batches.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use weighhouse_storage::{LedgerBatch, LedgerRow};

use crate::book_of_record::BookOfRecord;
use crate::journal::{Journal, Noted};

/// Attempts that may wait for the store. A call takes its place before it is sent, so a full queue makes
/// new calls wait and loses nothing.
pub const QUEUE_ROWS: usize = 16_384;

/// Rows that are written in one transaction.
const BATCH_ROWS: usize = 512;
/// How long rows are gathered before they are written.
const GATHER: Duration = Duration::from_millis(100);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerOptions {
    /// LiteLLM's `disable_spend_logs`: keys are charged, rows are not kept.
    pub without_rows: bool,
}

/// An attempt on its way to the store.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) row: Box<LedgerRow>,
    /// Where the journal has it.
    pub(crate) noted: Noted,
}

pub(crate) type Sink = mpsc::Sender<Settled>;

/// Takes attempts from the queue into the store, until the queue is closed and empty.
#[derive(Debug)]
pub struct LedgerWriter {
    rows: mpsc::Receiver<Settled>,
    book: Arc<dyn BookOfRecord>,
    options: LedgerOptions,
    journal: Option<Arc<Journal>>,
}

impl LedgerWriter {
    pub(crate) const fn new(
        rows: mpsc::Receiver<Settled>,
        book: Arc<dyn BookOfRecord>,
        options: LedgerOptions,
        journal: Option<Arc<Journal>>,
    ) -> Self {
        Self { rows, book, options, journal }
    }

    /// The journal may let go of what the store has.
    fn flushed(&self, noted: &[Noted]) {
        let Some(journal) = &self.journal else { return };
        if let Err(error) = journal.flushed(noted.iter().copied()) {
            tracing::warn!(%error, "a file of the journal could not be deleted; it will be tried again");
        }
    }

    /// Writes until every sender is gone and the queue is empty, or until `give_up` turns true while the
    /// store refuses. Returns the attempts that could not be written.
    pub async fn run(mut self, mut give_up: watch::Receiver<bool>) -> usize {
        let mut batch = Vec::with_capacity(BATCH_ROWS);
        loop {
            if self.rows.recv_many(&mut batch, BATCH_ROWS).await == 0 {
                return 0;
            }
            // Rows that come together are cheaper together; a full batch does not wait.
            if batch.len() < BATCH_ROWS && !self.rows.is_closed() {
                tokio::time::sleep(GATHER).await;
                let room = BATCH_ROWS - batch.len();
                while batch.len() < BATCH_ROWS && room > 0 {
                    let Ok(row) = self.rows.try_recv() else { break };
                    batch.push(row);
                }
            }
            let noted: Vec<Noted> = batch.iter().map(|settled: &Settled| settled.noted).collect();
            let rows: LedgerBatch = batch.drain(..).map(|settled| settled.row).collect();
            if !self.write(&rows, &mut give_up).await {
                return rows.len() + self.rows.len();
            }
            self.flushed(&noted);
        }
    }

    /// Tries until the store takes the rows; writing them twice changes nothing. What keeps it from taking them may
    /// be over in a moment: a row that it never takes it sets aside itself, so that none behind it waits.
    async fn write(&self, rows: &LedgerBatch, give_up: &mut watch::Receiver<bool>) -> bool {
        let mut pause = FIRST_PAUSE;
        loop {
            let written = if self.options.without_rows {
                self.book.charge(rows).await
            } else {
                self.book.append(rows).await.map(drop)
            };
            let Err(error) = written else { return true };
            tracing::error!(%error, rows = rows.len(), "the ledger could not be written; trying again");
            if *give_up.borrow() {
                return false;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = give_up.changed() => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
