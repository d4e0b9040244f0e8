//! `llmctl`: keys, teams, users, customers, budgets, tags, models, spend and health of a gateway from the command
//! line, and chats with it.

mod arguments;
mod batch;
mod budget;
mod chat;
mod context;
mod customer;
mod environment;
mod failure;
mod health;
mod key;
mod limit_arguments;
mod limit_view;
mod model;
mod output;
mod paging;
mod reference;
mod request;
mod settings;
mod spend;
mod tag;
mod team;
mod terminal;
mod user;

use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, Parser};
use weighhouse_client::Client;

use crate::arguments::{Arguments, Command, Global, LedgerVerb};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::output::{Output, complain};
use crate::settings::Settings;

/// Seconds to wait for an answer where nothing is said.
const TIMEOUT_SECONDS: u64 = 30;

fn main() -> ExitCode {
    let env = Environment::read();
    match run(Arguments::parse(), &env) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure, env.is_colour_refused);
            ExitCode::from(failure.code)
        }
    }
}

/// What needs no gateway, and what does.
fn run(arguments: Arguments, env: &Environment) -> Result<(), Failure> {
    let Arguments { mut global, command } = arguments;
    if global.key_stdin {
        global.api_key = Some(terminal::key_from_stdin()?);
    }
    match command {
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "llmctl", &mut text);
            output::write(&String::from_utf8_lossy(&text))
        }
        Command::Reference => output::write(&reference::markdown(&Arguments::command())),
        Command::Context { verb } => {
            let output = Output::new(settings::format(&global, env, None)?, env.is_colour_refused);
            let kept = context::read(env.config.as_deref())?;
            context::run(verb, &global, env.config.as_deref(), kept, &output)
        }
        command => ask(command, &global, env),
    }
}

fn ask(command: Command, global: &Global, env: &Environment) -> Result<(), Failure> {
    let settings = Settings::settle(global, env, &context::read(env.config.as_deref())?)?;
    let timeout = Duration::from_secs(global.timeout.unwrap_or(TIMEOUT_SECONDS));
    let has_key = settings.key.is_some();
    let client = Client::new(&settings.url, settings.key.unwrap_or_default(), timeout)?;
    let output = Output::new(settings.format, env.is_colour_refused);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::other(format!("the system gives no event loop: {error}")))?;
    let done = runtime.block_on(async {
        match command {
            Command::Health => health::health(&client, has_key, &output).await,
            _ if !has_key => Err(Failure::no_key()),
            Command::Key { verb } => key::run(&client, verb, &output).await,
            Command::Team { verb } => team::run(&client, verb, &output).await,
            Command::User { verb } => user::run(&client, verb, &output).await,
            Command::Customer { verb } => customer::run(&client, verb, &output).await,
            Command::Budget { verb } => budget::run(&client, verb, &output).await,
            Command::Tag { verb } => tag::run(&client, verb, &output).await,
            Command::Model { verb } => model::run(&client, verb, &output).await,
            Command::Ledger { verb: LedgerVerb::Verify } => spend::verify(&client, &output).await,
            Command::Spend { verb } => spend::run(&client, verb, &output).await,
            Command::Chat(asked) => chat::run(&client, asked, global.output).await,
            // These were done before.
            Command::Context { .. } | Command::Completions { .. } | Command::Reference => Ok(()),
        }
    });
    // A line that is still waited for on the terminal shall not hold the program.
    runtime.shutdown_background();
    done
}
