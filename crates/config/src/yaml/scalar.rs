//! What a plain scalar means, by the rules of PyYAML's resolver and safe constructor.

use super::tree::Value;

/// A reading that surprises people, to be reported with its remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Oddity {
    /// `12:30` is 750.
    Sexagesimal,
    /// `1e3` is a text, because YAML 1.1 wants a dot and a sign.
    NumberAsText,
    /// `010` is 8.
    Octal,
    /// A date, which Python keeps as a date.
    Date,
}

/// The value of a plain scalar. None: PyYAML refuses it.
pub(crate) fn resolve(text: &str) -> Option<(Value, Option<Oddity>)> {
    let plain = |value| Some((value, None));
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return plain(Value::Null),
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return plain(Value::Bool(true));
        }
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return plain(Value::Bool(false));
        }
        "=" => return None,
        _ => {}
    }
    if let Some(number) = float(text) {
        let oddity = text.contains(':').then_some(Oddity::Sexagesimal);
        return Some((Value::Float(number, text.into()), oddity));
    }
    match int(text) {
        Some(Some((number, oddity))) => return Some((Value::Int(number), oddity)),
        Some(None) => return plain(Value::Text(text.to_owned())),
        None => {}
    }
    let oddity = if is_date(text) {
        Some(Oddity::Date)
    } else {
        (text.bytes().any(|byte| matches!(byte, b'e' | b'E')) && is_scientific(text))
            .then_some(Oddity::NumberAsText)
    };
    Some((Value::Text(text.to_owned()), oddity))
}

fn unsigned(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn all(text: &str, of: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(of)
}

const fn digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

const fn digit_or_bar(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

fn starts_with_digit(text: &str) -> bool {
    text.bytes().next().is_some_and(digit)
}

/// A float of YAML 1.1: a dot is needed, and an exponent needs its sign.
fn float(text: &str) -> Option<f64> {
    let (negative, body) = unsigned(text);
    let signed = |number: f64| if negative { -number } else { number };
    match body {
        ".inf" | ".Inf" | ".INF" => return Some(signed(f64::INFINITY)),
        ".nan" | ".NaN" | ".NAN" if body.len() == text.len() => return Some(f64::NAN),
        _ => {}
    }
    let (whole, rest) = body.split_once('.')?;
    let (fraction, exponent) = match rest.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, Some(exponent)),
        None => (rest, None),
    };
    let is_exponent = exponent
        .is_none_or(|exponent| exponent.strip_prefix(['-', '+']).is_some_and(|digits| all(digits, digit)));
    if !fraction.bytes().all(digit_or_bar) || !is_exponent {
        return None;
    }
    let clean = |text: &str| text.replace('_', "");
    if whole.contains(':') {
        // Base sixty has no exponent.
        exponent.is_none().then_some(())?;
        let parts = sixties(whole)?;
        let whole: f64 = parts.into_iter().fold(0.0, |sum, part| sum * 60.0 + part);
        let fraction: f64 = format!("0.{}", clean(fraction)).parse().ok()?;
        return Some(signed(whole + fraction));
    }
    let has_whole = starts_with_digit(whole) && all(whole, digit_or_bar);
    // `.5` is a number, `-.5` and `._5` are not.
    let bare = whole.is_empty() && body.len() == text.len() && starts_with_digit(fraction);
    if !has_whole && !bare {
        return None;
    }
    let exponent = exponent.map(|exponent| format!("e{exponent}")).unwrap_or_default();
    format!("0{}.{}0{exponent}", clean(whole), clean(fraction)).parse().ok().map(signed)
}

/// The parts of `12:30`, where it is one.
fn sixties(text: &str) -> Option<Vec<f64>> {
    let mut parts = text.split(':');
    let first = parts.next().filter(|first| starts_with_digit(first) && all(first, digit_or_bar))?;
    let mut numbers = vec![first.replace('_', "").parse().ok()?];
    for part in parts {
        let is_part = match part.as_bytes() {
            [one] => digit(*one),
            [ten, one] => (b'0'..=b'5').contains(ten) && digit(*one),
            _ => false,
        };
        numbers.push(is_part.then(|| part.parse().ok()).flatten()?);
    }
    (numbers.len() > 1).then_some(numbers)
}

/// An int of YAML 1.1. None: no int. Some(None): an int beyond 128 bits.
fn int(text: &str) -> Option<Option<(i128, Option<Oddity>)>> {
    let (negative, body) = unsigned(text);
    let signed = |number: i128| if negative { -number } else { number };
    let based = |digits: &str, base: u32, oddity| {
        let digits = digits.replace('_', "");
        (!digits.is_empty())
            .then(|| i128::from_str_radix(&digits, base).ok().map(|number| (signed(number), oddity)))
    };
    if let Some(digits) =
        body.strip_prefix("0b").filter(|digits| all(digits, |byte| matches!(byte, b'0' | b'1' | b'_')))
    {
        return based(digits, 2, None);
    }
    if let Some(digits) =
        body.strip_prefix("0x").filter(|digits| all(digits, |byte| byte.is_ascii_hexdigit() || byte == b'_'))
    {
        return based(digits, 16, None);
    }
    if body == "0" {
        return Some(Some((0, None)));
    }
    if let Some(digits) = body.strip_prefix('0') {
        let is_octal = all(digits, |byte| matches!(byte, b'0'..=b'7' | b'_'));
        return is_octal.then(|| based(body, 8, Some(Oddity::Octal))).flatten();
    }
    if !starts_with_digit(body) {
        return None;
    }
    if body.contains(':') {
        let number = sixties(body)?.into_iter().try_fold(0_i128, |sum, part| {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "parts are whole numbers below 2^53 or saturate"
            )]
            let part = part as i128;
            sum.checked_mul(60)?.checked_add(part)
        });
        return Some(number.map(|number| (signed(number), Some(Oddity::Sexagesimal))));
    }
    all(body, digit_or_bar).then(|| based(body, 10, None)).flatten()
}

/// What every other tool calls a number and YAML 1.1 does not.
fn is_scientific(text: &str) -> bool {
    let (_, body) = unsigned(text);
    let looks = body.bytes().all(|byte| digit(byte) || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    looks && text.parse::<f64>().is_ok_and(f64::is_finite)
}

fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let year = parts.next().is_some_and(|year| year.len() == 4 && all(year, digit));
    let month = parts.next().is_some_and(|month| matches!(month.len(), 1 | 2) && all(month, digit));
    let day = parts.next().is_some_and(|day| {
        let end = day.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(day.len());
        let rest = day.get(end..).unwrap_or_default();
        let is_day = matches!(end, 1 | 2);
        is_day && (rest.is_empty() || (rest.starts_with(['T', 't', ' ', '\t']) && rest.contains(':')))
    });
    year && month && day
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Value) {
        assert_eq!(resolve(text).map(|(value, _)| value), Some(expected), "{text}");
    }

    #[test]
    fn plain_scalars_mean_what_pyyaml_says() {
        for (text, number) in [
            ("0", 0),
            ("-5", -5),
            ("010", 8),
            ("0b11", 3),
            ("0x1F", 31),
            ("1_000", 1000),
            ("12:30", 750),
            ("+7", 7),
            ("1:1:1", 3661),
        ] {
            check(text, Value::Int(number));
        }
        for (text, number) in [
            ("1.0", 1.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("1.5e+3", 1500.0),
            ("1_0.5", 10.5),
            ("1:30.5", 90.5),
            ("-.inf", f64::NEG_INFINITY),
        ] {
            check(text, Value::Float(number, text.into()));
        }
        for text in
            ["1e3", "0o10", "089", "-.5", "1.0e3", "12:60", "y", "n", "._1", "1.2.3", "2025-01-01", "-", "+"]
        {
            check(text, Value::Text(text.into()));
        }
        assert_eq!(resolve("="), None);
        assert_eq!(resolve("1e-06").unwrap().1, Some(Oddity::NumberAsText));
        assert_eq!(resolve("2025-01-01").unwrap().1, Some(Oddity::Date));
    }
}
