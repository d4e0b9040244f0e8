//! The order of a conversation: who speaks first, which call is answered where, and whose thoughts came back untouched.

use std::collections::BTreeSet;

use serde_json::Value;

use super::bad;
use super::shape::Terms;
use crate::fake_chat::asked::Refused;
use crate::fake_chat::spoken::signature;

/// Messages of one role that follow each other: the real API joins them.
struct Turn<'a> {
    role: &'a str,
    /// The index of the last message of the turn.
    index: usize,
    /// Message, index in it, and block; a text by itself is no block.
    blocks: Vec<(usize, usize, &'a Value)>,
}

/// Checks a conversation whose messages are in order one by one.
pub(super) fn check(terms: &Terms, body: &Value) -> Result<(), Refused> {
    let messages = body.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    contents(terms, messages)?;
    let turns = turns(messages);
    if turns.first().is_some_and(|turn| turn.role != "user") {
        return Err(bad("messages: first message must use the \"user\" role"));
    }
    calls_and_results(&turns)?;
    thoughts(body, &turns)
}

fn turns(messages: &[Value]) -> Vec<Turn<'_>> {
    let mut turns: Vec<Turn<'_>> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        let blocks = message.get("content").and_then(Value::as_array).into_iter().flatten().enumerate();
        let blocks = blocks.map(|(place, block)| (index, place, block));
        match turns.last_mut().filter(|turn| turn.role == role) {
            Some(turn) => {
                turn.blocks.extend(blocks);
                turn.index = index;
            }
            None => turns.push(Turn { role, index, blocks: blocks.collect() }),
        }
    }
    turns
}

fn kind(block: &Value) -> &str {
    block.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn member<'a>(block: &'a Value, name: &str) -> &'a str {
    block.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What each role may say, and that it says something.
fn contents(terms: &Terms, messages: &[Value]) -> Result<(), Refused> {
    for (index, message) in messages.iter().enumerate() {
        let last = index + 1 == messages.len();
        let user = member(message, "role") == "user";
        let content = message.get("content").unwrap_or(&Value::Null);
        let empty = content
            .as_str()
            .map_or_else(|| content.as_array().is_some_and(Vec::is_empty), |text| text.trim().is_empty());
        if empty && (user || !last) {
            return Err(bad(format!(
                "messages.{index}: all messages must have non-empty content except for the optional final assistant message"
            )));
        }
        for (place, block) in content.as_array().into_iter().flatten().enumerate() {
            let at = format!("messages.{index}.content.{place}");
            match (kind(block), user) {
                ("tool_result", false) => return Err(only_in(index, "tool_result", "user")),
                (kind @ ("tool_use" | "thinking" | "redacted_thinking"), true) => {
                    return Err(only_in(index, kind, "assistant"));
                }
                ("document", false) if terms.recent => {
                    return Err(bad(format!(
                        "{at}: Input tag 'document' found using 'type' does not match any of the expected tags: 'text', 'thinking', 'redacted_thinking', 'tool_use'"
                    )));
                }
                ("text", true) if terms.recent && cites(block) => {
                    return Err(bad(format!("{at}.text.citations: Extra inputs are not permitted")));
                }
                _ => {}
            }
        }
        if last && !user {
            let texts = content.as_array().and_then(|blocks| blocks.last());
            let text = content.as_str().unwrap_or_else(|| texts.map_or("", |block| member(block, "text")));
            if text.ends_with(char::is_whitespace) {
                return Err(bad("messages: final assistant content cannot end with trailing whitespace"));
            }
        }
    }
    Ok(())
}

fn only_in(index: usize, kind: &str, role: &str) -> Refused {
    bad(format!("messages.{index}: `{kind}` blocks can only be in `{role}` messages"))
}

fn cites(block: &Value) -> bool {
    block.get("citations").and_then(Value::as_array).is_some_and(|citations| !citations.is_empty())
}

/// Every call is answered at the start of the next turn, and nothing else is.
fn calls_and_results(turns: &[Turn<'_>]) -> Result<(), Refused> {
    let mut known = BTreeSet::new();
    let mut open: Vec<&str> = Vec::new();
    let mut asker = 0;
    for turn in turns {
        let leading = turn.blocks.iter().take_while(|(_, _, block)| kind(block) == "tool_result");
        let mut answered = BTreeSet::new();
        for (_, _, block) in leading {
            let id = member(block, "tool_use_id");
            if open.contains(&id) && !answered.insert(id) {
                return Err(bad(format!(
                    "messages.{}: each tool_use must have a single result. Found multiple `tool_result` blocks with id: {id}",
                    turn.index
                )));
            }
        }
        unanswered(&open, &answered, asker)?;
        for (index, place, block) in &turn.blocks {
            let id = member(block, "tool_use_id");
            if kind(block) == "tool_result" && !open.contains(&id) {
                return Err(bad(format!(
                    "messages.{index}.content.{place}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
                )));
            }
        }
        open.clear();
        asker = turn.index;
        for (index, place, block) in &turn.blocks {
            if kind(block) == "tool_use" {
                let id = member(block, "id");
                if !known.insert(id) {
                    return Err(bad(format!(
                        "messages.{index}.content.{place}: `tool_use` ids must be unique"
                    )));
                }
                open.push(id);
            }
        }
    }
    unanswered(&open, &BTreeSet::new(), asker)
}

fn unanswered(open: &[&str], answered: &BTreeSet<&str>, asker: usize) -> Result<(), Refused> {
    let missing: Vec<&str> = open.iter().filter(|id| !answered.contains(*id)).copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(bad(format!(
        "messages.{asker}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
        missing.join(", ")
    )))
}

/// Thoughts come back as they were, and where thinking is on they come back with the calls that they led to.
fn thoughts(body: &Value, turns: &[Turn<'_>]) -> Result<(), Refused> {
    for (index, place, block) in turns.iter().flat_map(|turn| &turn.blocks) {
        let at = format!("messages.{index}.content.{place}");
        if kind(block) == "thinking" && !signed(member(block, "thinking"), member(block, "signature")) {
            return Err(bad(format!("{at}: Invalid `signature` in `thinking` block")));
        }
        if kind(block) == "redacted_thinking" && member(block, "data").is_empty() {
            return Err(bad(format!("{at}: Invalid `data` in `redacted_thinking` block")));
        }
    }
    // In adaptive mode thoughts may be left out.
    if body.pointer("/thinking/type") != Some(&Value::from("enabled")) {
        return Ok(());
    }
    let Some(turn) = turns.iter().rev().find(|turn| turn.role == "assistant") else { return Ok(()) };
    let Some((index, place, first)) = turn.blocks.first() else { return Ok(()) };
    let used = turn.blocks.iter().any(|(_, _, block)| kind(block) == "tool_use");
    if used && !matches!(kind(first), "thinking" | "redacted_thinking") {
        return Err(bad(format!(
            "messages.{index}.content.{place}.type: Expected `thinking` or `redacted_thinking`, but found `{}`. When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, disable `thinking`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking",
            kind(first)
        )));
    }
    Ok(())
}

/// A thought that was not shown comes back empty, with a signature that is not that of nothing.
fn signed(thought: &str, given: &str) -> bool {
    let digits = given.strip_prefix("sig_").unwrap_or_default();
    let formed = digits.len() == 16 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
    if thought.is_empty() { formed } else { given == signature(thought) }
}

/// The last text of the user, and the texts of the results that the last turn brings.
pub(super) fn last(body: &Value) -> (String, Vec<String>) {
    let messages = body.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let users = messages.iter().rev().filter(|message| member(message, "role") == "user");
    let text = users.map(|message| {
        let content = message.get("content").unwrap_or(&Value::Null);
        let mut blocks = content.as_array().into_iter().flatten().filter(|block| kind(block) == "text");
        let last = blocks.next_back().map_or("", |block| member(block, "text"));
        content.as_str().unwrap_or(last).to_owned()
    });
    let text = text.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let turns = turns(messages);
    let results = turns.iter().rev().find(|turn| turn.role != "system").map_or(&[][..], |turn| &turn.blocks);
    let results = results.iter().filter(|(_, _, block)| kind(block) == "tool_result");
    (text, results.map(|(_, _, block)| texts(block.get("content").unwrap_or(&Value::Null))).collect())
}

/// All texts of a content, joined.
fn texts(content: &Value) -> String {
    let blocks = content.as_array().into_iter().flatten();
    let texts: Vec<&str> =
        blocks.map(|block| member(block, "text")).filter(|text| !text.is_empty()).collect();
    content.as_str().map_or_else(|| texts.join(" "), str::to_owned)
}

/// The bytes of all texts of a request: the system's, the conversation's with its calls, and the tools'.
pub(super) fn bytes(body: &Value) -> u64 {
    let mut sum = texts(body.get("system").unwrap_or(&Value::Null)).len();
    for message in body.get("messages").and_then(Value::as_array).into_iter().flatten() {
        let content = message.get("content").unwrap_or(&Value::Null);
        sum += content.as_str().map_or(0, str::len);
        for block in content.as_array().into_iter().flatten() {
            sum += member(block, "text").len() + member(block, "thinking").len();
            sum += block.get("input").map_or(0, |input| input.to_string().len());
            sum += block.get("content").map_or(0, |inner| texts(inner).len());
        }
    }
    for tool in body.get("tools").and_then(Value::as_array).into_iter().flatten() {
        sum += member(tool, "name").len() + member(tool, "description").len();
        sum += tool.get("input_schema").map_or(0, |schema| schema.to_string().len());
    }
    u64::try_from(sum).unwrap_or(u64::MAX)
}
