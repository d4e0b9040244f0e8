//! Betas that a body needs to be understood (`anthropic-beta`).
//!
//! Source: the SDK's `AnthropicBetaParam` and the pages of the features that name them.

use std::collections::BTreeSet;

use weighhouse_types::Dialect;
use weighhouse_types::chat::{Block, BlockKind, ChatRequest, MediaSource, Tool};

use super::super::block::OURS;

/// Types of tools that are still in beta.
const OF_TOOLS: [(&str, &str); 8] = [
    ("computer_20241022", "computer-use-2024-10-22"),
    ("computer_20250124", "computer-use-2025-01-24"),
    ("computer_20251124", "computer-use-2025-11-24"),
    ("code_execution_20250522", "code-execution-2025-05-22"),
    ("code_execution_20250825", "code-execution-2025-08-25"),
    ("web_fetch_20250910", "web-fetch-2025-09-10"),
    ("memory_20250818", "context-management-2025-06-27"),
    ("mcp_toolset", "mcp-client-2025-11-20"),
];

/// Members of a request that are still in beta.
const OF_MEMBERS: [(&str, &str); 3] = [
    ("context_management", "context-management-2025-06-27"),
    ("mcp_servers", "mcp-client-2025-11-20"),
    ("speed", "fast-mode-2026-02-01"),
];

/// The header's value; none where nothing needs it.
pub(super) fn betas(request: &ChatRequest) -> Option<String> {
    let mut found = BTreeSet::new();
    for tool in &request.tools {
        match tool {
            Tool::Native(native) => {
                found.extend(OF_TOOLS.iter().filter(|(name, _)| *name == native.name).map(|(_, beta)| *beta));
            }
            Tool::Function(tool) => {
                let has_examples = tool.extra.for_dialect(OURS).any(|(name, _)| name == "input_examples");
                if tool.deferred || has_examples {
                    found.insert("advanced-tool-use-2025-11-20");
                }
            }
            Tool::Custom(_) | Tool::WebSearch(_) => {}
        }
    }
    // Members of other dialects do not go out.
    let passes = matches!(request.extra.origin, Some(OURS | Dialect::OpenAiChat));
    for (name, _) in request.extra.members.iter().filter(|_| passes) {
        found.extend(OF_MEMBERS.iter().filter(|(member, _)| member == name).map(|(_, beta)| *beta));
    }
    if request.messages.iter().flat_map(|message| &message.blocks).any(names_file) {
        found.insert("files-api-2025-04-14");
    }
    let list: Vec<&str> = found.into_iter().collect();
    (!list.is_empty()).then(|| list.join(","))
}

fn names_file(block: &Block) -> bool {
    match &block.kind {
        BlockKind::Media(media) => matches!(media.source, MediaSource::FileId(_)),
        BlockKind::ToolResult(result) => result.content.iter().any(names_file),
        BlockKind::Text(_)
        | BlockKind::Refusal(_)
        | BlockKind::Reasoning(_)
        | BlockKind::ToolCall(_)
        | BlockKind::ServerTool(_)
        | BlockKind::Foreign(_) => false,
    }
}
