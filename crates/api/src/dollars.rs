//! Money on the wire: JSON numbers of dollars, as LiteLLM writes them.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};
use weighhouse_types::{Nanos, ParseMoneyError};

/// An amount of money that travels as a JSON number of dollars.
///
/// The shortest decimal text of the number is what counts, so `0.1` is exactly a tenth of a dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dollars(pub Nanos);

impl Dollars {
    /// Takes a number of dollars.
    ///
    /// # Errors
    /// The number is not finite or is beyond the range of the books.
    pub fn from_f64(dollars: f64) -> Result<Self, ParseMoneyError> {
        Nanos::from_usd(dollars).map(Self)
    }
}

impl Serialize for Dollars {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.0.to_usd())
    }
}

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Amount)
    }
}

/// LiteLLM takes numbers and texts that hold one.
struct Amount;

impl Visitor<'_> for Amount {
    type Value = Dollars;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a number of dollars")
    }

    fn visit_f64<E: Error>(self, dollars: f64) -> Result<Dollars, E> {
        Dollars::from_f64(dollars).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, dollars: i64) -> Result<Dollars, E> {
        self.visit_str(&dollars.to_string())
    }

    fn visit_u64<E: Error>(self, dollars: u64) -> Result<Dollars, E> {
        self.visit_str(&dollars.to_string())
    }

    fn visit_str<E: Error>(self, dollars: &str) -> Result<Dollars, E> {
        Nanos::parse_usd(dollars).map(Dollars).map_err(E::custom)
    }
}

impl JsonSchema for Dollars {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Dollars".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "description": "US dollars." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_read_exactly_and_leave_as_numbers() {
        let read = |json: &str| serde_json::from_str::<Dollars>(json).ok().map(|dollars| dollars.0.get());
        assert_eq!(read("0.1"), Some(100_000_000));
        assert_eq!(read("10"), Some(10_000_000_000));
        assert_eq!(read("-1"), Some(-1_000_000_000));
        assert_eq!(read("\"2.5\""), Some(2_500_000_000));
        assert_eq!(read("1e300"), None);
        assert_eq!(read("true"), None);
        assert_eq!(serde_json::to_string(&Dollars(Nanos::new(1_500))).unwrap(), "1.5e-6");
    }
}
