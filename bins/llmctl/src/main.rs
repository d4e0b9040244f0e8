//! `llmctl`: keys, teams, users, customers, budgets, models, spend and health of a gateway from the command line.

mod arguments;
mod budget;
mod customer;
mod entity_arguments;
mod environment;
mod failure;
mod health;
mod key;
mod key_arguments;
mod limit_arguments;
mod limit_view;
mod model;
mod output;
mod request;
mod spend;
mod team;
mod user;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use weighhouse_client::Client;

use crate::arguments::{Arguments, Command, LedgerVerb};
use crate::failure::Failure;
use crate::output::{Output, complain};

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure.message);
            ExitCode::from(failure.code)
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let url = environment::url(arguments.url);
    let key = environment::key(arguments.api_key);
    let has_key = key.is_some();
    let client = Client::new(&url, key.unwrap_or_default(), Duration::from_secs(arguments.timeout))?;
    let output = Output::new(environment::format(arguments.output)?, environment::is_colour_refused());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::other(format!("the system gives no event loop: {error}")))?;
    runtime.block_on(async {
        match arguments.command {
            Command::Health => health::health(&client, has_key, &output).await,
            _ if !has_key => Err(Failure::no_key()),
            Command::Key { verb } => key::run(&client, verb, &output).await,
            Command::Team { verb } => team::run(&client, verb, &output).await,
            Command::User { verb } => user::run(&client, verb, &output).await,
            Command::Customer { verb } => customer::run(&client, verb, &output).await,
            Command::Budget { verb } => budget::run(&client, verb, &output).await,
            Command::Model { verb } => model::run(&client, verb, &output).await,
            Command::Ledger { verb: LedgerVerb::Verify } => spend::verify(&client, &output).await,
            Command::Spend { verb } => spend::run(&client, verb, &output).await,
        }
    })
}
