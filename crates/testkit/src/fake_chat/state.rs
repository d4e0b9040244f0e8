//! What the fake and its tests share: what to say in, bill and requests out, behind one lock.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::SeenRequest;
use super::said::Said;
use super::spoken::SpokenUsage;
use super::wires::Memory;

/// Requests that are kept; older ones are forgotten, but counted.
const MOST_REQUESTS: usize = 10_000;
/// How long a test waits for something to happen.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was answered. No token is counted twice: those of the cache are not among the input's, nor those of thoughts
/// among the output's.
///
/// A whole answer is on it before its first byte can be read. A stream puts its input on it with its first event, and
/// of its output with each event as much as it is of all its events, rounded down.
/// Refused calls are free, and so are counted tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChatBill {
    /// Calls that were answered, or began to be.
    pub calls: u64,
    /// Tokens of requests beside those of the cache.
    pub input_tokens: u64,
    /// Tokens that were read from the cache.
    pub cache_read_tokens: u64,
    /// Tokens that were written to the cache.
    pub cache_write_tokens: u64,
    /// Tokens of answers beside those of thoughts.
    pub output_tokens: u64,
    /// Tokens of thoughts.
    pub reasoning_tokens: u64,
}

#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) default: Said,
    pub(super) queue: VecDeque<Said>,
    pub(super) key: Option<String>,
    pub(super) requests: VecDeque<SeenRequest>,
    pub(super) seen: u64,
    pub(super) answered: u64,
    pub(super) bill: ChatBill,
    pub(super) disconnects: u64,
    pub(super) memory: Memory,
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

    pub(super) fn next_said(&mut self) -> Said {
        self.queue.pop_front().unwrap_or_else(|| self.default.clone())
    }
}

impl ChatBill {
    /// Books that `now` of `all` parts of an answer have left, of which `before` are booked.
    pub(super) fn book(&mut self, usage: SpokenUsage, before: u64, now: u64, all: u64) {
        if before == 0 && now > 0 {
            self.calls += 1;
            self.input_tokens += usage.input;
            self.cache_read_tokens += usage.cache_read;
            self.cache_write_tokens += usage.cache_write;
        }
        let upto = |tokens: u64, handed: u64| {
            let share = u128::from(tokens) * u128::from(handed) / u128::from(all.max(1));
            u64::try_from(share).unwrap_or(u64::MAX)
        };
        let part = |tokens: u64| upto(tokens, now) - upto(tokens, before);
        self.output_tokens += part(usage.output);
        self.reasoning_tokens += part(usage.reasoning);
    }
}
