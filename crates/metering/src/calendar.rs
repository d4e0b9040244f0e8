//! Windows of budgets: where the calendar begins and ends them.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use weighhouse_types::WindowId;

/// How long windows last and where they begin.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowRule {
    every: Every,
    zone: TimeZone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Every {
    Seconds(i64),
    Days(i64),
    Months(i64),
}

const DAY_SECONDS: i64 = 86_400;
/// A Monday, so that weeks begin on Mondays.
const FIRST_MONDAY: Date = date(1970, 1, 5);
/// Longer windows are taken for a mistake.
const MOST: i64 = 100_000;

impl WindowRule {
    /// The rule of LiteLLM's duration (`30s`, `5m`, `24h`, `7d`, `2w`, `1mo`). As there, a day begins at midnight
    /// of the zone, seven days on Monday, and thirty days are a month of the calendar (contract §4d); other
    /// lengths follow each other without a gap, hours and shorter from the hour on, days from a Monday on, months
    /// from January on. None: no duration.
    #[must_use]
    pub fn parse(duration: &str, zone: &TimeZone) -> Option<Self> {
        let duration = duration.trim();
        let digits = duration.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = duration.split_at_checked(digits)?;
        let number: i64 = number.parse().ok().filter(|number| (1..=MOST).contains(number))?;
        let of_seconds = |seconds: i64| match seconds % DAY_SECONDS {
            0 => Every::Days(seconds / DAY_SECONDS),
            _ => Every::Seconds(seconds),
        };
        let every = match unit {
            "" | "s" => of_seconds(number),
            "m" => of_seconds(number * 60),
            "h" => of_seconds(number * 3_600),
            "d" => Every::Days(number),
            "w" => Every::Days(number * 7),
            "mo" => Every::Months(number),
            _ => return None,
        };
        let every = if every == Every::Days(30) { Every::Months(1) } else { every };
        Some(Self { every, zone: zone.clone() })
    }

    /// The name of the length: alike for all texts that mean the same (`24h` and `1d`).
    #[must_use]
    pub fn length(&self) -> String {
        match self.every {
            Every::Seconds(count) => format!("seconds:{count}"),
            Every::Days(count) => format!("days:{count}"),
            Every::Months(count) => format!("months:{count}"),
        }
    }

    /// The window that a moment lies in, and when it ends.
    #[must_use]
    pub fn window(&self, now_ms: i64) -> (WindowId, i64) {
        let (start, end) = self.window_at(now_ms);
        (WindowId::new(&self.length(), start), end)
    }

    /// Begin and end of the window that a moment lies in, milliseconds since 1970; the end is the next one's begin.
    #[must_use]
    pub fn window_at(&self, now_ms: i64) -> (i64, i64) {
        match self.every {
            Every::Seconds(seconds) => {
                let length = seconds * 1_000;
                let start = now_ms.div_euclid(length) * length;
                (start, start + length)
            }
            Every::Days(count) => {
                let today = self.date_at(now_ms);
                let passed = i64::from(FIRST_MONDAY.until(today).map_or(0, |span| span.get_days()));
                let begin = passed.div_euclid(count) * count;
                (self.after_days(begin), self.after_days(begin + count))
            }
            Every::Months(count) => {
                let today = self.date_at(now_ms);
                let passed = (i64::from(today.year()) - 1970) * 12 + i64::from(today.month()) - 1;
                let begin = passed.div_euclid(count) * count;
                (self.after_months(begin), self.after_months(begin + count))
            }
        }
    }

    fn date_at(&self, now_ms: i64) -> Date {
        Timestamp::from_millisecond(now_ms).unwrap_or_default().to_zoned_datetime(self.zone.clone()).date()
    }

    fn after_days(&self, days: i64) -> i64 {
        self.midnight(FIRST_MONDAY.checked_add(days.days()).ok())
    }

    fn after_months(&self, months: i64) -> i64 {
        self.midnight(date(1970, 1, 1).checked_add(months.months()).ok())
    }

    /// The first moment of a day in the zone; beyond the calendar's end, never.
    fn midnight(&self, day: Option<Date>) -> i64 {
        let start = day.and_then(|day| day.to_zoned_datetime(self.zone.clone()).ok());
        start.map_or(i64::MAX, |start| start.timestamp().as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn shown(duration: &str, zone: &TimeZone, now: &str) -> (String, String) {
        let (start, end) = WindowRule::parse(duration, zone).unwrap().window_at(ms(now));
        let text = |ms| Timestamp::from_millisecond(ms).unwrap().to_string();
        (text(start), text(end))
    }

    #[test]
    fn windows_begin_where_the_calendar_says() {
        let now = "2026-11-23T20:31:47Z";
        for (duration, start, end) in [
            ("30s", "2026-11-23T20:31:30Z", "2026-11-23T20:32:00Z"),
            ("5m", "2026-11-23T20:30:00Z", "2026-11-23T20:35:00Z"),
            ("1h", "2026-11-23T20:00:00Z", "2026-11-23T21:00:00Z"),
            ("24h", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"),
            ("1d", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"),
            ("7d", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
            ("1w", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
            ("30d", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("1mo", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("3mo", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ] {
            assert_eq!(shown(duration, &TimeZone::UTC, now), (start.into(), end.into()), "{duration}");
        }
        for bad in ["", "0d", "d", "1y", "-1", "1.5h", "99999999999d"] {
            assert!(WindowRule::parse(bad, &TimeZone::UTC).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_day_of_the_zone_may_have_other_hours() {
        // Central Europe, written out so that the test needs no database of zones.
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let day = |now| shown("1d", &zone, now);
        assert_eq!(
            day("2026-11-23T23:30:00Z"),
            ("2026-11-23T23:00:00Z".into(), "2026-11-24T23:00:00Z".into())
        );
        // Clocks go forward: 23 hours.
        assert_eq!(
            day("2026-03-29T12:00:00Z"),
            ("2026-03-28T23:00:00Z".into(), "2026-03-29T22:00:00Z".into())
        );
    }

    proptest::proptest! {
        #[test]
        fn windows_follow_each_other_without_a_gap(now in 0_i64..4_000_000_000_000, which in 0_usize..9) {
            let duration = ["1s", "90s", "7m", "5h", "1d", "3d", "7d", "30d", "5mo"][which];
            let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
            let rule = WindowRule::parse(duration, &zone).unwrap();
            let (start, end) = rule.window_at(now);
            proptest::prop_assert!(start <= now && now < end);
            proptest::prop_assert_eq!(rule.window_at(start), (start, end));
            proptest::prop_assert_eq!(rule.window_at(end - 1), (start, end));
            proptest::prop_assert_eq!(rule.window_at(end).0, end);
        }
    }
}
