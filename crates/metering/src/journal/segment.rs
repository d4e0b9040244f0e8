//! One file of a journal.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::frame::framed;

/// What a file begins with: who wrote it, and the version of its form.
pub(super) const MAGIC: &[u8; 8] = b"WHJRNL\x00\x01";
const ENDING: &str = "journal";

/// A file that is written at its end.
#[derive(Debug)]
pub(super) struct Segment {
    number: u64,
    file: File,
    len: u64,
    /// Attempts in it that the store does not have.
    pub(super) open: i64,
}

impl Segment {
    /// A new file.
    pub(super) fn create(dir: &Path, number: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new().append(true).create_new(true).open(path(dir, number))?;
        file.write_all(MAGIC)?;
        file.sync_all()?;
        // The file's name is in the directory.
        File::open(dir)?.sync_all()?;
        Ok(Self { number, file, len: MAGIC.len() as u64, open: 0 })
    }

    /// A file that is there, of which so many bytes are whole; the rest is cut off.
    pub(super) fn reopen(dir: &Path, number: u64, len: u64) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).open(path(dir, number))?;
        if file.metadata()?.len() > len {
            file.set_len(len)?;
            file.sync_all()?;
        }
        Ok(Self { number, file, len, open: 0 })
    }

    /// Writes a payload in one piece, or leaves the file as it was.
    pub(super) fn append(&mut self, payload: &[u8]) -> io::Result<()> {
        let frame = framed(payload);
        if let Err(error) = self.file.write_all(&frame) {
            // A part of it may stand there: what comes later must be readable.
            self.file.set_len(self.len)?;
            return Err(error);
        }
        self.len += frame.len() as u64;
        Ok(())
    }

    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// The same file, to be synced while others write.
    pub(super) fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    pub(super) fn delete(&self, dir: &Path) -> io::Result<()> {
        match std::fs::remove_file(path(dir, self.number)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Where a segment stands.
pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:010}.{ENDING}"))
}

/// Numbers of the segments of a directory, in their order.
pub(super) fn numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(&format!(".{ENDING}")));
        numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}
