//! Durations, moments and days, as LiteLLM writes them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use weighhouse_storage::DAY_MS;
use weighhouse_types::{Error, Kind};

/// Days of the longest period.
const MOST_DAYS: i64 = 3_660;

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

/// The number of a day, counted from 1970.
///
/// # Errors
/// `InvalidRequest`: the text is no day; `name` is the parameter's.
pub(crate) fn day_number(name: &str, day: &str) -> Result<i64, Error> {
    Ok(start_of_day(name, day)?.div_euclid(DAY_MS))
}

/// Both days of a period by their numbers.
///
/// # Errors
/// `InvalidRequest`: a text is no day, the end lies before the start, or it is longer than ten years.
pub(crate) fn days_of(start: &str, end: &str) -> Result<(i64, i64), Error> {
    let (first, last) = (day_number("start_date", start)?, day_number("end_date", end)?);
    let wrong = |message: &str| Error::new(Kind::InvalidRequest, message).at("end_date");
    if last < first {
        return Err(wrong("end_date must be on or after start_date"));
    }
    if last - first > MOST_DAYS {
        return Err(wrong("a period may have at most ten years; ask for a shorter one"));
    }
    Ok((first, last))
}

/// A day by its number, as `2026-01-31`.
pub(crate) fn date_of(day: i64) -> String {
    let start = Timestamp::from_millisecond(day.saturating_mul(DAY_MS)).unwrap_or_default();
    start.to_zoned_datetime(TimeZone::UTC).date().to_string()
}

/// A day by its number, as `Jan 31`.
pub(crate) fn short_date_of(day: i64) -> String {
    let start = Timestamp::from_millisecond(day.saturating_mul(DAY_MS)).unwrap_or_default();
    start.to_zoned_datetime(TimeZone::UTC).strftime("%b %d").to_string()
}

/// A moment as LiteLLM's clients write it in queries: `2026-01-31 10:00:00`, RFC 3339, or a day, whose first moment
/// it is, or with `is_end` its last; milliseconds since 1970.
///
/// # Errors
/// `InvalidRequest`: none of them; `name` is the parameter's.
pub(crate) fn moment_named(name: &str, text: &str, is_end: bool) -> Result<i64, Error> {
    if let Some(moment) = moment_of(text) {
        return Ok(moment);
    }
    if let Ok(moment) =
        DateTime::strptime("%Y-%m-%d %H:%M:%S", text).and_then(|at| at.to_zoned_datetime(TimeZone::UTC))
    {
        return Ok(moment.timestamp().as_millisecond());
    }
    let start = start_of_day(name, text).map_err(|_| {
        let message = format!("`{name}` is no moment; write it as 2026-01-31 or 2026-01-31 10:00:00, in UTC");
        Error::new(Kind::InvalidRequest, message).at(name)
    })?;
    Ok(if is_end { start + DAY_MS - 1 } else { start })
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
    fn days_have_numbers_and_names() {
        let day = day_number("start_date", "2026-01-31").unwrap();
        assert_eq!((day, date_of(day), short_date_of(day)), (20_484, "2026-01-31".into(), "Jan 31".into()));
        assert_eq!(days_of("2026-01-30", "2026-01-31").unwrap(), (20_483, 20_484));
        assert!(days_of("2026-01-31", "2026-01-30").is_err() && days_of("1990-01-01", "2026-01-30").is_err());
    }

    #[test]
    fn moments_are_read_as_clients_write_them() {
        let midnight = NOW_MS - 12 * 3_600_000;
        for (text, is_end, expected) in [
            ("2026-01-31 12:00:00", false, NOW_MS),
            ("2026-01-31T12:00:00Z", true, NOW_MS),
            ("2026-01-31", false, midnight),
            ("2026-01-31", true, midnight + DAY_MS - 1),
        ] {
            assert_eq!(moment_named("start_date", text, is_end).unwrap(), expected, "{text}");
        }
        assert!(moment_named("start_date", "yesterday", false).is_err());
    }

    #[test]
    fn days_begin_at_midnight_utc() {
        assert_eq!(start_of_day("start_date", "2026-01-31").unwrap(), NOW_MS - 12 * 3_600_000);
        for bad in ["2026-02-30", "yesterday", "2026-01-31T00:00:00", ""] {
            assert!(start_of_day("start_date", bad).is_err(), "{bad}");
        }
    }
}
