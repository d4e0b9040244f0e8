//! JSON as YAML that versions 1.1 and 1.2 read alike: whatever could be taken for something else is quoted.

use super::node::Node;

const STEP: &str = "  ";
/// Words that some reader takes for a truth, for nothing, or for more than a word.
const TAKEN: &[&str] = &["y", "yes", "n", "no", "on", "off", "true", "false", "null", "nan", "inf"];
/// Above it a name needs a `?` of its own.
const MAX_SIMPLE_NAME: usize = 1_000;

pub(super) fn text(node: &Node) -> String {
    let mut out = String::new();
    write(&mut out, node, 0);
    out
}

/// Writes a value that begins where the line stands.
fn write(out: &mut String, node: &Node, depth: usize) {
    match node {
        Node::Bare(text) => out.push_str(&number(text)),
        Node::Text(text) => out.push_str(&quoted(text)),
        Node::List(entries) if entries.is_empty() => out.push_str("[]"),
        Node::Fields(fields) if fields.is_empty() => out.push_str("{}"),
        Node::List(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                begin(out, index, depth);
                out.push_str("- ");
                write(out, entry, depth + 1);
            }
            return;
        }
        Node::Fields(fields) => {
            for (index, (name, value)) in fields.iter().enumerate() {
                begin(out, index, depth);
                write_field(out, name, value, depth);
            }
            return;
        }
    }
    out.push('\n');
}

fn write_field(out: &mut String, name: &str, value: &Node, depth: usize) {
    let name = quoted(name);
    if name.len() > MAX_SIMPLE_NAME {
        out.push_str(&format!("? {name}\n{}:", STEP.repeat(depth)));
    } else {
        out.push_str(&format!("{name}:"));
    }
    let is_block = match value {
        Node::List(entries) => !entries.is_empty(),
        Node::Fields(fields) => !fields.is_empty(),
        Node::Bare(_) | Node::Text(_) => false,
    };
    if is_block {
        out.push_str(&format!("\n{}", STEP.repeat(depth + 1)));
    } else {
        out.push(' ');
    }
    write(out, value, depth + 1);
}

/// The first entry begins where the line stands, the others on lines of their own.
fn begin(out: &mut String, index: usize, depth: usize) {
    if index > 0 {
        out.push_str(&STEP.repeat(depth));
    }
}

/// YAML 1.1 takes `1e-7` for a word: it wants a point, and a sign in the exponent.
fn number(text: &str) -> String {
    let is_number = text.ends_with(|last: char| last.is_ascii_digit());
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']).filter(|_| is_number) else {
        return text.to_owned();
    };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
    format!("{mantissa}{point}e{sign}{exponent}")
}

fn quoted(text: &str) -> String {
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-./".contains(letter));
    if is_word && !TAKEN.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' => {
                out.push(letter);
            }
            // Beyond the first plane everything may stand; in it, these are breaks of lines, marks or nothing.
            '\u{10000}'.. => out.push(letter),
            other => out.push_str(&format!("\\u{:04x}", u32::from(other))),
        }
    }
    out.push('"');
    out
}
