//! The one place that reads clocks; everyone else is told the time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A moment, on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Microseconds since the process started; never goes back.
    pub micros: u64,
    /// Milliseconds since 1970, as the host believes.
    pub unix_ms: i64,
}

impl Moment {
    /// Milliseconds since the process started.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.micros / 1_000
    }

    /// Seconds since the process started.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.micros / 1_000_000
    }

    /// Microseconds from an earlier moment to this one, as the ledger keeps them.
    #[must_use]
    pub fn since(self, earlier: Self) -> u32 {
        u32::try_from(self.micros.saturating_sub(earlier.micros)).unwrap_or(u32::MAX)
    }
}

/// The clocks of the process.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// Starts the clock.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "reading a clock is no default value")]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Moment {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment {
            micros: u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX),
            unix_ms: i64::try_from(unix.as_millis()).unwrap_or(i64::MAX),
        }
    }
}
