//! What goes on beside the calls: the ledger's writer, the feed of changes, new configs, the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use weighhouse_server::House;
use weighhouse_storage::Change;

use crate::banner::say;
use crate::settings::{self, Source, Watched};

/// How often files of the config are looked at.
const WATCH_PAUSE: Duration = Duration::from_secs(1);

/// Lets keyring and directory forget what changed in the store, here or on another node.
pub(crate) async fn follow_changes(house: Arc<House>, mut changes: Receiver<Change>) {
    loop {
        let change = match changes.recv().await {
            Ok(change) => change,
            Err(RecvError::Lagged(_)) => Change::Everything,
            Err(RecvError::Closed) => return,
        };
        house.keyring.forget(&change).await;
        house.directory.forget(&change).await;
    }
}

/// Puts a new config in force on SIGHUP and when a file of it changes; a bad one leaves the old in force.
pub(crate) async fn follow_config(
    house: Arc<House>,
    source: Source,
    mut watched: Watched,
    mut hangups: Signal,
) {
    loop {
        let is_asked = tokio::select! {
            _ = hangups.recv() => true,
            () = tokio::time::sleep(WATCH_PAUSE) => false,
        };
        let now = watched.now();
        if !is_asked && now == watched {
            continue;
        }
        watched = now;
        match settings::read(&source) {
            Ok(read) => {
                let count = read.snapshot.deployments.len();
                read.findings.iter().for_each(|finding| say(finding));
                watched = read.watched;
                house.replace(read.snapshot);
                say(&format!("a new config is in force: {count} deployments"));
            }
            Err(error) => say(&format!("the new config is not taken, the old one stays in force: {error:#}")),
        }
    }
}

/// The signals that tell the process to stop, listened for from the moment this is made.
pub(crate) struct StopSignals {
    terminated: Signal,
    interrupted: Signal,
}

impl StopSignals {
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminated: signal(SignalKind::terminate())?,
            interrupted: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits until the process is told to stop.
    pub(crate) async fn told(mut self) {
        tokio::select! {
            _ = self.terminated.recv() => {}
            _ = self.interrupted.recv() => {}
        }
    }
}
