//! The journal: a node's append-only local file of attempts that are not in the store yet.
//!
//! An attempt is noted before its request leaves and again when it is settled, each by one write that a killed
//! process cannot take back; `sync` makes both survive a power cut, in groups. What the store has is deleted
//! segment by segment. Replaying a journal any number of times changes nothing, because the store takes each
//! attempt once. This room knows files and rows, and neither permits nor the store.

mod disk;
mod frame;
#[cfg(test)]
pub(crate) mod memory_disk;
mod open;
mod record;
mod segment;
#[cfg(test)]
pub(crate) mod tests;

use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weighhouse_storage::LedgerRow;
use weighhouse_types::{AttemptId, Nanos};

use disk::Disk;
pub use open::{OpenAttempt, Replayed, SettledAttempt};
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

/// Where in the journal an attempt stands: the segments of its beginning, its latest progress and its end. It goes
/// with the attempt, so that the journal need not look it up. 0 is nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    begun: u64,
    progress: u64,
    ended: u64,
}

/// How far an attempt has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Tokens generated so far.
    pub output_tokens: u64,
    /// What it has cost so far, at least.
    pub cost: Nanos,
}

/// An open journal. One process has it.
#[derive(Debug)]
pub struct Journal {
    disk: Box<dyn Disk>,
    options: JournalOptions,
    books: Mutex<Books>,
    is_dirty: AtomicBool,
}

/// What is written where.
#[derive(Debug)]
struct Books {
    /// The last one is written to; those before it wait for the store.
    segments: Vec<Segment>,
    /// Bytes of all segments but the last.
    earlier_bytes: u64,
    /// Attempts that the store does not have.
    pending: usize,
}

impl Journal {
    /// Notes an attempt that is about to be sent, with the money that is held for it.
    ///
    /// # Errors
    /// The disk is full, the journal too long, or the file cannot be written. Nothing was noted then.
    pub fn intend(&self, row: &LedgerRow, held: Nanos) -> io::Result<Noted> {
        let frame = record::intent(row, held);
        let mut books = self.books();
        if books.bytes() >= self.options.most_bytes {
            return Err(io::Error::new(ErrorKind::StorageFull, "the journal has reached its bound"));
        }
        let begun = self.append(&mut books, &frame)?;
        books.pending += 1;
        Ok(Noted { begun, ..Noted::default() })
    }

    /// Notes how far an attempt has come, in the place of what was noted of it before.
    ///
    /// # Errors
    /// As [`Self::intend`]. What was noted before stays.
    pub fn progress(&self, attempt: AttemptId, progress: Progress, noted: &mut Noted) -> io::Result<()> {
        let frame = record::progress(attempt, progress);
        let mut books = self.books();
        let place = self.append(&mut books, &frame)?;
        books.let_go(std::mem::replace(&mut noted.progress, place));
        Ok(())
    }

    /// Notes what an attempt came to.
    ///
    /// # Errors
    /// As [`Self::intend`]; a journal at its bound still takes what was begun.
    pub fn post(&self, row: &LedgerRow, noted: &mut Noted) -> io::Result<()> {
        let frame = record::post(row);
        let mut books = self.books();
        noted.ended = self.append(&mut books, &frame)?;
        books.let_go(std::mem::take(&mut noted.progress));
        Ok(())
    }

    /// Attempts that the store has now: segments that hold nothing else are deleted.
    ///
    /// # Errors
    /// A file cannot be deleted; it will be tried again with the next.
    pub fn flushed(&self, attempts: impl Iterator<Item = Noted>) -> io::Result<()> {
        let mut books = self.books();
        for Noted { begun, progress, ended } in attempts {
            books.pending = books.pending.saturating_sub(usize::from(begun != 0));
            [begun, progress, ended].into_iter().for_each(|segment| books.let_go(segment));
        }
        books.delete_done(&*self.disk)
    }

    /// Makes what was noted so far survive a power cut.
    ///
    /// # Errors
    /// The disk refuses; it will be tried again.
    pub fn sync(&self) -> io::Result<()> {
        if !self.is_dirty.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let file = Arc::clone(&self.books().current()?.file);
        // Outside of the lock: calls go on meanwhile.
        file.sync().inspect_err(|_| self.is_dirty.store(true, Ordering::Release))
    }

    /// Whether something was noted since the last sync.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.is_dirty.load(Ordering::Acquire)
    }

    /// Attempts that the store does not have.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.books().pending
    }

    /// Bytes on the disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.books().bytes()
    }

    /// Gives the number of the segment, which is needed from now on.
    fn append(&self, books: &mut Books, frame: &[u8]) -> io::Result<u64> {
        if books.current()?.len >= self.options.segment_bytes {
            let last = books.current()?;
            // What a power cut could still take must not stand behind what it could not.
            last.file.sync()?;
            let (number, len) = (last.number + 1, last.len);
            books.segments.push(Segment::create(&*self.disk, number)?);
            books.earlier_bytes += len;
        }
        let segment = books.current()?;
        segment.append(frame)?;
        segment.needed += 1;
        self.is_dirty.store(true, Ordering::Release);
        Ok(segment.number)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn current(&mut self) -> io::Result<&mut Segment> {
        self.segments.last_mut().ok_or_else(|| io::Error::other("the journal has no segment"))
    }

    fn bytes(&self) -> u64 {
        self.earlier_bytes + self.segments.last().map_or(0, |segment| segment.len)
    }

    /// One record of a segment is needed no more.
    fn let_go(&mut self, number: u64) {
        if number != 0
            && let Some(segment) = self.segments.iter_mut().rev().find(|segment| segment.number == number)
        {
            segment.needed = segment.needed.saturating_sub(1);
        }
    }

    fn delete_done(&mut self, disk: &dyn Disk) -> io::Result<()> {
        // An end may go before its beginning: then the store, which has the attempt, is told of it once more.
        let mut place = 0;
        while place + 1 < self.segments.len() {
            match self.segments.get(place) {
                Some(segment) if segment.needed == 0 => {
                    disk.remove(segment.number)?;
                    self.earlier_bytes -= segment.len;
                    self.segments.remove(place);
                }
                _ => place += 1,
            }
        }
        Ok(())
    }
}
