//! The tools of a request, and how they are to be used.

use std::collections::BTreeSet;

use serde_json::Value;

use super::blocks::CACHE_CONTROL;
use super::shape::{Member, Rule, Terms, dictionary, list, may, may_null, need, object, tagged, text};
use super::{bad, schema};
use crate::fake_chat::asked::Refused;

const CUSTOM: &[Member] = &[
    may_null("type", Rule::OneOf(&["custom"])),
    need("name", Rule::Check(name)),
    need("input_schema", Rule::Check(input_schema)),
    may("allowed_callers", Rule::Texts),
    CACHE_CONTROL,
    may("defer_loading", Rule::Flag),
    may("description", Rule::Text),
    may_null("eager_input_streaming", Rule::Flag),
    may("input_examples", Rule::Any),
    may("strict", Rule::Flag),
];
/// The provider's own tools by the beginning of their types, whose ends are dates; their names are given.
const BUILT_IN: &[(&str, Option<&str>)] = &[
    ("bash_", Some("bash")),
    ("browser_toolset_", None),
    ("code_execution_", Some("code_execution")),
    ("computer_", None),
    ("memory_", Some("memory")),
    ("text_editor_20250124", Some("str_replace_editor")),
    ("text_editor_", Some("str_replace_based_edit_tool")),
    ("tool_search_tool_bm25", Some("tool_search_tool_bm25")),
    ("tool_search_tool_regex", Some("tool_search_tool_regex")),
    ("web_fetch_", Some("web_fetch")),
    ("web_search_", Some("web_search")),
];

const PARALLEL: Member = may("disable_parallel_tool_use", Rule::Flag);
const KIND: Member = need("type", Rule::Text);
const CHOICES: &[(&str, &[Member])] = &[
    ("auto", &[KIND, PARALLEL]),
    ("any", &[KIND, PARALLEL]),
    ("tool", &[KIND, need("name", Rule::Text), PARALLEL]),
    ("none", &[KIND]),
];

/// The list of tools.
pub(super) fn check(terms: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    let mut names = BTreeSet::new();
    for (index, tool) in list(value, path)?.iter().enumerate() {
        let at = format!("{path}.{index}");
        let kind = dictionary(tool, &at)?.get("type").and_then(Value::as_str).unwrap_or("custom");
        if kind == "custom" {
            let at = format!("{at}.custom");
            object(terms, tool, &at, CUSTOM)?;
            if tool.get("strict") == Some(&Value::Bool(true)) {
                schema::check(tool.get("input_schema").unwrap_or(&Value::Null), &at)?;
            }
        } else {
            built_in(tool, kind, &at)?;
        }
        let name = tool.get("name").and_then(Value::as_str).unwrap_or(kind);
        if !names.insert(name) {
            return Err(bad(format!("{path}: Tool names must be unique.")));
        }
    }
    Ok(())
}

/// How tools are to be used; `none` of them may be named that is not there.
pub(super) fn check_choice(terms: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    let (_, members, at) = tagged(value, path, CHOICES)?;
    object(terms, value, &at, members).map(drop)
}

fn built_in(tool: &Value, kind: &str, at: &str) -> Result<(), Refused> {
    let Some((_, name)) = BUILT_IN.iter().find(|(start, _)| kind.starts_with(start)) else {
        return Err(bad(format!(
            "{at}: Input tag '{kind}' found using 'type' does not match any of the expected tags: 'bash_20250124', 'code_execution_20250522', 'code_execution_20250825', 'custom', 'memory_20250818', 'text_editor_20250124', 'text_editor_20250429', 'text_editor_20250728', 'web_fetch_20250910', 'web_search_20250305', 'web_search_20260209'"
        )));
    };
    let Some(name) = name else { return Ok(()) };
    match tool.get("name") {
        None => Err(bad(format!("{at}.{kind}.name: Field required"))),
        Some(given) if given == name => Ok(()),
        Some(_) => Err(bad(format!("{at}.{kind}.name: Input should be '{name}'"))),
    }
}

fn name(_: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    let name = text(value, path)?;
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if name.is_empty() || name.len() > 128 || !name.chars().all(fits) {
        return Err(bad(format!("{path}: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")));
    }
    Ok(())
}

fn input_schema(_: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    let schema = dictionary(value, path)?;
    match schema.get("type").map(Value::as_str) {
        None => return Err(bad(format!("{path}.type: Field required"))),
        Some(Some("object")) => {}
        Some(_) => return Err(bad(format!("{path}.type: Input should be 'object'"))),
    }
    if ["oneOf", "allOf", "anyOf"].iter().any(|combiner| schema.contains_key(*combiner)) {
        return Err(bad(format!(
            "{path}: input_schema does not support oneOf, allOf, or anyOf at the top level"
        )));
    }
    if let Some(properties) = schema.get("properties").filter(|properties| !properties.is_null()) {
        let at = format!("{path}.properties");
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
        let named = |name: &String| !name.is_empty() && name.len() <= 64 && name.chars().all(fits);
        if !dictionary(properties, &at)?.keys().all(named) {
            return Err(bad(format!("{at}: Property keys should match pattern '^[a-zA-Z0-9_.-]{{1,64}}$'")));
        }
    }
    if let Some(required) = schema.get("required").filter(|required| !required.is_null()) {
        list(required, &format!("{path}.required"))?;
    }
    Ok(())
}
