//! Names of tools as the API accepts them: at most 64 letters, digits, `_` and `-`.

use weighhouse_types::chat::{ChatRequest, Tool, ToolKind};

use super::super::block::{accepted_id, flat_name};
use super::JSON_TOOL;
use crate::translation::WireTool;

/// Longest name.
const MOST_LETTERS: usize = 64;

/// The client's tools with their names on the wire, each of them its own.
#[derive(Debug, Default)]
pub(in super::super) struct Names {
    tools: Vec<WireTool>,
}

impl Names {
    /// Of a request's tools.
    pub(in super::super) fn of(request: &ChatRequest) -> Self {
        let mut names = Self::default();
        for tool in &request.tools {
            match tool {
                Tool::Function(tool) => names.add(&tool.name, tool.namespace.as_deref(), ToolKind::Function),
                Tool::Custom(tool) => names.add(&tool.name, tool.namespace.as_deref(), ToolKind::Custom),
                Tool::WebSearch(_) | Tool::Native(_) => {}
            }
        }
        names
    }

    fn add(&mut self, name: &str, namespace: Option<&str>, kind: ToolKind) {
        let wanted = accepted_name(&flat_name(name, namespace));
        let mut wire = wanted.clone();
        let mut number = 2_usize;
        while wire == JSON_TOOL || self.tools.iter().any(|tool| tool.wire == wire) {
            let end = format!("_{number}");
            wire = wanted.chars().take(MOST_LETTERS - end.len()).collect();
            wire.push_str(&end);
            number += 1;
        }
        self.tools.push(WireTool {
            wire,
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
            kind,
        });
    }

    /// The name on the wire.
    pub(in super::super) fn wire(&self, name: &str, namespace: Option<&str>) -> String {
        let is_it = |tool: &&WireTool| tool.name == name && tool.namespace.as_deref() == namespace;
        self.tools
            .iter()
            .find(is_it)
            .map_or_else(|| accepted_name(&flat_name(name, namespace)), |tool| tool.wire.clone())
    }

    /// What the reply's reader must know: the tools that go otherwise than the client knows them.
    pub(super) fn notes(self) -> Vec<WireTool> {
        let is_otherwise = |tool: &WireTool| {
            tool.wire != tool.name || tool.namespace.is_some() || tool.kind == ToolKind::Custom
        };
        self.tools.into_iter().filter(is_otherwise).collect()
    }
}

fn accepted_name(name: &str) -> String {
    let accepted: String = accepted_id(name).chars().take(MOST_LETTERS).collect();
    if accepted.is_empty() { "_".to_owned() } else { accepted }
}

#[cfg(test)]
mod tests {
    use weighhouse_types::chat::FunctionTool;

    use super::*;

    #[test]
    fn every_tool_has_a_name_of_its_own_and_finds_it_again() {
        let long = "x".repeat(80);
        let names = ["a.b", "a b", "plain", &long, JSON_TOOL, ""];
        let tool = |name: &&str| {
            Tool::Function(FunctionTool { name: (*name).to_owned(), ..FunctionTool::default() })
        };
        let request = ChatRequest { tools: names.iter().map(tool).collect(), ..ChatRequest::default() };
        let found = Names::of(&request);
        let wires: Vec<String> = names.iter().map(|name| found.wire(name, None)).collect();
        assert_eq!(wires, ["a_b", "a_b_2", "plain", &"x".repeat(64), "json_tool_call_2", "_"]);
        assert_eq!(found.notes().len(), 5);
    }
}
