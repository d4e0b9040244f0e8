//! What the command line says about users.

use clap::{Args, Subcommand, ValueEnum};

use crate::limit_arguments::LimitFields;
use crate::paging::Paging;
use crate::request::{Field, Source, object};
use crate::terminal::Consent;

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
    pub(super) const fn name(self) -> &'static str {
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
    #[command(after_help = NEW_EXAMPLES)]
    New {
        /// The lasting id; one is made where none is named
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        /// Make no key
        #[arg(long)]
        no_key: bool,
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        fields: Box<UserFields>,
    },
    /// Change a user; what is not named stays
    #[command(after_help = UPDATE_EXAMPLES)]
    Update {
        /// Which
        id: String,
        /// Empty a field; may be repeated
        #[arg(long, value_enum, value_name = "FIELD")]
        clear: Vec<Field>,
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        fields: Box<UserFields>,
    },
    /// Tell about a user, their keys and teams
    #[command(
        after_help = "Examples:\n  llmctl user info ada\n  llmctl user info ada -o json | jq '.keys[].token'"
    )]
    Info {
        /// Which
        id: String,
    },
    /// List users, newest first
    #[command(after_help = "Examples:\n  llmctl user list\n  llmctl user list --all -o csv > users.csv")]
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Delete users and their keys; what they spent stays in the ledger
    #[command(after_help = "Examples:\n  llmctl user delete ada\n  llmctl user delete ada bob --yes")]
    Delete {
        /// Which
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        consent: Consent,
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
    /// A team of the user; may be repeated
    #[arg(long = "team", value_name = "ID")]
    pub(crate) teams: Vec<String>,
    /// A model that the user's own keys may use; may be repeated. None: all
    #[arg(long = "model", value_name = "MODEL")]
    pub(crate) models: Vec<String>,
    /// A JSON object of your own
    #[arg(long, value_name = "JSON", value_parser = object)]
    pub(crate) metadata: Option<serde_json::Map<String, serde_json::Value>>,
    #[command(flatten)]
    pub(crate) limits: LimitFields,
}

const NEW_EXAMPLES: &str = "\
Examples:
  llmctl user new --id ada --email ada@example.org --max-budget 20 --budget-duration 30d
  llmctl user new --id root --role proxy-admin --no-key
  llmctl user new --from-file user.json";

const UPDATE_EXAMPLES: &str = "\
Examples:
  llmctl user update ada --role proxy-admin-viewer
  llmctl user update ada --clear max-budget --clear email";
