//! The tree of a document.

use std::fmt;
use std::sync::Arc;

/// Where a node stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: Arc<str>,
    /// Its line, from 1.
    pub line: usize,
    /// Its column, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A value as Python would have it.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// None.
    Null,
    /// True or False.
    Bool(bool),
    /// An int; beyond 128 bits it is a text.
    Int(i128),
    /// A float, with the text that it was written as, so that money is never read from the float.
    Float(f64, Box<str>),
    /// A str.
    Text(String),
    /// A date, or a date with a time, as Python's `str()` writes it.
    Date(Box<str>),
    /// A list.
    List(Vec<Node>),
    /// A dict, in its order, without duplicates.
    Map(Vec<(Node, Node)>),
}

/// A value with its place. Its debug print shows no value, because any text may be a secret.
#[derive(Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub place: Place,
    /// It stands for a variable, whose values are texts whatever is meant.
    pub from_environment: bool,
}

impl fmt::Debug for Node {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at {}", self.kind(), self.place)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.kind())
    }
}

impl Value {
    /// What it is called to people.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Int(_) => "a whole number",
            Self::Float(..) => "a number",
            Self::Text(_) => "a text",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

impl Node {
    /// A value at its place.
    #[must_use]
    pub const fn new(value: Value, place: Place) -> Self {
        Self { value, place, from_environment: false }
    }

    /// The value under a key of a dict.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.entries().find(|(key, _)| key.text() == Some(name)).map(|(_, value)| value)
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

    /// What its value is called to people.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.value.kind()
    }

    /// Values in it, itself and keys included.
    #[must_use]
    pub fn count(&self) -> usize {
        match &self.value {
            Value::List(items) => 1 + items.iter().map(Self::count).sum::<usize>(),
            Value::Map(entries) => {
                1 + entries.iter().map(|(key, value)| key.count() + value.count()).sum::<usize>()
            }
            _ => 1,
        }
    }
}
