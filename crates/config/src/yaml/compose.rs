//! From the parser's events to a tree, within limits.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::scalar::{Oddity, resolve};
use super::tree::{Node, Place, Value};
use crate::finding::{Finding, Severity};

/// Largest file that is read.
pub const MAX_FILE_BYTES: usize = 8 * 1024 * 1024;
/// Deepest nesting.
pub const MAX_DEPTH: usize = 64;
/// Most nodes, those that aliases repeat included.
pub const MAX_NODES: usize = 500_000;

/// Why a text is no usable YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for YamlError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}: {}", self.place.file, self.place.line, self.place.column, self.message)
    }
}

impl std::error::Error for YamlError {}

/// Reads one document; an empty one is None. What surprises people is added to `findings`.
///
/// # Errors
/// With line and column: no YAML, more than one document, an unknown tag or alias, a key that is no plain
/// value, or a limit passed.
pub fn read(file: &str, text: &str, findings: &mut Vec<Finding>) -> Result<Node, YamlError> {
    let file: Arc<str> = file.into();
    let start = Place { file: Arc::clone(&file), line: 1, column: 1 };
    if text.len() > MAX_FILE_BYTES {
        let message = format!("the file is larger than {MAX_FILE_BYTES} bytes");
        return Err(YamlError { place: start, message });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut composer =
        Composer { file, open: Vec::new(), anchors: HashMap::new(), nodes: 0, findings, root: None };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| YamlError {
            place: composer.place(error.marker().line(), error.marker().col()),
            message: error.info().to_owned(),
        })?;
        composer.take(event, span)?;
    }
    Ok(composer.root.unwrap_or(Node { value: Value::Null, place: start }))
}

struct Composer<'findings> {
    file: Arc<str>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    findings: &'findings mut Vec<Finding>,
    root: Option<Node>,
}

/// A list or dict that is being read.
struct Open {
    place: Place,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<(Node, Node)>, key: Option<Node>, merges: Vec<Node> },
}

impl Composer<'_> {
    fn place(&self, line: usize, column: usize) -> Place {
        Place { file: Arc::clone(&self.file), line, column: column + 1 }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        let place = self.place(span.start.line(), span.start.col());
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.root.is_some() => Err(YamlError {
                place,
                message: "only one document is read; remove the `---` and what follows".into(),
            }),
            Event::DocumentStart(_) => Ok(()),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(YamlError {
                        place,
                        message: "the alias stands inside what it repeats".into(),
                    });
                };
                self.count(count_of(&node), &place)?;
                self.add(Node { place, ..node })
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.count(1, &place)?;
                let value = self.scalar(&text, style, tag.as_deref(), &place)?;
                let node = Node { value, place };
                self.keep(anchor, &node);
                self.add(node)
            }
            Event::SequenceStart(anchor, tag) => {
                check_tag(tag.as_deref(), "seq", &place)?;
                self.enter(place, anchor, Content::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                check_tag(tag.as_deref(), "map", &place)?;
                self.enter(place, anchor, Content::Map { entries: Vec::new(), key: None, merges: Vec::new() })
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(),
        }
    }

    fn count(&mut self, nodes: usize, place: &Place) -> Result<(), YamlError> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values, those that aliases repeat included");
            return Err(YamlError { place: place.clone(), message });
        }
        Ok(())
    }

    fn keep(&mut self, anchor: usize, node: &Node) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
    }

    fn enter(&mut self, place: Place, anchor: usize, content: Content) -> Result<(), YamlError> {
        self.count(1, &place)?;
        if self.open.len() >= MAX_DEPTH {
            return Err(YamlError { place, message: format!("nested deeper than {MAX_DEPTH} levels") });
        }
        self.open.push(Open { place, anchor, content });
        Ok(())
    }

    fn leave(&mut self) -> Result<(), YamlError> {
        let Some(Open { place, anchor, content }) = self.open.pop() else { return Ok(()) };
        let value = match content {
            Content::List(items) => Value::List(items),
            Content::Map { entries, merges, .. } => Value::Map(self.merged(entries, merges)?),
        };
        let node = Node { value, place };
        self.keep(anchor, &node);
        self.add(node)
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node) -> Result<(), YamlError> {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { entries, key, merges }) => match key.take() {
                None if matches!(node.value, Value::List(_) | Value::Map(_)) => {
                    return Err(YamlError {
                        place: node.place,
                        message: "a list or mapping cannot be a key".into(),
                    });
                }
                None => *key = Some(node),
                Some(key) if is_merge(&key) => merges.push(node),
                Some(key) => entries.push((key, node)),
            },
        }
        Ok(())
    }

    /// Merged entries come first and yield to the dict's own; of two equal keys the last counts, at the first's place.
    fn merged(&mut self, own: Vec<(Node, Node)>, merges: Vec<Node>) -> Result<Vec<(Node, Node)>, YamlError> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        for merge in merges {
            let place = merge.place.clone();
            let sources = match merge.value {
                // Of several sources the first counts.
                Value::List(items) => items.into_iter().rev().collect(),
                _ => vec![merge],
            };
            for source in sources {
                let Value::Map(merged) = source.value else {
                    return Err(YamlError { place, message: "`<<` merges mappings only".into() });
                };
                merged.into_iter().for_each(|entry| put(&mut entries, entry));
            }
        }
        let mut seen: Vec<&Node> = Vec::with_capacity(own.len());
        for (key, _) in &own {
            if seen.iter().any(|other| same_key(other, key)) {
                self.findings.push(Finding {
                    severity: Severity::Warning,
                    place: Some(key.place.clone()),
                    path: String::new(),
                    message: format!("`{}` stands twice; the last one counts", key.python_str()),
                    hint: Some("remove one of them".into()),
                });
            }
            seen.push(key);
        }
        own.into_iter().for_each(|entry| put(&mut entries, entry));
        Ok(entries)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        place: &Place,
    ) -> Result<Value, YamlError> {
        let refused = |message: String| YamlError { place: place.clone(), message };
        let Some(tag) = tag else {
            if style != ScalarStyle::Plain {
                return Ok(Value::Text(text.to_owned()));
            }
            let (value, oddity) =
                resolve(text).ok_or_else(|| refused("`=` stands for nothing that can be read".into()))?;
            self.report(oddity, text, &value, place);
            return Ok(value);
        };
        if tag.handle == "!" && tag.suffix.is_empty() {
            return Ok(Value::Text(text.to_owned()));
        }
        let resolved = resolve(text).map(|(value, _)| value);
        let fits = match (name_of(tag), resolved) {
            (Some("str"), _) => Some(Value::Text(text.to_owned())),
            (Some("null"), _) => Some(Value::Null),
            (Some("int"), Some(value @ Value::Int(_))) | (Some("bool"), Some(value @ Value::Bool(_))) => {
                Some(value)
            }
            (Some("float"), Some(value @ Value::Float(..))) => Some(value),
            #[expect(clippy::cast_precision_loss, reason = "what Python's float() does")]
            (Some("float"), Some(Value::Int(number))) => Some(Value::Float(number as f64, text.into())),
            (Some("float"), _) => text.parse().ok().map(|number| Value::Float(number, text.into())),
            _ => None,
        };
        fits.ok_or_else(|| refused(format!("`{}{}` cannot be read here", tag.handle, tag.suffix)))
    }

    fn report(&mut self, oddity: Option<Oddity>, text: &str, value: &Value, place: &Place) {
        let (message, hint) = match (oddity, value) {
            (Some(Oddity::Sexagesimal), Value::Int(number)) => (
                format!("`{text}` is read as {number}, a number of base sixty"),
                format!("write \"{text}\" for a text"),
            ),
            (Some(Oddity::Sexagesimal), _) => (
                format!("`{text}` is read as a number of base sixty"),
                format!("write \"{text}\" for a text"),
            ),
            (Some(Oddity::NumberAsText), _) => {
                let hint = "YAML 1.1 wants a dot and a signed exponent: 1.0e-6".to_owned();
                (format!("`{text}` is read as a text, not as a number"), hint)
            }
            (Some(Oddity::Octal), Value::Int(number)) => (
                format!("`{text}` is read as {number}, an octal number"),
                "leave out the leading zero, or quote it".into(),
            ),
            _ => return,
        };
        let place = Some(place.clone());
        self.findings.push(Finding {
            severity: Severity::Info,
            place,
            path: String::new(),
            message,
            hint: Some(hint),
        });
    }
}

fn name_of(tag: &Tag) -> Option<&str> {
    let core = tag.handle == "tag:yaml.org,2002:" || tag.handle == "!!";
    core.then_some(tag.suffix.as_str())
}

fn check_tag(tag: Option<&Tag>, expected: &str, place: &Place) -> Result<(), YamlError> {
    let fits =
        tag.is_none_or(|tag| name_of(tag) == Some(expected) || (tag.handle == "!" && tag.suffix.is_empty()));
    if fits {
        return Ok(());
    }
    let shown = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix)).unwrap_or_default();
    Err(YamlError { place: place.clone(), message: format!("`{shown}` cannot be read here") })
}

fn is_merge(key: &Node) -> bool {
    matches!(&key.value, Value::Text(text) if text == "<<")
}

/// Python's dict takes 1, 1.0 and True for the same key; only equal texts occur in practice.
fn same_key(one: &Node, other: &Node) -> bool {
    one.value == other.value
}

fn put(entries: &mut Vec<(Node, Node)>, (key, value): (Node, Node)) {
    match entries.iter_mut().find(|(known, _)| same_key(known, &key)) {
        Some(entry) => entry.1 = value,
        None => entries.push((key, value)),
    }
}

fn count_of(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => 1 + items.iter().map(count_of).sum::<usize>(),
        Value::Map(entries) => {
            1 + entries.iter().map(|(key, value)| count_of(key) + count_of(value)).sum::<usize>()
        }
        _ => 1,
    }
}
