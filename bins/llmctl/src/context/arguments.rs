//! What the command line says about contexts.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ContextVerb {
    /// Keep a gateway's address and key under a name; the first one is used from then on
    ///
    /// The address is that of --url. The key is read from standard input with --key-stdin, or asked for on a
    /// terminal; without a key none is kept. -o is kept too.
    #[command(after_help = ADD_EXAMPLES)]
    Add {
        /// What to call it
        name: String,
        /// Use it from now on
        #[arg(long = "use")]
        is_used: bool,
        /// Replace a context of that name
        #[arg(long)]
        replace: bool,
    },
    /// Use a context from now on
    #[command(after_help = "Examples:\n  llmctl context use prod")]
    Use {
        /// Which
        name: String,
    },
    /// List contexts; keys are never shown
    #[command(after_help = "Examples:\n  llmctl context list\n  llmctl context list -o json")]
    List,
    /// Tell about a context; without a name, about the one in use
    #[command(after_help = "Examples:\n  llmctl context show\n  llmctl context show prod -o yaml")]
    Show {
        /// Which
        name: Option<String>,
    },
    /// Forget a context and its key
    #[command(after_help = "Examples:\n  llmctl context remove staging")]
    Remove {
        /// Which
        name: String,
    },
    /// The name of the context in use; exit status 3 where there is none
    #[command(after_help = "Examples:\n  llmctl context current")]
    Current,
}

const ADD_EXAMPLES: &str = "\
Examples:
  llmctl context add dev --url http://127.0.0.1:4000             asks for the key
  llmctl context add prod --url http://llm.internal --key-stdin --use < key.txt
  llmctl context add ci --url http://llm.internal -o json --replace";
