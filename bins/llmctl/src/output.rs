//! Data to standard output, words for people to standard error.

use std::io::{self, Write};

use serde::Serialize;

use crate::arguments::Format;
use crate::failure::Failure;

/// Spaces between columns.
const GAP: &str = "  ";

/// Writes data in the form that was asked for.
#[derive(Debug)]
pub(crate) struct Output {
    format: Format,
}

/// Rows under a head; a table without a head is a list of fields.
#[derive(Debug, Default)]
pub(crate) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Columns as wide as their widest cell; nothing trails a line.
    fn text(&self) -> String {
        let head: Vec<String> = self.head.iter().map(|&name| name.to_owned()).collect();
        let lines: Vec<&Vec<String>> =
            Some(&head).filter(|head| !head.is_empty()).into_iter().chain(&self.rows).collect();
        let mut widths: Vec<usize> = Vec::new();
        for line in &lines {
            widths.resize(widths.len().max(line.len()), 0);
            for (width, cell) in widths.iter_mut().zip(line.iter()) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut out = String::new();
        for line in lines {
            let cells: Vec<String> =
                line.iter().zip(&widths).map(|(cell, width)| format!("{:<width$}", plain(cell))).collect();
            out.push_str(cells.join(GAP).trim_end());
            out.push('\n');
        }
        out
    }
}

/// Control characters in what a server sent must not reach a terminal.
fn plain(cell: &str) -> String {
    cell.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

impl Output {
    pub(crate) const fn new(format: Format) -> Self {
        Self { format }
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
        let text = match self.format {
            Format::Table => table().text(),
            Format::Json => {
                let json = serde_json::to_string_pretty(value);
                json.map_err(|error| Failure::other(format!("the answer cannot be written: {error}")))? + "\n"
            }
        };
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // Whoever read us has seen enough, as `head` does.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| Failure::other(format!("standard output: {error}"))),
        }
    }
}

/// A line for people.
#[expect(clippy::print_stderr, reason = "the one place that speaks to whoever started the program")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

/// Why the program ends.
pub(crate) fn complain(message: &str) {
    say(&format!("llmctl: {message}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_head_and_nothing_trails() {
        let mut table = Table::new(&["NAME", "SPEND"]);
        table.row(["a".to_owned(), "$1".to_owned()]);
        table.row(["größer".to_owned(), String::new()]);
        assert_eq!(table.text(), "NAME    SPEND\na       $1\ngrößer\n");
        assert_eq!(Table::new(&["NAME"]).text(), "NAME\n");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let mut table = Table::default();
        table.row(["a\u{1b}[2Jb".to_owned()]);
        assert_eq!(table.text(), "a\u{fffd}[2Jb\n");
    }
}
