//! Query strings: read with their limits, written with their escapes.

use std::borrow::Cow;

use weighhouse_types::{Error, Kind};

/// Parameters that are looked at; a flood of others is dropped.
const MAX_PARAMETERS: usize = 64;

/// A query's parameters.
pub(crate) struct Query<'text>(Vec<(Cow<'text, str>, Cow<'text, str>)>);

impl<'text> Query<'text> {
    pub(crate) fn new(query: Option<&'text str>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).take(MAX_PARAMETERS).collect())
    }

    /// The last value of a parameter, if it is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let found = self.0.iter().rev().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_ref()).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// A number within bounds.
    pub(crate) fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Error> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(refused(name, &format!("must be a number from {least} to {most}")).with_status(422)),
        }
    }

    /// Yes or no, in the words that FastAPI takes.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" | "t" | "y" => Ok(Some(true)),
            "false" | "0" | "no" | "off" | "f" | "n" => Ok(Some(false)),
            _ => Err(refused(name, "must be true or false").with_status(422)),
        }
    }

    /// Writes those parameters that have a value.
    pub(crate) fn write<const N: usize>(parameters: [(&str, Option<String>); N]) -> String {
        let mut out = form_urlencoded::Serializer::new(String::new());
        for (name, value) in parameters {
            if let Some(value) = value {
                out.append_pair(name, &value);
            }
        }
        out.finish()
    }
}

/// A parameter that cannot be answered.
pub(crate) fn refused(name: &str, why: &str) -> Error {
    Error::new(Kind::InvalidRequest, format!("`{name}` {why}")).at(name)
}
