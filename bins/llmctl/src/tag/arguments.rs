//! What the command line says about tags.

use clap::{Args, Subcommand};

use crate::limit_arguments::LimitFields;
use crate::paging::Paging;
use crate::request::{Field, Source};
use crate::terminal::Consent;

#[derive(Debug, Subcommand)]
pub(crate) enum TagVerb {
    /// Give a tag limits
    #[command(after_help = NEW_EXAMPLES)]
    New {
        /// The tag
        #[arg(required_unless_present = "from_file")]
        name: Option<String>,
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        fields: Box<TagFields>,
    },
    /// Change the limits of a tag; what is not named stays
    #[command(after_help = UPDATE_EXAMPLES)]
    Update {
        /// Which
        name: String,
        /// Empty a field; may be repeated
        #[arg(long, value_enum, value_name = "FIELD")]
        clear: Vec<Field>,
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        fields: Box<TagFields>,
    },
    /// Tell about tags
    #[command(after_help = "Examples:\n  llmctl tag info batch\n  llmctl tag info batch nightly -o json")]
    Info {
        /// Which
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// List tags with limits, newest first
    #[command(after_help = "Examples:\n  llmctl tag list\n  llmctl tag list --all -o csv > tags.csv")]
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Take the limits of tags away; what was spent with them stays in the ledger
    #[command(after_help = "Examples:\n  llmctl tag delete batch --yes")]
    Delete {
        /// Which
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        #[command(flatten)]
        consent: Consent,
    },
}

/// What can be set of a tag.
#[derive(Debug, Default, Args)]
pub(crate) struct TagFields {
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// A model that calls with it may use; may be repeated. None: all
    #[arg(long = "model", value_name = "MODEL")]
    pub(crate) models: Vec<String>,
    #[command(flatten)]
    pub(crate) limits: LimitFields,
}

const NEW_EXAMPLES: &str = "\
Examples:
  llmctl tag new batch --max-budget 100 --budget-duration 30d
  llmctl tag new nightly --description 'jobs at night' --model gpt-4o-mini
  llmctl tag new --from-file tag.json";

const UPDATE_EXAMPLES: &str = "\
Examples:
  llmctl tag update batch --max-budget 200
  llmctl tag update batch --clear models";
