//! What all workers share.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Request, Response};
use prometheus::Registry;
use weighhouse_auth::{Directory, Granted, Keyring};
use weighhouse_metering::Meter;
use weighhouse_storage::Store;

use crate::clock::{Clock, Moment};
use crate::metrics::Metrics;
use crate::snapshot::Snapshot;
use crate::stored::Recent;

/// The answer of the control plane, still to come.
pub type Answering = Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;

/// The plane that answers what is not a call to a model: implemented by a room beside this one and put in
/// by the composer.
pub trait ControlPlane: Send + Sync + std::fmt::Debug {
    /// Answers a request as far as its caller was granted.
    fn answer(&self, request: Request<Bytes>, granted: Granted) -> Answering;
}

/// What all workers share.
#[derive(Debug)]
pub struct House {
    /// The configuration in force.
    pub snapshot: ArcSwap<Snapshot>,
    /// The process's clocks.
    pub clock: Clock,
    /// Callers.
    pub keyring: Keyring,
    /// Teams, users, customers and tags.
    pub directory: Directory,
    /// Budgets and limits.
    pub meter: Meter,
    /// Counters.
    pub metrics: Metrics,
    /// Where every room's counters are registered.
    pub registry: Registry,
    /// The store, asked by health checks.
    pub store: Store,
    /// Everything that is not a call to a model.
    pub control: Arc<dyn ControlPlane>,
    /// The latest responses that providers keep.
    pub(crate) recent: Recent,
    draining: AtomicBool,
}

impl House {
    /// Puts the house together.
    #[must_use]
    pub fn new(
        snapshot: Snapshot,
        clock: Clock,
        store: Store,
        (keyring, directory): (Keyring, Directory),
        meter: Meter,
        (metrics, registry): (Metrics, Registry),
        control: Arc<dyn ControlPlane>,
    ) -> Self {
        directory.know_groups(Arc::clone(&snapshot.access_groups));
        Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            clock,
            keyring,
            directory,
            meter,
            metrics,
            registry,
            store,
            control,
            recent: Recent::default(),
            draining: AtomicBool::new(false),
        }
    }

    /// No new calls are wanted.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) const fn draining(&self) -> &AtomicBool {
        &self.draining
    }

    /// Stops taking calls.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Puts another configuration in force. Deployments that stay keep their health.
    pub fn replace(&self, mut fresh: Snapshot) {
        let old = self.snapshot.load_full();
        for (place, deployment) in fresh.deployments.iter().enumerate() {
            let same = old.deployments.iter().position(|other| other.id == deployment.id);
            if let Some(health) = same.and_then(|same| old.table.health(same)) {
                fresh.table.keep_health(place, Arc::clone(health));
            }
        }
        self.directory.know_groups(Arc::clone(&fresh.access_groups));
        self.snapshot.store(fresh.into());
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.clock.now()
    }
}
