//! What a run found, as a table of Markdown: a row for each database.

use std::fmt::Display;
use std::fmt::Write as _;

/// Rows of named figures; every row names the same ones.
#[derive(Debug, Default)]
pub(crate) struct Table {
    names: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// One row while it is filled.
#[derive(Debug, Default)]
pub(crate) struct Row(Vec<(&'static str, String)>);

impl Row {
    /// Adds a figure.
    pub(crate) fn with(mut self, name: &'static str, figure: impl Display) -> Self {
        self.0.push((name, figure.to_string()));
        self
    }
}

impl Table {
    pub(crate) fn push(&mut self, row: Row) {
        self.names = row.0.iter().map(|(name, _)| *name).collect();
        self.rows.push(row.0.into_iter().map(|(_, figure)| figure).collect());
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        if self.rows.is_empty() {
            return text;
        }
        let line = |cells: &[&str]| format!("| {} |", cells.join(" | "));
        text.push_str(&line(&self.names));
        let _infallible = write!(text, "\n|{}", "---|".repeat(self.names.len()));
        for row in &self.rows {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            let _infallible = write!(text, "\n{}", line(&cells));
        }
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_under_their_names() {
        let mut table = Table::default();
        assert_eq!(table.markdown(), "");
        table.push(Row::default().with("database", "sqlite").with("runs", 3));
        table.push(Row::default().with("database", "postgresql").with("runs", 4));
        assert_eq!(table.markdown(), "| database | runs |\n|---|---|\n| sqlite | 3 |\n| postgresql | 4 |\n");
    }
}
