//! Compares every case of `fixtures/yaml` with what PyYAML made of it (`fixtures/pyyaml.py` says how it is written).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::python::python_float;
use super::{Node, Value, read};
use crate::{Environment as _, ProcessEnvironment};

/// PyYAML reads them, and they are refused here: the case and why.
const REFUSED_HERE: &[(&str, &str)] = &[
    ("comment_without_space", "YAML 1.2 wants a space before a comment"),
    ("flow_not_indented", "YAML 1.2 wants every line of a flow collection indented more than its parent"),
    ("flow_under_indented", "the same"),
    ("quoted_at_the_margin", "YAML 1.2 wants the same of a quoted text"),
    ("quoted_under_indented", "the same"),
    ("unicode_separator_breaks_plain", "YAML 1.1 alone ends a line there; silence would change the meaning"),
    ("unicode_separators", "the same"),
];
/// PyYAML refuses them, and they are read here: the case and why.
const READ_HERE: &[(&str, &str)] = &[
    ("anchor_with_dot", "YAML 1.2 allows it in a name"),
    ("anchors_redefined", "YAML 1.2 takes the one that stands before the alias"),
    ("key_empty", "YAML 1.2 takes it for null; it is reported as an unknown key"),
];

fn is_among(table: &[(&str, &str)], name: &str) -> bool {
    table.iter().any(|(case, _)| *case == name)
}

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
    assert!(cases.len() >= 190, "{} cases", cases.len());
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
            Ok(_) if is_among(READ_HERE, &name) => is_error,
            Err(_) if is_among(REFUSED_HERE, &name) => !is_error,
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

/// The Python that `cargo xtask test` makes has the PyYAML of `tests/requirements.txt`.
#[test]
fn the_cases_are_what_pyyaml_makes() {
    let Some(python) = ProcessEnvironment.var("WEIGHHOUSE_TEST_PYTHON") else {
        println!("skipped: WEIGHHOUSE_TEST_PYTHON is not set; `cargo xtask test` sets it");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pyyaml.py");
    let output = Command::new(python).arg(script).arg("--check").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
