//! What the gateway answered: read, and as it was written.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::ClientError;

/// An answer as its type, which it derefs to, and as the gateway wrote it, which it serializes to: fields that the
/// type does not know are kept, and numbers digit by digit.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    value: T,
    written: Box<RawValue>,
}

impl<T> Answer<T> {
    /// The answer's JSON.
    #[must_use]
    pub fn json(&self) -> &str {
        self.written.get()
    }

    /// A part of the answer: the field that is named, or the whole of it. Read as `Vec<Answer<…>>`, the entries of a
    /// list keep how they were written.
    ///
    /// # Errors
    /// `Garbled`: there is no such field, or it is not of that type.
    pub fn part<U: DeserializeOwned>(&self, field: Option<&str>) -> Result<U, ClientError> {
        let garbled = |error: serde_json::Error| ClientError::Garbled(error.to_string());
        let Some(field) = field else { return serde_json::from_str(self.json()).map_err(garbled) };
        let fields: BTreeMap<String, &RawValue> = serde_json::from_str(self.json()).map_err(garbled)?;
        let part = fields.get(field).ok_or_else(|| ClientError::Garbled(format!("it has no `{field}`")))?;
        serde_json::from_str(part.get()).map_err(garbled)
    }

    /// The answer as its type.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T> Deref for Answer<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Answer<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = Box::<RawValue>::deserialize(from)?;
        let value = serde_json::from_str(written.get()).map_err(D::Error::custom)?;
        Ok(Self { value, written })
    }
}

impl<T> Serialize for Answer<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.written.serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_kept_as_it_was_written() {
        #[derive(serde::Deserialize)]
        struct Known {
            a: u64,
        }
        let json = r#"{"z":1.0000000000000000001,"a":2}"#;
        let answer: Answer<Known> = serde_json::from_str(json).unwrap();
        assert_eq!(answer.a, 2);
        assert_eq!(serde_json::to_string(&answer).unwrap(), json);
        let list: Answer<serde_json::Value> =
            serde_json::from_str(&format!(r#"{{"all":[{json}]}}"#)).unwrap();
        let parts: Vec<Answer<Known>> = list.part(Some("all")).unwrap();
        assert_eq!(serde_json::to_string(&parts).unwrap(), format!("[{json}]"));
        assert!(list.part::<Vec<Answer<Known>>>(Some("none")).is_err());
        assert!(serde_json::from_str::<Answer<Known>>(r#"{"a":"x"}"#).is_err());
    }
}
