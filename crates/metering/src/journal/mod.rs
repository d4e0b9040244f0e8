//! The journal: a node's append-only local file of attempts that are not in the store yet.
//!
//! An attempt is noted before its request leaves and again when it is settled, each by one write that a killed
//! process cannot take back; `sync` makes both survive a power cut, in groups. What the store has is deleted
//! segment by segment. Replaying a journal any number of times changes nothing, because the store takes each
//! attempt once. This room knows files and rows, and neither permits nor the store.

mod frame;
mod open;
mod record;
mod segment;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use weighhouse_storage::LedgerRow;
use weighhouse_types::{AttemptId, Nanos};

pub use open::{OpenAttempt, Replayed};
use segment::Segment;

/// Bounds of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalOptions {
    /// A segment of this size is followed by another one.
    pub segment_bytes: u64,
    /// Beyond it no attempt is noted, and so none is sent: the store has been away for too long.
    pub most_bytes: u64,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self { segment_bytes: 16 << 20, most_bytes: 1 << 30 }
    }
}

/// An open journal. One process has it.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    options: JournalOptions,
    books: Mutex<Books>,
    is_dirty: AtomicBool,
    /// Held as long as the journal is open.
    _lock: File,
}

/// What is written where.
#[derive(Debug)]
struct Books {
    /// The last one is written to; those before it wait for the store.
    segments: Vec<Segment>,
    /// In which segments attempts stand that the store does not have: where they began and where they were settled.
    places: HashMap<AttemptId, (u64, Option<u64>)>,
}

impl Journal {
    /// Notes an attempt that is about to be sent, with the money that is held for it.
    ///
    /// # Errors
    /// The disk is full, the journal too long, or the file cannot be written. Nothing was noted then.
    pub fn intend(&self, row: &LedgerRow, held: Nanos) -> io::Result<()> {
        let mut books = self.books();
        if books.bytes() >= self.options.most_bytes {
            return Err(io::Error::new(ErrorKind::StorageFull, "the journal has reached its bound"));
        }
        let number = self.append(&mut books, &record::intent(row, held))?;
        books.note(row.attempt, number, false);
        Ok(())
    }

    /// Notes what an attempt came to.
    ///
    /// # Errors
    /// As [`Self::intend`]; a journal at its bound still takes what was begun.
    pub fn post(&self, row: &LedgerRow) -> io::Result<()> {
        let mut books = self.books();
        let number = self.append(&mut books, &record::post(row))?;
        books.note(row.attempt, number, true);
        Ok(())
    }

    /// Attempts that the store has now: segments that hold nothing else are deleted.
    ///
    /// # Errors
    /// A file cannot be deleted; it will be tried again with the next.
    pub fn flushed(&self, attempts: impl Iterator<Item = AttemptId>) -> io::Result<()> {
        let mut books = self.books();
        attempts.for_each(|attempt| books.settle(attempt));
        books.delete_done(&self.dir)
    }

    /// Makes what was noted so far survive a power cut.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn sync(&self) -> io::Result<()> {
        if !self.is_dirty.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let file = self.books().current()?.handle()?;
        // Outside of the lock: calls go on meanwhile.
        file.sync_data()
    }

    /// Whether something was noted since the last sync.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.is_dirty.load(Ordering::Acquire)
    }

    /// Attempts that the store does not have.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.books().places.len()
    }

    /// Bytes on the disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.books().bytes()
    }

    /// Gives the number of the segment.
    fn append(&self, books: &mut Books, payload: &[u8]) -> io::Result<u64> {
        if books.current()?.len() >= self.options.segment_bytes {
            let number = books.current()?.number() + 1;
            // What a power cut could still take must not stand behind what it could not.
            books.current()?.handle()?.sync_data()?;
            books.segments.push(Segment::create(&self.dir, number)?);
        }
        let segment = books.current()?;
        segment.append(payload)?;
        self.is_dirty.store(true, Ordering::Release);
        Ok(segment.number())
    }

    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn current(&mut self) -> io::Result<&mut Segment> {
        self.segments.last_mut().ok_or_else(|| io::Error::other("the journal has no segment"))
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(Segment::len).sum()
    }

    fn note(&mut self, attempt: AttemptId, segment: u64, is_end: bool) {
        let ended = is_end.then_some(segment);
        let change = match self.places.entry(attempt) {
            Entry::Vacant(place) => {
                place.insert((segment, ended));
                1 + i64::from(is_end)
            }
            Entry::Occupied(mut place) if is_end && place.get().1.is_none() => {
                place.get_mut().1 = ended;
                1
            }
            Entry::Occupied(_) => 0,
        };
        self.count(segment, change);
    }

    fn settle(&mut self, attempt: AttemptId) {
        let Some((begun, ended)) = self.places.remove(&attempt) else { return };
        self.count(begun, -1);
        if let Some(ended) = ended {
            self.count(ended, -1);
        }
    }

    fn count(&mut self, number: u64, change: i64) {
        if let Some(segment) = self.segments.iter_mut().find(|segment| segment.number() == number) {
            segment.open += change;
        }
    }

    fn delete_done(&mut self, dir: &std::path::Path) -> io::Result<()> {
        let last = self.segments.len().saturating_sub(1);
        let mut place = 0;
        let mut failed = Ok(());
        self.segments.retain(|segment| {
            let is_done = place < last && segment.open <= 0;
            place += 1;
            if is_done && let Err(error) = segment.delete(dir) {
                failed = Err(error);
                return true;
            }
            !is_done
        });
        failed
    }
}
