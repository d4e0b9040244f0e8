//! What the command line says about named budgets.

use clap::Subcommand;

use crate::limit_arguments::LimitFields;
use crate::paging::Paging;
use crate::request::{Field, Source};
use crate::terminal::Consent;

#[derive(Debug, Subcommand)]
pub(crate) enum BudgetVerb {
    /// Make a named budget, to be given to many keys or customers
    #[command(after_help = NEW_EXAMPLES)]
    New {
        /// Its name; one is made where none is named
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        limits: Box<LimitFields>,
    },
    /// Change a named budget; what is not named stays
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
        limits: Box<LimitFields>,
    },
    /// Tell about named budgets
    #[command(after_help = "Examples:\n  llmctl budget info small\n  llmctl budget info small large -o yaml")]
    Info {
        /// Which
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// List named budgets, newest first
    #[command(
        after_help = "Examples:\n  llmctl budget list\n  llmctl budget list --all -o csv > budgets.csv"
    )]
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Delete named budgets
    #[command(after_help = "Examples:\n  llmctl budget delete small --yes")]
    Delete {
        /// Which
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        consent: Consent,
    },
}

const NEW_EXAMPLES: &str = "\
Examples:
  llmctl budget new --id small --max-budget 5 --budget-duration 30d --rpm 60
  llmctl budget new --from-file budget.json
  llmctl key new --budget small                                  gives it to a key";

const UPDATE_EXAMPLES: &str = "\
Examples:
  llmctl budget update small --max-budget 8
  llmctl budget update small --clear rpm";
