//! Values as Python writes them: LiteLLM's deployment ids are made of `str()` and `json.dumps`.

use std::fmt::Write as _;

use super::tree::{Node, Value};

impl Node {
    /// The value as Python's `str()` writes it.
    #[must_use]
    pub fn python_str(&self) -> String {
        match &self.value {
            Value::Text(text) => text.clone(),
            Value::Date(text) => text.to_string(),
            _ => self.python_repr(),
        }
    }

    /// The value as `json.dumps` writes it by default: spaces after `,` and `:`, nothing beyond ASCII.
    #[must_use]
    pub fn python_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out, &JsonStyle::PYTHON);
        out
    }

    /// The value as compact JSON, numbers digit by digit as they were written.
    #[must_use]
    pub fn json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out, &JsonStyle::COMPACT);
        out
    }

    /// The number's decimal text: as it was written where that is one, else as Python writes the value.
    /// A text counts where Python's `float()` reads it.
    #[must_use]
    pub fn decimal_text(&self) -> Option<String> {
        match &self.value {
            Value::Int(number) => Some(number.to_string()),
            Value::Float(number, _) if !number.is_finite() => None,
            Value::Float(number, text) => {
                Some(written_decimal(text).unwrap_or_else(|| python_float(*number)))
            }
            Value::Text(text) => written_decimal(text.trim()),
            _ => None,
        }
    }

    fn python_repr(&self) -> String {
        match &self.value {
            Value::Null => "None".into(),
            Value::Bool(true) => "True".into(),
            Value::Bool(false) => "False".into(),
            Value::Int(number) => number.to_string(),
            Value::Float(number, _) => python_float(*number),
            Value::Text(text) => quoted(text),
            Value::Date(text) => date_repr(text),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Self::python_repr).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Map(entries) => {
                let entry =
                    |(key, value): &(Self, Self)| format!("{}: {}", key.python_repr(), value.python_repr());
                let entries: Vec<String> = entries.iter().map(entry).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    fn write_json(&self, out: &mut String, style: &JsonStyle) {
        match &self.value {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Int(number) => out.push_str(&number.to_string()),
            Value::Float(number, text) => out.push_str(&style.float(*number, text)),
            Value::Text(text) => style.text(out, text),
            Value::Date(text) => style.text(out, text),
            Value::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { style.comma } else { "" });
                    item.write_json(out, style);
                }
                out.push(']');
            }
            Value::Map(entries) => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if index > 0 { style.comma } else { "" });
                    style.text(out, &key.json_key());
                    out.push_str(style.colon);
                    value.write_json(out, style);
                }
                out.push('}');
            }
        }
    }

    /// A dict's key as `json.dumps` writes it.
    fn json_key(&self) -> String {
        match &self.value {
            Value::Null => "null".into(),
            Value::Bool(value) => value.to_string(),
            _ => self.python_str(),
        }
    }
}

struct JsonStyle {
    comma: &'static str,
    colon: &'static str,
    is_python: bool,
}

impl JsonStyle {
    const PYTHON: Self = Self { comma: ", ", colon: ": ", is_python: true };
    const COMPACT: Self = Self { comma: ",", colon: ":", is_python: false };

    fn text(&self, out: &mut String, text: &str) {
        out.push('"');
        for letter in text.chars() {
            match letter {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                ' '..='~' => out.push(letter),
                '\u{0}'..='\u{1f}' => escape(out, letter),
                _ if self.is_python => escape(out, letter),
                _ => out.push(letter),
            }
        }
        out.push('"');
    }

    fn float(&self, number: f64, text: &str) -> String {
        match (self.is_python, number.is_finite()) {
            (true, true) => python_float(number),
            (true, false) if number.is_nan() => "NaN".into(),
            (true, false) => if number > 0.0 { "Infinity" } else { "-Infinity" }.into(),
            // JSON has no word for it.
            (false, false) => "null".into(),
            (false, true) => written_decimal(text)
                .filter(|text| is_json_number(text))
                .unwrap_or_else(|| python_float(number)),
        }
    }
}

fn escape(out: &mut String, letter: char) {
    for unit in letter.encode_utf16(&mut [0; 2]) {
        write!(out, "\\u{unit:04x}").unwrap_or_default();
    }
}

/// The text without underscores and plus sign, where it is a decimal number.
fn written_decimal(text: &str) -> Option<String> {
    let text = text.strip_prefix('+').unwrap_or(text).replace('_', "");
    let is_decimal = text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
        && text.parse::<f64>().is_ok_and(f64::is_finite);
    is_decimal.then_some(text)
}

fn is_json_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let starts = match digits {
        [b'0', next, ..] => !next.is_ascii_digit(),
        [first, ..] => first.is_ascii_digit(),
        [] => false,
    };
    let dot = digits.iter().position(|byte| *byte == b'.');
    starts && dot.is_none_or(|dot| digits.get(dot + 1).is_some_and(u8::is_ascii_digit))
}

/// A float as Python's `repr` writes it.
pub(super) fn python_float(number: f64) -> String {
    if number.is_nan() {
        return "nan".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = exponent.strip_prefix('-').map_or(("+", exponent), |digits| ("-", digits));
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    let text = format!("{number}");
    if text.contains('.') { text } else { format!("{text}.0") }
}

/// A str as Python's `repr` writes it: in double quotes only where it holds single ones alone.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if letter == quote => {
                out.push('\\');
                out.push(letter);
            }
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{a0}' | '\u{ad}' => {
                write!(out, "\\x{:02x}", u32::from(letter)).unwrap_or_default();
            }
            _ => out.push(letter),
        }
    }
    out.push(quote);
    out
}

/// `datetime.date(2025, 1, 1)`; a time stands as its text, since no list of a config holds one.
fn date_repr(text: &str) -> String {
    let parts: Option<Vec<u32>> = text.split('-').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some([year, month, day]) => format!("datetime.date({year}, {month}, {day})"),
        _ => quoted(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::read;

    fn node(text: &str) -> Node {
        read("x", text, &mut Vec::new()).unwrap()
    }

    #[test]
    fn values_are_written_as_python_writes_them() {
        for (text, expected) in [
            ("~", "None"),
            ("yes", "True"),
            ("1.50", "1.5"),
            ("1.0e-7", "1e-07"),
            ("12345678901234567890.0", "1.2345678901234567e+19"),
            ("text", "text"),
            ("2024-02-01", "2024-02-01"),
            (
                "[a, 1, ~, {b: \"it's\"}, 2024-02-01]",
                "['a', 1, None, {'b': \"it's\"}, datetime.date(2024, 2, 1)]",
            ),
        ] {
            assert_eq!(node(text).python_str(), expected, "{text}");
        }
    }

    #[test]
    fn json_is_written_as_python_writes_it_and_compactly() {
        let node = node("{a: [1, 2.50, true], 'é': \"😀\\n\", yes: ~, big: 12345678901234567890123}");
        let python = r#"{"a": [1, 2.5, true], "\u00e9": "\ud83d\ude00\n", "true": null, "big": 12345678901234567890123}"#;
        assert_eq!(node.python_json(), python);
        assert_eq!(
            node.json(),
            r#"{"a":[1,2.50,true],"é":"😀\n","true":null,"big":12345678901234567890123}"#
        );
    }

    #[test]
    fn decimals_keep_their_digits() {
        for (text, expected) in [
            ("0.0000025000", Some("0.0000025000")),
            ("1e-06", Some("1e-06")),
            ("'1.5'", Some("1.5")),
            ("+1_0.5", Some("10.5")),
            ("7", Some("7")),
            ("1:30.5", Some("90.5")),
            (".inf", None),
            ("cheap", None),
        ] {
            assert_eq!(node(text).decimal_text().as_deref(), expected, "{text}");
        }
    }
}
