//! A JSON text that is kept as it was written.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A valid JSON text: numbers, key order and escapes stay as they came.
#[derive(Clone)]
pub struct Json(Box<RawValue>);

impl Json {
    /// Takes a text that must be one JSON value; none where it is not.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        RawValue::from_string(text.trim().to_owned()).ok().map(Self)
    }

    /// A text as a JSON string.
    #[must_use]
    pub fn string(text: &str) -> Self {
        // A string can always be written.
        serde_json::value::to_raw_value(text).map_or_else(|_| Self::empty_object(), Self)
    }

    /// `{}`.
    #[must_use]
    pub fn empty_object() -> Self {
        Self(RawValue::from_string("{}".to_owned()).unwrap_or_default())
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.text().starts_with('{')
    }

    /// Reads it as a type; none where it does not fit.
    #[must_use]
    pub fn read<'text, T: Deserialize<'text>>(&'text self) -> Option<T> {
        serde_json::from_str(self.text()).ok()
    }
}

impl From<&RawValue> for Json {
    fn from(raw: &RawValue) -> Self {
        Self(raw.to_owned())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Json {}

impl fmt::Debug for Json {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.text())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_as_they_were_written() {
        let odd = r#"{"b":1.0000000000000000001,"a":"\u0041"}"#;
        assert_eq!(Json::parse(odd).map(|json| json.text().to_owned()).as_deref(), Some(odd));
        assert!(Json::parse("{").is_none());
        assert_eq!(Json::empty_object().text(), "{}");
        assert_eq!(Json::string("a\"b").text(), r#""a\"b""#);
    }
}
