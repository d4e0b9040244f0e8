//! A dict from its entries: merges, and the last of equal keys.

use std::collections::HashMap;

use super::tree::{Node, Value};

/// What makes keys equal in Python: 1, 1.0 and True are one key.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Null,
    Int(i128),
    Float(u64),
    Text(String),
    Date(Box<str>),
}

impl Key {
    fn of(node: &Node) -> Self {
        match &node.value {
            Value::Bool(value) => Self::Int(i128::from(*value)),
            Value::Int(number) => Self::Int(*number),
            #[expect(clippy::cast_possible_truncation, reason = "a whole number within the range of i128")]
            Value::Float(number, _) if number.fract() == 0.0 && number.abs() < 1e38 => {
                Self::Int(*number as i128)
            }
            Value::Float(number, _) => Self::Float(number.to_bits()),
            Value::Text(text) => Self::Text(text.clone()),
            Value::Date(text) => Self::Date(text.clone()),
            // Lists and mappings are refused as keys before.
            Value::Null | Value::List(_) | Value::Map(_) => Self::Null,
        }
    }
}

/// A dict that is being filled.
#[derive(Default)]
pub(super) struct Mapping {
    entries: Vec<(Node, Node)>,
    /// Where a key stands, and whether the dict itself has named it already.
    index: HashMap<Key, (usize, bool)>,
}

impl Mapping {
    /// Adds what `<<` names: one mapping, or a list of which the first counts.
    ///
    /// # Errors
    /// Something else is named.
    pub(super) fn merge(&mut self, node: Node) -> Result<(), &'static str> {
        const REFUSED: &str = "`<<` takes a mapping or a list of mappings";
        match node.value {
            Value::Map(entries) => entries.into_iter().for_each(|(key, value)| {
                self.put(key, value, false);
            }),
            Value::List(items) => {
                for item in items.into_iter().rev() {
                    let Value::Map(entries) = item.value else { return Err(REFUSED) };
                    for (key, value) in entries {
                        self.put(key, value, false);
                    }
                }
            }
            _ => return Err(REFUSED),
        }
        Ok(())
    }

    /// Adds an entry of its own; whether the key stood in it already.
    pub(super) fn own(&mut self, key: Node, value: Node) -> bool {
        self.put(key, value, true)
    }

    /// The last value counts, at the place of the first key.
    fn put(&mut self, key: Node, value: Node, is_own: bool) -> bool {
        let next = self.entries.len();
        let (at, was_own) = self.index.entry(Key::of(&key)).or_insert((next, false));
        let was = std::mem::replace(was_own, *was_own || is_own);
        match self.entries.get_mut(*at) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((key, value)),
        }
        was && is_own
    }

    pub(super) fn into_entries(self) -> Vec<(Node, Node)> {
        self.entries
    }
}
