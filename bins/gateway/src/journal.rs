//! The journal in the data directory: opened before calls are taken, synced while they go on.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use weighhouse_metering::journal::{Journal, JournalOptions};
use weighhouse_metering::{Recovered, recover};
use weighhouse_storage::Store;

use crate::admin_key::make_dir;
use crate::banner::say;

const FOLDER: &str = "journal";
/// How often what was noted is made to survive a power cut.
const SYNC_PAUSE: Duration = Duration::from_millis(50);

/// Opens the journal and brings what an earlier process left in it into the store.
pub(crate) async fn open(data_dir: &Path, store: &Store) -> anyhow::Result<Arc<Journal>> {
    let dir = data_dir.join(FOLDER);
    make_dir(data_dir)?;
    if !dir.exists() {
        fs::create_dir(&dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    }
    let (journal, replayed) = Journal::open(&dir, JournalOptions::default()).map_err(|error| {
        let remedy = remedy(error.kind());
        anyhow::Error::new(error)
            .context(format!("the journal of {} cannot be used{remedy}", data_dir.display()))
    })?;
    let torn = replayed.torn_bytes;
    let Recovered { settled, unfinished } = recover(store, &journal, replayed)
        .await
        .context("what the journal holds cannot be brought into the store")?;
    if settled + unfinished + torn > 0 {
        say(&format!(
            "the journal of an earlier run held {settled} settled attempts that the ledger had not, and {unfinished} \
             without an end, which are booked with all that was held for them"
        ));
    }
    Ok(Arc::new(journal))
}

/// What to do about a journal that does not open.
const fn remedy(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::WouldBlock => {
            "; each gateway needs a data directory of its own: choose one with --data-dir"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "; its disk is full: make room there and start again, nothing of it is lost"
        }
        _ => "",
    }
}

/// Syncs for as long as the process runs.
pub(crate) async fn keep_synced(journal: Arc<Journal>) {
    loop {
        tokio::time::sleep(SYNC_PAUSE).await;
        if !journal.is_dirty() {
            continue;
        }
        let synced = {
            let journal = Arc::clone(&journal);
            tokio::task::spawn_blocking(move || journal.sync()).await
        };
        if let Ok(Err(error)) = synced {
            say(&format!("the journal could not be synced: {error}"));
        }
    }
}
