//! What a caller may reach through a route: made in one place from the route table, consumed by every handler.

use std::sync::Arc;

use weighhouse_api::{Endpoint, Permission, Reach, Role, Route, TeamReach, TeamRole};
use weighhouse_storage::{KeyRecord, KeysOf, UserRole};
use weighhouse_types::{Error, Kind};

use crate::directory::Directory;
use crate::identity::{Caller, Identity};
use crate::subject::{Team, User};

/// A caller on a route that they may ask, and how far its answer reaches.
///
/// Only [`Directory::grant`] makes one, so nothing is answered that the route table was not asked about.
#[derive(Clone, Debug)]
pub struct Granted {
    route: &'static Route,
    caller: Option<Caller>,
    role: Role,
    reach: Reach,
    user: Option<Arc<User>>,
    /// Teams of the user in which the route reaches something.
    teams: Vec<(TeamReach, Arc<Team>)>,
}

/// Proof that a caller reaches everything through a route. Handlers that do not narrow their answers take it.
#[derive(Clone, Copy, Debug)]
pub struct Everything<'granted> {
    granted: &'granted Granted,
}

impl<'granted> Everything<'granted> {
    /// What it was proved for.
    #[must_use]
    pub const fn granted(self) -> &'granted Granted {
        self.granted
    }
}

impl Directory {
    /// What a caller may reach through a route. Without a caller: what anyone may.
    ///
    /// # Errors
    /// `NoKey`; `RouteDenied` where the caller's role reaches nothing; `Overloaded` where the store cannot be asked.
    pub async fn grant(&self, route: &'static Route, caller: Option<Caller>) -> Result<Granted, Error> {
        let permission = route.permission;
        let (role, user) = match &caller {
            None => (Role::NoUser, None),
            Some(Caller::Master(_)) => (Role::ProxyAdmin, None),
            Some(Caller::Key(identity)) => self.role_of(identity).await?,
        };
        if caller.is_none() && permission.needs_key() {
            return Err(Error::new(Kind::NoKey, "Authentication Error, No api key passed in."));
        }
        let reach = permission.reach(role);
        if reach == Reach::Nothing {
            return Err(refused(route, role));
        }
        let teams = match (reach, &user) {
            (Reach::Own | Reach::InTeams, Some(user)) => self.teams_of(user, permission).await?,
            _ => Vec::new(),
        };
        Ok(Granted { route, caller, role, reach, user, teams })
    }

    /// A key whose owner has no record has no role.
    async fn role_of(&self, identity: &Identity) -> Result<(Role, Option<Arc<User>>), Error> {
        let user = match identity.user_id.as_deref() {
            Some(id) => self.user(id).await?,
            None => None,
        };
        let role = user.as_ref().map_or(Role::NoUser, |user| match user.record.user_role {
            UserRole::ProxyAdmin => Role::ProxyAdmin,
            UserRole::ProxyAdminViewer => Role::ProxyAdminViewer,
            UserRole::InternalUser => Role::InternalUser,
            UserRole::InternalUserViewer => Role::InternalUserViewer,
        });
        Ok((role, user))
    }

    async fn teams_of(
        &self,
        user: &User,
        permission: Permission,
    ) -> Result<Vec<(TeamReach, Arc<Team>)>, Error> {
        let mut teams = Vec::new();
        for id in &user.record.teams {
            let Some(team) = self.team(id).await? else { continue };
            // The team's own list says who belongs to it; the user's is only where to look.
            let Some(member) = team.record.member(&user.record.user_id) else { continue };
            let role = if member.is_admin { TeamRole::Admin } else { TeamRole::User };
            let reach = permission.team_reach(role);
            if reach != TeamReach::Nothing {
                teams.push((reach, team));
            }
        }
        Ok(teams)
    }
}

impl Granted {
    /// What the route answers.
    #[must_use]
    pub const fn endpoint(&self) -> Endpoint {
        self.route.endpoint
    }

    /// Who asks.
    ///
    /// # Errors
    /// `NoKey`: anyone may ask, and nobody says who they are.
    pub fn caller(&self) -> Result<&Caller, Error> {
        self.caller
            .as_ref()
            .ok_or_else(|| Error::new(Kind::NoKey, "Authentication Error, No api key passed in."))
    }

    /// The user who owns the key that asks, where they have a record.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        self.user.as_deref()
    }

    /// Their id.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.user().map(|user| user.record.user_id.as_str())
    }

    /// Whether everything is reached.
    #[must_use]
    pub fn reaches_everything(&self) -> bool {
        self.reach == Reach::Everything
    }

    /// Proof of it.
    ///
    /// # Errors
    /// `RouteDenied`.
    pub fn everything(&self) -> Result<Everything<'_>, Error> {
        if self.reaches_everything() && self.caller.is_some() {
            return Ok(Everything { granted: self });
        }
        Err(refused(self.route, self.role))
    }

    /// How far it reaches in a team.
    #[must_use]
    pub fn in_team(&self, id: &str) -> TeamReach {
        if self.reaches_everything() {
            return TeamReach::Whole;
        }
        // The service account of a team sees its team as a member does.
        if self.reach == Reach::Itself && self.team_of_key() == Some(id) {
            return self.route.permission.team_reach(TeamRole::User);
        }
        let found = self.teams.iter().find(|(_, team)| team.record.team_id == id);
        found.map_or(TeamReach::Nothing, |(reach, _)| *reach)
    }

    /// Teams in which something is reached; none: all teams.
    #[must_use]
    pub fn teams(&self) -> Option<Vec<String>> {
        if self.reaches_everything() {
            return None;
        }
        let own = self.team_of_key().filter(|_| self.reach == Reach::Itself).map(str::to_owned);
        Some(self.teams.iter().map(|(_, team)| team.record.team_id.clone()).chain(own).collect())
    }

    fn team_of_key(&self) -> Option<&str> {
        self.key().and_then(|identity| identity.team_id.as_deref())
    }

    /// The virtual key that asks.
    #[must_use]
    pub fn key(&self) -> Option<&Identity> {
        self.caller.as_ref().and_then(Caller::key).map(Arc::as_ref)
    }

    /// Checks that a team is reached.
    ///
    /// # Errors
    /// `RouteDenied`, the same whether the team is another's or nobody's.
    pub fn check_team(&self, field: &str, id: &str) -> Result<(), Error> {
        match self.in_team(id) {
            TeamReach::Shared | TeamReach::Whole => Ok(()),
            TeamReach::Own | TeamReach::Nothing => Err(self.denied(field, "team", id)),
        }
    }

    /// Checks that a whole team is reached, its members and their keys too.
    ///
    /// # Errors
    /// As [`Self::check_team`].
    pub fn check_whole_team(&self, field: &str, id: &str) -> Result<(), Error> {
        if self.in_team(id) == TeamReach::Whole { Ok(()) } else { Err(self.denied(field, "team", id)) }
    }

    /// Checks that a user is reached.
    ///
    /// # Errors
    /// `RouteDenied`, the same whether the user is another or nobody.
    pub fn check_user(&self, field: &str, id: &str) -> Result<(), Error> {
        let is_own = self.reach == Reach::Own && self.user_id() == Some(id);
        if is_own || self.reaches_everything() { Ok(()) } else { Err(self.denied(field, "user", id)) }
    }

    /// Whether a key is reached.
    #[must_use]
    pub fn reaches_key(&self, key: &KeyRecord) -> bool {
        if self.reaches_everything() {
            return true;
        }
        // Every key sees itself, whatever else it sees; whether it may change itself its role says.
        let sees_itself = matches!(self.reach, Reach::Itself | Reach::Own) && self.only_reads();
        if sees_itself && self.key().is_some_and(|own| own.record.id == key.id) {
            return true;
        }
        let is_own = key.user_id.is_some() && key.user_id.as_deref() == self.user_id();
        let in_team = key.team_id.as_deref().map(|team| self.in_team_of_key(team));
        match in_team {
            None => is_own && self.reach == Reach::Own,
            Some(TeamReach::Whole) => true,
            Some(TeamReach::Shared) => is_own || key.user_id.is_none(),
            Some(TeamReach::Own) => is_own,
            // Whoever left the team still sees what they own in it.
            Some(TeamReach::Nothing) => is_own && self.reach == Reach::Own && self.only_reads(),
        }
    }

    /// A key of no user reaches itself, not the team's other keys.
    fn in_team_of_key(&self, id: &str) -> TeamReach {
        if self.reach == Reach::Itself { TeamReach::Nothing } else { self.in_team(id) }
    }

    fn only_reads(&self) -> bool {
        self.route.permission.reach(Role::ProxyAdminViewer) != Reach::Nothing
    }

    /// Which keys are reached; none: all. The same as [`Self::reaches_key`], for lists.
    #[must_use]
    pub fn keys(&self) -> Option<KeysOf> {
        if self.reaches_everything() {
            return None;
        }
        let teams = |wanted: TeamReach| {
            let of = self.teams.iter().filter(|(reach, _)| *reach == wanted);
            of.map(|(_, team)| team.record.team_id.clone()).collect()
        };
        Some(KeysOf {
            itself: self.key().map(|identity| identity.record.id.clone()),
            user_id: self.user_id().map(str::to_owned),
            whole_teams: teams(TeamReach::Whole),
            shared_teams: teams(TeamReach::Shared),
        })
    }

    /// The refusal of something that is not reached. It does not tell whether it exists.
    #[must_use]
    pub fn denied(&self, field: &str, what: &str, id: &str) -> Error {
        let message = format!(
            "You are not allowed to access this {what}. Your role={} reaches only what is your own. {field}={id}; ask a \
             proxy admin",
            self.role.name()
        );
        Error::new(Kind::RouteDenied, message).at(field)
    }

    /// The refusal of a key, which may be a secret and is not repeated.
    #[must_use]
    pub fn denied_key(&self, field: &str) -> Error {
        let message = format!(
            "You are not allowed to access this key's info. Your role={} reaches only keys of your own; ask a proxy admin",
            self.role.name()
        );
        Error::new(Kind::RouteDenied, message).at(field)
    }
}

/// In LiteLLM's words.
fn refused(route: &Route, role: Role) -> Error {
    let message = format!(
        "Only the proxy admin may call this route. Route={}. Your role={}; use the master key, or a key of a user with \
         the role proxy_admin",
        route.path,
        role.name()
    );
    Error::new(Kind::RouteDenied, message)
}
