//! Who reaches what: ONE table of permissions against roles. Every route names its permission.

/// What a caller is in the house. Everybody is exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The master key, or a key of a user with this role.
    ProxyAdmin,
    /// Sees what a proxy admin sees, changes nothing.
    ProxyAdminViewer,
    /// Looks after keys of their own.
    InternalUser,
    /// Sees keys of their own.
    InternalUserViewer,
    /// A key that no user owns: plain keys and the service accounts of teams.
    NoUser,
}

impl Role {
    /// All roles, in the order of the table's columns.
    pub const ALL: [Self; 5] = [
        Self::ProxyAdmin,
        Self::ProxyAdminViewer,
        Self::InternalUser,
        Self::InternalUserViewer,
        Self::NoUser,
    ];

    /// LiteLLM's name, where it has one.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProxyAdmin => "proxy_admin",
            Self::ProxyAdminViewer => "proxy_admin_viewer",
            Self::InternalUser => "internal_user",
            Self::InternalUserViewer => "internal_user_viewer",
            Self::NoUser => "no user",
        }
    }
}

/// What a user is in a team that they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TeamRole {
    /// Looks after the team.
    Admin,
    /// Belongs to it.
    User,
}

impl TeamRole {
    /// All roles, in the order of the table's columns.
    pub const ALL: [Self; 2] = [Self::Admin, Self::User];

    /// LiteLLM's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
        }
    }
}

/// How far a role in the house reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Refused.
    Nothing,
    /// Only the key that asks.
    Itself,
    /// Only what the caller's roles in teams reach.
    InTeams,
    /// The user and the user's keys, and what the user's roles in teams reach.
    Own,
    /// Whatever there is.
    Everything,
}

/// How far a role in a team reaches within that team, for whomever the role in the house lets ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TeamReach {
    /// Nothing of the team.
    Nothing,
    /// What the user owns in it.
    Own,
    /// The same, the team itself, and what nobody owns in it.
    Shared,
    /// The team, its members and what they own in it.
    Whole,
}

macro_rules! permissions {
    ($($(#[$doc:meta])+ $name:ident: $admin:ident $viewer:ident $user:ident $user_viewer:ident $no_user:ident, $team_admin:ident $team_user:ident;)+) => {
        /// Who may ask, and how far the answer reaches.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Permission {
            $($(#[$doc])+ $name,)+
        }

        impl Permission {
            /// All permissions.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// How far a role in the house reaches.
            #[must_use]
            pub const fn reach(self, role: Role) -> Reach {
                match self {
                    $(Self::$name => match role {
                        Role::ProxyAdmin => Reach::$admin,
                        Role::ProxyAdminViewer => Reach::$viewer,
                        Role::InternalUser => Reach::$user,
                        Role::InternalUserViewer => Reach::$user_viewer,
                        Role::NoUser => Reach::$no_user,
                    },)+
                }
            }

            /// How far a role in a team reaches within that team.
            #[must_use]
            pub const fn team_reach(self, role: TeamRole) -> TeamReach {
                match self {
                    $(Self::$name => match role {
                        TeamRole::Admin => TeamReach::$team_admin,
                        TeamRole::User => TeamReach::$team_user,
                    },)+
                }
            }
        }
    };
}

permissions! {
    //         proxy_admin  its viewer  internal_user  its viewer  no user,  team admin  team user
    /// Anyone, without a key.
    Public:     Everything  Everything  Everything     Everything  Everything, Nothing Nothing;
    /// Any valid key, on its own behalf.
    AnyKey:     Itself      Itself      Itself         Itself      Itself,     Nothing Nothing;
    /// Changes what concerns the whole house.
    Admin:      Everything  Nothing     Nothing        Nothing     Nothing,    Nothing Nothing;
    /// Reads what concerns the whole house.
    AdminReads: Everything  Everything  Nothing        Nothing     Nothing,    Nothing Nothing;
    /// Reads keys by their names.
    KeyReads:   Everything  Everything  Own            Own         Itself,     Whole   Shared;
    /// Lists keys.
    KeyLists:   Everything  Everything  Own            Own         Nothing,    Whole   Shared;
    /// Makes and changes keys.
    KeyWrites:  Everything  Nothing     Own            Nothing     Nothing,    Whole   Nothing;
    /// Gives keys new secrets, and deletes them.
    KeyRotates: Everything  Nothing     Own            Nothing     Nothing,    Whole   Own;
    /// Reads teams.
    TeamReads:  Everything  Everything  InTeams        InTeams     Itself,     Whole   Shared;
    /// Changes members of teams, and keys as an admin of their team.
    TeamWrites: Everything  Nothing     InTeams        Nothing     Nothing,    Whole   Nothing;
    /// Reads users.
    UserReads:  Everything  Everything  Own            Own         Nothing,    Nothing Nothing;
    /// Reads what was spent.
    SpendReads: Everything  Everything  Own            Own         Itself,     Whole   Own;
}

impl Permission {
    /// Whether a key is needed to ask.
    #[must_use]
    pub const fn needs_key(self) -> bool {
        !matches!(self, Self::Public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_in_teams_reach_only_where_the_role_in_the_house_lets_them_ask() {
        for permission in Permission::ALL.iter().copied() {
            let asks_in_teams = Role::ALL
                .into_iter()
                .any(|role| matches!(permission.reach(role), Reach::InTeams | Reach::Own));
            let reaches_in_teams =
                TeamRole::ALL.into_iter().any(|role| permission.team_reach(role) != TeamReach::Nothing);
            let is_of_users = permission == Permission::UserReads;
            assert_eq!(asks_in_teams && !is_of_users, reaches_in_teams, "{permission:?}");
        }
    }

    #[test]
    fn viewers_reach_nothing_where_something_changes() {
        for permission in
            [Permission::Admin, Permission::KeyWrites, Permission::KeyRotates, Permission::TeamWrites]
        {
            for viewer in [Role::ProxyAdminViewer, Role::InternalUserViewer, Role::NoUser] {
                assert_eq!(permission.reach(viewer), Reach::Nothing, "{permission:?}");
            }
        }
    }
}
