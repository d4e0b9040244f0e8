//! Data to standard output, words for people to standard error.
//!
//! A verb gives the API's answer, and the table that people shall see of it. JSON and YAML are the answer; the table
//! and CSV come from the table, CSV with the API's field names and without `$` and `-`:
//!
//! ```ignore
//! const TEAMS: &[Column] =
//!     &[Column::id("team_id", "ID"), Column::text("team_alias", "ALIAS"), Column::number("spend", "SPEND")];
//!
//! output.write(&teams, || {
//!     let mut table = Table::list(TEAMS);
//!     for team in teams.iter() {
//!         table.row([team.team_id.as_str().into(), team.team_alias.as_deref().into(), team.spend.into()]);
//!     }
//!     table
//! })?;
//!
//! output.write(&team, || {
//!     let mut table = Table::record();
//!     table.field("team_id", "id", &team.team_id);
//!     table.field("max_budget", "max budget", team.limits.max_budget);     // left out for people where there is none
//!     table.note("member ada", "$1 of $5");                                // for people only, never in CSV
//!     table
//! })?;
//! ```

mod cell;
mod csv;
mod node;
mod progress;
mod table;
mod yaml;

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

pub(crate) use cell::Cell;
pub(crate) use progress::Progress;
pub(crate) use table::{Column, Table};

use crate::arguments::Format;
use crate::failure::Failure;
use node::Node;

/// Writes data in the form that was asked for.
#[derive(Debug)]
pub(crate) struct Output {
    format: Format,
    /// Columns of the terminal; none where standard output is no terminal.
    width: Option<u16>,
    has_colour: bool,
}

impl Output {
    /// Colour only on a terminal, and never where `NO_COLOR` is set.
    pub(crate) fn new(format: Format, is_colour_refused: bool) -> Self {
        let width = io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
        Self {
            format,
            width: width.map(|(width, _)| width.0),
            has_colour: io::stdout().is_terminal() && !is_colour_refused,
        }
    }

    /// Writes a value: as the API gave it, or as a table.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub(crate) fn write<T: Serialize>(
        &self,
        value: &T,
        table: impl FnOnce() -> Table,
    ) -> Result<(), Failure> {
        write(&self.text(value, table)?)
    }

    fn text<T: Serialize>(&self, value: &T, table: impl FnOnce() -> Table) -> Result<String, Failure> {
        let unwritable = |error| Failure::other(format!("the answer cannot be written: {error}"));
        let node = || serde_json::to_string(value).and_then(|json| Node::read(&json)).map_err(unwritable);
        Ok(match self.format {
            Format::Table => table().text(self.width, self.has_colour),
            Format::Csv => csv::text(&table()),
            Format::Json => node()?.json() + "\n",
            Format::Yaml => yaml::text(&node()?),
        })
    }
}

/// Writes text to standard output at once.
///
/// # Errors
/// Standard output cannot be written to.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read us has seen enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| Failure::other(format!("standard output: {error}"))),
    }
}

/// Control characters in what a server sent must not reach a terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// A line for people.
pub(crate) fn say(line: &str) {
    // Who has closed it does not want to hear.
    let _is_heard = writeln!(io::stderr().lock(), "{line}").is_ok();
}

/// Why the program ends, and what to do.
pub(crate) fn complain(failure: &Failure, is_colour_refused: bool) {
    let is_bold = io::stderr().is_terminal() && !is_colour_refused;
    let name = if is_bold { "\u{1b}[1;31mllmctl:\u{1b}[0m" } else { "llmctl:" };
    // A message may be a server's, line breaks and all.
    let message: Vec<_> = failure.message.lines().map(plain).collect();
    say(&format!("{name} {}", message.join("\n")));
    if let Some(hint) = &failure.hint {
        say(&format!("  hint: {hint}"));
    }
}

/// What is done, and should not stay so.
pub(crate) fn warn(message: &str) {
    say(&format!("llmctl: warning: {message}"));
}

#[cfg(test)]
mod tests;
