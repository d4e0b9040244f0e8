//! The one door: from a request to the function that answers it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{Request, Response};
use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;
use weighhouse_api::{Endpoint, find, openapi};
use weighhouse_auth::{Directory, Everything, Granted, Keyring};
use weighhouse_storage::{Change, EntityKind, Store};
use weighhouse_types::{Error, KeyHash, Kind};

use crate::answer::{json, refuse, whole};
use crate::in_force::InForce;
use crate::{
    block, customer, delete, generate, info, key_health, list, many, named_budget, regenerate, spend,
    storable, tag, team, team_member, update, user,
};

/// The control plane over the rooms below.
pub struct Admin {
    pub(crate) store: Store,
    keyring: Keyring,
    pub(crate) directory: Directory,
    /// Whose calendar begins and ends the windows of budgets.
    pub(crate) zone: TimeZone,
    now_ms: Box<dyn Fn() -> i64 + Send + Sync>,
    /// Made when first asked for.
    description: OnceLock<Bytes>,
    /// Put in once there is a configuration in force.
    in_force: OnceLock<Arc<dyn InForce>>,
}

impl fmt::Debug for Admin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Admin").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Admin {
    /// A control plane. `now_ms` gives milliseconds since 1970.
    #[must_use]
    pub fn new(
        store: Store,
        keyring: Keyring,
        directory: Directory,
        zone: TimeZone,
        now_ms: impl Fn() -> i64 + Send + Sync + 'static,
    ) -> Self {
        Self {
            store,
            keyring,
            directory,
            zone,
            now_ms: Box::new(now_ms),
            description: OnceLock::new(),
            in_force: OnceLock::new(),
        }
    }

    /// Says whom to ask for prices and budgets of the configuration; the first who is said stays.
    pub fn ask_of(&self, in_force: Arc<dyn InForce>) {
        // Nobody says it twice; if anybody did, the first would know as much.
        drop(self.in_force.set(in_force));
    }

    /// Whom to ask for prices and budgets of the configuration.
    ///
    /// # Errors
    /// `Overloaded`: the house is still being put together.
    pub(crate) fn in_force(&self) -> Result<&dyn InForce, Error> {
        let starting = || Error::new(Kind::Overloaded, "the gateway is starting; try again in a moment");
        self.in_force.get().map(AsRef::as_ref).ok_or_else(starting)
    }

    /// Answers a request as far as its caller was granted. Errors are written in LiteLLM's shape.
    pub async fn answer(&self, request: Request<Bytes>, granted: Granted) -> Response<Bytes> {
        match self.ask(&request, &granted).await {
            Ok(response) => response,
            Err(error) => refuse(&error),
        }
    }

    async fn ask(&self, request: &Request<Bytes>, granted: &Granted) -> Result<Response<Bytes>, Error> {
        let found = find(request.method(), request.uri().path()).map_err(|_| not_mine())?;
        if found.route.endpoint != granted.endpoint() {
            return Err(not_mine());
        }
        let (body, query) = (request.body().as_ref(), request.uri().query());
        storable::check(found.capture, query, body)?;
        match granted.endpoint() {
            Endpoint::OpenApi => Ok(whole(self.description())),
            Endpoint::KeyInfo => json(&info::info(self, granted, query).await?),
            Endpoint::KeyList => json(&list::list(self, granted, query).await?),
            Endpoint::KeyInfos => json(&many::infos(self, granted, body).await?),
            Endpoint::KeyAliases => json(&many::aliases(self, granted, query).await?),
            Endpoint::KeyHealth => json(&key_health::health(granted)),
            Endpoint::KeyGenerate => json(&generate::generate(self, granted, body).await?),
            Endpoint::KeyServiceAccount => json(&generate::service_account(self, granted, body).await?),
            Endpoint::KeyUpdate => json(&update::update(self, granted, body).await?),
            Endpoint::TeamKeyBulkUpdate => json(&many::update_of_team(self, granted, body).await?),
            Endpoint::KeyDelete => json(&delete::delete(self, granted, body).await?),
            Endpoint::KeyBlock => json(&block::set_blocked(self, granted, body, true).await?),
            Endpoint::KeyUnblock => json(&block::set_blocked(self, granted, body, false).await?),
            Endpoint::KeyRegenerate => {
                let named = found.capture.map(|key| percent_decode_str(key).decode_utf8_lossy());
                json(&regenerate::regenerate(self, granted, named.as_deref(), body).await?)
            }
            Endpoint::TeamInfo => json(&team::info(self, granted, query).await?),
            Endpoint::TeamList => json(&team::list(self, granted, query).await?),
            Endpoint::TeamPages => json(&team::pages(self, granted, query).await?),
            // No team lets users in by themselves.
            Endpoint::TeamAvailable => json(&[(); 0]),
            Endpoint::UserInfo => json(&user::info(self, granted, query).await?),
            Endpoint::UserAlone => json(&user::alone(self, granted, query).await?),
            Endpoint::UserRoles => json(&user::roles()),
            Endpoint::TeamMemberAdd => json(&team_member::add(self, granted, body).await?),
            Endpoint::TeamMemberUpdate => json(&team_member::update(self, granted, body).await?),
            Endpoint::TeamMemberDelete => json(&team_member::delete(self, granted, body).await?),
            endpoint if spend::is_narrowed(endpoint) => spend::ask(self, granted, body, query).await,
            // Nothing below narrows its answer, so nothing below is for whoever does not reach everything.
            _ => self.ask_for_everything(granted.everything()?, granted.endpoint(), body, query).await,
        }
    }

    /// What concerns the whole house.
    async fn ask_for_everything(
        &self,
        all: Everything<'_>,
        endpoint: Endpoint,
        body: &[u8],
        query: Option<&str>,
    ) -> Result<Response<Bytes>, Error> {
        match endpoint {
            Endpoint::KeyBulkUpdate => json(&many::update_each(self, all, body).await?),
            Endpoint::UserNew => json(&user::new(self, all, body).await?),
            Endpoint::TeamNew => json(&team::new(self, body).await?),
            Endpoint::TeamUpdate => json(&team::update(self, body).await?),
            Endpoint::TeamDelete => json(&team::delete(self, body).await?),
            Endpoint::TeamBlock => json(&team::set_blocked(self, body, true).await?),
            Endpoint::TeamUnblock => json(&team::set_blocked(self, body, false).await?),
            Endpoint::TeamModelAdd => json(&team::models(self, body, true).await?),
            Endpoint::TeamModelDelete => json(&team::models(self, body, false).await?),
            Endpoint::UserUpdate => json(&user::update(self, body).await?),
            Endpoint::UserList => json(&user::list(self, query).await?),
            Endpoint::UserDelete => json(&user::delete(self, body).await?),
            Endpoint::CustomerNew => json(&customer::new(self, body).await?),
            Endpoint::CustomerUpdate => json(&customer::update(self, body).await?),
            Endpoint::CustomerInfo => json(&customer::info(self, query).await?),
            Endpoint::CustomerList => json(&customer::list(self, query).await?),
            Endpoint::CustomerDelete => json(&customer::delete(self, body).await?),
            Endpoint::CustomerBlock => json(&customer::set_blocked(self, body, true).await?),
            Endpoint::CustomerUnblock => json(&customer::set_blocked(self, body, false).await?),
            Endpoint::BudgetNew => json(&named_budget::new(self, body).await?),
            Endpoint::BudgetUpdate => json(&named_budget::update(self, body).await?),
            Endpoint::BudgetInfo => json(&named_budget::info(self, body).await?),
            Endpoint::BudgetList => json(&named_budget::list(self, query).await?),
            Endpoint::BudgetDelete => json(&named_budget::delete(self, body).await?),
            Endpoint::TagNew => json(&tag::new(self, body).await?),
            Endpoint::TagUpdate => json(&tag::update(self, body).await?),
            Endpoint::TagInfo => json(&tag::info(self, body).await?),
            Endpoint::TagList => json(&tag::list(self, query).await?),
            Endpoint::TagDelete => json(&tag::delete(self, body).await?),
            other => spend::ask_for_everything(self, all, other, body, query).await,
        }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        (self.now_ms)()
    }

    /// Makes a change true on this node at once; the store's feed tells the others.
    pub(crate) async fn forget(&self, hash: &KeyHash) {
        self.keyring.forget(&Change::Key(hash.clone())).await;
    }

    /// The same for a team, user, customer, budget or tag.
    pub(crate) async fn forget_entity(&self, kind: EntityKind, id: &str) {
        let change = Change::Entity(kind, id.to_owned());
        self.keyring.forget(&change).await;
        self.directory.forget(&change).await;
    }

    fn description(&self) -> Bytes {
        let make = || Bytes::from(openapi(env!("CARGO_PKG_VERSION")).to_string());
        self.description.get_or_init(make).clone()
    }
}

pub(crate) fn not_mine() -> Error {
    Error::new(Kind::NotFound, "the control plane has no such route; see /openapi.json")
}
