//! A JSON text as a tree that keeps the order of members and the text of what it does not look into.

use weighhouse_types::chat::Json;

use crate::wire::wire_object;

/// Deepest nesting that is looked into; bodies are held to the same by their envelope.
const MAX_DEPTH: usize = 128;

wire_object! {
    /// Any object.
    struct Anything<'a> {}
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Object(Vec<(String, Node)>),
    List(Vec<Node>),
    /// The text of a string, number or literal.
    Leaf(String),
}

impl Node {
    /// Reads a text that is valid JSON.
    pub(super) fn parse(text: &str) -> Self {
        Self::parse_at(text, 0)
    }

    fn parse_at(text: &str, depth: usize) -> Self {
        let text = text.trim();
        let leaf = || Self::Leaf(text.to_owned());
        if depth > MAX_DEPTH {
            return leaf();
        }
        if text.starts_with('{') {
            let Ok(object) = serde_json::from_str::<Anything<'_>>(text) else { return leaf() };
            let read = |(name, value): (crate::wire::Text<'_>, &serde_json::value::RawValue)| {
                (name.into_owned(), Self::parse_at(value.get(), depth + 1))
            };
            return Self::Object(object.unknown.into_iter().map(read).collect());
        }
        if text.starts_with('[') {
            let Ok(items) = serde_json::from_str::<Vec<&serde_json::value::RawValue>>(text) else {
                return leaf();
            };
            return Self::List(items.into_iter().map(|item| Self::parse_at(item.get(), depth + 1)).collect());
        }
        leaf()
    }

    /// A string.
    pub(super) fn string(text: &str) -> Self {
        Self::Leaf(Json::string(text).text().to_owned())
    }

    /// The text of a string.
    pub(super) fn as_str(&self) -> Option<String> {
        match self {
            Self::Leaf(text) => serde_json::from_str(text).ok(),
            Self::Object(_) | Self::List(_) => None,
        }
    }

    /// Whether it is this literal.
    pub(super) fn is(&self, literal: &str) -> bool {
        matches!(self, Self::Leaf(text) if text == literal)
    }

    /// The member of an object.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.members()?.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Takes a member out.
    pub(super) fn take(&mut self, name: &str) -> Option<Self> {
        let members = self.members_mut()?;
        let place = members.iter().position(|(known, _)| known == name)?;
        Some(members.remove(place).1)
    }

    /// Puts a member in its place, or at the end.
    pub(super) fn put(&mut self, name: &str, value: Self) {
        let Some(members) = self.members_mut() else { return };
        match members.iter_mut().find(|(known, _)| known == name) {
            Some((_, place)) => *place = value,
            None => members.push((name.to_owned(), value)),
        }
    }

    pub(super) const fn members(&self) -> Option<&Vec<(String, Self)>> {
        match self {
            Self::Object(members) => Some(members),
            Self::List(_) | Self::Leaf(_) => None,
        }
    }

    pub(super) const fn members_mut(&mut self) -> Option<&mut Vec<(String, Self)>> {
        match self {
            Self::Object(members) => Some(members),
            Self::List(_) | Self::Leaf(_) => None,
        }
    }

    /// Shows every schema that stands directly in this one.
    pub(super) fn each_schema(&mut self, mut show: impl FnMut(&mut Self)) {
        let Some(members) = self.members_mut() else { return };
        for (name, value) in members {
            match (name.as_str(), value) {
                (
                    "properties" | "$defs" | "defs" | "definitions" | "patternProperties",
                    Self::Object(named),
                ) => {
                    named.iter_mut().for_each(|(_, schema)| show(schema));
                }
                ("items" | "anyOf" | "any_of" | "oneOf" | "allOf" | "prefixItems", Self::List(schemas)) => {
                    schemas.iter_mut().for_each(&mut show)
                }
                ("items" | "additionalProperties" | "not" | "contains", schema @ Self::Object(_)) => {
                    show(schema);
                }
                _ => {}
            }
        }
    }

    /// The whole as a JSON text.
    pub(super) fn json(&self) -> Json {
        let mut out = String::new();
        self.write(&mut out);
        // What was read from JSON is JSON again.
        Json::parse(&out).unwrap_or_else(Json::empty_object)
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Leaf(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (place, (name, value)) in members.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    out.push_str(Json::string(name).text());
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}
