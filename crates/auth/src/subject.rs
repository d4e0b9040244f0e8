//! What limits hang on, ready for calls: made once from a record, shared by every call until the record changes.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use weighhouse_storage::{
    BudgetRecord, CustomerRecord, KeyRecord, Limits, TagRecord, TeamRecord, UserRecord,
};
use weighhouse_types::{Nanos, Pattern, Scope, ScopeKind};

use crate::access::{AccessGroups, Models};

/// One scope with its limits.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Which.
    pub scope: Scope,
    /// How refusals name it.
    pub shown: Arc<str>,
    /// Its limits; the same `Arc` until somebody changes them.
    pub limits: Arc<Limits>,
    /// What it spent ever, where its record says so (keys).
    pub spent_ever: Option<Nanos>,
}

impl Subject {
    /// A scope that nobody limited.
    #[must_use]
    pub fn unlimited(kind: ScopeKind, id: &str) -> Self {
        // The same one for all, so that nobody takes it for a change.
        static NONE: LazyLock<Arc<Limits>> = LazyLock::new(Arc::default);
        Self { scope: Scope::new(kind, id), shown: id.into(), limits: Arc::clone(&NONE), spent_ever: None }
    }

    /// A scope of one id.
    #[must_use]
    pub fn new(kind: ScopeKind, id: &str, limits: Limits) -> Self {
        Self { scope: Scope::new(kind, id), shown: id.into(), limits: Arc::new(limits), spent_ever: None }
    }

    fn pair(kind: ScopeKind, first: &str, second: &str, limits: Limits) -> Self {
        Self {
            scope: Scope::pair(kind, first, second),
            shown: format!("{second} of {first}").into(),
            limits: Arc::new(limits),
            spent_ever: None,
        }
    }

    /// A virtual key. Where its own limits say nothing, those of its named budget hold.
    pub(crate) fn of_key(key: &KeyRecord, budget: Option<&BudgetRecord>) -> Self {
        Self {
            shown: key.key_name.as_str().into(),
            spent_ever: Some(key.total_spend),
            ..Self::new(ScopeKind::Key, key.id.as_str(), filled(&key.limits, budget))
        }
    }
}

/// Limits of single models, by what somebody named: a model, an access group, or a wildcard for many models. Whatever
/// an entry stands for shares its limits.
#[derive(Clone, Debug, Default)]
pub struct ModelSubjects {
    named: BTreeMap<String, Subject>,
    patterns: Vec<(Pattern, Subject)>,
}

impl ModelSubjects {
    pub(crate) fn of(kind: ScopeKind, id: &str, shown: &str, limits: &Limits) -> Self {
        let subject = |(model, of_model): (&String, _)| {
            // What is said of all budgets of a key or team holds for those of its models.
            let of_model = Limits { budget_mode: limits.budget_mode, ..Limits::from(of_model) };
            let mut subject = Subject::pair(kind, id, model, of_model);
            subject.shown = format!("{model} of {shown}").into();
            (model.clone(), subject)
        };
        let mut subjects = Self::default();
        for (name, subject) in limits.model_limits.iter().map(subject) {
            let is_all = Models::is_everything(&name);
            match Pattern::wildcard(if is_all { "*" } else { &name }) {
                Some(pattern) => subjects.patterns.push((pattern, subject)),
                None => drop(subjects.named.insert(name, subject)),
            }
        }
        subjects
    }

    /// Every limit that a model comes under, by the name that is asked for and the name that it stands for: each with
    /// and without what stands before its last slash, as LiteLLM takes providers off, and the groups of each.
    #[must_use]
    pub fn find(&self, asked: &str, model: &str, groups: &AccessGroups) -> Vec<&Subject> {
        if self.named.is_empty() && self.patterns.is_empty() {
            return Vec::new();
        }
        let both = [model, asked];
        let bare = both.map(|name| name.rsplit_once('/').map_or(name, |(_, bare)| bare));
        let names = || both.into_iter().chain(bare);
        let of_groups = both.into_iter().flat_map(|name| groups.of(name)).map(String::as_str);
        let named = names().chain(of_groups).filter_map(|name| self.named.get(name));
        let covers = |pattern: &Pattern| names().any(|name| pattern.covers(name));
        let covering =
            self.patterns.iter().filter(|(pattern, _)| covers(pattern)).map(|(_, subject)| subject);
        let mut found: Vec<&Subject> = Vec::new();
        for subject in named.chain(covering) {
            // Two names may lead to one entry; a call is counted there once.
            if !found.iter().any(|known| std::ptr::eq(*known, subject)) {
                found.push(subject);
            }
        }
        found
    }
}

/// A team, ready for calls.
#[derive(Clone, Debug)]
pub struct Team {
    /// What the store knows of it.
    pub record: TeamRecord,
    /// Models that its keys may use.
    pub models: Models,
    /// Tags for every call of its keys.
    pub tags: Vec<String>,
    /// All of it together.
    pub subject: Subject,
    /// Single models of it.
    pub of_models: ModelSubjects,
    members: BTreeMap<String, Subject>,
}

impl Team {
    pub(crate) fn new(record: TeamRecord) -> Self {
        let id = &record.team_id;
        let members = record.members.iter().filter_map(|member| {
            let user = member.user_id.clone()?;
            // One limit of their own frees nobody of the others that hold for all members.
            let limits = member.limits.filled_by(&record.member_limits);
            let subject = Subject::pair(ScopeKind::Member, id, &user, limits);
            Some((user, subject))
        });
        Self {
            models: Models::new(&record.models),
            tags: record.all_tags().map(str::to_owned).collect(),
            subject: Subject::new(ScopeKind::Team, id, record.limits.clone()),
            of_models: ModelSubjects::of(ScopeKind::TeamModel, id, id, &record.limits),
            members: members.collect(),
            record,
        }
    }

    /// A user within the team. Whoever is not noted as a member has what the team says of all members.
    #[must_use]
    pub fn member(&self, user: &str) -> Subject {
        self.members.get(user).cloned().unwrap_or_else(|| {
            let limits = self.record.member_limits.clone();
            Subject::pair(ScopeKind::Member, &self.record.team_id, user, limits)
        })
    }
}

/// A user, ready for calls.
#[derive(Clone, Debug)]
pub struct User {
    /// What the store knows of the user.
    pub record: UserRecord,
    /// Models that keys of the user's own may use.
    pub models: Models,
    /// All keys of the user's own.
    pub subject: Subject,
    /// Single models with all those keys.
    pub of_models: ModelSubjects,
}

impl User {
    pub(crate) fn new(record: UserRecord) -> Self {
        let id = &record.user_id;
        let subject = Subject::new(ScopeKind::User, id, record.limits.clone());
        let of_models = ModelSubjects::of(ScopeKind::UserModel, id, id, &record.limits);
        Self { models: Models::new(&record.models), subject, of_models, record }
    }
}

/// A customer, ready for calls.
#[derive(Clone, Debug)]
pub struct Customer {
    /// What the store knows of them.
    pub record: CustomerRecord,
    /// All their calls.
    pub subject: Subject,
    /// Their calls to single models.
    pub of_models: ModelSubjects,
}

impl Customer {
    pub(crate) fn new(record: CustomerRecord, budget: Option<&BudgetRecord>) -> Self {
        let (id, limits) = (&record.user_id, filled(&record.limits, budget));
        let of_models = ModelSubjects::of(ScopeKind::EndUserModel, id, id, &limits);
        Self { subject: Subject::new(ScopeKind::EndUser, id, limits), of_models, record }
    }
}

/// A tag with limits, ready for calls.
#[derive(Clone, Debug)]
pub struct Tag {
    /// Models that calls with it may use.
    pub models: Models,
    /// All calls with it.
    pub subject: Subject,
    /// Calls with it to single models.
    pub of_models: ModelSubjects,
}

impl Tag {
    pub(crate) fn new(record: &TagRecord) -> Self {
        let (name, limits) = (&record.name, &record.limits);
        Self {
            models: Models::new(&record.models),
            subject: Subject::new(ScopeKind::Tag, name, limits.clone()),
            of_models: ModelSubjects::of(ScopeKind::TagModel, name, name, limits),
        }
    }
}

/// Own limits, with what a named budget says where they say nothing.
#[must_use]
pub fn filled(own: &Limits, budget: Option<&BudgetRecord>) -> Limits {
    budget.map_or_else(|| own.clone(), |budget| own.filled_by(&budget.limits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use weighhouse_storage::{ModelLimits, TeamMember};

    #[test]
    fn own_limits_come_before_those_of_a_named_budget() {
        let budget = BudgetRecord {
            limits: Limits {
                max_budget: Some(Nanos::new(9)),
                budget_duration: Some("1d".into()),
                rpm_limit: Some(3),
                ..Limits::default()
            },
            ..BudgetRecord::default()
        };
        let own = Limits { max_budget: Some(Nanos::new(1)), ..Limits::default() };
        let both = filled(&own, Some(&budget));
        assert_eq!(
            (both.max_budget, both.budget_duration, both.rpm_limit),
            (Some(Nanos::new(1)), None, Some(3))
        );
        let named = filled(&Limits::default(), Some(&budget));
        assert_eq!((named.max_budget, named.budget_duration.as_deref()), (Some(Nanos::new(9)), Some("1d")));
    }

    #[test]
    fn each_entry_that_stands_for_a_model_binds_it() {
        let names =
            ["gpt-4o", "openai/gpt-4o", "openai/*", "gpt-*", "*", "paid", "all-proxy-models", "no/*-mini"];
        let limit =
            |name: &str| (name.to_owned(), ModelLimits { rpm_limit: Some(1), ..ModelLimits::default() });
        let mut groups = AccessGroups::default();
        groups.add("openai/gpt-4o", &["paid".into()]);
        let found = |names: &[&str], asked: &str, model: &str| -> Vec<String> {
            let limits =
                Limits { model_limits: names.iter().map(|name| limit(name)).collect(), ..Limits::default() };
            let of_models = ModelSubjects::of(ScopeKind::UserModel, "u", "u", &limits);
            let scopes =
                of_models.find(asked, model, &groups).into_iter().map(|subject| subject.scope.to_string());
            let mut scopes: Vec<_> = scopes.map(|scope| scope.replace("user_model:u/", "")).collect();
            scopes.sort();
            scopes
        };
        for (asked, model, expected) in [
            ("gpt-4o", "gpt-4o", &["*", "all-proxy-models", "gpt-*", "gpt-4o"][..]),
            (
                "openai/gpt-4o",
                "openai/gpt-4o",
                &["*", "all-proxy-models", "gpt-*", "gpt-4o", "openai/*", "openai/gpt-4o", "paid"],
            ),
            ("short", "gpt-4o", &["*", "all-proxy-models", "gpt-*", "gpt-4o"]),
            ("router/openai/gpt-4o", "router/openai/gpt-4o", &["*", "all-proxy-models", "gpt-*", "gpt-4o"]),
            ("groq/llama", "groq/llama", &["*", "all-proxy-models"]),
        ] {
            assert_eq!(found(&names, asked, model), expected, "{asked} {model}");
        }
        assert_eq!(found(&["paid", "openai/*"], "gpt-4o", "gpt-4o"), [""; 0]);
        assert_eq!(found(&[], "gpt-4o", "gpt-4o"), [""; 0]);
    }

    #[test]
    fn a_member_has_limits_of_its_own_or_those_of_all() {
        let of = |rpm| Limits { rpm_limit: Some(rpm), ..Limits::default() };
        let member =
            |id: &str, limits| TeamMember { user_id: Some(id.into()), limits, ..TeamMember::default() };
        let team = Team::new(TeamRecord {
            team_id: "t".into(),
            members: vec![member("ada", of(1)), member("bob", Limits::default())],
            member_limits: of(7),
            ..TeamRecord::default()
        });
        for (user, rpm) in [("ada", 1), ("bob", 7), ("eve", 7)] {
            assert_eq!(team.member(user).limits.rpm_limit, Some(rpm), "{user}");
        }
        assert_eq!(team.member("ada").scope.as_str(), "member:t/ada");
    }
}
