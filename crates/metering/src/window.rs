//! A rate limit that holds in every window of a minute or a day, not only in those that a clock draws.

use weighhouse_types::{Pace, RateKind};

/// Sub-buckets of a second. Sixty would let a burst at the end of the first and one in the sixty-first
/// stand in the same minute, so the oldest is counted whole: 60 past and the present one.
const BUCKETS: usize = 61;

/// Units of the last minute, by second. Pure: the second is an argument.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    buckets: [u64; BUCKETS],
    second: u64,
    /// Where the present second's units stand. It is kept, because a division costs more than all else here.
    place: usize,
    sum: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self { buckets: [0; BUCKETS], second: 0, place: 0, sum: 0 }
    }
}

impl Window {
    /// Units that count at a second.
    pub(crate) fn used(&mut self, second: u64) -> u64 {
        self.advance(second);
        self.sum
    }

    /// Whether a limit bears further units at a second.
    pub(crate) fn bears(&mut self, units: u64, limit: u64, second: u64) -> bool {
        self.used(second).saturating_add(units) <= limit
    }

    /// Adds units that are spent already.
    pub(crate) fn add(&mut self, units: u64, second: u64) {
        self.advance(second);
        self.put(units);
    }

    /// Adds units at the second that was looked at last.
    fn put(&mut self, units: u64) {
        if let Some(bucket) = self.buckets.get_mut(self.place) {
            *bucket = bucket.saturating_add(units);
            self.sum = self.sum.saturating_add(units);
        }
    }

    /// Gives back units that were charged at a second.
    pub(crate) fn refund(&mut self, units: u64, charged_at: u64) {
        let Some(place) = self.place_before(self.second.saturating_sub(charged_at)) else { return };
        if let Some(bucket) = self.buckets.get_mut(place) {
            let back = units.min(*bucket);
            *bucket -= back;
            self.sum -= back;
        }
    }

    /// Seconds until so many units are free, as far as this minute's charges tell.
    pub(crate) fn free_in(&mut self, units: u64, limit: u64, second: u64) -> u64 {
        self.advance(second);
        let mut sum = self.sum;
        for ahead in 0..BUCKETS as u64 {
            if sum.saturating_add(units) <= limit {
                return ahead;
            }
            // The oldest bucket leaves first.
            let oldest = self.place_before(BUCKETS as u64 - 1 - ahead);
            let oldest = oldest.and_then(|oldest| self.buckets.get(oldest));
            sum = sum.saturating_sub(oldest.copied().unwrap_or_default());
        }
        BUCKETS as u64
    }

    /// Seconds until nothing is used any more, where nothing more is charged.
    fn empty_in(&mut self, second: u64) -> u64 {
        self.advance(second);
        if self.sum == 0 {
            return 0;
        }
        // The newest charge leaves last, and most often it was made just now.
        let used = |back: u64| {
            let bucket = self.place_before(back).and_then(|place| self.buckets.get(place));
            bucket.is_some_and(|units| *units > 0)
        };
        (0..BUCKETS as u64).find(|back| used(*back)).map_or(0, |back| BUCKETS as u64 - back)
    }

    fn advance(&mut self, second: u64) {
        if second <= self.second {
            return;
        }
        if second - self.second >= BUCKETS as u64 {
            self.buckets = [0; BUCKETS];
            self.sum = 0;
        } else {
            for _ in self.second..second {
                self.place = if self.place + 1 == BUCKETS { 0 } else { self.place + 1 };
                if let Some(bucket) = self.buckets.get_mut(self.place) {
                    self.sum -= *bucket;
                    *bucket = 0;
                }
            }
        }
        self.second = second;
    }

    /// Where the units of an earlier second stand; none where they are gone.
    fn place_before(&self, seconds: u64) -> Option<usize> {
        let back = usize::try_from(seconds).ok().filter(|back| *back < BUCKETS)?;
        Some(self.place.checked_sub(back).unwrap_or(self.place + BUCKETS - back))
    }
}

/// Seconds of a sub-bucket where the window is a day.
const DAY_TICK: u64 = 86_400 / 60;

/// A limit of units in a minute or a day.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    limit: Option<u64>,
    /// Seconds of a sub-bucket.
    tick: u64,
    /// Made when first counted: most scopes have no limit of most kinds.
    window: Option<Box<Window>>,
}

impl Rate {
    /// A rate in a minute; none is no limit, and then nothing is counted.
    pub(crate) const fn new(limit: Option<u64>) -> Self {
        Self { limit, tick: 1, window: None }
    }

    /// A rate in a day.
    pub(crate) const fn per_day(limit: Option<u64>) -> Self {
        Self { limit, tick: DAY_TICK, window: None }
    }

    /// Changes the limit; what the last minute used stays counted.
    pub(crate) const fn set_limit(&mut self, limit: Option<u64>) {
        self.limit = limit;
    }

    /// The limit.
    pub(crate) const fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Whether so many units would be let in at a second; nothing is charged.
    ///
    /// # Errors
    /// The seconds to wait.
    pub(crate) fn bears(&mut self, units: u64, second: u64) -> Result<(), u64> {
        let Some(limit) = self.limit else { return Ok(()) };
        let tick = self.tick_at(second);
        let window = self.window.get_or_insert_default();
        if window.bears(units, limit, tick) {
            return Ok(());
        }
        let free_at = (tick + window.free_in(units, limit, tick)) * self.tick;
        Err(free_at.saturating_sub(second).max(1))
    }

    /// Charges units that [`bears`](Self::bears) just let in.
    pub(crate) fn charge(&mut self, units: u64) {
        if self.limit.is_some() {
            self.window.get_or_insert_default().put(units);
        }
    }

    /// Puts what was really used in the place of what was charged.
    pub(crate) fn correct(&mut self, charged: u64, charged_at: u64, actual: u64, second: u64) {
        if self.limit.is_none() {
            return;
        }
        let (now, then) = (self.tick_at(second), self.tick_at(charged_at));
        let window = self.window.get_or_insert_default();
        match actual.checked_sub(charged) {
            Some(more) => window.add(more, now),
            None => window.refund(charged - actual, then),
        }
    }

    /// How far the limit is used at a second; none where there is no limit.
    pub(crate) fn pace(&mut self, kind: RateKind, second: u64) -> Option<Pace> {
        let limit = self.limit?;
        let tick = self.tick_at(second);
        let window = self.window.as_mut();
        let (used, ticks) = window.map_or((0, 0), |window| (window.used(tick), window.empty_in(tick)));
        let refills_s = if ticks == 0 { 0 } else { ((tick + ticks) * self.tick).saturating_sub(second) };
        Some(Pace { kind, limit, remaining: limit.saturating_sub(used), refills_s })
    }

    const fn tick_at(&self, second: u64) -> u64 {
        // A minute's ticks are seconds, and need no division.
        if self.tick == 1 { second } else { second / self.tick }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a rate does with a window: a refused call costs nothing.
    fn charge(window: &mut Window, units: u64, limit: u64, second: u64) -> bool {
        let is_borne = window.bears(units, limit, second);
        if is_borne {
            window.put(units);
        }
        is_borne
    }

    #[test]
    fn a_minute_later_the_units_are_free_again() {
        let mut window = Window::default();
        assert!(charge(&mut window, 60, 60, 100));
        assert!(!charge(&mut window, 1, 60, 160));
        assert_eq!(window.free_in(1, 60, 160), 1);
        assert!(charge(&mut window, 1, 60, 161));
    }

    #[test]
    fn corrections_go_where_the_charge_was() {
        let mut rate = Rate::new(Some(100));
        assert_eq!(rate.bears(80, 10), Ok(()));
        rate.charge(80);
        assert_eq!(rate.bears(80, 11), Err(60));
        assert_eq!(rate.bears(20, 11), Ok(()));
        rate.correct(80, 10, 5, 12);
        let pace = rate.pace(RateKind::Tokens, 12).unwrap();
        assert_eq!((pace.limit, pace.remaining, pace.refills_s), (100, 95, 59));
        assert_eq!(rate.pace(RateKind::Tokens, 71).unwrap().refills_s, 0);
        rate.correct(0, 12, 200, 12);
        assert_eq!(rate.pace(RateKind::Tokens, 12).unwrap().remaining, 0);
        assert_eq!(Rate::new(None).bears(u64::MAX, 0), Ok(()));
    }

    #[test]
    fn a_day_is_counted_in_sixtieths() {
        let mut rate = Rate::per_day(Some(10));
        assert_eq!(rate.bears(10, 1_000), Ok(()));
        rate.charge(10);
        assert_eq!(rate.bears(1, 80_000), Err(61 * DAY_TICK - 80_000));
        assert_eq!(rate.bears(10, 61 * DAY_TICK), Ok(()));
    }

    proptest::proptest! {
        /// An adversary who chooses when to call never gets more than the limit into any 60 seconds.
        #[test]
        fn no_window_of_a_minute_holds_more_than_the_limit(
            limit in 1_u64..20,
            calls in proptest::collection::vec((0_u64..40, 1_u64..6), 1..120),
        ) {
            let (mut window, mut now, mut admitted) = (Window::default(), 0_u64, Vec::new());
            for (pause, units) in calls {
                now += pause;
                let expected_wait = window.free_in(units, limit, now);
                proptest::prop_assert_eq!(window.empty_in(now), window.free_in(limit, limit, now));
                if charge(&mut window, units, limit, now) {
                    proptest::prop_assert_eq!(expected_wait, 0);
                    admitted.push((now, units));
                } else if units <= limit {
                    let mut later = window.clone();
                    proptest::prop_assert!(!charge(&mut later.clone(), units, limit, now + expected_wait - 1));
                    proptest::prop_assert!(charge(&mut later, units, limit, now + expected_wait));
                }
            }
            for (start, _) in &admitted {
                let sum: u64 = admitted.iter().filter(|(at, _)| (*start..=start + 60).contains(at)).map(|(_, units)| units).sum();
                proptest::prop_assert!(sum <= limit);
            }
        }
    }
}
