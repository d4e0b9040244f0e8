//! Which deployments cool down, after LiteLLM's rules (contract §3d).

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// When a deployment cools down and for how long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CooldownRules {
    /// Nothing ever cools.
    pub disabled: bool,
    /// Failures in a cooldown's length that are borne; none: LiteLLM's rate rules decide.
    pub allowed_fails: Option<u32>,
    /// How long; none: the provider's `Retry-After`, else five seconds.
    pub length: Option<Duration>,
}

/// Five seconds, LiteLLM's length where nobody says another.
const DEFAULT_COOLDOWN: Duration = Duration::from_secs(5);
/// A provider's `Retry-After` is believed up to here, so that no reply can switch a deployment off for long.
const LONGEST_COOLDOWN: Duration = Duration::from_secs(300);

const MINUTE_MS: u64 = 60_000;
/// Failures are a rate only from so many calls on.
const FEWEST_CALLS_FOR_RATE: u32 = 5;
/// Calls from which on a deployment that stands alone may cool, if all of them failed.
const FEWEST_CALLS_ALONE: u32 = 1_000;

/// What an attempt met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setback {
    /// The status, or the one that stands for it (408 for a timeout).
    pub status: u16,
    /// The connection failed: a fault of the way, which cools nothing.
    pub is_connection: bool,
    /// The provider's hint.
    pub retry_after: Option<Duration>,
}

/// A deployment's health: shared by all workers, so atomic; approximate counts do no harm.
#[derive(Debug, Default)]
pub struct Health {
    cool_until_ms: AtomicU64,
    minute: AtomicU64,
    calls: AtomicU32,
    failures: AtomicU32,
    fails_since_ms: AtomicU64,
    fails: AtomicU32,
}

impl Health {
    /// Whether it cools down at a moment (milliseconds of a clock that never goes back).
    #[must_use]
    pub fn is_cooling(&self, now_ms: u64) -> bool {
        self.cool_until_ms.load(Ordering::Relaxed) > now_ms
    }

    /// Notes an answered attempt.
    pub fn succeeded(&self, now_ms: u64) {
        self.turn_minute(now_ms);
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes a failed attempt; tells whether the deployment cools down because of it.
    pub fn failed(&self, setback: &Setback, rules: &CooldownRules, is_alone: bool, now_ms: u64) -> bool {
        self.turn_minute(now_ms);
        let calls = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let length = rules
            .length
            .or(setback.retry_after.map(|after| after.min(LONGEST_COOLDOWN)))
            .unwrap_or(DEFAULT_COOLDOWN);
        if rules.disabled || length.is_zero() || setback.is_connection || !counts(setback.status) {
            return false;
        }
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        let cools = match rules.allowed_fails {
            Some(allowed) => self.count_fail(length, now_ms) > allowed,
            None if is_alone => calls >= FEWEST_CALLS_ALONE && failures == calls,
            None => {
                let is_hopeless = matches!(setback.status, 401 | 402 | 404);
                let is_frequent = calls >= FEWEST_CALLS_FOR_RATE && failures * 2 > calls;
                setback.status == 429 || is_hopeless || is_frequent
            }
        };
        if cools {
            let until = now_ms.saturating_add(u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
            self.cool_until_ms.fetch_max(until, Ordering::Relaxed);
        }
        cools
    }

    fn turn_minute(&self, now_ms: u64) {
        let minute = now_ms / MINUTE_MS + 1;
        if self.minute.swap(minute, Ordering::Relaxed) != minute {
            self.calls.store(0, Ordering::Relaxed);
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    fn count_fail(&self, window: Duration, now_ms: u64) -> u32 {
        let since = self.fails_since_ms.load(Ordering::Relaxed);
        if since == 0 || now_ms.saturating_sub(since) > u64::try_from(window.as_millis()).unwrap_or(u64::MAX)
        {
            self.fails_since_ms.store(now_ms.max(1), Ordering::Relaxed);
            self.fails.store(0, Ordering::Relaxed);
        }
        self.fails.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Statuses that speak of the deployment and not of the request.
const fn counts(status: u16) -> bool {
    matches!(status, 401 | 402 | 404 | 408 | 429 | 500..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setback(status: u16) -> Setback {
        Setback { status, is_connection: false, retry_after: None }
    }

    fn cools_at(status: u16, rules: &CooldownRules, is_alone: bool, times: usize) -> Option<usize> {
        let health = Health::default();
        (1..=times).find(|_| health.failed(&setback(status), rules, is_alone, 1_000))
    }

    #[test]
    fn one_throttled_answer_cools_a_deployment_that_has_company() {
        let rules = CooldownRules::default();
        assert_eq!(cools_at(429, &rules, false, 9), Some(1));
        assert_eq!(cools_at(401, &rules, false, 9), Some(1));
        assert_eq!(cools_at(500, &rules, false, 9), Some(5));
        assert_eq!(cools_at(400, &rules, false, 9), None);
        assert_eq!(cools_at(429, &rules, true, 900), None);
        assert_eq!(cools_at(500, &rules, true, 2_000), Some(1_000));
    }

    #[test]
    fn settings_override_the_rates() {
        let allowed = CooldownRules { allowed_fails: Some(2), ..CooldownRules::default() };
        assert_eq!(cools_at(500, &allowed, true, 9), Some(3));
        let disabled = CooldownRules { disabled: true, ..CooldownRules::default() };
        assert_eq!(cools_at(429, &disabled, false, 9), None);
        let none = CooldownRules { length: Some(Duration::ZERO), ..CooldownRules::default() };
        assert_eq!(cools_at(429, &none, false, 9), None);
    }

    #[test]
    fn a_connection_that_fails_cools_nothing() {
        let health = Health::default();
        let setback = Setback { status: 500, is_connection: true, retry_after: None };
        assert!((0..20).all(|_| !health.failed(&setback, &CooldownRules::default(), false, 0)));
    }

    #[test]
    fn a_cooldown_ends_and_a_providers_hint_is_believed_within_reason() {
        let health = Health::default();
        let hint = Setback { retry_after: Some(Duration::from_secs(7)), ..setback(429) };
        assert!(health.failed(&hint, &CooldownRules::default(), false, 1_000));
        assert!(health.is_cooling(7_999) && !health.is_cooling(8_000));
        let endless = Setback { retry_after: Some(Duration::MAX), ..setback(429) };
        assert!(health.failed(&endless, &CooldownRules::default(), false, 10_000));
        assert!(!health.is_cooling(310_000));
    }
}
