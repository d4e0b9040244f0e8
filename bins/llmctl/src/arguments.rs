//! What the command line says.

use clap::{Args, Parser, Subcommand, ValueEnum};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::budget::BudgetVerb;
use crate::chat::ChatArguments;
use crate::context::ContextVerb;
use crate::customer::CustomerVerb;
use crate::failure::STATUSES;
use crate::key::KeyVerb;
use crate::model::ModelVerb;
use crate::tag::TagVerb;
use crate::team::TeamVerb;
use crate::user::UserVerb;

/// Keys, teams, users, customers, budgets, tags, models, spend and health of a Weighhouse gateway, and chats with it.
#[derive(Debug, Parser)]
#[command(name = "llmctl", version, after_help = format!("{EXAMPLES}\n\n{STATUSES}"))]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What may be said with every command. What is said here goes before the environment, that before the context.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The gateway's address [env: LLMCTL_URL, LITELLM_PROXY_URL] [default: http://127.0.0.1:4000]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// The key to ask with. Others can see it in the list of processes: better --key-stdin, a context or the
    /// environment [env: LLMCTL_KEY, LLMCTL_API_KEY, LITELLM_PROXY_API_KEY]
    #[arg(long = "key", id = "api_key", global = true, value_name = "KEY", conflicts_with = "key_stdin")]
    pub(crate) api_key: Option<SecretString>,

    /// Read the key from the first line of standard input
    #[arg(long, global = true)]
    pub(crate) key_stdin: bool,

    /// The context to work in: see `llmctl context` [env: LLMCTL_CONTEXT] [default: the one in use]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) context: Option<String>,

    /// How data is written to standard output [env: LLMCTL_OUTPUT] [default: table]
    #[arg(short, long, global = true, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,

    /// Seconds to wait for an answer, or for the next piece of a streamed one [default: 30]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) timeout: Option<u64>,
}

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

impl Format {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Csv => "csv",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Virtual keys
    Key {
        #[command(subcommand)]
        verb: KeyVerb,
    },
    /// Teams, their members, models and budgets
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
    /// Tags with limits
    Tag {
        #[command(subcommand)]
        verb: TagVerb,
    },
    /// Models and their deployments
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
    /// Chat with a model: one turn, or turn by turn on a terminal
    Chat(ChatArguments),
    /// Whether the gateway can serve, and how its deployments are
    #[command(after_help = "Examples:\n  llmctl health\n  llmctl health -o json | jq .readiness.status")]
    Health,
    /// Gateways by name, with their keys
    Context {
        #[command(subcommand)]
        verb: ContextVerb,
    },
    /// Completions for a shell, to standard output
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// For which
        shell: clap_complete::Shell,
    },
    /// This program's reference as Markdown
    #[command(hide = true)]
    Reference,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerVerb {
    /// Hold what keys and accounts are said to have spent against the ledger's rows; exit status 1 where they differ
    #[command(after_help = "Examples:\n  llmctl ledger verify\n  llmctl ledger verify -o json | jq .wrong")]
    Verify,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SpendVerb {
    /// Tell how the cost of a call came about: every attempt, class by class
    #[command(after_help = "Examples:\n  llmctl spend explain chatcmpl-abc")]
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
  llmctl context add home --url http://127.0.0.1:4000            asks for the key, and keeps it
  llmctl health
  llmctl key new --alias app --model 'openai/*' --max-budget 25 --duration 30d
  llmctl key update app --rpm 60 --clear expiry
  llmctl team new --id payments --max-budget 500 --budget-duration 30d
  llmctl key list -o json | jq -r '.keys[].key_alias'
  llmctl spend logs --of-key app --start 2026-01-01
  llmctl chat gpt-4o 'Say hello.'";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  llmctl completions bash > ~/.local/share/bash-completion/completions/llmctl
  llmctl completions zsh > ~/.zfunc/_llmctl                      with fpath+=~/.zfunc before compinit
  llmctl completions fish > ~/.config/fish/completions/llmctl.fish
  llmctl completions elvish >> ~/.config/elvish/rc.elv
  llmctl completions powershell >> $PROFILE";

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
    fn every_verb_has_examples_and_every_example_is_read() {
        check(&Arguments::command());
    }

    fn check(command: &clap::Command) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let is_verb = command.get_subcommands().next().is_none();
        assert!(!is_verb || command.is_hide_set() || help.contains("  llmctl "), "{}", command.get_name());
        for example in help.lines().map(str::trim).filter(|line| line.starts_with("llmctl ")) {
            // A word for people stands far to the right.
            let said = example.split("  ").next().unwrap_or_default();
            let said = said.split(['|', '<', '>']).next().unwrap_or_default();
            let read = Arguments::try_parse_from(words(said));
            assert!(read.is_ok(), "{example}: {}", read.unwrap_err());
        }
        command.get_subcommands().for_each(check);
    }

    /// As a shell splits them.
    fn words(said: &str) -> Vec<String> {
        let parts = said.split('\'').enumerate();
        parts.fold(Vec::new(), |mut words, (index, part)| {
            match index % 2 {
                0 => words.extend(part.split_whitespace().map(str::to_owned)),
                _ => words.push(part.to_owned()),
            }
            words
        })
    }
}
