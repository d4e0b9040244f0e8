//! Teams, users, customers and tags by their ids: caches in front of the store.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use moka::future::Cache;
use weighhouse_storage::{
    BudgetRecord, Change, CustomerRecord, EntityKind, Store, StoreError, TagRecord, TeamRecord, UserRecord,
};
use weighhouse_types::{Error, Kind};

use crate::access::{AccessGroups, Models};
use crate::identity::Caller;
use crate::subject::{Customer, Tag, Team, User};

/// Records of a kind that are kept, absent ones included.
const MOST: u64 = 100_000;
/// How long a record is believed without asking again, should the feed of changes be silent.
const KEPT_FOR: Duration = Duration::from_secs(60);

type Shelf<T> = Cache<String, Option<Arc<T>>>;

/// Finds what limits hang on.
#[derive(Clone, Debug)]
pub struct Directory {
    store: Store,
    teams: Shelf<Team>,
    users: Shelf<User>,
    customers: Shelf<Customer>,
    tags: Shelf<Tag>,
    /// The access groups of the configuration in force, for whoever checks what is granted.
    groups: Arc<ArcSwap<AccessGroups>>,
    /// Counts changes, so that a look-up that began before one does not outlive it in the cache.
    changes: Arc<AtomicU64>,
}

/// Under what a call stands beside its key: its team, its user, its end user and its tags, as far as the store
/// knows them.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The key's team.
    pub team: Option<Arc<Team>>,
    /// The key's owner.
    pub user: Option<Arc<User>>,
    /// Whom the client names as its end user.
    pub customer: Option<Arc<Customer>>,
    /// Its tags: those of the key, of the team and its own, each once.
    pub tag_names: Arc<[String]>,
    /// Those of them that have a record.
    pub tags: Vec<Arc<Tag>>,
}

impl Directory {
    /// A directory over a store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        fn shelf<T: Send + Sync + 'static>() -> Shelf<T> {
            Cache::builder().max_capacity(MOST).time_to_live(KEPT_FOR).build()
        }
        Self {
            store,
            teams: shelf(),
            users: shelf(),
            customers: shelf(),
            tags: shelf(),
            groups: Arc::default(),
            changes: Arc::default(),
        }
    }

    /// A team.
    ///
    /// # Errors
    /// `Overloaded` where the store cannot be asked.
    pub async fn team(&self, id: &str) -> Result<Option<Arc<Team>>, Error> {
        self.look_up(&self.teams, id, async { Ok(self.store.find::<TeamRecord>(id).await?.map(Team::new)) })
            .await
    }

    /// A user.
    ///
    /// # Errors
    /// As [`Self::team`].
    pub async fn user(&self, id: &str) -> Result<Option<Arc<User>>, Error> {
        self.look_up(&self.users, id, async { Ok(self.store.find::<UserRecord>(id).await?.map(User::new)) })
            .await
    }

    /// A customer.
    ///
    /// # Errors
    /// As [`Self::team`].
    pub async fn customer(&self, id: &str) -> Result<Option<Arc<Customer>>, Error> {
        self.look_up(&self.customers, id, async {
            let Some(record) = self.store.find::<CustomerRecord>(id).await? else { return Ok(None) };
            let budget = match &record.budget_id {
                Some(budget) => self.store.find::<BudgetRecord>(budget).await?,
                None => None,
            };
            Ok(Some(Customer::new(record, budget.as_ref())))
        })
        .await
    }

    /// A tag.
    ///
    /// # Errors
    /// As [`Self::team`].
    pub async fn tag(&self, name: &str) -> Result<Option<Arc<Tag>>, Error> {
        self.look_up(&self.tags, name, async {
            Ok(self.store.find::<TagRecord>(name).await?.map(|record| Tag::new(&record)))
        })
        .await
    }

    /// Under what a call stands; `asked` are the tags that it names itself.
    ///
    /// # Errors
    /// `TeamBlocked` and `CustomerBlocked` in LiteLLM's words; `Overloaded`.
    pub async fn standing(
        &self,
        caller: &Caller,
        end_user: Option<&str>,
        asked: &[String],
    ) -> Result<Standing, Error> {
        let mut standing = Standing::default();
        if let Some(identity) = caller.key() {
            if let Some(id) = identity.team_id.as_deref() {
                standing.team = self.team(id).await?;
            }
            if let Some(id) = identity.user_id.as_deref() {
                standing.user = self.user(id).await?;
            }
        }
        if let Some(id) = end_user {
            standing.customer = self.customer(id).await?;
        }
        standing.tag_names = tag_names(caller, standing.team.as_deref(), asked);
        for name in standing.tag_names.iter() {
            standing.tags.extend(self.tag(name).await?);
        }
        standing.check()?;
        Ok(standing)
    }

    /// The access groups of the configuration in force. Calls take those of their own snapshot.
    #[must_use]
    pub fn access_groups(&self) -> Arc<AccessGroups> {
        self.groups.load_full()
    }

    /// Puts the access groups of another configuration in force.
    pub fn know_groups(&self, groups: Arc<AccessGroups>) {
        self.groups.store(groups);
    }

    /// Asks the store once, however many calls wait for the same record.
    async fn look_up<T: Send + Sync + 'static>(
        &self,
        shelf: &Shelf<T>,
        id: &str,
        ask: impl Future<Output = Result<Option<T>, StoreError>>,
    ) -> Result<Option<Arc<T>>, Error> {
        if let Some(found) = shelf.get(id).await {
            return Ok(found);
        }
        let before = self.changes.load(Ordering::Acquire);
        let asked = Box::pin(shelf.try_get_with(id.to_owned(), async { Ok(ask.await?.map(Arc::new)) })).await;
        if self.changes.load(Ordering::Acquire) != before {
            // The record may have been read before the change and kept after it.
            shelf.invalidate(id).await;
        }
        asked.map_err(|error: Arc<StoreError>| {
            let message =
                "the store cannot be asked for teams, users and customers now; try again in a moment";
            Error::new(Kind::Overloaded, message)
                .retry_after(Duration::from_secs(1))
                .source(error.to_string())
        })
    }

    /// Lets go of what a change made untrue.
    pub async fn forget(&self, change: &Change) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        match change {
            Change::Key(_) => {}
            Change::Entity(EntityKind::Team, id) => self.teams.invalidate(id).await,
            Change::Entity(EntityKind::User, id) => self.users.invalidate(id).await,
            Change::Entity(EntityKind::Customer, id) => self.customers.invalidate(id).await,
            Change::Entity(EntityKind::Tag, id) => self.tags.invalidate(id).await,
            // Whom a named budget was given nobody notes.
            Change::Entity(EntityKind::Budget, _) => self.customers.invalidate_all(),
            Change::Everything => {
                self.teams.invalidate_all();
                self.users.invalidate_all();
                self.customers.invalidate_all();
                self.tags.invalidate_all();
            }
        }
    }
}

/// Tags of key, team and call, each once: a call is counted once under a tag.
fn tag_names(caller: &Caller, team: Option<&Team>, asked: &[String]) -> Arc<[String]> {
    let of_team = team.map(|team| team.tags.as_slice()).unwrap_or_default();
    let of_key = caller.key().map(|identity| &identity.tags);
    if of_team.is_empty() && asked.is_empty() {
        return of_key.map(Arc::clone).unwrap_or_default();
    }
    let mut seen = BTreeSet::new();
    let all = of_key.into_iter().flat_map(|tags| tags.iter()).chain(of_team).chain(asked);
    all.filter(|tag| seen.insert(*tag)).cloned().collect()
}

impl Standing {
    fn check(&self) -> Result<(), Error> {
        if let Some(team) = self.team.as_ref().filter(|team| team.record.blocked) {
            let message = format!(
                "Team={} is blocked. Update via `/team/unblock` if you're an admin.",
                team.record.team_id
            );
            return Err(Error::new(Kind::BlockedKey, message));
        }
        if let Some(customer) = self.customer.as_ref().filter(|customer| customer.record.blocked) {
            let message =
                format!("Customer={} is blocked. Update via `/customer/unblock`", customer.record.user_id);
            return Err(Error::new(Kind::BlockedKey, message));
        }
        Ok(())
    }

    /// The model that a name stands for with the caller's team.
    #[must_use]
    pub fn model_for<'name>(&'name self, model: &'name str) -> &'name str {
        let alias = self.team.as_ref().and_then(|team| team.record.model_aliases.get(model));
        alias.map_or(model, String::as_str)
    }

    /// Whether team, user and tags allow a model, by the name asked for or the name that it stands for. The user's
    /// own list holds for keys without a team, as in LiteLLM.
    ///
    /// # Errors
    /// `ModelDenied`, naming who does not allow it.
    pub fn may_use(&self, asked: &str, model: &str, groups: &AccessGroups) -> Result<(), Error> {
        let grants = |models: &Models| models.grants(model, groups) || models.grants(asked, groups);
        if let Some(team) = &self.team
            && !grants(&team.models)
        {
            return Err(denied("team", &team.record.models, asked));
        }
        if let (None, Some(user)) = (&self.team, &self.user)
            && !grants(&user.models)
        {
            return Err(denied("user", &user.record.models, asked));
        }
        let forbids = |tag: &&Arc<Tag>| !grants(&tag.models);
        match self.tags.iter().find(forbids) {
            Some(tag) => Err(denied(&format!("tag {}", tag.subject.shown), &[], asked)),
            None => Ok(()),
        }
    }
}

fn denied(who: &str, models: &[String], asked: &str) -> Error {
    let message = format!(
        "{who} not allowed to access model. This {who} can only access models={models:?}. Tried to access {asked}"
    );
    Error::new(Kind::ModelDenied, message).at("model")
}
