//! What may be said of spend.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum SpendVerb {
    /// Tell how the cost of a call came about: every attempt, class by class
    #[command(after_help = "Examples:\n  llmctl spend explain chatcmpl-abc")]
    Explain {
        /// The provider's answer id, or the x-litellm-call-id
        id: String,
    },
    /// One row per attempt at a provider, newest first; at most 10,000
    #[command(after_help = LOGS_EXAMPLES)]
    Logs {
        /// Only this request: the provider's answer id, or the x-litellm-call-id
        #[arg(long, value_name = "ID")]
        request: Option<String>,
        /// Only this key: sk-..., its hash or its alias
        #[arg(long = "of-key", value_name = "KEY")]
        of_key: Option<String>,
        /// Only keys of this user
        #[arg(long, value_name = "ID")]
        user: Option<String>,
        /// From this day on, UTC
        #[arg(long, value_name = "YYYY-MM-DD")]
        start: Option<String>,
        /// Until this day begins, UTC
        #[arg(long, value_name = "YYYY-MM-DD")]
        end: Option<String>,
    },
    /// What was spent by key in a period
    #[command(
        after_help = "Examples:\n  llmctl spend keys\n  llmctl spend keys --from 2026-01-01 --until 2026-01-31"
    )]
    Keys(Period),
    /// What was spent by user in a period
    #[command(after_help = "Examples:\n  llmctl spend users --from 2026-01-01")]
    Users(Period),
    /// What was spent by team in a period
    #[command(after_help = "Examples:\n  llmctl spend teams -o csv > teams.csv")]
    Teams(Period),
    /// What was spent by tag in a period; an attempt with two tags counts for both
    #[command(after_help = "Examples:\n  llmctl spend tags --from 2026-01-01 --until 2026-01-31")]
    Tags(Period),
    /// What was spent by the provider's model in a period
    #[command(after_help = "Examples:\n  llmctl spend models --from 2026-01-01")]
    Models(Period),
    /// What each day of a period cost
    #[command(after_help = "Examples:\n  llmctl spend daily\n  llmctl spend daily --model gpt-4o -o csv")]
    Daily(Period),
    /// What a prompt would cost, or an answer did, by the prices in force
    #[command(after_help = CALCULATE_EXAMPLES)]
    Calculate {
        /// A model of the gateway, or a name such as openai/gpt-4o; an answer names its own
        #[arg(long, value_name = "MODEL", required_unless_present = "answer")]
        model: Option<String>,
        /// The prompt
        #[arg(required_unless_present = "answer", conflicts_with = "answer")]
        prompt: Option<String>,
        /// A file with a whole answer and its usage; - for standard input
        #[arg(long, value_name = "FILE")]
        answer: Option<PathBuf>,
    },
    /// What rows of the ledger would cost by the prices in force
    #[command(after_help = REPRICE_EXAMPLES)]
    Reprice {
        /// Only tell; there is no other form, because rows are never changed
        #[arg(long)]
        dry_run: bool,
        /// From this day on, UTC
        #[arg(long = "from", value_name = "YYYY-MM-DD")]
        start: Option<String>,
        /// Up to and with this day, UTC
        #[arg(long = "until", value_name = "YYYY-MM-DD")]
        end: Option<String>,
        /// Only this model, by the group's name or the provider's
        #[arg(long, value_name = "MODEL")]
        model: Option<String>,
        /// Only this key: sk-..., its hash or its alias
        #[arg(long = "of-key", value_name = "KEY")]
        of_key: Option<String>,
    },
}

/// Days of which the sums are told.
#[derive(Debug, Args)]
pub(crate) struct Period {
    /// From this day on, UTC [default: 30 days before the end]
    #[arg(long = "from", value_name = "YYYY-MM-DD")]
    pub(crate) start: Option<String>,
    /// Up to and with this day, UTC [default: today]
    #[arg(long = "until", value_name = "YYYY-MM-DD")]
    pub(crate) end: Option<String>,
    /// Only this model, by the provider's name
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Only this key: sk-..., its hash or its alias
    #[arg(long = "of-key", value_name = "KEY")]
    pub(crate) of_key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerVerb {
    /// Hold keys, accounts and days against the ledger's rows; exit status 1 where they differ
    #[command(after_help = "Examples:\n  llmctl ledger verify\n  llmctl ledger verify -o json | jq .wrong")]
    Verify,
    /// Reckon the sums of days again from the ledger's rows
    #[command(after_help = "Examples:\n  llmctl ledger rebuild-daily")]
    RebuildDaily,
}

const LOGS_EXAMPLES: &str = "\
Examples:
  llmctl spend logs --start 2026-01-01 --end 2026-02-01          all of January
  llmctl spend logs --of-key app -o json | jq 'map(.spend) | add'
  llmctl spend explain chatcmpl-abc                              how the sum came about";

const CALCULATE_EXAMPLES: &str = "\
Examples:
  llmctl spend calculate --model openai/gpt-4o 'Say hello.'
  llmctl spend calculate --answer answer.json";

const REPRICE_EXAMPLES: &str = "\
Examples:
  llmctl spend reprice --dry-run --from 2026-01-01 --until 2026-01-31
  llmctl spend reprice --dry-run --model gpt-4o -o json | jq .new_spend";
