//! Reads a mapping's members with their types, and reports what it does not know.

use std::time::Duration;

use secrecy::SecretString;

use crate::finding::{Finding, Severity, nearest};
use crate::keys::{Keys, is_of_body, is_price};
use crate::yaml::{Node, Value};

/// The largest budget in dollars; the books count nano-dollars in 63 bits.
const MOST_DOLLARS: f64 = 9e9;

/// Longest time that a setting may name: a year.
const MAX_SECONDS: f64 = 31_536_000.0;

/// Findings after which no neighbour of a misspelt key is looked for, so that a wholly foreign file is read in time.
const MAX_NEIGHBOURS: usize = 500;

/// Units of a budget's windows.
const WINDOW_UNITS: [&str; 6] = ["s", "m", "h", "d", "w", "mo"];

/// Longer windows are taken for a mistake.
const MOST_OF_A_UNIT: u64 = 100_000;

/// What becomes of members that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// They have no effect.
    Refused,
    /// They go to the provider, as LiteLLM sends them.
    Sent,
    /// Anybody may put them there.
    Kept,
}

/// A mapping that is being read.
pub(crate) struct Fields<'node, 'findings> {
    node: Option<&'node Node>,
    path: String,
    keys: &'static Keys,
    findings: &'findings mut Vec<Finding>,
}

/// A duration that a budget's windows may have, such as `30d`.
pub(crate) fn window(node: &Node) -> Option<String> {
    let text = node.text()?.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let is_length = number.parse().is_ok_and(|number: u64| (1..=MOST_OF_A_UNIT).contains(&number));
    (is_length && WINDOW_UNITS.contains(&unit)).then(|| text.to_owned())
}

/// What is said of one that is none.
pub(crate) fn no_window(node: &Node) -> String {
    format!("`{}` is no duration of a budget; write 30s, 5m, 24h, 7d, 2w, 30d or 1mo", node.python_str())
}

impl<'node, 'findings> Fields<'node, 'findings> {
    /// Begins to read a mapping; anything else is reported and read as an empty one.
    pub(crate) fn of(
        node: Option<&'node Node>,
        path: &str,
        keys: &'static Keys,
        findings: &'findings mut Vec<Finding>,
    ) -> Self {
        let mut fields = Self { node: None, path: path.to_owned(), keys, findings };
        match node.map(|node| (node, &node.value)) {
            None | Some((_, Value::Null)) => {}
            Some((node, Value::Map(_))) => fields.node = Some(node),
            Some((node, _)) => {
                fields.report(
                    node,
                    "",
                    &format!("must be a mapping, not {}; it has no effect", node.kind()),
                    None,
                );
            }
        }
        fields
    }

    /// The member's node; null is as good as absent.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'node Node> {
        debug_assert!(self.keys.knows(name), "`{name}` stands in no table");
        self.node?.get(name).filter(|node| node.value != Value::Null)
    }

    /// The way to a member.
    pub(crate) fn path(&self, name: &str) -> String {
        match (self.path.as_str(), name) {
            (path, "") => path.to_owned(),
            ("", name) => name.to_owned(),
            (path, name) => format!("{path}.{name}"),
        }
    }

    /// Adds a warning about a member.
    pub(crate) fn report(&mut self, node: &Node, name: &str, message: &str, hint: Option<String>) {
        let path = self.path(name);
        self.findings.push(Finding::at(Severity::Warning, node, path, message, hint));
    }

    fn wrong(&mut self, node: &Node, name: &str, expected: &str) {
        self.report(node, name, &format!("must be {expected}, not {}; it has no effect", node.kind()), None);
    }

    /// Quotes around what should be none; variables are texts whatever they mean.
    fn unquoted(&mut self, node: &Node, name: &str, read_as: &str) {
        if matches!(node.value, Value::Text(_)) && !node.from_environment {
            let message = format!("is a text and is read as {read_as}");
            self.report(node, name, &message, Some("leave out the quotes".into()));
        }
    }

    /// A text. Numbers and dates are texts too where somebody forgot the quotes.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        let node = self.take(name)?;
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Int(_) | Value::Float(..) | Value::Date(_) => Some(node.python_str()),
            Value::Bool(_) if node.from_environment => Some(node.python_str()),
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

    /// True or false; of the texts those that LiteLLM's models take.
    pub(crate) fn switch(&mut self, name: &'static str) -> Option<bool> {
        let node = self.take(name)?;
        let meant = match &node.value {
            Value::Bool(value) => return Some(*value),
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" | "t" | "y" => Some(true),
                "false" | "no" | "off" | "0" | "f" | "n" => Some(false),
                _ => None,
            },
            _ => None,
        };
        match meant {
            Some(meant) => self.unquoted(node, name, if meant { "true" } else { "false" }),
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
        let number = number.filter(|number: &f64| number.is_finite());
        match number {
            Some(_) => self.unquoted(node, name, "a number"),
            None => self.wrong(node, name, "a number"),
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
        match count {
            Some(_) => self.unquoted(node, name, "a number"),
            None => self.wrong(node, name, "a whole number that is not negative"),
        }
        count
    }

    /// Seconds.
    pub(crate) fn seconds(&mut self, name: &'static str) -> Option<Duration> {
        let node = self.take(name)?;
        let seconds = self.number(name)?;
        if (0.0..=MAX_SECONDS).contains(&seconds) {
            return Some(Duration::from_secs_f64(seconds));
        }
        self.report(node, name, &format!("must be from 0 to {MAX_SECONDS} seconds; it has no effect"), None);
        None
    }

    /// A budget in dollars, as decimal text. One that cannot be read would bound nothing, so nothing starts with it.
    pub(crate) fn dollars(&mut self, name: &'static str) -> Option<String> {
        let node = self.take(name)?;
        let is_kept =
            |text: &String| text.parse().is_ok_and(|dollars| (0.0..=MOST_DOLLARS).contains(&dollars));
        let text = node.decimal_text().filter(is_kept);
        if text.is_none() {
            let message =
                format!("must be a number of dollars from 0 to {MOST_DOLLARS}, not {}", node.python_str());
            self.fatal(node, name, &message);
        }
        text
    }

    /// The length of a budget's windows.
    pub(crate) fn window(&mut self, name: &'static str) -> Option<String> {
        let node = self.take(name)?;
        let window = window(node);
        if window.is_none() {
            self.fatal(node, name, &no_window(node));
        }
        window
    }

    /// Adds an error with which nothing starts.
    pub(crate) fn fatal(&mut self, node: &Node, name: &str, message: &str) {
        let path = self.path(name);
        self.findings.push(Finding::at(Severity::Fatal, node, path, message, None));
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

    /// A mapping to texts, as pairs in their order.
    pub(crate) fn pairs(&mut self, name: &'static str) -> Vec<(String, String)> {
        let Some(node) = self.take(name) else { return Vec::new() };
        if !matches!(node.value, Value::Map(_)) {
            self.wrong(node, name, "a mapping");
        }
        let entries = node.entries().filter(|(_, value)| value.value != Value::Null);
        entries.map(|(key, value)| (key.python_str(), value.python_str())).collect()
    }

    /// Prices: decimal texts in dollars, JSON for the nested ones.
    pub(crate) fn prices(&mut self) -> Vec<(String, String)> {
        let Some(node) = self.node else { return Vec::new() };
        let mut prices = Vec::new();
        for (key, value) in node.entries() {
            let Some(name) = key.text().filter(|name| is_price(name)) else { continue };
            match (&value.value, value.decimal_text()) {
                (Value::Null, _) => {}
                (Value::List(_) | Value::Map(_), _) => prices.push((name.to_owned(), value.json())),
                (_, Some(text)) => prices.push((name.to_owned(), text)),
                (_, None) => self.wrong(value, name, "dollars per unit"),
            }
        }
        prices
    }

    /// Members that are known and have no effect.
    pub(crate) fn idle(&self) -> Vec<(String, Node)> {
        let entries = self.node.into_iter().flat_map(Node::entries);
        let named = entries.filter_map(|(key, value)| Some((key.text()?, value)));
        let idle = named.filter(|(name, _)| self.keys.knows(name) && !self.keys.is_acted_on(name));
        idle.map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }

    /// Reports members that have no effect or are unknown, and gives the unknown ones.
    pub(crate) fn finish(mut self, unknown: Unknown) -> Vec<(String, &'node Node)> {
        let mut rest = Vec::new();
        let Some(node) = self.node else { return rest };
        for (key, value) in node.entries() {
            let name = key.python_str();
            let is_of_price = unknown != Unknown::Refused && is_price(&name);
            if self.keys.is_acted_on(&name) || is_of_price {
                continue;
            }
            if self.keys.knows(&name) {
                self.report(key, &name, "not supported yet; it has no effect", None);
                continue;
            }
            self.report_unknown(key, &name, unknown);
            rest.push((name, value));
        }
        rest
    }

    fn report_unknown(&mut self, key: &Node, name: &str, unknown: Unknown) {
        let is_spelt = unknown != Unknown::Refused && is_of_body(name);
        let is_late = self.findings.len() >= MAX_NEIGHBOURS;
        let near = if is_spelt || is_late { None } else { nearest(name, self.keys.all()) };
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        match (unknown, near) {
            (Unknown::Kept, None) => {}
            // A place for anchors, as other tools have it.
            (Unknown::Refused, None) if self.path.is_empty() && name.starts_with("x-") => {}
            (Unknown::Kept, Some(_)) => {
                self.report(key, name, "unknown key; it is kept for people to read", hint)
            }
            (Unknown::Sent, None) => {
                let path = self.path(name);
                let message = "no setting of the gateway's; it is sent to the provider";
                self.findings.push(Finding::at(Severity::Info, key, path, message, None));
            }
            (Unknown::Sent, Some(_)) => {
                self.report(key, name, "unknown key; it is sent to the provider", hint);
            }
            (Unknown::Refused, _) => self.report(key, name, "unknown key; it has no effect", hint),
        }
    }
}
