//! Columns for people.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, presets};

use super::cell::Cell;

const GAP: u16 = 2;
/// Letters that a column of words has at least, before spare columns stay.
const FEW_WORDS: u16 = 12;
const BOLD: &str = "\u{1b}[1m";
const RESET: &str = "\u{1b}[0m";

/// How a column is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Never broken over lines.
    Id,
    /// Broken over lines where the terminal is narrow.
    Text,
    /// To the right, never broken.
    Number,
}

/// A column of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Its name in CSV: the API's.
    field: &'static str,
    /// Its name for people.
    head: &'static str,
    kind: Kind,
    /// A terminal that has no room for it goes without it.
    is_spare: bool,
}

impl Column {
    /// What names something, or a time: never broken over lines.
    pub(crate) const fn id(field: &'static str, head: &'static str) -> Self {
        Self::new(field, head, Kind::Id)
    }

    /// Words.
    pub(crate) const fn text(field: &'static str, head: &'static str) -> Self {
        Self::new(field, head, Kind::Text)
    }

    /// Money or a count: to the right.
    pub(crate) const fn number(field: &'static str, head: &'static str) -> Self {
        Self::new(field, head, Kind::Number)
    }

    /// A terminal that has no room for the column goes without it; CSV always has it.
    pub(crate) const fn spare(self) -> Self {
        Self { is_spare: true, ..self }
    }

    const fn new(field: &'static str, head: &'static str, kind: Kind) -> Self {
        Self { field, head, kind, is_spare: false }
    }
}

/// Rows under a head, or the fields of one thing.
#[derive(Debug)]
pub(crate) enum Table {
    List {
        columns: &'static [Column],
        rows: Vec<Vec<Cell>>,
    },
    Record {
        /// The API's name, the name for people, the value.
        fields: Vec<(&'static str, &'static str, Cell)>,
        /// For people only.
        notes: Vec<(String, String)>,
    },
}

impl Table {
    /// Rows under a head.
    pub(crate) const fn list(columns: &'static [Column]) -> Self {
        Self::List { columns, rows: Vec::new() }
    }

    /// The fields of one thing, each on a line.
    pub(crate) const fn record() -> Self {
        Self::Record { fields: Vec::new(), notes: Vec::new() }
    }

    /// Adds a row to a list: as many cells as it has columns.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        if let Self::List { columns, rows } = self {
            let cells: Vec<Cell> = cells.into_iter().collect();
            debug_assert_eq!(cells.len(), columns.len(), "{cells:?}");
            rows.push(cells);
        }
    }

    /// Adds a field to a record: the API's name, the name for people, the value. People do not see it where there is
    /// nothing in it; CSV always has it.
    pub(crate) fn field(&mut self, field: &'static str, name: &'static str, value: impl Into<Cell>) {
        if let Self::Record { fields, .. } = self {
            fields.push((field, name, value.into()));
        }
    }

    /// Adds a line to a record that only people see.
    pub(crate) fn note(&mut self, name: impl Into<String>, value: impl Into<String>) {
        if let Self::Record { notes, .. } = self {
            notes.push((name.into(), value.into()));
        }
    }

    /// The names of a CSV's columns.
    pub(super) fn fields(&self) -> Box<dyn Iterator<Item = &'static str> + '_> {
        match self {
            Self::List { columns, .. } => Box::new(columns.iter().map(|column| column.field)),
            Self::Record { fields, .. } => Box::new(fields.iter().map(|(field, ..)| *field)),
        }
    }

    /// The rows of a CSV.
    pub(super) fn rows(&self) -> Vec<Vec<Cell>> {
        match self {
            Self::List { rows, .. } => rows.clone(),
            Self::Record { fields, .. } => {
                vec![fields.iter().map(|(_, _, value)| value.clone()).collect()]
            }
        }
    }

    /// For people; `width` is that of their terminal. Nothing trails a line.
    pub(super) fn text(&self, width: Option<u16>, has_colour: bool) -> String {
        match self {
            Self::List { columns, rows } => {
                let mut kept: Vec<usize> = (0..columns.len()).collect();
                let mut drawn = list(columns, rows, &kept, width);
                while let Some(at) =
                    kept.iter().rposition(|&index| columns.get(index).is_some_and(|c| c.is_spare))
                    && width.is_some_and(|width| least_width(&drawn, columns, &kept) > usize::from(width))
                {
                    kept.remove(at);
                    drawn = list(columns, rows, &kept, width);
                }
                let text = drawn.trim_fmt() + "\n";
                match text.split_once('\n') {
                    Some((head, rest)) if has_colour => format!("{BOLD}{head}{RESET}\n{rest}"),
                    _ => text,
                }
            }
            Self::Record { fields, notes } => {
                let mut drawn = empty(width);
                let said = fields.iter().filter(|(_, _, value)| !value.is_nothing());
                drawn.add_rows(said.map(|(_, name, value)| [(*name).to_owned(), value.shown()]));
                let plain = super::plain;
                drawn.add_rows(notes.iter().map(|(name, value)| [plain(name), plain(value)]));
                set(&mut drawn, [Kind::Id, Kind::Text].into_iter());
                if drawn.row_count() == 0 { String::new() } else { drawn.trim_fmt() + "\n" }
            }
        }
    }
}

fn empty(width: Option<u16>) -> comfy_table::Table {
    let mut drawn = comfy_table::Table::new();
    drawn.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if let Some(width) = width {
        drawn.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    drawn
}

fn list(columns: &[Column], rows: &[Vec<Cell>], kept: &[usize], width: Option<u16>) -> comfy_table::Table {
    let mut drawn = empty(width);
    let columns = || kept.iter().filter_map(|&index| columns.get(index));
    drawn.set_header(columns().map(|column| column.head));
    drawn.add_rows(rows.iter().map(|row| kept.iter().filter_map(|&index| row.get(index)).map(Cell::shown)));
    set(&mut drawn, columns().map(|column| column.kind));
    drawn
}

/// How wide a table is at least: what may be broken still wants room for some words.
fn least_width(drawn: &comfy_table::Table, columns: &[Column], kept: &[usize]) -> usize {
    let widths = drawn.column_max_content_widths();
    let each = kept.iter().zip(widths).map(|(&index, width)| {
        let is_text = columns.get(index).is_some_and(|column| column.kind == Kind::Text);
        let width = if is_text { width.min(FEW_WORDS) } else { width };
        usize::from(width) + usize::from(GAP)
    });
    each.sum::<usize>().saturating_sub(usize::from(GAP))
}

fn set(drawn: &mut comfy_table::Table, kinds: impl Iterator<Item = Kind>) {
    for (column, kind) in drawn.column_iter_mut().zip(kinds) {
        column.set_padding((0, GAP));
        match kind {
            Kind::Text => {}
            Kind::Id => {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
            Kind::Number => {
                column
                    .set_constraint(ColumnConstraint::ContentWidth)
                    .set_cell_alignment(CellAlignment::Right);
            }
        }
    }
}
