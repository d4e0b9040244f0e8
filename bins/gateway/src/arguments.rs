//! What the command line says.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// One gateway between applications and model providers: OpenAI's API in front, any provider behind,
/// virtual keys with exact budgets in between.
#[derive(Debug, Parser)]
#[command(name = "gateway", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// LiteLLM's config.yaml. Without one, every provider whose key stands in the environment is served,
    /// and a built-in echo model where none does
    #[arg(short, long, value_name = "FILE", env = "CONFIG_FILE_PATH")]
    pub(crate) config: Option<PathBuf>,

    /// Address to listen on: 127.0.0.1 without a config, 0.0.0.0 with one
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) host: Option<IpAddr>,

    /// Port to listen on; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 4000)]
    pub(crate) port: u16,

    /// Where the embedded database and the admin key are kept
    #[arg(long, value_name = "DIR", env = "WEIGHHOUSE_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Worker threads: one a core unless said otherwise
    #[arg(long, value_name = "N", visible_alias = "num_workers")]
    pub(crate) workers: Option<usize>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read a config.yaml and say what is wrong with it, without starting anything
    Check {
        /// The file
        file: PathBuf,
        /// Findings that would be warnings at start are errors
        #[arg(long)]
        strict: bool,
    },
}

const EXAMPLES: &str = "\
Examples:
  gateway                                   no config: embedded database, admin key printed
  OPENAI_API_KEY=sk-... gateway             serves openai/* as well
  gateway --config config.yaml              a LiteLLM config as it is
  DATABASE_URL=postgres://... gateway -c config.yaml
  gateway check config.yaml --strict        for a pipeline: exit status 1 on any finding

A SIGHUP or a change of the file puts a new config in force; a bad one keeps the old one.
A SIGTERM stops taking calls and finishes those in flight.";
