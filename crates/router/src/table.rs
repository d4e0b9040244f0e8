//! The routing table: groups of deployments by public name, wildcards, aliases, fallbacks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use weighhouse_types::Pattern;

use crate::health::Health;

/// A deployment in a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The deployment's place in the caller's list.
    pub deployment: usize,
    /// Its share of the group's calls, relative to the others'.
    pub weight: f64,
    /// Lower orders are used first; higher ones only when all lower ones fail.
    pub order: u32,
    /// Its own count of retries, which wins over the policy's.
    pub num_retries: Option<u32>,
    /// Its own length of a cooldown, which wins over the policy's.
    pub cooldown: Option<Duration>,
}

impl Member {
    /// A deployment like any other.
    #[must_use]
    pub const fn plain(deployment: usize) -> Self {
        Self { deployment, weight: 1.0, order: 0, num_retries: None, cooldown: None }
    }
}

/// Deployments under one public name.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// The public name.
    pub name: Arc<str>,
    /// Its deployments.
    pub members: Vec<Member>,
}

/// How calls are tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Retries in a group after the first attempt (LiteLLM's default: 2).
    pub num_retries: u32,
    /// Shortest wait between attempts at the same deployments.
    pub retry_after: Duration,
    /// Most groups that a call falls back through.
    pub max_fallbacks: u32,
    /// Fallback groups by group.
    pub fallbacks: BTreeMap<String, Vec<String>>,
    /// Fallback groups for every other group.
    pub default_fallbacks: Vec<String>,
    /// Nothing ever cools.
    pub disable_cooldowns: bool,
    /// Failures that are borne before a cooldown.
    pub allowed_fails: Option<u32>,
    /// A cooldown's length.
    pub cooldown: Option<Duration>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            num_retries: 2,
            retry_after: Duration::ZERO,
            max_fallbacks: 5,
            fallbacks: BTreeMap::new(),
            default_fallbacks: Vec::new(),
            disable_cooldowns: false,
            allowed_fails: None,
            cooldown: None,
        }
    }
}

/// A group that serves a name, and what a wildcard stands for in it.
#[derive(Clone, Debug)]
pub struct Found {
    /// The group.
    pub group: Arc<Group>,
    /// What the wildcard stands for; none for a plain group.
    pub tail: Option<String>,
}

/// The routing table of one configuration.
#[derive(Debug, Default)]
pub struct Table {
    groups: BTreeMap<String, Arc<Group>>,
    wildcards: Vec<(Pattern, Arc<Group>)>,
    aliases: BTreeMap<String, Alias>,
    health: Vec<Arc<Health>>,
    policy: Policy,
}

#[derive(Clone, Debug)]
struct Alias {
    group: String,
    hidden: bool,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, ..Self::default() }
    }

    /// Adds a deployment to the group of a name, which may be a wildcard.
    pub fn add(&mut self, name: &str, member: Member) {
        while self.health.len() <= member.deployment {
            self.health.push(Arc::default());
        }
        match Pattern::wildcard(name) {
            None => {
                let group = self.groups.entry(name.into()).or_insert_with(|| Group::named(name).into());
                Arc::make_mut(group).members.push(member);
            }
            Some(pattern) => match self.wildcards.iter_mut().find(|(known, _)| *known == pattern) {
                Some((_, group)) => Arc::make_mut(group).members.push(member),
                None => {
                    let group = Group { members: vec![member], ..Group::named(name) };
                    self.wildcards.push((pattern, group.into()));
                    self.wildcards.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.weight()));
                }
            },
        }
    }

    /// Lets a name stand for a group; a hidden one is not listed.
    pub fn alias(&mut self, name: &str, group: &str, hidden: bool) {
        self.aliases.insert(name.into(), Alias { group: group.into(), hidden });
    }

    /// Keeps a deployment's health over a change of configuration.
    pub fn keep_health(&mut self, deployment: usize, health: Arc<Health>) {
        if let Some(place) = self.health.get_mut(deployment) {
            *place = health;
        }
    }

    /// A deployment's health.
    #[must_use]
    pub fn health(&self, deployment: usize) -> Option<&Arc<Health>> {
        self.health.get(deployment)
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The group that serves a name: by name, by alias, or by the most particular wildcard.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Found> {
        let name = self.aliases.get(name).map_or(name, |alias| alias.group.as_str());
        if let Some(group) = self.groups.get(name) {
            return Some(Found { group: Arc::clone(group), tail: None });
        }
        self.wildcards.iter().find_map(|(pattern, group)| {
            pattern.tail(name).map(|tail| Found { group: Arc::clone(group), tail: Some(tail.to_owned()) })
        })
    }

    /// Public names in order: groups and aliases that are not hidden; wildcards are not names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let aliases = self.aliases.iter().filter(|(_, alias)| !alias.hidden).map(|(name, _)| name.as_str());
        let mut names: Vec<&str> = self.groups.keys().map(String::as_str).chain(aliases).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter()
    }

    /// All groups, wildcards last.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values().chain(self.wildcards.iter().map(|(_, group)| group)).map(AsRef::as_ref)
    }

    /// The groups that a call to a group falls back to, in order.
    #[must_use]
    pub fn fallbacks(&self, group: &str) -> &[String] {
        let own = self.policy.fallbacks.get(group).or_else(|| self.policy.fallbacks.get("*"));
        own.unwrap_or(&self.policy.default_fallbacks)
    }
}

impl Group {
    /// Retries of a call to the group: the most that one of its deployments asks for.
    pub(crate) fn num_retries(&self) -> Option<u32> {
        self.members.iter().filter_map(|member| member.num_retries).max()
    }

    /// The order that is used first.
    pub(crate) fn lowest_order(&self) -> u32 {
        self.members.iter().map(|member| member.order).min().unwrap_or_default()
    }

    fn named(name: &str) -> Self {
        Self { name: name.into(), members: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(Policy::default());
        for (deployment, name) in ["fast", "*", "openai/*", "openai/gpt-*"].into_iter().enumerate() {
            table.add(name, Member::plain(deployment));
        }
        table.alias("quick", "fast", false);
        table.alias("secret", "fast", true);
        table
    }

    #[test]
    fn names_win_over_wildcards_and_the_most_particular_wildcard_wins() {
        let table = table();
        for (asked, group, tail) in [
            ("fast", "fast", None),
            ("quick", "fast", None),
            ("openai/gpt-4o", "openai/gpt-*", Some("4o")),
            ("openai/o3", "openai/*", Some("o3")),
            ("else", "*", Some("else")),
        ] {
            let found = table.find(asked).unwrap();
            assert_eq!((found.group.name.as_ref(), found.tail.as_deref()), (group, tail), "{asked}");
        }
    }

    #[test]
    fn hidden_aliases_are_not_listed() {
        assert_eq!(table().names().collect::<Vec<_>>(), ["fast", "quick"]);
    }
}
