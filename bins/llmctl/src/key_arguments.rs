//! What the command line says about keys.

use clap::{Args, Subcommand, ValueEnum};

use crate::limit_arguments::LimitFields;

#[derive(Debug, Subcommand)]
pub(crate) enum KeyVerb {
    /// Make a key; it is shown this once
    #[command(after_help = GENERATE_EXAMPLES)]
    Generate {
        /// The key itself, where it is not to be made: sk- and at least 13 characters more
        #[arg(long, value_name = "KEY")]
        chosen: Option<String>,
        #[command(flatten)]
        fields: Box<KeyFields>,
    },
    /// Change a key; what is not named stays
    #[command(after_help = UPDATE_EXAMPLES)]
    Update {
        #[command(flatten)]
        key: Named,
        #[command(flatten)]
        fields: Box<KeyFields>,
        /// Empty a field; may be repeated
        #[arg(long, value_enum, value_name = "FIELD")]
        clear: Vec<Field>,
    },
    /// Tell about a key; without one, about the key that asks
    Info {
        /// sk-..., its hash or its alias
        name: Option<String>,
    },
    /// List keys, newest first
    List {
        /// Counts from 1
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
        page: u64,
        /// Keys on a page
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100))]
        size: u32,
        /// Only keys of this user
        #[arg(long, value_name = "ID")]
        user: Option<String>,
        /// Only keys of this team
        #[arg(long, value_name = "ID")]
        team: Option<String>,
        /// Only the key with this alias
        #[arg(long, value_name = "NAME")]
        alias: Option<String>,
    },
    /// Delete keys; what they spent stays in the ledger
    Delete {
        /// sk-..., hashes or aliases
        #[arg(required = true, value_name = "KEY")]
        names: Vec<String>,
    },
    /// Refuse a key until it is unblocked
    Block(Named),
    /// Take a blocked key again
    Unblock(Named),
    /// Give a key a new secret, shown this once; budget and spend stay
    Regenerate {
        #[command(flatten)]
        key: Named,
        /// The new key itself, where it is not to be made
        #[arg(long, value_name = "KEY")]
        chosen: Option<String>,
    },
}

/// A key that is named.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// sk-..., its hash or its alias
    #[arg(value_name = "KEY")]
    pub(crate) name: String,
}

/// What can be set of a key.
#[derive(Debug, Default, Args)]
pub(crate) struct KeyFields {
    /// A name for people; unique
    #[arg(long, value_name = "NAME")]
    pub(crate) alias: Option<String>,
    /// How long the key works: 30s, 5m, 24h, 7d, 2w, 1mo
    #[arg(long, value_name = "DURATION")]
    pub(crate) duration: Option<String>,
    /// A model that the key may use, with wildcards; may be repeated. None: all
    #[arg(long = "model", value_name = "MODEL")]
    pub(crate) models: Vec<String>,
    /// A name that stands for another model with this key; may be repeated
    #[arg(long = "model-alias", value_name = "NAME=MODEL", value_parser = pair)]
    pub(crate) aliases: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) limits: LimitFields,
    /// A named budget, whose limits hold where the key's own say nothing
    #[arg(long, value_name = "ID")]
    pub(crate) budget: Option<String>,
    /// Owner
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
    /// Team
    #[arg(long, value_name = "ID")]
    pub(crate) team: Option<String>,
    /// A JSON object of your own
    #[arg(long, value_name = "JSON", value_parser = object)]
    pub(crate) metadata: Option<serde_json::Map<String, serde_json::Value>>,
    /// A tag for every call; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
}

/// What can be emptied of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Field {
    /// No name
    Alias,
    /// No end of its time
    Expiry,
    /// All models
    Models,
    /// No names for other models
    ModelAliases,
    /// No budget
    MaxBudget,
    /// No owner
    User,
    /// No team
    Team,
    /// No metadata and no tags
    Metadata,
    /// No tags
    Tags,
    /// No limit of calls per minute
    Rpm,
    /// No limit of tokens per minute
    Tpm,
    /// No limit of calls at once
    MaxParallel,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, model) = text.split_once('=').ok_or("write it as NAME=MODEL")?;
    Ok((name.to_owned(), model.to_owned()))
}

fn object(text: &str) -> Result<serde_json::Map<String, serde_json::Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))
}

const GENERATE_EXAMPLES: &str = "\
Examples:
  llmctl key generate                                            no bounds
  llmctl key generate --alias app --model gpt-4o --model 'claude-*' --max-budget 25 --rpm 60
  llmctl key generate --duration 30d -o json | jq -r .key";

const UPDATE_EXAMPLES: &str = "\
Examples:
  llmctl key update app --max-budget 50 --duration 30d
  llmctl key update app --model gpt-4o                           replaces the list
  llmctl key update app --clear expiry --clear models            works for ever, with all models";
