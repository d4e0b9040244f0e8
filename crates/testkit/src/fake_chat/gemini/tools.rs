//! Tools: their declarations, how they go together, and whether they have to be called.

use serde_json::{Value, json};

use super::super::asked::{Refused, ToolDemand};
use super::refusal::invalid;
use super::schema;
use super::shape::list;
use super::version::Version;

const MOST_NAME: usize = 64;

/// The functions of a request, by name and JSON schema, and what is demanded of them.
pub(super) struct Tools {
    pub(super) functions: Vec<(String, Value)>,
    pub(super) demand: ToolDemand,
}

/// Notes what the validators find wrong with the declarations.
pub(super) fn check(request: &Value, root: &str, faults: &mut Vec<String>) {
    for (place, function) in declarations(request) {
        let place = format!("{root}.{place}");
        if !function.get("name").and_then(Value::as_str).is_some_and(is_name) {
            faults.push(format!(
                "{place}.name: Invalid function name. Must start with a letter or an underscore. Must be alphameric \
                 (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of \
                 {MOST_NAME}."
            ));
        }
        if let Some(parameters) = function.get("parameters") {
            schema::check(parameters, &format!("{place}.parameters"), faults);
            if function.get("parametersJsonSchema").is_some() {
                faults
                    .push(format!("{place}.parameters_json_schema: must not be set when parameters is set."));
            }
        }
        if let Some(response) = function.get("response") {
            schema::check(response, &format!("{place}.response"), faults);
        }
        for name in ["parametersJsonSchema", "responseJsonSchema"] {
            if function.get(name).is_some_and(|schema| !schema.is_object()) {
                faults.push(format!("{place}.{name}: must be a JSON object."));
            }
        }
    }
}

/// Reads the tools, and refuses those that do not go together.
pub(super) fn read(request: &Value, version: &Version) -> Result<Tools, Refused> {
    let mut functions: Vec<(String, Value)> = Vec::new();
    for (_, function) in declarations(request) {
        let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
        if functions.iter().any(|(known, _)| known == name) {
            return Err(invalid(format!("Duplicate function declaration found: {name}")));
        }
        let schema = function.get("parameters").or_else(|| function.get("parametersJsonSchema"));
        functions.push((name.into(), schema.cloned().unwrap_or_else(|| json!({"type": "object"}))));
    }
    check_mixture(request, &functions, version)?;
    let demand = demand(request, &mut functions, version)?;
    Ok(Tools { functions, demand })
}

/// Every function with its place.
fn declarations(request: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (tool_at, tool) in list(request, "tools").iter().enumerate() {
        for (at, function) in list(tool, "functionDeclarations").iter().enumerate() {
            found.push((format!("tools[{tool_at}].function_declarations[{at}]"), function));
        }
    }
    found
}

/// Functions go with Google's own tools from the third version on, if the answer may tell of their use; with JSON
/// output from the third version on.
fn check_mixture(request: &Value, functions: &[(String, Value)], version: &Version) -> Result<(), Refused> {
    let own = |tool: &Value| {
        tool.as_object().is_some_and(|tool| tool.keys().any(|name| name != "functionDeclarations"))
    };
    let has_own = list(request, "tools").iter().any(own);
    let told = is_true(request.pointer("/toolConfig/includeServerSideToolInvocations"));
    if has_own && !functions.is_empty() && !version.since(3, 0) {
        return Err(invalid("Tool use with function calling is unsupported by the model."));
    }
    if has_own && !functions.is_empty() && !told {
        let text = "Please enable tool_config.include_server_side_tool_invocations to use Built-in tools with \
                    Function calling.";
        return Err(invalid(text));
    }
    let mime = request.pointer("/generationConfig/responseMimeType").and_then(Value::as_str);
    if let Some(mime) = mime.filter(|&mime| mime != "text/plain" && !version.since(3, 0)) {
        let used =
            if functions.is_empty() { has_own.then_some("Tool use") } else { Some("Function calling") };
        if let Some(used) = used {
            return Err(invalid(format!("{used} with a response mime type: '{mime}' is unsupported")));
        }
    }
    Ok(())
}

/// Whether functions have to be called; those that may not be called are taken away.
fn demand(
    request: &Value,
    functions: &mut Vec<(String, Value)>,
    version: &Version,
) -> Result<ToolDemand, Refused> {
    let Some(config) = request.pointer("/toolConfig/functionCallingConfig") else {
        return Ok(ToolDemand::Free);
    };
    let told = is_true(request.pointer("/toolConfig/includeServerSideToolInvocations"));
    if functions.is_empty() && !(version.since(3, 0) && told) {
        return Err(invalid("Function calling config is set without function_declarations."));
    }
    let mode = config.get("mode").and_then(Value::as_str).unwrap_or("MODE_UNSPECIFIED");
    let allowed: Vec<&str> = list(config, "allowedFunctionNames").iter().filter_map(Value::as_str).collect();
    if !allowed.is_empty() {
        if !matches!(mode, "ANY" | "VALIDATED") {
            return Err(invalid(
                "allowed_function_names is only supported when the function calling mode is ANY or VALIDATED.",
            ));
        }
        if let Some(name) = allowed.iter().find(|&&name| !functions.iter().any(|(known, _)| known == name)) {
            return Err(invalid(format!(
                "allowed_function_names: function '{name}' is not in function_declarations."
            )));
        }
        functions.retain(|(name, _)| allowed.contains(&name.as_str()));
    }
    Ok(match (mode, functions.as_slice()) {
        ("NONE", _) => ToolDemand::Never,
        ("ANY", [(only, _)]) => ToolDemand::Named(only.clone()),
        ("ANY", _) => ToolDemand::Any,
        _ => ToolDemand::Free,
    })
}

/// Whether a function may have this name.
fn is_name(name: &str) -> bool {
    let starts = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "_.:-".contains(letter);
    starts && name.len() <= MOST_NAME && name.chars().all(fits)
}

fn is_true(value: Option<&Value>) -> bool {
    value.and_then(Value::as_bool).unwrap_or_default()
}
