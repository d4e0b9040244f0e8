//! What a dialect says that has no name here yet.

use super::Json;
use crate::Dialect;

/// Members of one dialect that have no place in the canonical form, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    /// The dialect they came from; none where there are none.
    pub origin: Option<Dialect>,
    /// Name and value.
    pub members: Vec<(String, Json)>,
}

impl Extra {
    /// Nothing yet, of a dialect.
    #[must_use]
    pub const fn of(origin: Dialect) -> Self {
        Self { origin: Some(origin), members: Vec::new() }
    }

    /// Adds a member.
    pub fn put(&mut self, name: &str, value: Json) {
        self.members.push((name.to_owned(), value));
    }

    /// The member of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The members, if they are of that dialect: a dialect writes only its own.
    pub fn for_dialect(&self, dialect: Dialect) -> impl Iterator<Item = (&str, &Json)> {
        let is_own = self.origin == Some(dialect);
        self.members.iter().filter(move |_| is_own).map(|(name, value)| (name.as_str(), value))
    }
}
