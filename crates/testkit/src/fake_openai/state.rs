//! What the fake and its tests share: scripts in, bill and requests out, behind one lock.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::bill::{Bill, BilledCall, Prices, Tally};
use super::script::Script;
use super::{SeenRequest, Visit};

/// Requests that are kept; older ones are forgotten, but counted.
const MOST_REQUESTS: usize = 10_000;
/// Calls that are kept one by one; later ones only add to the total.
const MOST_CALLS: usize = 1_000_000;
/// How long a test waits for something to happen.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) default: Script,
    pub(super) queue: VecDeque<Script>,
    pub(super) prices: Prices,
    pub(super) key: Option<String>,
    pub(super) models: Option<Vec<String>>,
    pub(super) lenient: bool,
    pub(super) requests: VecDeque<SeenRequest>,
    pub(super) seen: u64,
    pub(super) answered: u64,
    pub(super) bill: Bill,
    pub(super) visits: Vec<Visit>,
    pub(super) disconnects: u64,
    pub(super) open: usize,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes whoever waits for it.
    pub(super) fn change<T>(&self, how: impl FnOnce(&mut State) -> T) -> T {
        let result = how(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Blocks until the state is as wanted.
    ///
    /// # Panics
    /// It is not so within ten seconds; `describe` says what was there instead.
    #[track_caller]
    pub(super) fn wait(&self, wanted: impl Fn(&State) -> bool, describe: impl Fn(&State) -> String) {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.lock();
        while !wanted(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited {PATIENCE:?} in vain: {}", describe(&state));
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl State {
    pub(super) fn note(&mut self, request: SeenRequest) {
        if self.requests.len() == MOST_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
        self.seen += 1;
    }

    pub(super) fn next_script(&mut self) -> Script {
        self.queue.pop_front().unwrap_or_else(|| self.default.clone())
    }

    /// Notes when a call came and was over.
    pub(super) fn visited(&mut self, visit: Visit) {
        if self.visits.len() < MOST_CALLS {
            self.visits.push(visit);
        }
    }

    /// Puts a call on the bill.
    pub(super) fn charge(&mut self, tally: Tally, aborted: bool, whole: bool) {
        let call: BilledCall = tally.close(self.prices, aborted, whole);
        self.bill.total = self.bill.total.saturating_add(call.nanos);
        if self.bill.calls.len() < MOST_CALLS {
            self.bill.calls.push(call);
        }
    }
}
