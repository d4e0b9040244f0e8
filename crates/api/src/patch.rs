//! A field of a merge patch: left out, null, or a value.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer};
use serde::{Serialize, Serializer};

/// What an update says about a field.
///
/// Use it with `#[serde(default, skip_serializing_if = "Patch::is_keep")]`, so that absence means [`Patch::Keep`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The field is absent: what is stored stays.
    #[default]
    Keep,
    /// The field is null: what is stored is cleared.
    Clear,
    /// The field replaces what is stored.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether nothing is said.
    #[must_use]
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// Applies the patch to what may be absent.
    pub fn apply(self, to: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *to = None,
            Self::Set(value) => *to = Some(value),
        }
    }

    /// Sets the empty value where null would be taken for silence.
    #[must_use]
    pub fn or_default(self) -> Self
    where
        T: Default,
    {
        match self {
            Self::Clear => Self::Set(T::default()),
            other => other,
        }
    }

    /// Takes what is empty for null.
    #[must_use]
    pub fn or_clear(self, is_empty: impl FnOnce(&T) -> bool) -> Self {
        match self {
            Self::Set(value) if is_empty(&value) => Self::Clear,
            other => other,
        }
    }

    /// The same patch of another type.
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(of(value)),
        }
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => to.serialize_none(),
            Self::Set(value) => value.serialize(to),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(from)?.map_or(Self::Clear, Self::Set))
    }
}

impl<T: JsonSchema> JsonSchema for Patch<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Option::<T>::schema_name()
    }

    fn inline_schema() -> bool {
        Option::<T>::inline_schema()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Option::<T>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Serialize)]
    struct Body {
        #[serde(default, skip_serializing_if = "Patch::is_keep")]
        limit: Patch<u64>,
    }

    #[test]
    fn absence_null_and_values_are_told_apart() {
        for (json, patch) in
            [("{}", Patch::Keep), (r#"{"limit":null}"#, Patch::Clear), (r#"{"limit":3}"#, Patch::Set(3))]
        {
            let body: Body = serde_json::from_str(json).unwrap();
            assert_eq!(body.limit, patch);
            assert_eq!(serde_json::to_string(&body).unwrap(), json);
        }
    }
}
