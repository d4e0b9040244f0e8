//! Variables in a config: the `environment_variables` section, and `os.environ/NAME` in every value.

use std::collections::BTreeMap;

use crate::environment::Environment;
use crate::finding::{Finding, Severity};
use crate::yaml::{Node, Value};

const PREFIX: &str = "os.environ/";

/// The `environment_variables` section. A value of it may itself stand for a variable of the environment.
pub(crate) fn overlay(root: &Node, environment: &dyn Environment) -> BTreeMap<String, String> {
    let entries = root.get("environment_variables").into_iter().flat_map(Node::entries);
    let value = |node: &Node| match node.text().and_then(|text| text.strip_prefix(PREFIX)) {
        Some(name) => environment.var(name),
        None => (node.value != Value::Null).then(|| node.python_str()),
    };
    entries.filter_map(|(key, node)| Some((key.python_str(), value(node)?))).collect()
}

/// Puts variables in the place of `os.environ/NAME`; one that is not set is nothing, and is reported.
pub(crate) fn substitute(
    node: &mut Node,
    path: &str,
    variable: &dyn Fn(&str) -> Option<String>,
    findings: &mut Vec<Finding>,
) {
    match &mut node.value {
        Value::Text(text) => {
            let Some(name) = text.strip_prefix(PREFIX) else { return };
            let found = variable(name);
            if found.is_none() {
                let message = format!("the variable {name} is not set; the value is empty");
                let hint = Some("set it, or name it under environment_variables".into());
                findings.push(Finding::at(Severity::Warning, node, path.into(), &message, hint));
            }
            node.value = found.map_or(Value::Null, meaning);
            node.from_environment = true;
        }
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                substitute(item, &format!("{path}[{index}]"), variable, findings);
            }
        }
        Value::Map(entries) => {
            for (key, value) in entries {
                let name = key.python_str();
                let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                substitute(value, &path, variable, findings);
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(..) | Value::Date(_) => {}
    }
}

/// LiteLLM makes the words `true` and `false` bools, and nothing else.
fn meaning(text: String) -> Value {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => Value::Text(text),
    }
}
