//! Hours in which a provider is cheaper.

use std::fmt;
use std::str::FromStr;

use crate::date;

/// The hours of the week in which off-peak lines hold.
///
/// Hours are UTC; days are read on a calendar that may be ahead of UTC, as LiteLLM's `weekday_timezone`.
/// Its text form: minutes ahead of UTC, then windows of days and hours, e.g.
/// `+480 12345@00:00-01:00 67@00:00-00:00` (Monday is 1; a window that ends where it starts is the whole day).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OffPeak {
    ahead_minutes: i64,
    windows: Vec<Window>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    /// Bit 1 is Monday, bit 7 Sunday.
    days: u8,
    start_minute: i64,
    end_minute: i64,
}

impl OffPeak {
    /// Hours on a calendar so many minutes ahead of UTC, without windows yet.
    #[must_use]
    pub const fn new(ahead_minutes: i64) -> Self {
        Self { ahead_minutes, windows: Vec::new() }
    }

    /// Adds a window `HH:MM-HH:MM` (UTC) on some days (Monday is 1; none: every day).
    /// None where the text is no window or a day no weekday.
    #[must_use]
    pub fn with(mut self, days: &[u8], hours: &str) -> Option<Self> {
        let (start, end) = hours.split_once('-')?;
        let days = if days.is_empty() { &[1, 2, 3, 4, 5, 6, 7] } else { days };
        let mut bits = 0;
        for day in days {
            bits |= (1..=7).contains(day).then(|| 1 << day)?;
        }
        self.windows.push(Window { days: bits, start_minute: minute(start)?, end_minute: minute(end)? });
        Some(self)
    }

    /// Whether a moment is off-peak. A window's start belongs to it, its end does not; one that ends before
    /// it starts runs past midnight.
    #[must_use]
    pub fn is_open(&self, unix_ms: i64) -> bool {
        let (minute, _) = date::clock(unix_ms, 0);
        let (_, weekday) = date::clock(unix_ms, self.ahead_minutes);
        self.windows.iter().any(|window| {
            let (start, end) = (window.start_minute, window.end_minute);
            let in_hours =
                if start < end { start <= minute && minute < end } else { minute >= start || minute < end };
            in_hours && window.days >> weekday & 1 == 1
        })
    }
}

fn minute(text: &str) -> Option<i64> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then(|| i64::from(hours) * 60 + i64::from(minutes))
}

impl fmt::Display for OffPeak {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:+}", self.ahead_minutes)?;
        for window in &self.windows {
            out.write_str(" ")?;
            for day in (1..=7).filter(|day| window.days >> day & 1 == 1) {
                write!(out, "{day}")?;
            }
            let (start, end) = (window.start_minute, window.end_minute);
            write!(out, "@{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)?;
        }
        Ok(())
    }
}

/// A text names no off-peak hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseOffPeakError(String);

impl fmt::Display for ParseOffPeakError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}` names no hours such as `+0 12345@00:00-01:00`", self.0)
    }
}

impl std::error::Error for ParseOffPeakError {}

impl FromStr for OffPeak {
    type Err = ParseOffPeakError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let mut words = text.split(' ');
            let mut hours = Self::new(words.next()?.parse().ok()?);
            for word in words {
                let (days, window) = word.split_once('@')?;
                let days: Vec<u8> = days.bytes().map(|digit| digit.wrapping_sub(b'0')).collect();
                hours = hours.with(&days, window)?;
            }
            Some(hours)
        };
        read().ok_or_else(|| ParseOffPeakError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_open_as_deepseek_prints_them() {
        let hours: OffPeak = "+0 12345@00:00-01:00 12345@10:00-00:00 67@00:00-00:00".parse().unwrap();
        assert_eq!(hours.to_string().parse(), Ok(hours.clone()));
        let monday = date::parse_date("2026-11-23").unwrap();
        let check = |day: i64, hour: i64, open: bool| {
            assert_eq!(hours.is_open(monday + day * 86_400_000 + hour * 3_600_000), open, "{day} {hour}");
        };
        check(0, 0, true);
        check(0, 1, false);
        check(0, 9, false);
        check(0, 10, true);
        check(0, 23, true);
        check(4, 5, false);
        check(5, 5, true);
        check(6, 23, true);
    }

    #[test]
    fn days_are_read_on_the_calendar_of_the_provider() {
        let hours: OffPeak = "+480 1@16:00-17:00".parse().unwrap();
        let monday = date::parse_date("2026-11-23").unwrap();
        assert!(!hours.is_open(monday + 16 * 3_600_000), "Tuesday in Shanghai");
        assert!(hours.is_open(monday - 8 * 3_600_000), "Monday in Shanghai");
        for bad in ["", "+0 8@00:00-01:00", "+0 1@24:00-01:00", "+0 00:00-01:00"] {
            assert!(bad.parse::<OffPeak>().is_err(), "{bad}");
        }
    }
}
