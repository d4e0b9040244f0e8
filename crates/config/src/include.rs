//! `include`: one config made of several files.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::load::LoadError;
use crate::yaml::{self, Node, Value};

/// Most files of one config.
pub(crate) const MAX_FILES: usize = 64;

/// Reads a file and what it includes, in LiteLLM's order: the files that it names, then those that they name.
/// List values are extended, every other value is overridden whole, each file is read once.
pub(crate) fn read_with_includes(
    path: &Path,
    files: &mut Vec<PathBuf>,
    findings: &mut Vec<Finding>,
) -> Result<Node, LoadError> {
    let mut root = read_file(path, findings)?;
    files.push(path.to_owned());
    let mut known = vec![whole(path)];
    let mut pending: VecDeque<(PathBuf, Node)> = VecDeque::new();
    note_includes(&root, path, &mut pending)?;
    while let Some((declared_in, name)) = pending.pop_front() {
        let found = resolve(name.text().unwrap_or_default(), &declared_in, path);
        let identity = whole(&found);
        if known.contains(&identity) {
            continue;
        }
        if files.len() >= MAX_FILES {
            return Err(LoadError::TooManyFiles { place: name.place });
        }
        let other = read_file(&found, findings).map_err(|error| match error {
            LoadError::File { path, source } => {
                LoadError::Included { place: name.place.clone(), path, source }
            }
            other => other,
        })?;
        known.push(identity);
        files.push(found.clone());
        note_includes(&other, &found, &mut pending)?;
        merge(&mut root, other);
    }
    Ok(root)
}

/// The top level of a text: a mapping, or nothing at all.
pub(crate) fn mapping(node: Node) -> Result<Node, LoadError> {
    match node.value {
        Value::Map(_) => Ok(node),
        Value::Null => Ok(Node::new(Value::Map(Vec::new()), node.place)),
        _ => Err(LoadError::NoMapping { kind: node.kind(), place: node.place }),
    }
}

fn read_file(path: &Path, findings: &mut Vec<Finding>) -> Result<Node, LoadError> {
    let failed = |source: io::Error| LoadError::File { path: path.to_owned(), source };
    let mut text = String::new();
    // One byte more than is taken, so that a longer file is refused and not cut.
    let most = yaml::MAX_FILE_BYTES as u64 + 1;
    File::open(path).map_err(failed)?.take(most).read_to_string(&mut text).map_err(failed)?;
    mapping(yaml::read(&path.display().to_string(), &text, findings)?)
}

fn note_includes(root: &Node, path: &Path, pending: &mut VecDeque<(PathBuf, Node)>) -> Result<(), LoadError> {
    let Some(include) = root.get("include") else { return Ok(()) };
    let is_list =
        matches!(include.value, Value::List(_)) && include.items().iter().all(|item| item.text().is_some());
    if !is_list {
        return Err(LoadError::NoList { place: include.place.clone() });
    }
    pending.extend(include.items().iter().map(|item| (path.to_owned(), item.clone())));
    Ok(())
}

/// Beside the file that names it; else beside the first one, as older versions of LiteLLM have it.
fn resolve(name: &str, declared_in: &Path, root: &Path) -> PathBuf {
    let beside = |file: &Path| file.parent().unwrap_or(Path::new("")).join(name);
    let (near, far) = (beside(declared_in), beside(root));
    if !near.exists() && far.exists() { far } else { near }
}

/// What makes two paths the same file.
fn whole(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
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
