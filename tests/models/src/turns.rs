//! Calls that wait in turn for money that others hold, as `hold.rs` and `window_account.rs` let them: nobody sleeps
//! on while the money is there.
//!
//! The books and the line are the house's own. Tokio's `Mutex` and `Notify` cannot be run here; loom's mutex stands for
//! the one, and `Bell` for the other, with what its documentation promises: whoever listened before a call of
//! `notify_waiters` is woken by it.

use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use weighhouse_types::Nanos;

use crate::account::{Account, Verdict};
use crate::line::{AfterFreeing, Line};

/// Wakes all who listen.
struct Bell {
    rung: Mutex<u64>,
    heard: Condvar,
}

impl Bell {
    fn new() -> Self {
        Self { rung: Mutex::new(0), heard: Condvar::new() }
    }

    /// What `notified().enable()` is.
    fn listen(&self) -> u64 {
        self.rung.lock().map(|rung| *rung).unwrap_or_default()
    }

    fn wait(&self, listened: u64) {
        let Ok(mut rung) = self.rung.lock() else { return };
        while *rung == listened {
            let Ok(woken) = self.heard.wait(rung) else { return };
            rung = woken;
        }
    }

    /// What `notify_waiters()` is.
    fn ring(&self) {
        if let Ok(mut rung) = self.rung.lock() {
            *rung += 1;
        }
        self.heard.notify_all();
    }
}

/// An account with its queue.
struct Waited {
    account: Account,
    line: Line,
    queue: Mutex<()>,
    freed: Bell,
}

impl Waited {
    fn held_whole(limit: i64) -> Arc<Self> {
        let account = Account::new(Some(Nanos::new(limit)), Nanos::ZERO);
        assert_eq!(account.hold(Nanos::new(limit)), Verdict::Held);
        Arc::new(Self { account, line: Line::new(), queue: Mutex::new(()), freed: Bell::new() })
    }

    /// `Charged::release` and `release_all`.
    fn settle(&self, held: i64, actual: i64, must_wake: fn(&Line) -> bool) {
        self.account.settle(Nanos::new(held), Nanos::new(actual));
        if held > actual && must_wake(&self.line) {
            self.freed.ring();
        }
    }

    /// `hold`: who waits already comes first, and `in_turn`.
    fn hold(&self, weight: i64) {
        let weight = Nanos::new(weight);
        if !self.line.has_waiting() && self.account.hold(weight) == Verdict::Held {
            return;
        }
        let _waiting = self.line.join();
        let _turn = self.queue.lock();
        loop {
            let listened = self.freed.listen();
            if self.account.hold(weight) == Verdict::Held {
                return;
            }
            self.freed.wait(listened);
        }
    }
}

fn after_a_fence(line: &Line) -> bool {
    line.must_wake(&AfterFreeing::now())
}

fn one_waits(must_wake: fn(&Line) -> bool) {
    let waited = Waited::held_whole(10);
    let call = {
        let waited = Arc::clone(&waited);
        thread::spawn(move || waited.hold(6))
    };
    waited.settle(10, 4, must_wake);
    // Were the call not woken, loom would find that all threads wait.
    call.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    assert_eq!(waited.account.available(), Nanos::ZERO);
    assert!(!waited.line.has_waiting());
}

/// A call waits for what another gives back, and gets it.
pub fn a_call_that_waits_is_woken() {
    one_waits(after_a_fence);
}

/// The same, where whoever gives back only reads whether anybody waits.
pub fn a_call_that_waits_is_woken_by_a_mere_look() {
    one_waits(Line::has_waiting);
}

/// Two calls wait for what a third gives back, and both get theirs.
pub fn two_calls_that_wait_are_woken_in_turn() {
    let waited = Waited::held_whole(10);
    let calls = [(); 2].map(|()| {
        let waited = Arc::clone(&waited);
        thread::spawn(move || waited.hold(5))
    });
    waited.settle(10, 0, after_a_fence);
    for call in calls {
        call.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
    assert_eq!(waited.account.available(), Nanos::ZERO);
    assert!(!waited.line.has_waiting());
}
