//! Civil dates (UTC) as milliseconds since 1970, without a clock and without a calendar crate.

const DAY_MS: i64 = 86_400_000;

/// The first millisecond (UTC, since 1970) of a `YYYY-MM-DD` date; none where it is no date.
#[must_use]
pub fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) =
        (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let ms = days(year, month, day) * DAY_MS;
    // A date that does not exist (30 February) comes back as another one.
    ((1..=12).contains(&month) && format_date(ms) == text).then_some(ms)
}

/// `YYYY-MM-DD` of the day that holds this millisecond.
#[must_use]
pub fn format_date(ms: i64) -> String {
    let days = ms.div_euclid(DAY_MS);
    // Years begin in March, so that the leap day is the last one; eras are 400 years.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Minutes since midnight and day of the week (Monday is 1), on a clock that is `offset_minutes` ahead of UTC.
pub(crate) fn clock(ms: i64, offset_minutes: i64) -> (i64, i64) {
    let minutes = ms.div_euclid(60_000) + offset_minutes;
    let weekday = (minutes.div_euclid(1_440) + 3).rem_euclid(7) + 1;
    (minutes.rem_euclid(1_440), weekday)
}

fn number(digits: &str, width: usize) -> Option<i64> {
    let is_number = digits.len() == width && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_and_print() {
        assert_eq!(parse_date("1970-01-01"), Some(0));
        assert_eq!(parse_date("2026-11-23"), Some(1_795_392_000_000));
        assert_eq!(parse_date("2024-02-29").map(format_date).as_deref(), Some("2024-02-29"));
        for bad in ["2026-02-29", "2026-13-01", "2026-00-10", "26-01-01", "2026-1-1", "2026-01-01T00", ""] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_clock_knows_the_weekday() {
        let monday = parse_date("2026-11-23").unwrap();
        assert_eq!(clock(monday, 0), (0, 1));
        assert_eq!(clock(monday - 1, 0), (1_439, 7));
        assert_eq!(clock(monday - 1, 480), (479, 1));
        assert_eq!(clock(-1, 0), (1_439, 3));
    }

    proptest::proptest! {
        #[test]
        fn every_day_reads_back(day in -700_000_i64..2_900_000) {
            let ms = day * DAY_MS;
            proptest::prop_assume!(format_date(ms).len() == 10);
            proptest::prop_assert_eq!(parse_date(&format_date(ms)), Some(ms));
        }
    }
}
