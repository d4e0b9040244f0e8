//! What the command line says about teams.

use clap::{Args, Subcommand};
use weighhouse_api::Dollars;

use crate::key::KeyFields;
use crate::limit_arguments::{LimitFields, dollars};
use crate::paging::Paging;
use crate::request::{Field, Source, object, pair};
use crate::terminal::Consent;

#[derive(Debug, Subcommand)]
pub(crate) enum TeamVerb {
    /// Make a team
    #[command(after_help = NEW_EXAMPLES)]
    New {
        /// Its lasting id; one is made where none is named
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        fields: Box<TeamFields>,
    },
    /// Change a team; what is not named stays
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
        fields: Box<TeamFields>,
    },
    /// Tell about a team, its members and keys
    #[command(after_help = "Examples:\n  llmctl team info payments\n  llmctl team info payments -o yaml")]
    Info {
        /// Which
        id: String,
    },
    /// List teams, newest first
    #[command(after_help = LIST_EXAMPLES)]
    List {
        #[command(flatten)]
        paging: Paging,
        /// Only teams that this user is a member of
        #[arg(long, value_name = "ID")]
        user: Option<String>,
        /// Only teams with this alias
        #[arg(long, value_name = "NAME")]
        alias: Option<String>,
    },
    /// Delete teams and their keys; what they spent stays in the ledger
    #[command(after_help = "Examples:\n  llmctl team delete payments\n  llmctl team delete a b c --yes")]
    Delete {
        /// Which
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Refuse all keys of a team until it is unblocked
    #[command(after_help = "Examples:\n  llmctl team block payments")]
    Block {
        /// Which
        id: String,
    },
    /// Take the keys of a blocked team again
    #[command(after_help = "Examples:\n  llmctl team unblock payments")]
    Unblock {
        /// Which
        id: String,
    },
    /// Members of a team, and what each may spend
    Member {
        #[command(subcommand)]
        verb: MemberVerb,
    },
    /// Keys of a team, many at once
    Key {
        #[command(subcommand)]
        verb: TeamKeyVerb,
    },
    /// Models that a team may use
    Model {
        #[command(subcommand)]
        verb: TeamModelVerb,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum MemberVerb {
    /// Add a user to a team
    #[command(after_help = MEMBER_EXAMPLES)]
    Add {
        /// To which team
        id: String,
        /// Whom
        user: String,
        /// May change the team
        #[arg(long)]
        admin: bool,
        /// What the user may spend of the team's money, in dollars
        #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
        max_budget: Option<Dollars>,
        /// In windows of this duration
        #[arg(long, value_name = "DURATION")]
        budget_duration: Option<String>,
    },
    /// Change a member of a team; what is not named stays
    #[command(
        after_help = "Examples:\n  llmctl team member update payments ada --max-budget 20 --rpm 60\n  \
                            llmctl team member update payments ada --clear max-budget"
    )]
    Update {
        /// Of which team
        id: String,
        /// Whom
        user: String,
        /// What they may do in the team
        #[arg(long, value_name = "ROLE", value_parser = ["admin", "user"])]
        role: Option<String>,
        /// What the user may spend of the team's money, in dollars
        #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
        max_budget: Option<Dollars>,
        /// In windows of this duration
        #[arg(long, value_name = "DURATION")]
        budget_duration: Option<String>,
        /// Calls per minute
        #[arg(long, value_name = "N")]
        rpm: Option<u64>,
        /// Tokens per minute
        #[arg(long, value_name = "N")]
        tpm: Option<u64>,
        /// Empty a field; may be repeated
        #[arg(long, value_enum, value_name = "FIELD")]
        clear: Vec<Field>,
    },
    /// Take a user out of a team, and delete their keys of it
    #[command(
        after_help = "Examples:\n  llmctl team member delete payments ada\n  llmctl team member delete payments ada --yes"
    )]
    Delete {
        /// Of which team
        id: String,
        /// Whom
        user: String,
        #[command(flatten)]
        consent: Consent,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TeamKeyVerb {
    /// Change many keys of a team in the same way, each for itself; exit status 5 where some were refused
    #[command(after_help = TEAM_KEY_EXAMPLES)]
    Update {
        /// Which team
        id: String,
        /// sk-..., hashes or aliases
        #[arg(value_name = "KEY", required_unless_present = "all", conflicts_with = "all")]
        keys: Vec<String>,
        /// All keys of the team that are neither blocked nor expired
        #[arg(long)]
        all: bool,
        /// Empty a field; may be repeated
        #[arg(long, value_enum, value_name = "FIELD")]
        clear: Vec<Field>,
        #[command(flatten)]
        fields: Box<KeyFields>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TeamModelVerb {
    /// Let a team use models
    #[command(after_help = "Examples:\n  llmctl team model add payments gpt-4o 'claude-*'")]
    Add {
        /// Which team
        id: String,
        /// Which, with wildcards
        #[arg(required = true, value_name = "MODEL")]
        models: Vec<String>,
    },
    /// Let a team use models no more; with none left in its list it may use every model
    #[command(
        after_help = "Examples:\n  llmctl team model delete payments gpt-4o\n  llmctl team model delete payments gpt-4o --yes"
    )]
    Delete {
        /// Which team
        id: String,
        /// Which
        #[arg(required = true, value_name = "MODEL")]
        models: Vec<String>,
        #[command(flatten)]
        consent: Consent,
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
    /// A name that stands for another model with the team's keys; may be repeated
    #[arg(long = "model-alias", value_name = "NAME=MODEL", value_parser = pair)]
    pub(crate) aliases: Vec<(String, String)>,
    /// A tag for every call; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// A JSON object of your own
    #[arg(long, value_name = "JSON", value_parser = object)]
    pub(crate) metadata: Option<serde_json::Map<String, serde_json::Value>>,
    /// What each member may spend, in dollars
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub(crate) member_budget: Option<Dollars>,
    /// In windows of this duration
    #[arg(long, value_name = "DURATION")]
    pub(crate) member_budget_duration: Option<String>,
    /// Calls per minute of each member
    #[arg(long, value_name = "N")]
    pub(crate) member_rpm: Option<u64>,
    /// Tokens per minute of each member
    #[arg(long, value_name = "N")]
    pub(crate) member_tpm: Option<u64>,
    #[command(flatten)]
    pub(crate) limits: LimitFields,
}

const NEW_EXAMPLES: &str = "\
Examples:
  llmctl team new --id payments --max-budget 500 --budget-duration 30d
  llmctl team new --alias Payments --model gpt-4o --member-budget 50
  llmctl team new --from-file team.json";

const UPDATE_EXAMPLES: &str = "\
Examples:
  llmctl team update payments --max-budget 800
  llmctl team update payments --clear max-budget --clear models     without a budget, with all models
  llmctl team update payments --from-file - < team.json";

const LIST_EXAMPLES: &str = "\
Examples:
  llmctl team list
  llmctl team list --user ada
  llmctl team list --all -o csv > teams.csv";

const TEAM_KEY_EXAMPLES: &str = "\
Examples:
  llmctl team key update payments --all --rpm 60
  llmctl team key update payments app batch --clear models";

const MEMBER_EXAMPLES: &str = "\
Examples:
  llmctl team member add payments ada
  llmctl team member add payments ada --admin --max-budget 50 --budget-duration 30d";
