//! Names of tools as a provider takes them: its letters, no two alike, namespaces flattened; and what the reader of
//! the reply must remember to give the client its own names back.

use std::borrow::Cow;
use std::collections::BTreeMap;

use weighhouse_types::chat::{ChatRequest, Tool, ToolKind};

use crate::translation::WireTool;

/// Longest name.
const MAX_NAME: usize = 64;

/// An id of a call of at most so many bytes: longer ones become a sum of themselves, alike for calls and results.
pub(crate) fn short_id(id: &str, most: usize) -> Cow<'_, str> {
    if id.len() <= most {
        return Cow::Borrowed(id);
    }
    let sum = |start: u64| {
        id.bytes().fold(start, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    };
    Cow::Owned(format!("call_{:016x}{:016x}", sum(0xcbf2_9ce4_8422_2325), sum(0x8422_2325_cbf2_9ce4)))
}

/// What a provider takes as names of tools. All take letters, digits, `_` and `-`, at most 64 characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NameRules {
    /// Other characters that it takes.
    pub(crate) also: &'static str,
    /// A name must begin with a letter or `_`.
    pub(crate) begins_with_letter: bool,
    /// Custom tools go as they are, not as functions.
    pub(crate) takes_custom: bool,
}

/// The tools of a request under the names that they have on the wire.
#[derive(Debug, Default)]
pub(crate) struct Names {
    rules: NameRules,
    tools: Vec<WireTool>,
    /// Places in `tools` by the client's name.
    places: BTreeMap<String, Vec<usize>>,
    /// Names on the wire, and how many tools wanted each.
    taken: BTreeMap<String, usize>,
}

impl Names {
    /// Names for all tools of a request.
    pub(crate) fn of(request: &ChatRequest, rules: NameRules) -> Self {
        let mut names = Self { rules, ..Self::default() };
        for tool in &request.tools {
            match tool {
                Tool::Function(tool) => {
                    names.add(&tool.name, tool.namespace.as_deref(), ToolKind::Function);
                }
                Tool::Custom(tool) => names.add(&tool.name, tool.namespace.as_deref(), ToolKind::Custom),
                Tool::WebSearch(_) | Tool::Native(_) => {}
            }
        }
        names
    }

    fn add(&mut self, name: &str, namespace: Option<&str>, kind: ToolKind) {
        if self.find(name, namespace).is_some_and(|known| known.namespace.as_deref() == namespace) {
            return;
        }
        let plain = plain(name, namespace, self.rules);
        let mut wire = plain.clone();
        while self.taken.contains_key(&wire) {
            let count = self.taken.entry(plain.clone()).or_insert(1);
            *count += 1;
            wire = numbered(&plain, *count);
        }
        self.taken.insert(wire.clone(), 1);
        self.places.entry(name.to_owned()).or_default().push(self.tools.len());
        let (name, namespace) = (name.to_owned(), namespace.map(str::to_owned));
        self.tools.push(WireTool { wire, name, namespace, kind });
    }

    /// The tool of that name and namespace; where no namespace is said, of any.
    fn find(&self, name: &str, namespace: Option<&str>) -> Option<&WireTool> {
        let places = self.places.get(name)?;
        let of_name = || places.iter().filter_map(|place| self.tools.get(*place));
        let exact = of_name().find(|tool| tool.namespace.as_deref() == namespace);
        exact.or_else(|| of_name().next().filter(|_| namespace.is_none()))
    }

    /// A tool's name on the wire; tools that the history alone knows are named by the same rule.
    pub(crate) fn wire(&self, name: &str, namespace: Option<&str>) -> String {
        self.find(name, namespace)
            .map_or_else(|| plain(name, namespace, self.rules), |tool| tool.wire.clone())
    }

    /// Whether custom tools go as they are.
    pub(crate) const fn takes_custom(&self) -> bool {
        self.rules.takes_custom
    }

    /// What the reader of the reply must remember.
    pub(crate) fn notes(self) -> Vec<WireTool> {
        let differs = |tool: &WireTool| {
            tool.wire != tool.name
                || tool.namespace.is_some()
                || (tool.kind == ToolKind::Custom && !self.rules.takes_custom)
        };
        self.tools.into_iter().filter(differs).collect()
    }
}

fn plain(name: &str, namespace: Option<&str>, rules: NameRules) -> String {
    let whole = namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}__{name}"));
    let allowed = |letter: char| {
        letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-') || rules.also.contains(letter)
    };
    let mut plain: String = whole.chars().map(|letter| if allowed(letter) { letter } else { '_' }).collect();
    let is_bad_start = !plain.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    if plain.is_empty() || (rules.begins_with_letter && is_bad_start) {
        plain.insert(0, '_');
    }
    if plain.len() > MAX_NAME {
        // The end of long names tells them apart as often as the beginning: a sum of the whole does always.
        let sum = whole.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        plain.truncate(MAX_NAME - 9);
        plain.push_str(&format!("_{:08x}", sum >> 32));
    }
    plain
}

fn numbered(wire: &str, count: usize) -> String {
    let end = format!("_{count}");
    let mut wire = wire.to_owned();
    wire.truncate(MAX_NAME - end.len());
    wire + &end
}

#[cfg(test)]
mod tests {
    use super::*;
    use weighhouse_types::chat::FunctionTool;

    #[test]
    fn names_are_what_the_wire_takes_and_are_never_two_tools() {
        let long = "a".repeat(70);
        let tools = ["get weather", "get_weather", "7days", "ok.name:x-1", &long]
            .map(|name| Tool::Function(FunctionTool { name: name.into(), ..FunctionTool::default() }));
        let request = ChatRequest { tools: tools.into(), ..ChatRequest::default() };
        let rules = NameRules { also: ".:", begins_with_letter: true, takes_custom: false };
        let names = Names::of(&request, rules);
        assert_eq!(names.wire("get weather", None), "get_weather");
        assert_eq!(names.wire("get_weather", None), "get_weather_2");
        assert_eq!(names.wire("7days", None), "_7days");
        assert_eq!(names.wire("list", Some("files")), "files__list");
        assert_eq!(names.wire(&long, None).len(), MAX_NAME);
        assert_eq!(names.notes().len(), 4);
    }
}
