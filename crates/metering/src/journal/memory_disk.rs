//! A disk in memory that fails and loses what it is told to.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use super::disk::{Disk, SegmentFile};

/// What a disk is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Create,
    Append,
    Truncate,
    Sync,
    Remove,
}

impl Step {
    pub(crate) const ALL: [Self; 5] = [Self::Create, Self::Append, Self::Truncate, Self::Sync, Self::Remove];
}

/// How much a crash leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Crash {
    /// The process died: all that was written is there.
    Kill,
    /// The power went: what was synced is there, and at most so many bytes more of each file.
    PowerLoss { more: usize },
}

#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryDisk(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    files: BTreeMap<u64, Content>,
    done: BTreeMap<Step, usize>,
    faults: BTreeMap<(Step, usize), usize>,
}

#[derive(Clone, Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    synced: usize,
}

#[derive(Debug)]
struct Handle {
    disk: MemoryDisk,
    number: u64,
}

impl MemoryDisk {
    /// The `nth` step of that kind from now on fails (0: the next); an append writes at most `written` bytes first,
    /// and never all.
    pub(crate) fn fail(&self, step: Step, nth: usize, written: usize) {
        let mut inner = self.inner();
        let at = inner.done.get(&step).copied().unwrap_or_default() + nth;
        inner.faults.insert((step, at), written);
    }

    /// Another disk with what a crash at this moment would leave.
    pub(crate) fn after(&self, crash: Crash) -> Self {
        let mut files = self.inner().files.clone();
        for content in files.values_mut() {
            if let Crash::PowerLoss { more } = crash {
                content.bytes.truncate(content.synced + more);
                content.synced = content.bytes.len();
            }
        }
        Self(Arc::new(Mutex::new(Inner { files, ..Inner::default() })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    fn handle(&self, number: u64) -> Arc<dyn SegmentFile> {
        Arc::new(Handle { disk: self.clone(), number })
    }
}

impl Inner {
    /// Counts the step; bytes that are written before it fails, if it does.
    fn fault(&mut self, step: Step) -> Option<usize> {
        let done = self.done.entry(step).or_default();
        let at = *done;
        *done += 1;
        self.faults.remove(&(step, at))
    }

    fn step(&mut self, step: Step) -> io::Result<()> {
        self.fault(step).map_or(Ok(()), |_| Err(broken(step)))
    }

    fn content(&mut self, number: u64) -> io::Result<&mut Content> {
        self.files.get_mut(&number).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn broken(step: Step) -> io::Error {
    io::Error::new(io::ErrorKind::StorageFull, format!("{step:?} was told to fail"))
}

impl Disk for MemoryDisk {
    fn list(&self) -> io::Result<Vec<u64>> {
        Ok(self.inner().files.keys().rev().copied().collect())
    }

    fn read(&self, number: u64) -> io::Result<Vec<u8>> {
        self.inner().content(number).map(|content| content.bytes.clone())
    }

    fn create(&self, number: u64) -> io::Result<Arc<dyn SegmentFile>> {
        let mut inner = self.inner();
        inner.step(Step::Create)?;
        inner.files.insert(number, Content::default());
        Ok(self.handle(number))
    }

    fn open(&self, number: u64) -> io::Result<Arc<dyn SegmentFile>> {
        self.inner().content(number)?;
        Ok(self.handle(number))
    }

    fn remove(&self, number: u64) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step(Step::Remove)?;
        inner.files.remove(&number);
        Ok(())
    }
}

impl SegmentFile for Handle {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.disk.inner();
        let fault = inner.fault(Step::Append);
        let written = fault.map_or(bytes.len(), |written| written.min(bytes.len() - 1));
        inner.content(self.number)?.bytes.extend_from_slice(&bytes[..written]);
        fault.map_or(Ok(()), |_| Err(broken(Step::Append)))
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let mut inner = self.disk.inner();
        inner.step(Step::Truncate)?;
        let content = inner.content(self.number)?;
        content.bytes.resize(usize::try_from(length).map_err(io::Error::other)?, 0);
        content.synced = content.synced.min(content.bytes.len());
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut inner = self.disk.inner();
        inner.step(Step::Sync)?;
        let content = inner.content(self.number)?;
        content.synced = content.bytes.len();
        Ok(())
    }
}
