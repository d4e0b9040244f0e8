//! Which models a key may use.

use weighhouse_types::Pattern;

/// LiteLLM's names for every model. What a team allows is checked beside the key.
const ALL_MODELS: &[&str] = &["*", "all-proxy-models", "all-team-models"];
/// LiteLLM's name for none.
const NO_MODELS: &str = "no-default-models";

/// A list of models with wildcards, as keys carry it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Models {
    all: bool,
    exact: Vec<String>,
    patterns: Vec<Pattern>,
}

impl Models {
    /// Reads a list; an empty one grants everything, as in LiteLLM.
    #[must_use]
    pub fn new(entries: &[String]) -> Self {
        let mut models = Self { all: entries.is_empty(), ..Self::default() };
        for entry in entries {
            if ALL_MODELS.contains(&entry.as_str()) {
                models.all = true;
            } else if let Some(pattern) = Pattern::wildcard(entry) {
                models.patterns.push(pattern);
            } else if entry != NO_MODELS {
                models.exact.push(entry.clone());
            }
        }
        models
    }

    /// Whether a model is granted.
    #[must_use]
    pub fn grants(&self, model: &str) -> bool {
        self.all
            || self.exact.iter().any(|name| name == model)
            || self.patterns.iter().any(|pattern| pattern.covers(model))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_grant_what_they_name() {
        let grants = |entries: &[&str], model| {
            Models::new(&entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>()).grants(model)
        };
        assert!(grants(&[], "any"));
        assert!(grants(&["a", "all-proxy-models"], "any"));
        assert!(grants(&["openai/*"], "openai/gpt-4o"));
        assert!(!grants(&["openai/*"], "groq/llama"));
        assert!(grants(&["*mini*"], "gpt-4o-mini-2024"));
        assert!(!grants(&["a"], "ab"));
        assert!(!grants(&["no-default-models"], "a"));
        assert!(!grants(&["a*a"], "a"));
    }
}
