//! What the command line says of a chat.

use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ChatArguments {
    /// Whom to ask
    pub(crate) model: String,
    /// What to ask. Without it, or as -, it is read from standard input; on a terminal, turn by turn: Ctrl-C stops an
    /// answer, Ctrl-D ends
    pub(crate) prompt: Option<String>,
    /// What the model is told first
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// The most tokens of an answer
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<u32>,
    /// Wait for the whole answer, and write it at once; so do -o json and -o yaml, which write it as the API gave it
    #[arg(long)]
    pub(crate) no_stream: bool,
    /// Say nothing of tokens and cost on standard error
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  llmctl chat gpt-4o                                             turn by turn
  llmctl chat gpt-4o 'Say hello.' --system 'Be brief.' --max-tokens 50
  llmctl chat gpt-4o - < question.txt > answer.txt
  llmctl chat gpt-4o 'Say hello.' -o json | jq .usage";
