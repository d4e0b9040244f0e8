//! Durations, moments and days, as LiteLLM writes them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use weighhouse_types::{Error, Kind};

/// When something that lasts `duration` from now on ends; none: never (`-1`).
///
/// Units are `s`, `m`, `h`, `d`, `w` and `mo`; a bare number counts seconds. A month is one of the calendar's.
///
/// # Errors
/// `InvalidRequest`: the text is no duration, or ends beyond the year 9999.
pub(crate) fn end_of(duration: &str, now_ms: i64) -> Result<Option<i64>, Error> {
    if duration.trim() == "-1" {
        return Ok(None);
    }
    let span = span_of(duration.trim()).ok_or_else(|| not_a_duration(duration))?;
    let now = Timestamp::from_millisecond(now_ms).map_err(|_| not_a_duration(duration))?;
    let end = now.to_zoned_datetime(TimeZone::UTC).checked_add(span).map_err(|_| not_a_duration(duration))?;
    Ok(Some(end.timestamp().as_millisecond()))
}

fn span_of(duration: &str) -> Option<Span> {
    let digits = duration.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = duration.split_at_checked(digits)?;
    let number: i64 = number.parse().ok()?;
    let span = Span::new();
    match unit {
        "" | "s" => span.try_seconds(number),
        "m" => span.try_minutes(number),
        "h" => span.try_hours(number),
        "d" => span.try_days(number),
        "w" => span.try_weeks(number),
        "mo" => span.try_months(number),
        _ => return None,
    }
    .ok()
}

fn not_a_duration(duration: &str) -> Error {
    let message = format!("{duration:?} is no duration; write 30s, 5m, 24h, 7d, 2w or 1mo, or -1 for no end");
    Error::new(Kind::InvalidRequest, message).at("duration")
}

/// A moment as RFC 3339 in UTC.
pub(crate) fn moment(unix_ms: i64) -> String {
    Timestamp::from_millisecond(unix_ms).unwrap_or_default().to_string()
}

/// Reads a moment as RFC 3339 writes it, milliseconds since 1970.
pub(crate) fn moment_of(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// The first moment of a day in UTC, milliseconds since 1970.
///
/// # Errors
/// `InvalidRequest`: the text is no day; `name` is the parameter's.
pub(crate) fn start_of_day(name: &str, day: &str) -> Result<i64, Error> {
    let start = Date::strptime("%Y-%m-%d", day).and_then(|day| day.to_zoned_datetime(TimeZone::UTC));
    let start = start.map_err(|_| {
        Error::new(Kind::InvalidRequest, format!("`{name}` is no day; write it as 2026-01-31")).at(name)
    })?;
    Ok(start.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-31T12:00:00Z.
    const NOW_MS: i64 = 1_769_860_800_000;

    #[test]
    fn durations_end_where_the_calendar_says() {
        let end = |duration: &str| end_of(duration, NOW_MS).ok().map(|end| end.map(moment));
        for (duration, expected) in [
            ("30s", "2026-01-31T12:00:30Z"),
            ("90", "2026-01-31T12:01:30Z"),
            ("5m", "2026-01-31T12:05:00Z"),
            ("24h", "2026-02-01T12:00:00Z"),
            ("7d", "2026-02-07T12:00:00Z"),
            ("2w", "2026-02-14T12:00:00Z"),
            ("1mo", "2026-02-28T12:00:00Z"),
        ] {
            assert_eq!(end(duration), Some(Some(expected.to_owned())), "{duration}");
        }
        assert_eq!(end("-1"), Some(None));
        for bad in ["", "d", "1y", "-5d", "1.5h", "99999999999999999999d", "99999mo", "1 d", "½d"] {
            assert_eq!(end(bad), None, "{bad}");
        }
    }

    #[test]
    fn days_begin_at_midnight_utc() {
        assert_eq!(start_of_day("start_date", "2026-01-31").unwrap(), NOW_MS - 12 * 3_600_000);
        for bad in ["2026-02-30", "yesterday", "2026-01-31T00:00:00", ""] {
            assert!(start_of_day("start_date", bad).is_err(), "{bad}");
        }
    }
}
