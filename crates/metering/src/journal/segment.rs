//! One segment of a journal: what it holds, and how far it may be believed.

use std::io;
use std::sync::Arc;

use super::disk::{Disk, SegmentFile};

/// What a segment begins with: who wrote it, and the version of its form.
pub(super) const MAGIC: &[u8; 8] = b"WHJRNL\x00\x02";

/// A segment that is written at its end.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) file: Arc<dyn SegmentFile>,
    /// Bytes of whole records.
    pub(super) len: u64,
    /// Records in it that are still needed.
    pub(super) needed: u64,
    /// A write broke off, and what it left may still stand behind `len`.
    is_torn: bool,
}

impl Segment {
    /// A new segment.
    pub(super) fn create(disk: &dyn Disk, number: u64) -> io::Result<Self> {
        let file = disk.create(number)?;
        file.append(MAGIC)?;
        file.sync()?;
        Ok(Self { number, file, len: MAGIC.len() as u64, needed: 0, is_torn: false })
    }

    /// A segment that is there, of which so many bytes are whole; the rest is cut off.
    pub(super) fn reopen(disk: &dyn Disk, number: u64, len: u64, of: u64) -> io::Result<Self> {
        let file = disk.open(number)?;
        if of > len {
            file.truncate(len)?;
            file.sync()?;
        }
        Ok(Self { number, file, len, needed: 0, is_torn: false })
    }

    /// Writes a frame in one piece, or leaves the segment as it was.
    pub(super) fn append(&mut self, frame: &[u8]) -> io::Result<()> {
        if self.is_torn {
            // What comes behind a piece of a record could not be read.
            self.file.truncate(self.len)?;
            self.is_torn = false;
        }
        if let Err(error) = self.file.append(frame) {
            self.is_torn = self.file.truncate(self.len).is_err();
            return Err(error);
        }
        self.len += frame.len() as u64;
        Ok(())
    }
}
