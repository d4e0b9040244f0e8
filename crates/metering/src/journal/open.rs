//! Opening a journal: what a process that died left behind.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use weighhouse_storage::LedgerRow;
use weighhouse_types::{AttemptId, Nanos};

use super::frame::frames;
use super::record::{Record, read};
use super::segment::{MAGIC, Segment, numbers, path};
use super::{Books, Journal, JournalOptions};

/// What was found.
#[derive(Debug, Default)]
pub struct Replayed {
    /// Settled attempts that the store may not have.
    pub settled: Vec<Box<LedgerRow>>,
    /// Attempts of which nobody noted the end.
    pub open: Vec<OpenAttempt>,
    /// Bytes at the end of the last file that were no whole record, and were cut off.
    pub torn_bytes: u64,
}

/// An attempt that was sent, or about to be, when the process died.
#[derive(Debug)]
pub struct OpenAttempt {
    /// What was known of it then.
    pub row: Box<LedgerRow>,
    /// What was held for it: the most that it may have cost, where a budget bounded it.
    pub held: Nanos,
}

impl Journal {
    /// Opens the journal of a directory, which must exist, for this process alone.
    ///
    /// # Errors
    /// `WouldBlock`: another process has it. `InvalidData`: a file is damaged where no crash could have damaged it,
    /// naming file and place. Whatever the system refuses.
    pub fn open(dir: &Path, options: JournalOptions) -> io::Result<(Self, Replayed)> {
        let lock = locked(dir)?;
        let (mut replay, mut segments) = (Replay::default(), Vec::new());
        let numbers = numbers(dir)?;
        for (place, number) in numbers.iter().enumerate() {
            let whole = replay.take(dir, *number, place + 1 == numbers.len())?;
            if whole == 0 {
                // Not even its beginning was written.
                std::fs::remove_file(path(dir, *number))?;
                continue;
            }
            segments.push(Segment::reopen(dir, *number, whole)?);
        }
        // A file of its own: what was there before is deleted as soon as the store has it.
        let next = numbers.last().map_or(1, |last| last + 1);
        segments.push(Segment::create(dir, next)?);
        let mut books = Books { segments, places: replay.places };
        let counts: Vec<u64> =
            books.places.values().flat_map(|(begun, ended)| [Some(*begun), *ended]).flatten().collect();
        counts.into_iter().for_each(|number| books.count(number, 1));
        books.delete_done(dir)?;
        let journal = Self {
            dir: dir.to_owned(),
            options,
            books: Mutex::new(books),
            is_dirty: AtomicBool::new(false),
            _lock: lock,
        };
        Ok((journal, replay.found))
    }
}

fn locked(dir: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(dir.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let message = format!("another process has the journal of {}", dir.display());
            Err(io::Error::new(io::ErrorKind::WouldBlock, message))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[derive(Default)]
struct Replay {
    found: Replayed,
    /// Where in `found.open` attempts without an end stand.
    begun: HashMap<AttemptId, usize>,
    places: HashMap<AttemptId, (u64, Option<u64>)>,
}

impl Replay {
    /// Takes over a file; gives how many of its bytes are whole.
    fn take(&mut self, dir: &Path, number: u64, is_last: bool) -> io::Result<u64> {
        let file = path(dir, number);
        let bytes = std::fs::read(&file)?;
        let damaged = |at: usize| {
            let message = format!("{} is damaged at byte {at}", file.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        let Some(body) = bytes.strip_prefix(MAGIC.as_slice()) else {
            return if is_last && MAGIC.starts_with(&bytes) { Ok(0) } else { Err(damaged(0)) };
        };
        let (payloads, taken) = frames(body);
        let whole = MAGIC.len() + taken;
        if whole < bytes.len() && !is_last {
            return Err(damaged(whole));
        }
        for payload in payloads {
            let record = read(payload).ok_or_else(|| damaged(whole))?;
            self.note(record, number);
        }
        self.found.torn_bytes += (bytes.len() - whole) as u64;
        Ok(whole as u64)
    }

    fn note(&mut self, record: Record, number: u64) {
        match record {
            Record::Intent { row, held } => {
                self.places.insert(row.attempt, (number, None));
                self.begun.insert(row.attempt, self.found.open.len());
                self.found.open.push(OpenAttempt { row, held });
            }
            Record::Post { row } => {
                self.places.entry(row.attempt).or_insert((number, None)).1 = Some(number);
                if let Some(place) = self.begun.remove(&row.attempt) {
                    self.found.open.swap_remove(place);
                    if let Some(moved) = self.found.open.get(place) {
                        self.begun.insert(moved.row.attempt, place);
                    }
                }
                self.found.settled.push(row);
            }
        }
    }
}
