//! A key on the wire.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserialize, Deserializer};
use serde::{Serialize, Serializer};

/// A key as requests and replies carry it: `sk-…`, or in a request the hash that stands for it.
/// Its debug form shows nothing.
#[derive(Clone, Debug)]
pub struct KeyText(SecretString);

impl KeyText {
    /// Takes a key.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(key.into())
    }

    /// The key itself; never for logs or errors.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<SecretString> for KeyText {
    fn from(secret: SecretString) -> Self {
        Self(secret)
    }
}

impl Serialize for KeyText {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for KeyText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|key| Self(key.into()))
    }
}

impl JsonSchema for KeyText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KeyText".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keys_debug_form_shows_nothing() {
        assert!(!format!("{:?}", KeyText::new("sk-secret")).contains("secret\""));
        assert!(!format!("{:?}", KeyText::new("sk-secret")).contains("sk-"));
    }
}
