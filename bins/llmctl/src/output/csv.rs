//! A table as comma-separated values (RFC 4180): a line of field names, then a line a row.

use super::table::Table;

pub(super) fn text(table: &Table) -> String {
    let mut out = String::new();
    line(&mut out, table.fields().map(str::to_owned));
    for row in table.rows() {
        line(&mut out, row.iter().map(super::Cell::bare));
    }
    out
}

fn line(out: &mut String, fields: impl Iterator<Item = String>) {
    let fields: Vec<String> = fields.map(quoted).collect();
    out.push_str(&fields.join(","));
    out.push('\n');
}

fn quoted(field: String) -> String {
    let is_plain = !field.contains([',', '"', '\n', '\r']) && field.trim() == field;
    if is_plain { field } else { format!("\"{}\"", field.replace('"', "\"\"")) }
}
