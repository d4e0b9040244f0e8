//! Files as the journal needs them, and those of a real directory.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A directory of numbered segments.
pub(crate) trait Disk: fmt::Debug + Send + Sync {
    /// Numbers of the segments, in any order.
    fn list(&self) -> io::Result<Vec<u64>>;

    /// All bytes of a segment.
    fn read(&self, number: u64) -> io::Result<Vec<u8>>;

    /// Makes an empty segment and empties one that is there; its name lasts on return.
    fn create(&self, number: u64) -> io::Result<Arc<dyn SegmentFile>>;

    /// Opens a segment to go on with it.
    fn open(&self, number: u64) -> io::Result<Arc<dyn SegmentFile>>;

    /// Removes a segment, for good on return. One that is not there is no error.
    fn remove(&self, number: u64) -> io::Result<()>;
}

/// A segment that is open for writing.
pub(crate) trait SegmentFile: fmt::Debug + Send + Sync {
    /// Adds bytes at the end. After an error any beginning of them may be there.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file to `length` bytes.
    fn truncate(&self, length: u64) -> io::Result<()>;

    /// Returns when all bytes would outlast a loss of power.
    fn sync(&self) -> io::Result<()>;
}

const SUFFIX: &str = ".journal";
const LOCK: &str = "lock";

/// The name of a segment's file.
pub(crate) fn file_name(number: u64) -> String {
    format!("{number:010}{SUFFIX}")
}

/// The number of a segment by the name of its file.
fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_suffix(SUFFIX)?.parse().ok()?;
    (file_name(number) == name).then_some(number)
}

/// A directory that no other process has open as a journal.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    /// Locked for as long as it is open.
    _lock: File,
}

impl Directory {
    /// Locks a directory, which must exist.
    ///
    /// # Errors
    /// `WouldBlock`: another process has it. Else what the system says.
    pub(crate) fn lock(path: &Path) -> io::Result<Self> {
        let lock = File::options().create(true).truncate(false).write(true).open(path.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                let message = format!("another process has the journal of {}", path.display());
                Err(io::Error::new(io::ErrorKind::WouldBlock, message))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn file(&self, number: u64) -> PathBuf {
        self.path.join(file_name(number))
    }

    /// Names in the directory last only after this.
    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

impl Disk for Directory {
    fn list(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            numbers.extend(entry?.file_name().to_str().and_then(number_of));
        }
        Ok(numbers)
    }

    fn read(&self, number: u64) -> io::Result<Vec<u8>> {
        fs::read(self.file(number))
    }

    fn create(&self, number: u64) -> io::Result<Arc<dyn SegmentFile>> {
        let path = self.file(number);
        let file = File::options().create(true).append(true).open(path)?;
        file.set_len(0)?;
        self.sync_names()?;
        Ok(Arc::new(file))
    }

    fn open(&self, number: u64) -> io::Result<Arc<dyn SegmentFile>> {
        Ok(Arc::new(File::options().append(true).open(self.file(number))?))
    }

    fn remove(&self, number: u64) -> io::Result<()> {
        match fs::remove_file(self.file(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.sync_names(),
        }
    }
}

impl SegmentFile for File {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self;
        file.write_all(bytes)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_segments_have_a_number() {
        for number in [1, 42, 9_999_999_999, 10_000_000_000, u64::MAX] {
            assert_eq!(number_of(&file_name(number)), Some(number));
        }
        assert_eq!(file_name(42), "0000000042.journal");
        for other in ["lock", "42.journal", "+000000042.journal", "0000000042.journal~", ".journal"] {
            assert_eq!(number_of(other), None, "{other}");
        }
    }
}
