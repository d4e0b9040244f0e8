//! Tools of a request.

use serde_json::{Value, json};

use super::super::asked::Refused;
use super::body::{closed, one_of, unknown};
use super::{bad, missing};

#[rustfmt::skip]
const TOOLS: &[(&str, &[&str])] = &[
    ("function", &["type", "name", "description", "parameters", "strict", "defer_loading"]),
    ("custom", &["type", "name", "description", "format", "defer_loading"]),
    ("namespace", &["type", "name", "description", "tools"]),
    ("web_search", &["type", "filters", "search_context_size", "user_location", "external_web_access"]),
    ("web_search_preview", &["type", "search_context_size", "user_location"]),
    ("code_interpreter", &["type", "container"]),
    ("file_search", &["type", "vector_store_ids", "filters", "max_num_results", "ranking_options"]),
];

/// Checks the tools and the choice among them.
pub(super) fn check(body: &Value) -> Result<(), Refused> {
    for (index, tool) in body["tools"].as_array().into_iter().flatten().enumerate() {
        check_tool(tool, &format!("tools[{index}]"))?;
    }
    let choice = &body["tool_choice"];
    if choice.is_string() {
        one_of(choice, "tool_choice", &["none", "auto", "required"])?;
    }
    if let Some(name) = choice["name"].as_str()
        && !callable(body).iter().any(|(known, _)| known == name)
    {
        let text = format!("Tool choice 'function' not found in 'tools' parameter: {name}.");
        return Err(bad(text).param("tool_choice"));
    }
    Ok(())
}

fn check_tool(tool: &Value, at: &str) -> Result<(), Refused> {
    let names: Vec<&str> = TOOLS.iter().map(|(name, _)| *name).collect();
    if tool["type"].is_null() {
        return Err(missing(&format!("{at}.type")));
    }
    one_of(&tool["type"], &format!("{at}.type"), &names)?;
    let kind = tool["type"].as_str().unwrap_or_default();
    let members = TOOLS.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, members)| members);
    let given = tool.as_object().into_iter().flatten();
    if let Some((name, _)) = given.into_iter().find(|(name, _)| !members.contains(&name.as_str())) {
        return Err(unknown(&format!("{at}.{name}")));
    }
    if !matches!(kind, "function" | "custom" | "namespace") {
        return Ok(());
    }
    let name = tool["name"].as_str().ok_or_else(|| missing(&format!("{at}.name")))?;
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if name.is_empty() || name.len() > 64 || !name.bytes().all(is_good) {
        let text = format!(
            "Invalid '{at}.name': string does not match pattern. Expected a string that matches the pattern \
             '^[a-zA-Z0-9_-]+$'."
        );
        return Err(bad(text).param(format!("{at}.name")).code("invalid_value"));
    }
    if kind == "function" {
        let schema = &tool["parameters"];
        if !schema.is_null() && schema["type"] != "object" {
            let text = format!(
                "Invalid schema for function '{name}': schema must be a JSON Schema of 'type: \"object\"'."
            );
            return Err(bad(text).param(format!("{at}.parameters")).code("invalid_function_parameters"));
        }
        // Strict unless it is said otherwise.
        if tool["strict"] == true || (tool["strict"].is_null() && tool.get("strict").is_none()) {
            closed(schema, "function", &tool["name"])?;
        }
    }
    for (index, inner) in tool["tools"].as_array().into_iter().flatten().enumerate() {
        check_tool(inner, &format!("{at}.tools[{index}]"))?;
    }
    Ok(())
}

/// Names and schemas of the tools that may be called.
pub(super) fn callable(body: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for tool in body["tools"].as_array().into_iter().flatten() {
        let inner = tool["tools"].as_array().cloned().unwrap_or_default();
        for tool in std::iter::once(tool.clone()).chain(inner) {
            let Some(name) = tool["name"].as_str().filter(|_| tool["type"] != "namespace") else { continue };
            let schema = match tool["type"].as_str() {
                Some("custom") => json!({"type": "string"}),
                _ => tool["parameters"].clone(),
            };
            found.push((name.to_owned(), schema));
        }
    }
    found
}
