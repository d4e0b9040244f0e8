//! The gateway: parses its arguments, puts the rooms together, runs them.

mod admin_key;
mod arguments;
mod banner;
mod check;
mod compose;
mod control;
mod housekeeping;
mod in_force;
mod journal;
mod settings;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = match &arguments.command {
        Some(Command::Check { file, strict }) => check::run(file, *strict),
        None => compose::run(&arguments).map(|()| ExitCode::SUCCESS),
    };
    ended.unwrap_or_else(|error| {
        banner::complain(&error);
        ExitCode::FAILURE
    })
}
