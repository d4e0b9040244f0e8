//! Compares every case of `fixtures/yaml` with what PyYAML made of it (`fixtures/pyyaml.py` says how it is written).

use std::fs;
use std::path::{Path, PathBuf};

use super::python::python_float;
use super::{Node, Value, read};

/// PyYAML reads them, and they are refused here.
const REFUSED_HERE: &[&str] = &[
    "comment_without_space",
    "flow_not_indented",
    "flow_under_indented",
    "quoted_at_the_margin",
    "quoted_under_indented",
    "unicode_separator_breaks_plain",
    "unicode_separators",
];
/// PyYAML refuses them, and they are read here.
const READ_HERE: &[&str] = &["anchor_with_dot", "anchors_redefined", "key_empty"];

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/yaml");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    cases.sort();
    cases
}

/// The tree in the form of the fixtures.
fn form(node: &Node) -> String {
    let text = |text: &str| serde_json::to_string(text).unwrap();
    match &node.value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) if i64::try_from(*number).is_ok() => number.to_string(),
        Value::Int(number) => format!(r#"{{"$int": "{number}"}}"#),
        Value::Float(number, _) if number.is_finite() => python_float(*number),
        Value::Float(number, _) => format!(r#"{{"$float": "{}"}}"#, python_float(*number)),
        Value::Text(value) => text(value),
        Value::Date(value) => format!(r#"{{"$date": "{value}"}}"#),
        Value::List(items) => format!("[{}]", items.iter().map(form).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) if entries.iter().all(|(key, _)| key.text().is_some()) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", form(key), form(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("[{}, {}]", form(key), form(value)));
            format!(r#"{{"$dict": [{}]}}"#, entries.collect::<Vec<_>>().join(", "))
        }
    }
}

#[test]
fn every_case_reads_as_pyyaml_reads_it() {
    let cases = cases();
    assert!(cases.len() >= 160, "{} cases", cases.len());
    let mut differing = Vec::new();
    for case in cases {
        let name = case.file_stem().unwrap().to_string_lossy().into_owned();
        // Python's text mode makes one line end of every kind.
        let text = fs::read_to_string(&case).unwrap().replace("\r\n", "\n").replace('\r', "\n");
        let expected = fs::read_to_string(case.with_extension("json")).unwrap();
        let expected = expected.trim_end_matches('\n');
        let found = read(&name, &text, &mut Vec::new());
        let is_error = expected.starts_with(r#"{"$error""#);
        let fits = match &found {
            Ok(_) if READ_HERE.contains(&name.as_str()) => is_error,
            Err(_) if REFUSED_HERE.contains(&name.as_str()) => !is_error,
            Ok(node) => form(node) == expected,
            Err(_) => is_error,
        };
        if !fits {
            let found = found.map_or_else(|error| error.to_string(), |node| form(&node));
            differing.push(format!("{name}\n  PyYAML: {expected}\n  here:   {found}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
