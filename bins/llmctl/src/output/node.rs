//! JSON as it was written: fields in their order, numbers digit by digit.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// How deep an answer may be nested.
const MAX_DEPTH: usize = 128;
const STEP: &str = "  ";

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// A number, true, false or null.
    Bare(String),
    Text(String),
    List(Vec<Node>),
    Fields(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn read(json: &str) -> Result<Self, serde_json::Error> {
        Self::read_at(json.trim(), 0)
    }

    fn read_at(json: &str, depth: usize) -> Result<Self, serde_json::Error> {
        if depth > MAX_DEPTH {
            return Err(serde_json::Error::custom(format!("it is nested deeper than {MAX_DEPTH} levels")));
        }
        let inner = |raw: &RawValue| Self::read_at(raw.get(), depth + 1);
        match json.bytes().next() {
            Some(b'{') => {
                let fields = serde_json::from_str::<Fields>(json)?.0.into_iter();
                let read = fields.map(|(name, raw)| Ok((name, inner(raw)?)));
                read.collect::<Result<_, _>>().map(Self::Fields)
            }
            Some(b'[') => {
                let entries = serde_json::from_str::<Vec<&RawValue>>(json)?.into_iter();
                entries.map(inner).collect::<Result<_, _>>().map(Self::List)
            }
            Some(b'"') => serde_json::from_str(json).map(Self::Text),
            _ => serde_json::from_str::<&RawValue>(json).map(|raw| Self::Bare(raw.get().to_owned())),
        }
    }

    /// As JSON, a field on a line.
    pub(super) fn json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out, 0);
        out
    }

    fn write_json(&self, out: &mut String, depth: usize) {
        let wrap = |out: &mut String, ends: (char, char), count: usize, each: &dyn Fn(&mut String, usize)| {
            out.push(ends.0);
            for index in 0..count {
                out.push_str(if index == 0 { "\n" } else { ",\n" });
                out.push_str(&STEP.repeat(depth + 1));
                each(out, index);
            }
            if count > 0 {
                out.push('\n');
                out.push_str(&STEP.repeat(depth));
            }
            out.push(ends.1);
        };
        match self {
            Self::Bare(text) => out.push_str(text),
            Self::Text(text) => out.push_str(&json_text(text)),
            Self::List(entries) => wrap(out, ('[', ']'), entries.len(), &|out, index| {
                if let Some(entry) = entries.get(index) {
                    entry.write_json(out, depth + 1);
                }
            }),
            Self::Fields(fields) => wrap(out, ('{', '}'), fields.len(), &|out, index| {
                if let Some((name, value)) = fields.get(index) {
                    out.push_str(&json_text(name));
                    out.push_str(": ");
                    value.write_json(out, depth + 1);
                }
            }),
        }
    }
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The fields of an object in their order.
struct Fields<'json>(Vec<(String, &'json RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            fields.push((name, value));
        }
        Ok(Fields(fields))
    }
}
