//! Reads a dict's members with their types, and reports what it does not know.

use std::time::Duration;

use secrecy::SecretString;

use crate::finding::{Finding, Severity, nearest};
use crate::yaml::{Node, Value};

/// Longest time that a setting may name.
const MAX_SECONDS: f64 = 31_536_000.0;

/// What becomes of members that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// They are reported.
    Refused,
    /// They go to the provider, as LiteLLM sends them.
    Sent,
    /// Anybody may put them there.
    Kept,
}

/// A dict that is being read.
pub(crate) struct Fields<'node, 'findings> {
    node: Option<&'node Node>,
    path: String,
    read: Vec<&'static str>,
    findings: &'findings mut Vec<Finding>,
}

impl<'node, 'findings> Fields<'node, 'findings> {
    /// Begins to read a dict; anything else is reported and read as an empty one.
    pub(crate) fn of(node: Option<&'node Node>, path: &str, findings: &'findings mut Vec<Finding>) -> Self {
        let mut fields = Self { node: None, path: path.to_owned(), read: Vec::new(), findings };
        match node {
            Some(Node { value: Value::Null, .. }) | None => {}
            Some(Node { value: Value::Map(_), .. }) => fields.node = node,
            Some(other) => {
                fields.report(other, "", &format!("must be a mapping, not {}", other.kind()), None)
            }
        }
        fields
    }

    /// The member's node; null is as good as absent.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'node Node> {
        self.read.push(name);
        self.node?.get(name).filter(|node| node.value != Value::Null)
    }

    fn report(&mut self, node: &Node, name: &str, message: &str, hint: Option<String>) {
        let path = match (self.path.as_str(), name) {
            (path, "") => path.to_owned(),
            ("", name) => name.to_owned(),
            (path, name) => format!("{path}.{name}"),
        };
        let severity = Severity::Warning;
        self.findings.push(Finding {
            severity,
            place: Some(node.place.clone()),
            path,
            message: message.into(),
            hint,
        });
    }

    fn wrong(&mut self, node: &Node, name: &str, expected: &str) {
        self.report(node, name, &format!("must be {expected}, not {}; it has no effect", node.kind()), None);
    }

    /// A text. Numbers are texts too where somebody forgot the quotes.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        let node = self.take(name)?;
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Int(_) | Value::Float(..) => Some(node.python_str()),
            _ => {
                self.wrong(node, name, "a text");
                None
            }
        }
    }

    /// A text that is never shown.
    pub(crate) fn secret(&mut self, name: &'static str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    /// True or false; the texts that LiteLLM takes for it are reported.
    pub(crate) fn switch(&mut self, name: &'static str) -> Option<bool> {
        let node = self.take(name)?;
        let meant = match &node.value {
            Value::Bool(value) => return Some(*value),
            Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        };
        match meant {
            Some(_) => self.report(node, name, "is a text", Some("leave out the quotes".into())),
            None => self.wrong(node, name, "true or false"),
        }
        meant
    }

    /// A number.
    pub(crate) fn number(&mut self, name: &'static str) -> Option<f64> {
        let node = self.take(name)?;
        let number = match &node.value {
            #[expect(clippy::cast_precision_loss, reason = "limits and weights are far below 2^53")]
            Value::Int(number) => Some(*number as f64),
            Value::Float(number, _) => Some(*number),
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| number.is_finite());
        if number.is_none() {
            self.wrong(node, name, "a number");
        }
        number
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&mut self, name: &'static str) -> Option<u64> {
        let node = self.take(name)?;
        let count = match &node.value {
            Value::Int(number) => u64::try_from(*number).ok(),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "guarded by the range"
            )]
            Value::Float(number, _) if number.fract() == 0.0 && (0.0..9e15).contains(number) => {
                Some(*number as u64)
            }
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        if count.is_none() {
            self.wrong(node, name, "a whole number that is not negative");
        }
        count
    }

    /// Seconds.
    pub(crate) fn seconds(&mut self, name: &'static str) -> Option<Duration> {
        let node = self.node?.get(name);
        let seconds = self.number(name)?;
        if (0.0..=MAX_SECONDS).contains(&seconds) {
            return Some(Duration::from_secs_f64(seconds));
        }
        if let Some(node) = node {
            self.report(
                node,
                name,
                &format!("must be from 0 to {MAX_SECONDS} seconds; it has no effect"),
                None,
            );
        }
        None
    }

    /// A list of texts; one text alone is a list of one.
    pub(crate) fn texts(&mut self, name: &'static str) -> Vec<String> {
        let Some(node) = self.take(name) else { return Vec::new() };
        match &node.value {
            Value::Text(text) => vec![text.clone()],
            Value::List(items) => {
                let mut texts = Vec::with_capacity(items.len());
                for item in items {
                    match item.text() {
                        Some(text) => texts.push(text.to_owned()),
                        None => self.wrong(item, name, "a list of texts"),
                    }
                }
                texts
            }
            _ => {
                self.wrong(node, name, "a list of texts");
                Vec::new()
            }
        }
    }

    /// A dict of texts, as pairs in their order.
    pub(crate) fn pairs(&mut self, name: &'static str) -> Vec<(String, String)> {
        let Some(node) = self.take(name) else { return Vec::new() };
        if !matches!(node.value, Value::Map(_)) {
            self.wrong(node, name, "a mapping");
        }
        node.entries().map(|(key, value)| (key.python_str(), value.python_str())).collect()
    }

    /// Dollars per unit, as texts: every member whose name speaks of cost.
    pub(crate) fn prices(&mut self) -> Vec<(String, String)> {
        let Some(node) = self.node else { return Vec::new() };
        let is_price =
            |name: &str| name.contains("_cost_") || name.ends_with("_cost") || name.starts_with("cost_per_");
        let mut prices = Vec::new();
        for (key, value) in node.entries() {
            let Some(name) = key.text().filter(|name| is_price(name)) else { continue };
            match &value.value {
                Value::Int(number) => prices.push((name.to_owned(), number.to_string())),
                Value::Float(_, text) => prices.push((name.to_owned(), text.replace('_', ""))),
                Value::Text(text) => prices.push((name.to_owned(), text.clone())),
                Value::Null => {}
                _ => self.wrong(value, name, "dollars per unit"),
            }
        }
        prices
    }

    /// Members that were neither read nor prices; those in `known` are reported as without effect, others as unknown.
    pub(crate) fn rest(mut self, known: &[&str], unknown: Unknown) -> Vec<(String, &'node Node)> {
        let mut extra = Vec::new();
        let Some(node) = self.node else { return extra };
        for (key, value) in node.entries() {
            let name = key.python_str();
            let is_price =
                name.contains("_cost_") || name.ends_with("_cost") || name.starts_with("cost_per_");
            if self.read.contains(&name.as_str()) || is_price {
                continue;
            }
            if known.contains(&name.as_str()) {
                self.report(key, &name, "is not supported yet; it has no effect", None);
                continue;
            }
            let near = nearest(&name, self.read.iter().copied().chain(known.iter().copied()));
            match (unknown, near) {
                (Unknown::Kept, _) => {}
                (Unknown::Sent, None) => extra.push((name, value)),
                (Unknown::Sent, Some(near)) => {
                    let hint = Some(format!("it is sent to the provider; did you mean `{near}`?"));
                    self.report(key, &name, "is no parameter of LiteLLM's", hint);
                    extra.push((name, value));
                }
                (Unknown::Refused, near) => {
                    let hint = near.map(|near| format!("did you mean `{near}`?"));
                    self.report(key, &name, "is unknown; it has no effect", hint);
                }
            }
        }
        extra
    }
}
