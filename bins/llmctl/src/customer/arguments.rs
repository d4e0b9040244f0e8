//! What the command line says about customers.

use clap::{Args, Subcommand};

use crate::limit_arguments::LimitFields;
use crate::paging::Paging;
use crate::request::{Field, Source};
use crate::terminal::Consent;

#[derive(Debug, Subcommand)]
pub(crate) enum CustomerVerb {
    /// Make a customer: whom clients name as their end user
    #[command(after_help = NEW_EXAMPLES)]
    New {
        /// What clients call them
        #[arg(required_unless_present = "from_file")]
        id: Option<String>,
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        fields: Box<CustomerFields>,
    },
    /// Change a customer; what is not named stays
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
        fields: Box<CustomerFields>,
    },
    /// Tell about a customer
    #[command(after_help = "Examples:\n  llmctl customer info acme")]
    Info {
        /// Which
        id: String,
    },
    /// List customers, newest first
    #[command(
        after_help = "Examples:\n  llmctl customer list\n  llmctl customer list --all -o csv > customers.csv"
    )]
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Delete customers; what they spent stays in the ledger
    #[command(
        after_help = "Examples:\n  llmctl customer delete acme\n  llmctl customer delete acme globex --yes"
    )]
    Delete {
        /// Which
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Refuse calls for customers until they are unblocked
    #[command(after_help = "Examples:\n  llmctl customer block acme")]
    Block {
        /// Which
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Take calls for blocked customers again
    #[command(after_help = "Examples:\n  llmctl customer unblock acme")]
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

const NEW_EXAMPLES: &str = "\
Examples:
  llmctl customer new acme --max-budget 10 --budget-duration 1d
  llmctl customer new acme --budget small
  llmctl customer new --from-file customer.json";

const UPDATE_EXAMPLES: &str = "\
Examples:
  llmctl customer update acme --max-budget 20
  llmctl customer update acme --clear budget --clear alias";
