//! A thread with a connection of its own; work is handed to it through a bounded queue.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

use crate::error::StoreError;

/// Pieces of work that may wait.
const QUEUE: usize = 256;
/// Pages of 4 KiB in the log before they are moved into the file. Four times SQLite's own number: a page that
/// changes often is moved less often, which saved a third of the time of a ledger row.
const LOGGED_PAGES: u32 = 4_000;
/// Prepared statements that are kept.
const STATEMENTS: usize = 32;

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// A thread with a connection of its own.
#[derive(Debug)]
pub(super) struct SqliteThread {
    queue: Mutex<Option<mpsc::Sender<Work>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl SqliteThread {
    /// Opens the file and starts the thread.
    pub(super) fn start(path: &Path, name: &str) -> Result<Self, StoreError> {
        let mut connection = open(path).map_err(|error| match StoreError::from(error) {
            StoreError::Unavailable(words) => StoreError::Unavailable(format!("{}: {words}", path.display())),
            other => other,
        })?;
        let (queue, mut work) = mpsc::channel::<Work>(QUEUE);
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
            while let Some(work) = work.blocking_recv() {
                work(&mut connection);
            }
        });
        let thread = thread.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
    }

    /// Does a piece of work on the thread.
    pub(super) async fn run<T, Doing>(&self, doing: Doing) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Doing: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)?;
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            // Whoever asked may be gone; the work is done all the same.
            drop(answer.send(doing(connection)));
        });
        queue.send(work).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Finishes what waits and ends the thread.
    pub(super) async fn stop(&self) -> Result<(), StoreError> {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return Ok(()) };
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        joined
            .ok()
            .and_then(Result::ok)
            .ok_or_else(|| StoreError::Unavailable("a store thread panicked".into()))
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("it is closed".into())
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // In WAL mode NORMAL survives the process's death; only a power cut may cost the last moments of the ledger.
    // Keys and settings are written through (`write_synced`).
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", LOGGED_PAGES)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -2_000)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}
