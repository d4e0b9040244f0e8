//! The tree of a document.

use std::sync::Arc;

/// Where a node stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<str>,
    /// Its line, from 1.
    pub line: usize,
    /// Its column, from 1.
    pub column: usize,
}

/// A value as Python would have it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// None.
    Null,
    /// True or False.
    Bool(bool),
    /// An int; beyond 128 bits it is a text.
    Int(i128),
    /// A float, with the text that it was written as, so that money is never read from the float.
    Float(f64, Box<str>),
    /// A str; dates too, as they were written.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A dict, in its order, without duplicates.
    Map(Vec<(Node, Node)>),
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub place: Place,
}

impl Node {
    /// The value under a key of a dict.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.entries()
            .find(|(key, _)| matches!(&key.value, Value::Text(text) if text == name))
            .map(|(_, value)| value)
    }

    /// The entries of a dict; none for anything else.
    pub fn entries(&self) -> impl Iterator<Item = (&Self, &Self)> {
        let entries = match &self.value {
            Value::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        entries.iter().map(|(key, value)| (key, value))
    }

    /// The items of a list; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text, where it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What Python calls its type, for people.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Int(_) => "a whole number",
            Value::Float(..) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The value as JSON. Keys become texts as Python's `json.dumps` makes them.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(number) => {
                i64::try_from(*number).map_or_else(|_| Json::from(number.to_string()), Json::from)
            }
            Value::Float(number, _) => serde_json::Number::from_f64(*number)
                .map_or_else(|| Json::from(python_float(*number)), Json::Number),
            Value::Text(text) => Json::from(text.as_str()),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|(key, value)| (key.key_text(), value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// A dict's key as `json.dumps` writes it.
    fn key_text(&self) -> String {
        match &self.value {
            Value::Text(text) => text.clone(),
            Value::Null => "null".into(),
            Value::Bool(value) => value.to_string(),
            _ => self.python_str(),
        }
    }

    /// The value as Python's `str()` writes it, dicts as JSON: what LiteLLM's deployment ids are made of.
    #[must_use]
    pub fn python_str(&self) -> String {
        match &self.value {
            Value::Null => "None".into(),
            Value::Bool(true) => "True".into(),
            Value::Bool(false) => "False".into(),
            Value::Int(number) => number.to_string(),
            Value::Float(number, _) => python_float(*number),
            Value::Text(text) => text.clone(),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Self::python_repr).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Map(_) => self.to_json().to_string(),
        }
    }

    fn python_repr(&self) -> String {
        match &self.value {
            Value::Text(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
            _ => self.python_str(),
        }
    }
}

/// A float as Python's `repr` writes it.
fn python_float(number: f64) -> String {
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
