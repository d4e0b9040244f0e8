//! Times that connections may take, watched by one tick a worker instead of a timer a request.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::limits::Limits;

/// How often connections are looked at; deadlines are kept to this precision.
const TICK: Duration = Duration::from_millis(500);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Accepted, and silent so far.
    Accepted = 0,
    /// Between requests.
    Idle = 1,
    /// In the head of a request.
    Head = 2,
    /// In the body of a request.
    Body = 3,
    /// The request is here; the answer is ours to give.
    Serving = 4,
}

impl Phase {
    const fn from(number: u8) -> Self {
        match number {
            0 => Self::Accepted,
            1 => Self::Idle,
            2 => Self::Head,
            3 => Self::Body,
            _ => Self::Serving,
        }
    }
}

/// What the watchdog sees of a connection. Times are ticks.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    ticks: Arc<AtomicU32>,
    phase: AtomicU8,
    since: AtomicU32,
    progress: AtomicU32,
    body_bytes: AtomicU64,
    /// When a write began to wait for the client; 0: none does.
    blocked_since: AtomicU32,
    task: Mutex<Option<AbortHandle>>,
}

impl ConnectionState {
    /// Enters a phase.
    pub(crate) fn enter(&self, phase: Phase) {
        let now = self.ticks.load(Ordering::Relaxed);
        self.phase.store(phase as u8, Ordering::Relaxed);
        self.since.store(now, Ordering::Relaxed);
        self.progress.store(now, Ordering::Relaxed);
        self.body_bytes.store(0, Ordering::Relaxed);
    }

    /// Notes bytes that came in.
    pub(crate) fn read(&self, bytes: usize) {
        match self.phase() {
            Phase::Accepted | Phase::Idle => self.enter(Phase::Head),
            Phase::Body => {
                self.progress.store(self.ticks.load(Ordering::Relaxed), Ordering::Relaxed);
                self.body_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
            }
            Phase::Head | Phase::Serving => {}
        }
    }

    /// Notes whether the client takes what is written to it.
    pub(crate) fn wrote(&self, is_blocked: bool) {
        if is_blocked {
            if self.blocked_since.load(Ordering::Relaxed) == 0 {
                self.blocked_since.store(self.ticks.load(Ordering::Relaxed).max(1), Ordering::Relaxed);
            }
        } else if self.blocked_since.load(Ordering::Relaxed) != 0 {
            self.blocked_since.store(0, Ordering::Relaxed);
        }
    }

    /// The task that is ended when the connection takes too long.
    pub(crate) fn is_run_by(&self, task: AbortHandle) {
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    fn phase(&self) -> Phase {
        Phase::from(self.phase.load(Ordering::Relaxed))
    }

    /// Whether the connection took longer than it may.
    fn is_overdue(&self, limits: &Limits, is_draining: bool) -> bool {
        let now = self.ticks.load(Ordering::Relaxed);
        let longer = |since: &AtomicU32, limit: Duration| age(now, since) >= limit;
        let blocked = self.blocked_since.load(Ordering::Relaxed) != 0
            && longer(&self.blocked_since, limits.write_silence);
        blocked
            || match self.phase() {
                Phase::Accepted => is_draining || longer(&self.since, limits.first_byte),
                Phase::Idle => is_draining || longer(&self.since, limits.idle),
                Phase::Head => longer(&self.since, limits.head),
                Phase::Body => longer(&self.progress, limits.body_silence) || self.is_too_slow(now, limits),
                Phase::Serving => false,
            }
    }

    /// A body that drips may keep a connection only as long as its bytes are worth.
    fn is_too_slow(&self, now: u32, limits: &Limits) -> bool {
        let bytes = self.body_bytes.load(Ordering::Relaxed);
        let worth = Duration::from_secs(bytes / limits.body_rate.max(1));
        age(now, &self.since) > limits.body_silence + worth
    }

    fn end(&self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            task.abort();
        }
    }
}

fn age(now: u32, since: &AtomicU32) -> Duration {
    TICK * now.wrapping_sub(since.load(Ordering::Relaxed))
}

/// Watches the connections of one worker.
#[derive(Debug)]
pub(crate) struct Watchdog {
    ticks: Arc<AtomicU32>,
    connections: Vec<Weak<ConnectionState>>,
}

impl Watchdog {
    /// A watchdog without connections.
    pub(crate) fn new() -> Self {
        Self { ticks: Arc::new(AtomicU32::new(1)), connections: Vec::new() }
    }

    /// Watches a new connection.
    pub(crate) fn watch(&mut self) -> Arc<ConnectionState> {
        let now = self.ticks.load(Ordering::Relaxed);
        let state = Arc::new(ConnectionState {
            ticks: Arc::clone(&self.ticks),
            phase: AtomicU8::new(Phase::Accepted as u8),
            since: AtomicU32::new(now),
            progress: AtomicU32::new(now),
            body_bytes: AtomicU64::new(0),
            blocked_since: AtomicU32::new(0),
            task: Mutex::new(None),
        });
        self.connections.push(Arc::downgrade(&state));
        state
    }

    /// Connections that are open.
    pub(crate) fn open(&self) -> usize {
        self.connections.iter().filter(|connection| connection.strong_count() > 0).count()
    }

    /// Looks at all connections once and ends those that took too long.
    pub(crate) fn tick(&mut self, limits: &Limits, draining: &AtomicBool) {
        self.ticks.fetch_add(1, Ordering::Relaxed);
        let is_draining = draining.load(Ordering::Relaxed);
        self.connections.retain(|connection| match connection.upgrade() {
            Some(state) => {
                if state.is_overdue(limits, is_draining) {
                    state.end();
                }
                true
            }
            None => false,
        });
    }

    /// The pause between ticks.
    pub(crate) const fn pause() -> Duration {
        TICK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds until a connection in a phase is overdue, with a byte read each `drip` seconds.
    fn overdue_after(phase: Phase, drip: Option<u32>) -> Option<u32> {
        let limits = Limits { body_rate: 1_000, ..Limits::default() };
        let mut watchdog = Watchdog::new();
        let state = watchdog.watch();
        if phase != Phase::Accepted {
            state.enter(phase);
        }
        let draining = AtomicBool::new(false);
        (1..=600_u32)
            .find(|tick| {
                watchdog.tick(&limits, &draining);
                if drip.is_some_and(|seconds| tick % (seconds * 2) == 0) {
                    state.read(1);
                }
                state.is_overdue(&limits, false)
            })
            .map(|ticks| ticks / 2)
    }

    #[test]
    fn each_phase_has_its_time() {
        assert_eq!(overdue_after(Phase::Accepted, None), Some(15));
        assert_eq!(overdue_after(Phase::Idle, None), Some(75));
        assert_eq!(overdue_after(Phase::Head, Some(1)), Some(15));
        assert_eq!(overdue_after(Phase::Body, None), Some(30));
        assert_eq!(overdue_after(Phase::Body, Some(5)), Some(30));
        assert_eq!(overdue_after(Phase::Serving, None), None);
    }

    #[test]
    fn a_client_that_takes_nothing_is_let_go() {
        let limits = Limits::default();
        let mut watchdog = Watchdog::new();
        let state = watchdog.watch();
        state.enter(Phase::Serving);
        state.wrote(true);
        for _ in 0..119 {
            watchdog.tick(&limits, &AtomicBool::new(false));
        }
        assert!(!state.is_overdue(&limits, false));
        watchdog.tick(&limits, &AtomicBool::new(false));
        assert!(state.is_overdue(&limits, false));
        state.wrote(false);
        assert!(!state.is_overdue(&limits, false));
    }

    #[test]
    fn draining_ends_what_waits_and_spares_what_works() {
        let mut watchdog = Watchdog::new();
        let state = watchdog.watch();
        assert!(state.is_overdue(&Limits::default(), true));
        state.enter(Phase::Serving);
        assert!(!state.is_overdue(&Limits::default(), true));
        assert_eq!(watchdog.open(), 1);
    }
}
