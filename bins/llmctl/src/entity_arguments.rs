//! What the command line says about teams, users, customers and named budgets.

use clap::{Args, Subcommand, ValueEnum};

use crate::limit_arguments::LimitFields;

/// A page of a list.
#[derive(Debug, Args)]
pub(crate) struct Paging {
    /// Counts from 1
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) page: u64,
    /// Entries on a page
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) size: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TeamVerb {
    /// Make a team
    #[command(after_help = TEAM_EXAMPLES)]
    New {
        /// Its lasting id; one is made where none is named
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        #[command(flatten)]
        fields: Box<TeamFields>,
    },
    /// Change a team; what is not named stays
    Update {
        /// Which
        id: String,
        #[command(flatten)]
        fields: Box<TeamFields>,
    },
    /// Tell about a team, its members and keys
    Info {
        /// Which
        id: String,
    },
    /// List teams, newest first
    List(Paging),
    /// Delete teams and their keys; what they spent stays in the ledger
    Delete {
        /// Which
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Refuse all keys of a team until it is unblocked
    Block {
        /// Which
        id: String,
    },
    /// Take the keys of a blocked team again
    Unblock {
        /// Which
        id: String,
    },
    /// Add a user to a team
    AddMember {
        /// To which team
        id: String,
        /// Whom
        user: String,
        /// May change the team
        #[arg(long)]
        admin: bool,
        /// What the user may spend of the team's money, in dollars
        #[arg(long, value_name = "DOLLARS")]
        max_budget: Option<f64>,
        /// In windows of this duration
        #[arg(long, value_name = "DURATION")]
        budget_duration: Option<String>,
    },
    /// Take a user out of a team
    RemoveMember {
        /// From which team
        id: String,
        /// Whom
        user: String,
    },
}

/// What can be set of a team.
#[derive(Debug, Default, Args)]
pub(crate) struct TeamFields {
    /// A name for people
    #[arg(long, value_name = "NAME")]
    pub(crate) alias: Option<String>,
    /// A model that its keys may use, with wildcards; may be repeated. None: all
    #[arg(long = "model", value_name = "MODEL")]
    pub(crate) models: Vec<String>,
    #[command(flatten)]
    pub(crate) limits: LimitFields,
    /// What each member may spend, in dollars
    #[arg(long, value_name = "DOLLARS")]
    pub(crate) member_budget: Option<f64>,
}

/// What a user may do at the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Everything
    ProxyAdmin,
    /// Sees everything, changes nothing
    ProxyAdminViewer,
    /// Calls models
    InternalUser,
    /// Sees what is the user's own
    InternalUserViewer,
}

impl Role {
    /// LiteLLM's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ProxyAdmin => "proxy_admin",
            Self::ProxyAdminViewer => "proxy_admin_viewer",
            Self::InternalUser => "internal_user",
            Self::InternalUserViewer => "internal_user_viewer",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserVerb {
    /// Make a user, and a key with them that is shown this once
    New {
        /// The lasting id; one is made where none is named
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        /// Make no key
        #[arg(long)]
        no_key: bool,
        #[command(flatten)]
        fields: Box<UserFields>,
    },
    /// Change a user; what is not named stays
    Update {
        /// Which
        id: String,
        #[command(flatten)]
        fields: Box<UserFields>,
    },
    /// Tell about a user, their keys and teams
    Info {
        /// Which
        id: String,
    },
    /// List users, newest first
    List(Paging),
    /// Delete users and their keys; what they spent stays in the ledger
    Delete {
        /// Which
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

/// What can be set of a user.
#[derive(Debug, Default, Args)]
pub(crate) struct UserFields {
    /// Address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// A name for people
    #[arg(long, value_name = "NAME")]
    pub(crate) alias: Option<String>,
    /// What the user may do at the control plane
    #[arg(long, value_enum)]
    pub(crate) role: Option<Role>,
    /// A model that the user's own keys may use; may be repeated. None: all
    #[arg(long = "model", value_name = "MODEL")]
    pub(crate) models: Vec<String>,
    #[command(flatten)]
    pub(crate) limits: LimitFields,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CustomerVerb {
    /// Make a customer: whom clients name as their end user
    New {
        /// What clients call them
        id: String,
        #[command(flatten)]
        fields: Box<CustomerFields>,
    },
    /// Change a customer; what is not named stays
    Update {
        /// Which
        id: String,
        #[command(flatten)]
        fields: Box<CustomerFields>,
    },
    /// Tell about a customer
    Info {
        /// Which
        id: String,
    },
    /// List customers, newest first
    List(Paging),
    /// Delete customers; what they spent stays in the ledger
    Delete {
        /// Which
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Refuse calls for customers until they are unblocked
    Block {
        /// Which
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Take calls for blocked customers again
    Unblock {
        /// Which
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

/// What can be set of a customer.
#[derive(Debug, Default, Args)]
pub(crate) struct CustomerFields {
    /// A name for people
    #[arg(long, value_name = "NAME")]
    pub(crate) alias: Option<String>,
    /// The named budget that holds for them
    #[arg(long, value_name = "ID")]
    pub(crate) budget: Option<String>,
    #[command(flatten)]
    pub(crate) limits: LimitFields,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BudgetVerb {
    /// Make a named budget, to be given to many keys or customers
    New {
        /// Its name; one is made where none is named
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        #[command(flatten)]
        limits: LimitFields,
    },
    /// Change a named budget; what is not named stays
    Update {
        /// Which
        id: String,
        #[command(flatten)]
        limits: LimitFields,
    },
    /// List named budgets, newest first
    List(Paging),
    /// Delete a named budget
    Delete {
        /// Which
        id: String,
    },
}

const TEAM_EXAMPLES: &str = "\
Examples:
  llmctl team new --id payments --max-budget 500 --budget-duration 30d
  llmctl team add-member payments ada --max-budget 50
  llmctl key generate --team payments --user ada
  llmctl team info payments";
