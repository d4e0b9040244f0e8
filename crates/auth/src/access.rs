//! Which models a key may use.

use std::collections::BTreeMap;

use weighhouse_types::Pattern;

/// LiteLLM's names for every model. What a team allows is checked beside the key.
const ALL_MODELS: &[&str] = &["*", "all-proxy-models", "all-team-models"];
/// LiteLLM's name for none.
pub const NO_MODELS: &str = "no-default-models";

/// A list of models with wildcards and names of access groups, as keys carry it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Models {
    all: bool,
    /// Models and access groups: which of both a name is the configuration says.
    exact: Vec<String>,
    patterns: Vec<Pattern>,
}

/// Names that lists of models may use for several models at once (`model_info.access_groups`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessGroups {
    /// By the model's name.
    of_model: BTreeMap<String, Vec<String>>,
    /// By a wildcard among the models.
    of_pattern: Vec<(Pattern, Vec<String>)>,
}

impl AccessGroups {
    /// Notes that a model belongs to groups, or one more of its deployments does.
    pub fn add(&mut self, model: &str, groups: &[String]) {
        if groups.is_empty() {
            return;
        }
        let known = match Pattern::wildcard(model) {
            None => self.of_model.entry(model.to_owned()).or_default(),
            Some(pattern) => {
                let known = self.of_pattern.iter().position(|(other, _)| *other == pattern);
                let place = known.unwrap_or(self.of_pattern.len());
                if known.is_none() {
                    self.of_pattern.push((pattern, Vec::new()));
                }
                let Some((_, known)) = self.of_pattern.get_mut(place) else { return };
                known
            }
        };
        known.extend(groups.iter().filter(|group| !known.contains(group)).cloned().collect::<Vec<_>>());
    }

    /// The groups of a model: its own, or those of the wildcards that cover it.
    pub(crate) fn of<'all>(&'all self, model: &'all str) -> impl Iterator<Item = &'all String> {
        let own = self.of_model.get(model);
        let of_patterns =
            self.of_pattern.iter().filter(move |(pattern, _)| own.is_none() && pattern.covers(model));
        own.into_iter().flatten().chain(of_patterns.flat_map(|(_, groups)| groups))
    }

    /// Whether a name is a group, and not a model's.
    #[must_use]
    pub fn is_group(&self, name: &str) -> bool {
        let mut lists = self.of_model.values().chain(self.of_pattern.iter().map(|(_, groups)| groups));
        lists.any(|groups| groups.iter().any(|group| group == name))
    }
}

impl Models {
    /// Reads a list; an empty one grants everything, as in LiteLLM.
    #[must_use]
    pub fn new(entries: &[String]) -> Self {
        let mut models = Self { all: entries.is_empty(), ..Self::default() };
        for entry in entries {
            if Self::is_everything(entry) {
                models.all = true;
            } else if let Some(pattern) = Pattern::wildcard(entry) {
                models.patterns.push(pattern);
            } else if entry != NO_MODELS {
                models.exact.push(entry.clone());
            }
        }
        models
    }

    /// Whether an entry stands for every model.
    #[must_use]
    pub fn is_everything(entry: &str) -> bool {
        ALL_MODELS.contains(&entry)
    }

    /// Whether a model is granted, by its name or one of its groups.
    #[must_use]
    pub fn grants(&self, model: &str, groups: &AccessGroups) -> bool {
        self.all
            || self.exact.iter().any(|name| name == model)
            || self.patterns.iter().any(|pattern| pattern.covers(model))
            || groups.of(model).any(|group| self.exact.contains(group))
    }

    /// The first entry of another list that reaches beyond this one.
    #[must_use]
    pub fn exceeded_by<'entry>(
        &self,
        entries: &'entry [String],
        groups: &AccessGroups,
    ) -> Option<&'entry str> {
        if self.all {
            return None;
        }
        if entries.is_empty() {
            return Some("*");
        }
        let is_held = |entry: &&String| {
            // A group may hold models that nothing else here names, so only the group itself holds it.
            let is_held = || self.grants(entry, groups) && !groups.is_group(entry);
            entry.as_str() == NO_MODELS || self.exact.contains(*entry) || is_held()
        };
        entries.iter().find(|entry| !is_held(entry)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|entry| (*entry).to_owned()).collect()
    }

    fn groups() -> AccessGroups {
        let mut groups = AccessGroups::default();
        groups.add("gpt-4o", &list(&["beta", "paid"]));
        groups.add("gpt-4o", &list(&["beta", "fast"]));
        groups.add("groq/*", &list(&["fast"]));
        groups.add("plain", &[]);
        groups
    }

    #[test]
    fn lists_grant_what_they_name() {
        let grants = |entries: &[&str], model| Models::new(&list(entries)).grants(model, &groups());
        assert!(grants(&[], "any"));
        assert!(grants(&["a", "all-proxy-models"], "any"));
        assert!(grants(&["openai/*"], "openai/gpt-4o"));
        assert!(!grants(&["openai/*"], "groq/llama"));
        assert!(grants(&["*mini*"], "gpt-4o-mini-2024"));
        assert!(!grants(&["a"], "ab"));
        assert!(!grants(&["no-default-models"], "a"));
        assert!(!grants(&["a*a"], "a"));
    }

    #[test]
    fn a_group_grants_its_models_and_no_other() {
        let grants = |entries: &[&str], model| Models::new(&list(entries)).grants(model, &groups());
        assert!(grants(&["paid"], "gpt-4o") && grants(&["fast"], "gpt-4o"));
        assert!(grants(&["fast"], "groq/llama") && !grants(&["beta"], "groq/llama"));
        assert!(!grants(&["fast"], "plain"));
        assert!(!grants(&["fas*"], "groq/llama"), "a wildcard is for names of models");
    }

    #[test]
    fn what_reaches_further_is_found() {
        let exceeded = |own: &[&str], other: &[&str]| {
            Models::new(&list(own)).exceeded_by(&list(other), &groups()).map(str::to_owned)
        };
        assert_eq!(exceeded(&[], &[]), None);
        assert_eq!(exceeded(&["a"], &[]), Some("*".into()));
        assert_eq!(exceeded(&["a", "b"], &["b", "c"]), Some("c".into()));
        assert_eq!(exceeded(&["open*"], &["openai/*", "open"]), None);
        assert_eq!(exceeded(&["openai/*"], &["open*"]), Some("open*".into()));
        assert_eq!(exceeded(&["a"], &["all-team-models"]), Some("all-team-models".into()));
        assert_eq!(exceeded(&["fast"], &["fast", "gpt-4o", "groq/*"]), None);
        assert_eq!(exceeded(&["gpt-4o"], &["paid"]), Some("paid".into()), "groups may grow");
        assert_eq!(exceeded(&["p*"], &["paid"]), Some("paid".into()));
        assert_eq!(exceeded(&["a"], &["no-default-models"]), None);
    }
}
