//! From files to settings: includes, the environment, sections.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::finding::{Finding, Severity};
use crate::settings::{self, Settings};
use crate::yaml::{self, Node, Value, YamlError};

/// Most files of one config.
const MAX_FILES: usize = 64;
const FROM_ENVIRONMENT: &str = "os.environ/";

/// A config that was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it says.
    pub settings: Settings,
    /// What is worth saying about it.
    pub findings: Vec<Finding>,
    /// The files that it is made of.
    pub files: Vec<PathBuf>,
    /// Variables of its `environment_variables` section; they win over the environment's.
    pub overlay: BTreeMap<String, String>,
}

/// Why a config cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file is no YAML.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// A file's top level is no mapping.
    #[error("{file}:1:1: the top level must be a mapping with sections such as model_list, not {kind}")]
    NoMapping {
        /// The file.
        file: String,
        /// What it is instead.
        kind: &'static str,
    },
    /// Too many includes.
    #[error("more than {MAX_FILES} files are included")]
    TooManyFiles,
}

impl Loaded {
    /// Whether a start may use it. A strict one takes no warnings.
    #[must_use]
    pub fn is_acceptable(&self, strict: bool) -> bool {
        let most = if strict { Severity::Info } else { Severity::Warning };
        self.findings.iter().all(|finding| finding.severity <= most)
    }

    /// A variable: the config's own, else the environment's.
    #[must_use]
    pub fn variable(&self, environment: &dyn Environment, name: &str) -> Option<String> {
        self.overlay.get(name).cloned().or_else(|| environment.var(name))
    }
}

/// Reads a config and what it includes.
///
/// # Errors
/// It cannot be used at all: a file that is not there, broken YAML (with line and column), too many includes.
pub fn load(path: &Path, environment: &dyn Environment) -> Result<Loaded, LoadError> {
    let mut findings = Vec::new();
    let mut files = Vec::new();
    let root = read_with_includes(path, &mut files, &mut findings)?;
    Ok(finish(root, findings, files, environment))
}

/// Reads a config from a text; `name` stands for its file in findings. Nothing is included.
///
/// # Errors
/// Broken YAML, with line and column.
pub fn load_text(name: &str, text: &str, environment: &dyn Environment) -> Result<Loaded, LoadError> {
    let mut findings = Vec::new();
    let root = mapping(name, yaml::read(name, text, &mut findings)?)?;
    Ok(finish(root, findings, Vec::new(), environment))
}

fn mapping(name: &str, node: Node) -> Result<Node, LoadError> {
    match node.value {
        Value::Map(_) => Ok(node),
        Value::Null => Ok(Node { value: Value::Map(Vec::new()), ..node }),
        _ => Err(LoadError::NoMapping { file: name.to_owned(), kind: node.kind() }),
    }
}

/// LiteLLM's include: list values are extended, every other value is overridden whole, each file is read once.
fn read_with_includes(
    path: &Path,
    files: &mut Vec<PathBuf>,
    findings: &mut Vec<Finding>,
) -> Result<Node, LoadError> {
    if files.len() >= MAX_FILES {
        return Err(LoadError::TooManyFiles);
    }
    let failed = |reason: String| LoadError::File { path: path.to_owned(), reason };
    let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if size > yaml::MAX_FILE_BYTES as u64 {
        return Err(failed(format!("the file is larger than {} bytes", yaml::MAX_FILE_BYTES)));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    files.push(path.to_owned());
    let name = path.display().to_string();
    let mut root = mapping(&name, yaml::read(&name, &text, findings)?)?;
    let includes: Vec<Node> = root.get("include").map(|node| node.items().to_vec()).unwrap_or_default();
    for include in includes {
        let Some(relative) = include.text() else {
            findings.push(warning(&include, "include", "must be a list of files"));
            continue;
        };
        let included = path.parent().unwrap_or(Path::new(".")).join(relative);
        if files.contains(&included) {
            continue;
        }
        let other = read_with_includes(&included, files, findings)?;
        merge(&mut root, other);
    }
    Ok(root)
}

fn merge(root: &mut Node, other: Node) {
    let (Value::Map(entries), Value::Map(others)) = (&mut root.value, other.value) else { return };
    for (key, value) in others {
        if key.text() == Some("include") {
            continue;
        }
        match entries.iter_mut().find(|(known, _)| known.value == key.value) {
            Some((_, Node { value: Value::List(items), .. })) if matches!(value.value, Value::List(_)) => {
                if let Value::List(more) = value.value {
                    items.extend(more);
                }
            }
            Some(entry) => entry.1 = value,
            None => entries.push((key, value)),
        }
    }
}

fn finish(
    mut root: Node,
    mut findings: Vec<Finding>,
    files: Vec<PathBuf>,
    environment: &dyn Environment,
) -> Loaded {
    let overlay = overlay(&root, environment);
    let variable = |name: &str| overlay.get(name).cloned().or_else(|| environment.var(name));
    resolve(&mut root, "", &variable, &mut findings);
    let settings = settings::read(&root, &mut findings);
    Loaded { settings, findings, files, overlay }
}

/// The `environment_variables` section.
fn overlay(root: &Node, environment: &dyn Environment) -> BTreeMap<String, String> {
    let section = root.get("environment_variables");
    let entries = section.into_iter().flat_map(Node::entries);
    let value = |node: &Node| match node.text().and_then(|text| text.strip_prefix(FROM_ENVIRONMENT)) {
        Some(name) => environment.var(name),
        None => (node.value != Value::Null).then(|| node.python_str()),
    };
    entries.filter_map(|(key, node)| Some((key.python_str(), value(node)?))).collect()
}

/// Puts variables in the place of `os.environ/NAME`; one that is not set is nothing, and is reported.
fn resolve(
    node: &mut Node,
    path: &str,
    variable: &dyn Fn(&str) -> Option<String>,
    findings: &mut Vec<Finding>,
) {
    match &mut node.value {
        Value::Text(text) => {
            let Some(name) = text.strip_prefix(FROM_ENVIRONMENT) else { return };
            let found = variable(name);
            if found.is_none() {
                let message = format!("the variable {name} is not set; the value is empty");
                let place = Some(node.place.clone());
                findings.push(Finding {
                    severity: Severity::Warning,
                    place,
                    path: path.into(),
                    message,
                    hint: None,
                });
            }
            node.value = found.map_or(Value::Null, Value::Text);
        }
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                resolve(item, &format!("{path}[{index}]"), variable, findings);
            }
        }
        Value::Map(entries) => {
            for (key, value) in entries {
                let name = key.python_str();
                let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                resolve(value, &path, variable, findings);
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(..) => {}
    }
}

fn warning(node: &Node, path: &str, message: &str) -> Finding {
    Finding {
        severity: Severity::Warning,
        place: Some(node.place.clone()),
        path: path.into(),
        message: message.into(),
        hint: None,
    }
}
