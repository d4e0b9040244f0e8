//! What the command line says about keys.

use clap::{Args, Subcommand};

use crate::limit_arguments::LimitFields;
use crate::paging::Paging;
use crate::request::{Field, Source, object, pair};
use crate::terminal::Consent;

#[derive(Debug, Subcommand)]
pub(crate) enum KeyVerb {
    /// Make a key; it is shown this once
    #[command(visible_alias = "generate", after_help = NEW_EXAMPLES)]
    New {
        /// The key itself, where it is not to be made: sk- and at least 13 characters more
        #[arg(long, value_name = "KEY")]
        chosen: Option<String>,
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        fields: Box<KeyFields>,
    },
    /// Change a key; what is not named stays
    #[command(after_help = UPDATE_EXAMPLES)]
    Update {
        #[command(flatten)]
        key: Named,
        /// Empty a field; may be repeated
        #[arg(long, value_enum, value_name = "FIELD")]
        clear: Vec<Field>,
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        fields: Box<KeyFields>,
    },
    /// Tell about a key; without one, about the key that asks
    #[command(
        after_help = "Examples:\n  llmctl key info app\n  llmctl key info                                                the key that asks"
    )]
    Info {
        /// sk-..., its hash or its alias
        #[arg(value_name = "KEY")]
        name: Option<String>,
    },
    /// List keys, newest first
    #[command(after_help = LIST_EXAMPLES)]
    List {
        #[command(flatten)]
        paging: Paging,
        /// Only keys of this user
        #[arg(long, value_name = "ID")]
        user: Option<String>,
        /// Only keys of this team
        #[arg(long, value_name = "ID")]
        team: Option<String>,
        /// Only the key with this alias
        #[arg(long, value_name = "NAME")]
        alias: Option<String>,
        /// Only the key with this hash
        #[arg(long, value_name = "HASH")]
        hash: Option<String>,
    },
    /// Delete keys; what they spent stays in the ledger
    #[command(after_help = "Examples:\n  llmctl key delete app\n  llmctl key delete app batch --yes")]
    Delete {
        /// sk-..., hashes or aliases
        #[arg(required = true, value_name = "KEY")]
        names: Vec<String>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Refuse a key until it is unblocked
    #[command(after_help = "Examples:\n  llmctl key block app")]
    Block(Named),
    /// Take a blocked key again
    #[command(after_help = "Examples:\n  llmctl key unblock app")]
    Unblock(Named),
    /// Give a key a new secret, shown this once; budget and spend stay, the old secret is refused at once
    #[command(
        after_help = "Examples:\n  llmctl key regenerate app\n  llmctl key regenerate app --yes -o json | jq -r .key"
    )]
    Regenerate {
        #[command(flatten)]
        key: Named,
        /// The new key itself, where it is not to be made
        #[arg(long, value_name = "KEY")]
        chosen: Option<String>,
        #[command(flatten)]
        consent: Consent,
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
    /// A named budget, whose limits hold where the key's own say nothing
    #[arg(long, value_name = "ID")]
    pub(crate) budget: Option<String>,
    /// Owner
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
    /// Team
    #[arg(long, value_name = "ID")]
    pub(crate) team: Option<String>,
    /// A route that the key may ask: a path, a path/*, or a group such as llm_api_routes; may be repeated. None: those
    /// of its role
    #[arg(long = "allowed-route", value_name = "ROUTE")]
    pub(crate) allowed_routes: Vec<String>,
    /// A JSON object of your own
    #[arg(long, value_name = "JSON", value_parser = object)]
    pub(crate) metadata: Option<serde_json::Map<String, serde_json::Value>>,
    /// A tag for every call; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    #[command(flatten)]
    pub(crate) limits: LimitFields,
}

const NEW_EXAMPLES: &str = "\
Examples:
  llmctl key new                                                 no bounds
  llmctl key new --alias app --model gpt-4o --model 'claude-*' --max-budget 25 --rpm 60
  llmctl key new --team payments --user ada --model-budget gpt-4o=5/30d
  llmctl key new --duration 30d -o json | jq -r .key
  llmctl key new --from-file key.json --alias app                the alias goes before the file's";

const UPDATE_EXAMPLES: &str = "\
Examples:
  llmctl key update app --max-budget 50 --duration 30d
  llmctl key update app --model gpt-4o                           replaces the list
  llmctl key update app --clear expiry --clear models            works for ever, with all models";

const LIST_EXAMPLES: &str = "\
Examples:
  llmctl key list --team payments
  llmctl key list --all -o csv > keys.csv
  llmctl key list -o json | jq -r '.keys[].key_alias'";
