//! From the parser's events to a tree, within limits.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::characters::{Tabs, control_character};
use super::mapping::Mapping;
use super::scalar::{Oddity, resolve, tagged};
use super::tree::{Node, Place, Value};
use crate::finding::{Finding, Severity};
use crate::keys::is_price;

/// Largest file that is read.
pub const MAX_FILE_BYTES: usize = 8 * 1024 * 1024;
/// Deepest nesting.
pub const MAX_DEPTH: usize = 64;
/// Most values, those that anchors and aliases repeat included.
pub const MAX_NODES: usize = 500_000;
/// Longest key on one line, as PyYAML has it.
const MAX_KEY_CHARS: usize = 1024;

/// Why a text is no usable YAML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct YamlError {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub message: String,
}

/// Reads one document; an empty one is None. What surprises people is added to `findings`.
///
/// # Errors
/// With line and column: no YAML, more than one document, a tag that cannot be read, an unknown alias, a key
/// that is a list or mapping, or a limit passed.
pub fn read(file: &str, text: &str, findings: &mut Vec<Finding>) -> Result<Node, YamlError> {
    let file: Arc<str> = file.into();
    let place = |line, column| Place { file: Arc::clone(&file), line, column };
    if text.len() > MAX_FILE_BYTES {
        let message = format!("the file is larger than {MAX_FILE_BYTES} bytes");
        return Err(YamlError { place: place(1, 1), message });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some((line, column)) = control_character(text) {
        let message =
            "a control character or line separator; write it as an escape in double quotes".to_owned();
        return Err(YamlError { place: place(line, column), message });
    }
    let is_other =
        |line: &str| line.strip_prefix("%YAML ").is_some_and(|version| !version.trim().starts_with("1."));
    if let Some(line) = text.lines().position(is_other) {
        let message = "only version 1 of YAML is read".to_owned();
        return Err(YamlError { place: place(line + 1, 1), message });
    }
    let start = place(1, 1);
    let mut tabs = Tabs::of(text);
    let mut composer = Composer {
        file: Arc::clone(&file),
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        findings,
        root: None,
        has_document: false,
        source: text,
        length: text.chars().count(),
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| YamlError {
            place: composer.place(error.marker().line(), error.marker().col()),
            message: error.info().to_owned(),
        })?;
        if let Some((line, column)) = tabs.as_mut().and_then(|tabs| tabs.refused(&event, &span)) {
            let message = "a tab between words; use spaces".to_owned();
            return Err(YamlError { place: place(line, column), message });
        }
        composer.take(event, span)?;
    }
    Ok(composer.root.unwrap_or(Node::new(Value::Null, start)))
}

struct Composer<'text, 'findings> {
    file: Arc<str>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    findings: &'findings mut Vec<Finding>,
    root: Option<Node>,
    has_document: bool,
    source: &'text str,
    /// Its characters.
    length: usize,
}

/// A list or dict that is being read.
struct Open {
    place: Place,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<(Node, Node)>, key: Option<Key>, merges: Vec<Node> },
}

/// A key whose value comes next.
struct Key {
    node: Node,
    is_merge: bool,
}

impl Composer<'_, '_> {
    fn place(&self, line: usize, column: usize) -> Place {
        Place { file: Arc::clone(&self.file), line, column: column + 1 }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        let place = self.place(span.start.line(), span.start.col());
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.has_document => Err(YamlError {
                place,
                message: "only one document is read; remove the `---` and what follows".into(),
            }),
            Event::DocumentStart(_) => {
                self.has_document = true;
                Ok(())
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    return Err(YamlError {
                        place,
                        message: "the alias stands inside what it repeats".into(),
                    });
                };
                let (count, value) = (node.count(), node.value.clone());
                self.count(count, &place)?;
                self.add(Node::new(value, place), false)
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.count(1, &place)?;
                if self.awaits_key() && text.len() > MAX_KEY_CHARS && span.len() > MAX_KEY_CHARS {
                    return Err(YamlError {
                        place,
                        message: format!("a key longer than {MAX_KEY_CHARS} characters"),
                    });
                }
                let is_merge =
                    text == "<<" && style == ScalarStyle::Plain && tag.is_none() && self.awaits_key();
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let is_cut = is_block && self.is_cut(&text, &span, anchor != 0 || tag.is_some());
                let text = if is_cut { text.strip_suffix('\n').unwrap_or(&text) } else { &text };
                let value = self.scalar(text, style, tag.as_deref(), &place)?;
                let node = Node::new(value, place);
                self.keep(anchor, &node)?;
                self.add(node, is_merge)
            }
            Event::SequenceStart(anchor, tag) => {
                check_tag(tag, "seq", &place)?;
                self.enter(place, anchor, Content::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                check_tag(tag, "map", &place)?;
                self.enter(place, anchor, Content::Map { entries: Vec::new(), key: None, merges: Vec::new() })
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(),
        }
    }

    /// Whether a block is cut short by the end of the text: the parser adds the line end that its last line
    /// lacks, PyYAML does not.
    fn is_cut(&self, text: &str, span: &Span, has_properties: bool) -> bool {
        let last_line = self.source.rsplit(['\n', '\r']).next().unwrap_or_default().chars().count();
        if last_line == 0 || span.end.index() < self.length {
            return false;
        }
        if text.chars().all(|letter| letter == '\n') {
            return span.end.line() == span.start.line() + 1;
        }
        // A block's span begins at its first letter, or at its anchor or tag.
        let indentation = if has_properties {
            let written = self.source.lines().skip(span.start.line()).find(|line| !line.trim().is_empty());
            let read = text.lines().find(|line| !line.trim().is_empty());
            let spaces = |line: Option<&str>| {
                line.map_or(0, |line| line.chars().take_while(|letter| *letter == ' ').count())
            };
            spaces(written).saturating_sub(spaces(read))
        } else {
            span.start.col()
        };
        last_line >= indentation
    }

    /// Whether the next value is a dict's key.
    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { content: Content::Map { key: None, .. }, .. }))
    }

    fn count(&mut self, nodes: usize, place: &Place) -> Result<(), YamlError> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            let message =
                format!("more than {MAX_NODES} values, those that anchors and aliases repeat included");
            return Err(YamlError { place: place.clone(), message });
        }
        Ok(())
    }

    fn keep(&mut self, anchor: usize, node: &Node) -> Result<(), YamlError> {
        if anchor != 0 {
            self.count(node.count(), &node.place)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(())
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
            Content::Map { entries, merges, .. } => Value::Map(self.mapping(entries, merges)?),
        };
        let node = Node::new(value, place);
        self.keep(anchor, &node)?;
        self.add(node, false)
    }

    /// Merged entries come first and yield to the dict's own; of equal keys the last counts.
    fn mapping(&mut self, own: Vec<(Node, Node)>, merges: Vec<Node>) -> Result<Vec<(Node, Node)>, YamlError> {
        let mut mapping = Mapping::default();
        for merge in merges {
            let place = merge.place.clone();
            mapping.merge(merge).map_err(|message| YamlError { place, message: message.to_owned() })?;
        }
        for (key, value) in own {
            let (name, place) = (key.python_str(), key.place.clone());
            if mapping.own(key, value) {
                let message = "stands twice in the same mapping; the last one counts";
                self.report(Severity::Warning, place, Some(&name), message, "remove one of them");
            }
        }
        Ok(mapping.into_entries())
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node, is_merge: bool) -> Result<(), YamlError> {
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
                None => *key = Some(Key { node, is_merge }),
                Some(Key { is_merge: true, .. }) => merges.push(node),
                Some(key) => entries.push((key.node, node)),
            },
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        place: &Place,
    ) -> Result<Value, YamlError> {
        let refused = |message: String| YamlError { place: place.clone(), message };
        // A bare `!` says nothing to PyYAML, not even for a quoted scalar.
        let is_bare = tag.is_some_and(|tag| full_name(tag) == "!");
        if let Some(tag) = tag.filter(|_| !is_bare) {
            let name = full_name(tag);
            let Some(name) = name.strip_prefix(CORE) else { return Err(refused(unreadable(&name))) };
            return tagged(name, text).map_err(refused);
        }
        if style != ScalarStyle::Plain && !is_bare {
            return Ok(Value::Text(text.to_owned()));
        }
        if self.awaits_key() && (text == "=" || text == "<<") {
            return Ok(Value::Text(text.to_owned()));
        }
        let (value, oddity) = resolve(text).map_err(refused)?;
        if let Some(oddity) = oddity {
            let (message, hint) = oddity.words();
            // LiteLLM reads a price from a text too.
            let is_harmless = oddity == Oddity::NumberAsText && self.key().is_some_and(is_price);
            let severity = if is_harmless { Severity::Info } else { Severity::Warning };
            self.report(severity, place.clone(), None, message, hint);
        }
        Ok(value)
    }

    /// The key whose value is being read.
    fn key(&self) -> Option<&str> {
        match &self.open.last()?.content {
            Content::Map { key: Some(key), .. } => key.node.text(),
            _ => None,
        }
    }

    fn report(&mut self, severity: Severity, place: Place, name: Option<&str>, message: &str, hint: &str) {
        let mut path = String::new();
        for open in &self.open {
            match &open.content {
                Content::List(items) => path.push_str(&format!("[{}]", items.len())),
                Content::Map { key: Some(key), .. } => join(&mut path, &key.node.python_str()),
                Content::Map { .. } => {}
            }
        }
        if let Some(name) = name {
            join(&mut path, name);
        }
        self.findings.push(Finding {
            severity,
            place: Some(place),
            path,
            message: message.to_owned(),
            hint: Some(hint.to_owned()),
        });
    }
}

/// The prefix of YAML's own tags.
const CORE: &str = "tag:yaml.org,2002:";

/// A tag as written in full.
fn full_name(tag: &Tag) -> String {
    let handle = if tag.handle == "!!" { CORE } else { tag.handle.as_str() };
    format!("{handle}{}", tag.suffix)
}

fn join(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

fn unreadable(name: &str) -> String {
    format!("the tag `{name}` cannot be read; leave it out")
}

fn check_tag(tag: Option<Cow<'_, Tag>>, expected: &str, place: &Place) -> Result<(), YamlError> {
    let Some(name) = tag.as_deref().map(full_name) else { return Ok(()) };
    if name == "!" || name.strip_prefix(CORE) == Some(expected) {
        return Ok(());
    }
    Err(YamlError { place: place.clone(), message: unreadable(&name) })
}
