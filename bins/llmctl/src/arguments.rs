//! What the command line says.

use clap::{Parser, Subcommand, ValueEnum};
use secrecy::SecretString;

use crate::entity_arguments::{BudgetVerb, CustomerVerb, TeamVerb, UserVerb};
use crate::key_arguments::KeyVerb;

/// Keys, teams, users, customers, budgets, models, spend and health of a Weighhouse gateway.
#[derive(Debug, Parser)]
#[command(name = "llmctl", version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The gateway's address [env: LLMCTL_URL, LITELLM_PROXY_URL] [default: http://127.0.0.1:4000]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// The key to ask with. Others can see it in the list of processes: better set it in the environment
    /// [env: LLMCTL_API_KEY, LITELLM_PROXY_API_KEY]
    #[arg(long = "key", id = "api_key", global = true, value_name = "KEY")]
    pub(crate) api_key: Option<SecretString>,

    /// How data is written to standard output [env: LLMCTL_OUTPUT] [default: table]
    #[arg(short, long, global = true, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,

    /// Seconds to wait for an answer
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) timeout: u64,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people
    Table,
    /// The API's answer as it is
    Json,
    /// The same as YAML
    Yaml,
    /// The table's rows under the API's field names
    Csv,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Virtual keys
    Key {
        #[command(subcommand)]
        verb: KeyVerb,
    },
    /// Teams, their members and budgets
    Team {
        #[command(subcommand)]
        verb: TeamVerb,
    },
    /// Users
    User {
        #[command(subcommand)]
        verb: UserVerb,
    },
    /// Customers: whom clients name as their end users
    Customer {
        #[command(subcommand)]
        verb: CustomerVerb,
    },
    /// Named budgets
    Budget {
        #[command(subcommand)]
        verb: BudgetVerb,
    },
    /// Models that the key may use
    Model {
        #[command(subcommand)]
        verb: ModelVerb,
    },
    /// What was spent
    Spend {
        #[command(subcommand)]
        verb: SpendVerb,
    },
    /// The books as a whole
    Ledger {
        #[command(subcommand)]
        verb: LedgerVerb,
    },
    /// Whether the gateway can serve, and how its deployments are
    Health,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelVerb {
    /// List them by name
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerVerb {
    /// Hold what keys and accounts are said to have spent against the ledger's rows; exit status 1 where they differ
    Verify,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SpendVerb {
    /// Tell how the cost of a call came about: every attempt, class by class
    Explain {
        /// The provider's answer id, or the x-litellm-call-id
        id: String,
    },
    /// One row per attempt at a provider, newest first; at most 10,000
    #[command(after_help = SPEND_EXAMPLES)]
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
}

const EXAMPLES: &str = "\
Examples:
  export LLMCTL_API_KEY=sk-...                      the master key
  llmctl health
  llmctl key generate --alias app --model 'openai/*' --max-budget 25 --duration 30d
  llmctl key update app --rpm 60 --clear expiry
  llmctl team new --id payments --max-budget 500 --budget-duration 30d
  llmctl key list -o json | jq -r '.keys[].key_alias'
  llmctl spend logs --of-key app --start 2026-01-01

Exit status:
  0 done   1 failed   2 wrong usage   3 not found   4 key refused
  6 over a limit or budget   7 no gateway at the address";

const SPEND_EXAMPLES: &str = "\
Examples:
  llmctl spend logs --start 2026-01-01 --end 2026-02-01          all of January
  llmctl spend logs --of-key app -o json | jq 'map(.spend) | add'
  llmctl spend explain chatcmpl-abc                              how the sum came about";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_example_is_read() {
        let help = Arguments::command().render_help().to_string();
        let examples: Vec<&str> =
            help.lines().map(str::trim).filter(|line| line.starts_with("llmctl ")).collect();
        assert_eq!(examples.len(), 6, "{help}");
        for example in examples {
            let command = example.split('|').next().unwrap_or_default().replace('\'', "");
            let read = Arguments::try_parse_from(command.split_whitespace());
            assert!(read.is_ok(), "{example}: {}", read.unwrap_err());
        }
    }
}
