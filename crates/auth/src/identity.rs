//! Who calls.

use std::collections::BTreeSet;
use std::sync::Arc;

use weighhouse_api::Route;
use weighhouse_storage::{BudgetRecord, KeyRecord};
use weighhouse_types::{Error, KeyHash, Kind, ScopeKind};

use crate::access::{AccessGroups, Models};
use crate::allowed_routes::AllowedRoutes;
use crate::subject::{ModelSubjects, Subject};

/// LiteLLM's name for the master key in logs and rows.
pub const MASTER_KEY_ALIAS: &str = "litellm_proxy_master_key";

/// Who calls.
#[derive(Clone, Debug)]
pub enum Caller {
    /// The holder of the master key: everything is allowed, nothing is bounded.
    Master(KeyHash),
    /// The holder of a virtual key.
    Key(Arc<Identity>),
}

/// A virtual key, ready for checks.
#[derive(Clone, Debug)]
pub struct Identity {
    /// What the store knows of it.
    pub record: KeyRecord,
    /// The models that it may use.
    pub models: Models,
    /// The routes that it may ask; none: those of its role.
    pub routes: Option<AllowedRoutes>,
    /// Tags for every call.
    pub tags: Arc<[String]>,
    /// Owner.
    pub user_id: Option<Arc<str>>,
    /// Team.
    pub team_id: Option<Arc<str>>,
    /// What it may spend and how fast.
    pub subject: Subject,
    /// Single models of it.
    pub of_models: ModelSubjects,
}

impl Identity {
    /// Prepares a key for checks, with the named budget that it was given.
    #[must_use]
    pub fn new(record: KeyRecord, budget: Option<&BudgetRecord>) -> Self {
        let subject = Subject::of_key(&record, budget);
        let mut seen = BTreeSet::new();
        let id = record.id.as_str();
        Self {
            of_models: ModelSubjects::of(ScopeKind::KeyModel, id, &record.key_name, &subject.limits),
            subject,
            models: Models::new(&record.models),
            routes: AllowedRoutes::new(&record.allowed_routes),
            // A call is counted once under a tag.
            tags: record.tags.iter().filter(|tag| seen.insert(*tag)).cloned().collect(),
            user_id: record.user_id.as_deref().map(Into::into),
            team_id: record.team_id.as_deref().map(Into::into),
            record,
        }
    }

    /// Whether the key works at a moment.
    ///
    /// # Errors
    /// `BlockedKey`, `ExpiredKey`.
    pub fn check(&self, now_ms: i64) -> Result<(), Error> {
        if self.record.blocked {
            let message =
                "Authentication Error, Key is blocked. Update via `/key/unblock` if you're an admin";
            return Err(Error::new(Kind::BlockedKey, message));
        }
        match self.record.expires_ms {
            Some(expires) if expires <= now_ms => {
                let message = format!("Authentication Error - Expired Key. Key={}", self.record.key_name);
                Err(Error::new(Kind::ExpiredKey, message))
            }
            _ => Ok(()),
        }
    }
}

impl Caller {
    /// The model that a name stands for with this caller: the key's alias, or the name itself.
    #[must_use]
    pub fn model_for<'name>(&'name self, model: &'name str) -> &'name str {
        match self {
            Self::Master(_) => model,
            Self::Key(identity) => {
                let alias = identity.record.aliases.iter().find(|(alias, _)| alias == model);
                alias.map_or(model, |(_, target)| target)
            }
        }
    }

    /// Whether the caller may use a model, by the name asked for or the name that it stands for.
    ///
    /// # Errors
    /// `ModelDenied`, in LiteLLM's words.
    pub fn may_use(&self, asked: &str, model: &str, groups: &AccessGroups) -> Result<(), Error> {
        match self {
            Self::Key(identity)
                if !identity.models.grants(model, groups) && !identity.models.grants(asked, groups) =>
            {
                let message = format!(
                    "key not allowed to access model. This key can only access models={:?}. Tried to access {asked}",
                    identity.record.models
                );
                Err(Error::new(Kind::ModelDenied, message).at("model"))
            }
            _ => Ok(()),
        }
    }

    /// Whether the caller may ask a route at all, by what the key itself carries.
    ///
    /// # Errors
    /// `RouteDenied`, in LiteLLM's words.
    pub fn may_ask(&self, route: &Route, path: &str) -> Result<(), Error> {
        let Self::Key(identity) = self else { return Ok(()) };
        let Some(routes) = &identity.routes else { return Ok(()) };
        if routes.admits(route, path) {
            return Ok(());
        }
        let message = format!(
            "Virtual key is not allowed to call this route. Only allowed to call routes: {:?}. Tried to call route: {path}",
            identity.record.allowed_routes
        );
        Err(Error::new(Kind::RouteDenied, message))
    }

    /// The hash that stands for the caller in rows and labels.
    #[must_use]
    pub fn hash(&self) -> &KeyHash {
        match self {
            Self::Master(hash) => hash,
            Self::Key(identity) => &identity.record.hash,
        }
    }

    /// The virtual key, where the caller has one.
    #[must_use]
    pub const fn key(&self) -> Option<&Arc<Identity>> {
        match self {
            Self::Master(_) => None,
            Self::Key(identity) => Some(identity),
        }
    }

    /// The name that people gave the key.
    #[must_use]
    pub fn alias(&self) -> Option<&str> {
        match self {
            Self::Master(_) => Some(MASTER_KEY_ALIAS),
            Self::Key(identity) => identity.record.key_alias.as_deref(),
        }
    }
}
