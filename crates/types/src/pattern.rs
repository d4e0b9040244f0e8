//! Names with wildcards: `openai/*`, `*`, `ft:gpt-*`. One rule for routes, keys and quirks.

/// A name in which one or more `*` stand for any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<String>,
}

impl Pattern {
    /// The pattern of a name; without a `*` it covers that name alone.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { parts: name.split('*').map(str::to_owned).collect() }
    }

    /// The pattern of a name with a `*` in it; none for a plain name.
    #[must_use]
    pub fn wildcard(name: &str) -> Option<Self> {
        name.contains('*').then(|| Self::new(name))
    }

    /// How particular it is: more fixed characters win (LiteLLM: longest pattern first).
    #[must_use]
    pub fn weight(&self) -> usize {
        self.parts.iter().map(String::len).sum()
    }

    /// What the stars stand for in a name, joined; none where the name does not fit.
    #[must_use]
    pub fn tail<'name>(&self, name: &'name str) -> Option<&'name str> {
        let (first, last) = match self.parts.as_slice() {
            [plain] => return (plain == name).then_some(""),
            [first, .., last] => (first, last),
            [] => return None,
        };
        let inside = name.strip_prefix(first.as_str())?.strip_suffix(last.as_str())?;
        let mut rest = inside;
        for part in self.parts.get(1..self.parts.len() - 1).unwrap_or_default() {
            rest = rest.split_once(part.as_str())?.1;
        }
        Some(inside)
    }

    /// Whether a name fits.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        self.tail(name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_names() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("gpt-4*", "gpt-4o", true),
            ("gpt-4*", "gpt-5", false),
            ("*mini", "gpt-4o-mini", true),
            ("o*-mini*", "o1-mini-2024", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("exact", "exact", true),
            ("exact", "exactly", false),
        ] {
            assert_eq!(Pattern::new(pattern).covers(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn the_tail_is_what_the_star_stands_for() {
        let tail = |pattern: &str, name| Pattern::new(pattern).tail(name).map(str::to_owned);
        assert_eq!(tail("openai/*", "openai/gpt-4o").as_deref(), Some("gpt-4o"));
        assert_eq!(tail("*", "anything/at-all").as_deref(), Some("anything/at-all"));
        assert_eq!(tail("openai/*", "groq/llama"), None);
        assert_eq!(tail("a*a", "a"), None);
        assert_eq!(tail("x/*-mini*", "x/gpt-mini-2").as_deref(), Some("gpt-mini-2"));
        assert_eq!(Pattern::wildcard("gpt-4o"), None);
    }
}
