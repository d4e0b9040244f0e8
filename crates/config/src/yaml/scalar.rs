//! What a scalar means, by the rules of PyYAML's resolver and safe constructor.

use super::timestamp::timestamp;
use super::tree::Value;

/// A reading that surprises people, to be reported with its remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Oddity {
    /// `12:30` is 750.
    Sexagesimal,
    /// `1e3` is a text, because YAML 1.1 wants a dot and a sign.
    NumberAsText,
    /// `010` is 8.
    Octal,
    /// A date, which Python keeps as a date.
    Date,
}

impl Oddity {
    /// What is said about it, and the remedy. The scalar is not shown: it may be a secret.
    pub(super) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Sexagesimal => {
                ("digits with colons are a number of base sixty (12:30 is 750)", "quote it to have a text")
            }
            Self::NumberAsText => (
                "is read as a text: YAML 1.1 wants a dot and a signed exponent in a number",
                "write 1.0e-6 for a number, or quote it",
            ),
            Self::Octal => (
                "a leading zero makes it an octal number (010 is 8)",
                "leave the zero out, or quote it to have a text",
            ),
            Self::Date => ("is read as a date", "quote it to have a text"),
        }
    }
}

/// The value of a plain scalar.
///
/// # Errors
/// PyYAML refuses it: `=`, `<<`, a number without digits, a date that is none.
pub(super) fn resolve(text: &str) -> Result<(Value, Option<Oddity>), String> {
    let plain = |value| Ok((value, None));
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return plain(Value::Null),
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return plain(Value::Bool(true));
        }
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return plain(Value::Bool(false));
        }
        "=" | "<<" => return Err(format!("a plain `{text}` is no value; quote it to have a text")),
        _ => {}
    }
    if let Some(number) = float(text) {
        let oddity = text.contains(':').then_some(Oddity::Sexagesimal);
        return Ok((Value::Float(number, text.into()), oddity));
    }
    if is_int(text) {
        let oddity = match unsigned(text).1.as_bytes() {
            digits if digits.contains(&b':') => Some(Oddity::Sexagesimal),
            [b'0', b'1'..=b'7' | b'_', ..] => Some(Oddity::Octal),
            _ => None,
        };
        return Ok((int(text)?, oddity));
    }
    if let Some(date) = timestamp(text) {
        return Ok((Value::Date(date?.into()), Some(Oddity::Date)));
    }
    let oddity = is_scientific(text).then_some(Oddity::NumberAsText);
    Ok((Value::Text(text.to_owned()), oddity))
}

/// The value of a scalar with an explicit tag of YAML's own, `name` without its prefix.
///
/// # Errors
/// The tag cannot be read, or the text is none of its values.
pub(super) fn tagged(name: &str, text: &str) -> Result<Value, String> {
    let refused = || format!("`!!{name}` does not fit the value");
    match name {
        "str" => Ok(Value::Text(text.to_owned())),
        "null" => Ok(Value::Null),
        "bool" => match text.to_lowercase().as_str() {
            "yes" | "true" | "on" => Ok(Value::Bool(true)),
            "no" | "false" | "off" => Ok(Value::Bool(false)),
            _ => Err(refused()),
        },
        "int" => int(text.trim()).map_err(|_| refused()),
        "float" => float(text)
            .or_else(|| python_float(text))
            .map(|number| Value::Float(number, text.into()))
            .ok_or_else(refused),
        "timestamp" => timestamp(text).ok_or_else(refused)?.map(|date| Value::Date(date.into())),
        _ => Err(format!("the tag `!!{name}` cannot be read; leave it out")),
    }
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

const fn digit_or_bar(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

fn starts_with_digit(text: &str) -> bool {
    text.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
}

/// What Python's `float()` takes beyond YAML's floats.
fn python_float(text: &str) -> Option<f64> {
    let text = text.trim().replace('_', "");
    text.bytes().any(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
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
    let is_exponent = exponent.is_none_or(|exponent| {
        exponent.strip_prefix(['-', '+']).is_some_and(|digits| all(digits, |byte| byte.is_ascii_digit()))
    });
    if !fraction.bytes().all(digit_or_bar) || !is_exponent {
        return None;
    }
    if whole.contains(':') {
        // Base sixty has no exponent.
        return (exponent.is_none() && is_sixties(whole)).then(|| signed(float_of_sixties(whole, fraction)));
    }
    let has_whole = starts_with_digit(whole) && all(whole, digit_or_bar);
    // `.5` is a number, `-.5` and `._5` are not.
    let is_bare = whole.is_empty() && body.len() == text.len() && starts_with_digit(fraction);
    if !has_whole && !is_bare {
        return None;
    }
    let exponent = exponent.map(|exponent| format!("e{exponent}")).unwrap_or_default();
    let clean = |text: &str| text.replace('_', "");
    format!("0{}.{}0{exponent}", clean(whole), clean(fraction)).parse().ok().map(signed)
}

/// The parts are added from the last one, as PyYAML does, so that the rounding is the same.
fn float_of_sixties(whole: &str, fraction: &str) -> f64 {
    let text = format!("{whole}.{fraction}0").replace('_', "");
    let (mut sum, mut base) = (0.0, 1.0);
    for part in text.rsplit(':') {
        sum += part.parse::<f64>().unwrap_or_default() * base;
        base *= 60.0;
    }
    sum
}

/// `12:30`: digits, then parts below sixty.
fn is_sixties(text: &str) -> bool {
    let is_part = |part: &str| match part.as_bytes() {
        [one] => one.is_ascii_digit(),
        [ten, one] => matches!(ten, b'0'..=b'5') && one.is_ascii_digit(),
        _ => false,
    };
    text.split_once(':').is_some_and(|(first, rest)| {
        starts_with_digit(first) && all(first, digit_or_bar) && rest.split(':').all(is_part)
    })
}

/// Whether a plain scalar has the form of an int of YAML 1.1.
fn is_int(text: &str) -> bool {
    let body = unsigned(text).1;
    let digits_of = |digits: Option<&str>, of: fn(u8) -> bool| digits.is_some_and(|digits| all(digits, of));
    let is_decimal = matches!(body.as_bytes(), [b'1'..=b'9', ..]);
    body == "0"
        || digits_of(body.strip_prefix("0b"), |byte| matches!(byte, b'0' | b'1' | b'_'))
        || digits_of(body.strip_prefix("0x"), |byte| byte.is_ascii_hexdigit() || byte == b'_')
        || digits_of(body.strip_prefix('0'), |byte| matches!(byte, b'0'..=b'7' | b'_'))
        || (is_decimal && (all(body, digit_or_bar) || is_sixties(body)))
}

/// The value of an int, as PyYAML's constructor makes it; beyond 128 bits it stays a text.
fn int(text: &str) -> Result<Value, String> {
    let text = text.replace('_', "");
    let (negative, body) = unsigned(&text);
    let (base, digits) = match body.as_bytes() {
        [b'0'] => (10, body),
        [b'0', b'b', ..] => (2, body.strip_prefix("0b").unwrap_or(body)),
        [b'0', b'x', ..] => (16, body.strip_prefix("0x").unwrap_or(body)),
        [b'0', ..] => (8, body),
        _ => (10, body),
    };
    let parts = digits.split(':');
    let mut sum: Option<i128> = Some(0);
    for part in parts {
        if !all(part, |byte| char::from(byte).is_digit(base)) {
            return Err("the number has no digits; quote it to have a text".into());
        }
        let part = i128::from_str_radix(part, base).ok();
        sum = sum.and_then(|sum| sum.checked_mul(60)?.checked_add(part?));
    }
    Ok(match sum {
        Some(number) => Value::Int(if negative { -number } else { number }),
        None => Value::Text(text),
    })
}

/// What every other tool calls a number and YAML 1.1 does not.
fn is_scientific(text: &str) -> bool {
    let body = unsigned(text).1;
    let has_exponent = body.bytes().any(|byte| matches!(byte, b'e' | b'E'));
    let looks = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    has_exponent && starts_with_digit(body) && body.bytes().all(looks) && body.parse::<f64>().is_ok()
}
