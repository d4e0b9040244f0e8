//! Dates and times, as PyYAML's `timestamp` has them.

/// A date or time as Python's `str()` writes it. None: the text has another form. An error: it has the form and
/// names no day or time, which PyYAML refuses.
pub(super) fn timestamp(text: &str) -> Option<Result<String, String>> {
    let mut rest = Rest(text);
    let year = rest.digits(4, 4)?;
    rest.mark('-')?;
    let (month, month_width) = rest.digits_counted(1, 2)?;
    rest.mark('-')?;
    let (day, day_width) = rest.digits_counted(1, 2)?;
    if rest.0.is_empty() {
        // A date alone needs two digits each.
        return (month_width == 2 && day_width == 2).then(|| date(year, month, day));
    }
    if rest.mark('T').or_else(|| rest.mark('t')).is_none() {
        rest.blanks(1)?;
    }
    let hour = rest.digits(1, 2)?;
    rest.mark(':')?;
    let minute = rest.digits(2, 2)?;
    rest.mark(':')?;
    let second = rest.digits(2, 2)?;
    let fraction = rest.mark('.').map(|()| rest.run_of_digits());
    let zone = zone(&mut rest)?;
    let time = time(hour, minute, second, fraction.unwrap_or_default());
    Some(date(year, month, day).and_then(|date| Ok(format!("{date} {}{}", time?, zone?))))
}

/// The zone as Python writes it; nothing where there is none.
fn zone(rest: &mut Rest<'_>) -> Option<Result<String, String>> {
    if rest.0.is_empty() {
        return Some(Ok(String::new()));
    }
    rest.blanks(0)?;
    if rest.mark('Z').is_some() {
        return rest.0.is_empty().then(|| Ok("+00:00".into()));
    }
    let sign = rest.mark('+').map(|()| '+').or_else(|| rest.mark('-').map(|()| '-'))?;
    let hours = rest.digits(1, 2)?;
    let minutes = match rest.mark(':') {
        Some(()) => rest.digits(2, 2)?,
        None => 0,
    };
    if !rest.0.is_empty() {
        return None;
    }
    let minutes = hours * 60 + minutes;
    if minutes >= 24 * 60 {
        return Some(Err("the zone is a day or more away".into()));
    }
    let sign = if minutes == 0 { '+' } else { sign };
    Some(Ok(format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)))
}

fn date(year: u32, month: u32, day: u32) -> Result<String, String> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    if year == 0 || day == 0 || day > days {
        return Err("the date is no day of the calendar; quote it to have a text".into());
    }
    Ok(format!("{year:04}-{month:02}-{day:02}"))
}

fn time(hour: u32, minute: u32, second: u32, fraction: &str) -> Result<String, String> {
    if hour > 23 || minute > 59 || second > 59 {
        return Err("the time is no time of the day; quote it to have a text".into());
    }
    let micros: String = fraction.chars().chain(std::iter::repeat('0')).take(6).collect();
    let micros = if micros == "000000" { String::new() } else { format!(".{micros}") };
    Ok(format!("{hour:02}:{minute:02}:{second:02}{micros}"))
}

/// What is left to read.
struct Rest<'text>(&'text str);

impl<'text> Rest<'text> {
    fn mark(&mut self, mark: char) -> Option<()> {
        self.0 = self.0.strip_prefix(mark)?;
        Some(())
    }

    /// Spaces and tabs.
    fn blanks(&mut self, least: usize) -> Option<()> {
        let rest = self.0.trim_start_matches([' ', '\t']);
        let count = self.0.len() - rest.len();
        self.0 = rest;
        (count >= least).then_some(())
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<u32> {
        self.digits_counted(least, most).map(|(number, _)| number)
    }

    fn digits_counted(&mut self, least: usize, most: usize) -> Option<(u32, usize)> {
        let width = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at_checked(width).filter(|_| width >= least)?;
        self.0 = rest;
        Some((digits.parse().ok()?, width))
    }

    fn run_of_digits(&mut self) -> &'text str {
        let rest = self.0.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let digits = self.0.strip_suffix(rest).unwrap_or_default();
        self.0 = rest;
        digits
    }
}
