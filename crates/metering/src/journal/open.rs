//! Opening a journal: what a process that died left behind.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use weighhouse_storage::LedgerRow;
use weighhouse_types::{AttemptId, Nanos};

use super::disk::{Directory, Disk, file_name};
use super::frame::frames;
use super::record::{End, Record, read};
use super::segment::{MAGIC, Segment};
use super::{Books, Journal, JournalOptions, Noted, Progress};

/// What was found.
#[derive(Debug, Default)]
pub struct Replayed {
    /// Settled attempts that the store may not have.
    pub settled: Vec<SettledAttempt>,
    /// Attempts of which nobody noted the end.
    pub open: Vec<OpenAttempt>,
    /// Bytes at the end of the last file that were no whole record, and were cut off.
    pub torn_bytes: u64,
}

/// An attempt that came to its end.
#[derive(Debug)]
pub struct SettledAttempt {
    /// What it came to.
    pub row: Box<LedgerRow>,
    /// Where it stands.
    pub noted: Noted,
}

/// An attempt that was sent, or about to be, when the process died.
#[derive(Debug)]
pub struct OpenAttempt {
    /// What was known of it then.
    pub row: Box<LedgerRow>,
    /// What was held for it: the most that it may have cost, where a strict budget bounded it.
    pub held: Nanos,
    /// How far it had come, as far as that was noted.
    pub progress: Option<Progress>,
    /// Where it stands.
    pub noted: Noted,
}

impl Journal {
    /// Opens the journal of a directory, which must exist, for this process alone.
    ///
    /// # Errors
    /// `WouldBlock`: another process has it. `InvalidData`: a file is damaged where no crash could have damaged it,
    /// naming file and place. Whatever the system refuses.
    pub fn open(dir: &Path, options: JournalOptions) -> io::Result<(Self, Replayed)> {
        Self::open_on(Box::new(Directory::lock(dir)?), options)
    }

    pub(crate) fn open_on(disk: Box<dyn Disk>, options: JournalOptions) -> io::Result<(Self, Replayed)> {
        let mut numbers = disk.list()?;
        numbers.sort_unstable();
        let (mut replay, mut segments) = (Replay::default(), Vec::new());
        for (place, number) in numbers.iter().enumerate() {
            let (whole, all) = replay.take(&*disk, *number, place + 1 == numbers.len())?;
            if whole == 0 {
                // Not even its beginning was written.
                disk.remove(*number)?;
                continue;
            }
            segments.push(Segment::reopen(&*disk, *number, whole, all)?);
        }
        let earlier_bytes = segments.iter().map(|segment| segment.len).sum();
        // A file of its own: what was there before is deleted as soon as the store has it.
        let next = numbers.last().map_or(1, |last| last + 1);
        segments.push(Segment::create(&*disk, next)?);
        let found = replay.into_found();
        let mut books = Books { segments, earlier_bytes, pending: found.settled.len() + found.open.len() };
        let settled = found.settled.iter().map(|attempt| attempt.noted);
        for Noted { begun, progress, ended } in settled.chain(found.open.iter().map(|attempt| attempt.noted))
        {
            for number in [begun, progress, ended] {
                let segment = books.segments.iter_mut().find(|segment| segment.number == number);
                segment.into_iter().for_each(|segment| segment.needed += 1);
            }
        }
        books.delete_done(&*disk)?;
        let journal = Self { disk, options, books: Mutex::new(books), is_dirty: AtomicBool::new(false) };
        Ok((journal, found))
    }
}

/// Bytes of the beginning that every version shares.
const OF_ANY_VERSION: usize = 6;

fn other_version(number: u64) -> io::Error {
    let message = format!(
        "{} was written by another version; start that one once more and stop it, so that the store has what the \
         file holds, then delete it",
        file_name(number)
    );
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[derive(Default)]
struct Replay {
    /// In the order in which they began.
    attempts: Vec<Told>,
    places: HashMap<AttemptId, usize>,
    torn_bytes: u64,
}

/// What the journal tells of an attempt.
struct Told {
    begun: OpenAttempt,
    is_settled: bool,
}

impl Replay {
    /// Takes over a file; gives how many of its bytes are whole, and how many it has.
    fn take(&mut self, disk: &dyn Disk, number: u64, is_last: bool) -> io::Result<(u64, u64)> {
        let bytes = disk.read(number)?;
        let all = bytes.len() as u64;
        let damaged = |at: usize| {
            let message = format!("{} is damaged at byte {at}", file_name(number));
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        let Some(body) = bytes.strip_prefix(MAGIC.as_slice()) else {
            if bytes.len() > MAGIC.len() && bytes.starts_with(&MAGIC[..OF_ANY_VERSION]) {
                return Err(other_version(number));
            }
            return if is_last && MAGIC.starts_with(&bytes) { Ok((0, all)) } else { Err(damaged(0)) };
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
        self.torn_bytes += (bytes.len() - whole) as u64;
        Ok((whole as u64, all))
    }

    /// The first end of an attempt counts. What is told of an attempt whose beginning is gone is in the store.
    fn note(&mut self, record: Record, number: u64) {
        match record {
            Record::Intent { row, held } => {
                self.places.insert(row.attempt, self.attempts.len());
                let noted = Noted { begun: number, ..Noted::default() };
                let begun = OpenAttempt { row, held, progress: None, noted };
                self.attempts.push(Told { begun, is_settled: false });
            }
            Record::Progress { attempt, progress } => {
                if let Some(told) = self.open(attempt) {
                    told.begun.progress = Some(progress);
                    told.begun.noted.progress = number;
                }
            }
            Record::Post { attempt, end } => {
                if let Some(told) = self.open(attempt) {
                    End::fill(*end, &mut told.begun.row);
                    told.begun.noted = Noted { ended: number, progress: 0, ..told.begun.noted };
                    told.is_settled = true;
                }
            }
        }
    }

    fn open(&mut self, attempt: AttemptId) -> Option<&mut Told> {
        let place = *self.places.get(&attempt)?;
        self.attempts.get_mut(place).filter(|told| !told.is_settled)
    }

    fn into_found(self) -> Replayed {
        let mut found = Replayed { torn_bytes: self.torn_bytes, ..Replayed::default() };
        for Told { begun, is_settled } in self.attempts {
            match is_settled {
                true => found.settled.push(SettledAttempt { row: begun.row, noted: begun.noted }),
                false => found.open.push(begun),
            }
        }
        found
    }
}
