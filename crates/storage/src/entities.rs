//! Teams, users, customers, named budgets and tags: what limits hang on beside keys.
//!
//! They live in one table, by kind and id, each as one JSON object: they are few, read by their id, and shaped
//! by what administrators wish to note.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::limits::Limits;

/// What kinds of records there are beside keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntityKind {
    /// [`TeamRecord`].
    Team,
    /// [`UserRecord`].
    User,
    /// [`CustomerRecord`].
    Customer,
    /// [`BudgetRecord`].
    Budget,
    /// [`TagRecord`].
    Tag,
}

impl EntityKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Team, Self::User, Self::Customer, Self::Budget, Self::Tag];

    /// The name in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::User => "user",
            Self::Customer => "customer",
            Self::Budget => "budget",
            Self::Tag => "tag",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A record that the store keeps by kind and id.
pub trait Entity: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// Its kind.
    const KIND: EntityKind;

    /// Its id, unique within the kind.
    fn id(&self) -> &str;

    /// What people look for it by.
    fn name(&self) -> Option<&str>;

    /// When it was made and last changed, milliseconds since 1970.
    fn times(&self) -> (i64, i64);
}

macro_rules! entity {
    ($record:ident $kind:ident $id:ident $name:expr) => {
        impl Entity for $record {
            const KIND: EntityKind = EntityKind::$kind;

            fn id(&self) -> &str {
                &self.$id
            }

            fn name(&self) -> Option<&str> {
                let name: fn(&Self) -> Option<&str> = $name;
                name(self)
            }

            fn times(&self) -> (i64, i64) {
                (self.created_ms, self.updated_ms)
            }
        }
    };
}

/// A team.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TeamRecord {
    /// Its lasting id.
    pub team_id: String,
    /// A name that people chose.
    pub team_alias: Option<String>,
    /// The organisation that it belongs to.
    pub organization_id: Option<String>,
    /// Who belongs to it.
    pub members: Vec<TeamMember>,
    /// Models that its keys may use, with wildcards; empty means all.
    pub models: Vec<String>,
    /// Names that stand for other models.
    pub model_aliases: BTreeMap<String, String>,
    /// Free JSON object.
    pub metadata: Map<String, Value>,
    /// Tags put on every call.
    pub tags: Vec<String>,
    /// Refused until unblocked.
    pub blocked: bool,
    /// What all of it together may spend and how fast.
    pub limits: Limits,
    /// What each member may, where nothing is said of the member.
    pub member_limits: Limits,
    /// When it was made.
    pub created_ms: i64,
    /// When it was last changed by an administrator.
    pub updated_ms: i64,
}

entity!(TeamRecord Team team_id |team| team.team_alias.as_deref());

impl TeamRecord {
    /// Tags for every call of its keys: its own, and those in its metadata, where LiteLLM keeps them.
    pub fn all_tags(&self) -> impl Iterator<Item = &str> {
        let of_metadata = self.metadata.get("tags").and_then(Value::as_array);
        let of_metadata = of_metadata.into_iter().flatten().filter_map(Value::as_str);
        self.tags.iter().map(String::as_str).chain(of_metadata)
    }

    /// A user's place in the team.
    #[must_use]
    pub fn member(&self, user_id: &str) -> Option<&TeamMember> {
        self.members.iter().find(|member| member.user_id.as_deref() == Some(user_id))
    }
}

/// A user's place in a team.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TeamMember {
    /// Who.
    pub user_id: Option<String>,
    /// Who, for people.
    pub user_email: Option<String>,
    /// May change the team.
    pub is_admin: bool,
    /// What the member may spend of the team's money; none of it set: what the team says of all members.
    pub limits: Limits,
}

/// What a user may do at the control plane (LiteLLM's `user_role`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserRole {
    /// Everything.
    ProxyAdmin,
    /// Sees everything, changes nothing.
    ProxyAdminViewer,
    /// Makes, sees and changes keys of the user's own.
    #[default]
    InternalUser,
    /// Sees keys and spend of the user's own.
    InternalUserViewer,
}

impl UserRole {
    /// All roles.
    pub const ALL: [Self; 4] =
        [Self::ProxyAdmin, Self::ProxyAdminViewer, Self::InternalUser, Self::InternalUserViewer];

    /// LiteLLM's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProxyAdmin => "proxy_admin",
            Self::ProxyAdminViewer => "proxy_admin_viewer",
            Self::InternalUser => "internal_user",
            Self::InternalUserViewer => "internal_user_viewer",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// A user of the house.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserRecord {
    /// The lasting id.
    pub user_id: String,
    /// Address.
    pub user_email: Option<String>,
    /// A name that people chose.
    pub user_alias: Option<String>,
    /// What the user may do at the control plane.
    pub user_role: UserRole,
    /// Teams of the user.
    pub teams: Vec<String>,
    /// Models that keys of the user's own may use; empty means all.
    pub models: Vec<String>,
    /// Free JSON object.
    pub metadata: Map<String, Value>,
    /// What the user's own keys together may spend and how fast.
    pub limits: Limits,
    /// When it was made.
    pub created_ms: i64,
    /// When it was last changed by an administrator.
    pub updated_ms: i64,
}

entity!(UserRecord User user_id |user| user.user_email.as_deref());

/// Whom clients name as their end user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomerRecord {
    /// What clients call them.
    pub user_id: String,
    /// A name that people chose.
    pub alias: Option<String>,
    /// Refused until unblocked.
    pub blocked: bool,
    /// The named budget that holds for them.
    pub budget_id: Option<String>,
    /// The model that they get where none is asked for.
    pub default_model: Option<String>,
    /// Where their calls may be answered.
    pub allowed_model_region: Option<String>,
    /// What they may spend and how fast, where no named budget says so.
    pub limits: Limits,
    /// When it was made.
    pub created_ms: i64,
    /// When it was last changed by an administrator.
    pub updated_ms: i64,
}

entity!(CustomerRecord Customer user_id |customer| customer.alias.as_deref());

/// Limits with a name, for many keys or customers at once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BudgetRecord {
    /// Its name.
    pub budget_id: String,
    /// What it allows to each of those whom it is given.
    pub limits: Limits,
    /// Who made it.
    pub created_by: Option<String>,
    /// When it was made.
    pub created_ms: i64,
    /// When it was last changed.
    pub updated_ms: i64,
}

entity!(BudgetRecord Budget budget_id |_| None);

/// A tag with a budget.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TagRecord {
    /// The tag.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Models that its calls may use; empty means all.
    pub models: Vec<String>,
    /// What calls with it may spend and how fast.
    pub limits: Limits,
    /// When it was made.
    pub created_ms: i64,
    /// When it was last changed.
    pub updated_ms: i64,
}

entity!(TagRecord Tag name |_| None);

/// Which records to list.
#[derive(Clone, Debug, Default)]
pub struct EntityFilter {
    /// Only this name, exactly.
    pub name: Option<String>,
}
