//! What stands in a field: shown to people with its unit, to programs as the API writes it.

use weighhouse_api::Dollars;
use weighhouse_types::Nanos;

/// A value of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// The API says null, or nothing.
    Nothing,
    /// Words, a number, yes or no.
    Text(String),
    /// Exactly; people see it with its `$`.
    Money(Nanos),
}

impl Cell {
    /// The entries of a list, in one field.
    pub(crate) fn list<S: AsRef<str>>(entries: impl IntoIterator<Item = S>) -> Self {
        let entries: Vec<String> = entries.into_iter().map(|entry| entry.as_ref().to_owned()).collect();
        Self::Text(entries.join(", "))
    }

    pub(crate) fn is_nothing(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Text(text) => text.is_empty(),
            Self::Money(_) => false,
        }
    }

    /// For people.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Nothing => "-".to_owned(),
            Self::Text(text) if text.is_empty() => "-".to_owned(),
            Self::Text(text) => super::plain(text),
            Self::Money(nanos) if *nanos < Nanos::ZERO => format!("-${}", Nanos::ZERO - *nanos),
            Self::Money(nanos) => format!("${nanos}"),
        }
    }

    /// For programs.
    pub(crate) fn bare(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) => text.clone(),
            Self::Money(nanos) => nanos.to_string(),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Dollars> for Cell {
    fn from(dollars: Dollars) -> Self {
        Self::Money(dollars.0)
    }
}

impl From<Nanos> for Cell {
    fn from(nanos: Nanos) -> Self {
        Self::Money(nanos)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

macro_rules! counts {
    ($($count:ty)+) => {
        $(impl From<$count> for Cell {
            fn from(count: $count) -> Self {
                Self::Text(count.to_string())
            }
        })+
    };
}

counts! { bool u16 u32 u64 usize }
