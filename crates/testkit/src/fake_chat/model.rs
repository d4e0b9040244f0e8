//! The small model that answers when the test says nothing, and the tokens of any answer.

use serde_json::{Map, Value, json};

use super::asked::{Asked, ToolDemand};
use super::said::{Said, SaidBlock};
use super::spoken::{Spoken, SpokenBlock, SpokenUsage, signature};

const THOUGHT: &str = "Let me think.";
/// Schemas may refer to themselves; nothing that is asked for is deeper.
const MOST_DEPTH: u8 = 32;

/// What is said to a request; `number` makes its ids.
pub(super) fn speak(asked: &Asked, said: &Said, number: u64) -> Spoken {
    let mut blocks = if said.blocks.is_empty() { answer(asked) } else { said.blocks.clone() };
    let stopped_at = stop_at(&mut blocks, &asked.stops);
    let cut_short = said.stop.is_none() && shorten(&mut blocks, asked.max_output);
    let usage = count(asked, said, &blocks);
    let blocks = blocks.into_iter().map(|block| match block {
        SaidBlock::Thinking(text) => SpokenBlock::Thinking { signature: signature(&text), text },
        SaidBlock::Redacted(data) => SpokenBlock::Redacted(data),
        SaidBlock::Text(text) => SpokenBlock::Text(text),
        SaidBlock::Call { name, arguments } => SpokenBlock::Call { name, arguments },
    });
    Spoken {
        number,
        blocks: blocks.collect(),
        stop: said.stop.clone(),
        cut_short,
        stopped_at,
        usage,
        unknown_members: said.unknown_members,
    }
}

fn answer(asked: &Asked) -> Vec<SaidBlock> {
    let mut blocks = Vec::new();
    if asked.wants_thinking {
        blocks.push(SaidBlock::Thinking(THOUGHT.into()));
    }
    let calls = calls(asked);
    if !calls.is_empty() {
        blocks.extend(calls);
    } else if !asked.tool_results.is_empty() {
        blocks.push(SaidBlock::Text(format!("The tool said: {}", asked.tool_results.join(" | "))));
    } else if let Some(schema) = &asked.output_schema {
        blocks.push(SaidBlock::Text(least(schema).to_string()));
    } else {
        blocks.push(SaidBlock::Text(format!("You said: {}", asked.last_text)));
    }
    blocks
}

fn calls(asked: &Asked) -> Vec<SaidBlock> {
    let call = |name: &str| {
        let schema = asked.tools.iter().find(|(known, _)| known == name).map(|(_, schema)| schema);
        SaidBlock::Call { name: name.into(), arguments: schema.map_or_else(|| json!({}), least) }
    };
    let mut names = match &asked.tool_demand {
        ToolDemand::Never => return Vec::new(),
        ToolDemand::Named(name) => vec![name.as_str()],
        ToolDemand::Free if !asked.tool_results.is_empty() => return Vec::new(),
        ToolDemand::Free => named(asked),
        ToolDemand::Any => {
            let first = asked.tools.first().map(|(name, _)| name.as_str());
            let named = named(asked);
            if named.is_empty() { first.into_iter().collect() } else { named }
        }
    };
    if asked.one_call {
        names.truncate(1);
    }
    names.into_iter().map(call).collect()
}

/// The tools that the user names behind the word `call`, in order.
fn named(asked: &Asked) -> Vec<&str> {
    let Some((_, wishes)) = asked.last_text.split_once("call ") else { return Vec::new() };
    let words = wishes.split(|letter: char| !(letter.is_alphanumeric() || "_-.".contains(letter)));
    words
        .filter_map(|word| {
            let word = word.trim_end_matches('.');
            asked.tools.iter().find(|(name, _)| name == word).map(|(name, _)| name.as_str())
        })
        .collect()
}

/// The least value that satisfies a JSON schema: only required members, the first of every choice.
pub(super) fn least(schema: &Value) -> Value {
    least_within(schema, schema, 0)
}

fn least_within(schema: &Value, root: &Value, depth: u8) -> Value {
    if depth > MOST_DEPTH {
        return Value::Null;
    }
    let at = |inner: &Value| least_within(inner, root, depth + 1);
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(first) = schema.get("enum").and_then(|choices| choices.get(0)) {
        return first.clone();
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return reference.strip_prefix('#').and_then(|path| root.pointer(path)).map_or(Value::Null, at);
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema.get(choice).and_then(|choices| choices.get(0)) {
            return at(first);
        }
    }
    let kind = schema.get("type").map(|kind| kind.get(0).unwrap_or(kind));
    // Gemini writes types in capitals.
    match kind.and_then(Value::as_str).map(str::to_ascii_lowercase).as_deref() {
        Some("string") => json!("x"),
        Some("number" | "integer") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => {
            let count = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(16);
            let item = schema.get("items").map_or(Value::Null, at);
            (0..count).map(|_| item.clone()).collect()
        }
        Some("null") => Value::Null,
        _ => {
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
            let members = required.filter_map(Value::as_str).map(|name| {
                let inner = schema.get("properties").and_then(|properties| properties.get(name));
                (name.to_owned(), inner.map_or(Value::Null, at))
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}

/// Ends the answer before the first text that is to end it.
fn stop_at(blocks: &mut Vec<SaidBlock>, stops: &[String]) -> Option<String> {
    for (index, block) in blocks.iter_mut().enumerate() {
        let SaidBlock::Text(text) = block else { continue };
        let found = stops.iter().filter(|stop| !stop.is_empty());
        let found = found.filter_map(|stop| text.find(stop.as_str()).map(|at| (at, stop))).min();
        if let Some((at, stop)) = found {
            text.truncate(at);
            let whole = if text.is_empty() { index } else { index + 1 };
            blocks.truncate(whole);
            return Some(stop.clone());
        }
    }
    None
}

/// Cuts the answer to its most tokens; true if there were more. A call is left out rather than cut.
fn shorten(blocks: &mut Vec<SaidBlock>, most: Option<u64>) -> bool {
    let Some(most) = most else { return false };
    let mut left = usize::try_from(most).unwrap_or(usize::MAX);
    for (index, block) in blocks.iter_mut().enumerate() {
        let size = tokens(block);
        if size <= left {
            left -= size;
            continue;
        }
        let kept = match block {
            SaidBlock::Thinking(text) | SaidBlock::Text(text) if left > 0 => {
                *text = text.split_whitespace().take(left).collect::<Vec<_>>().join(" ");
                index + 1
            }
            SaidBlock::Thinking(_) | SaidBlock::Text(_) | SaidBlock::Redacted(_) | SaidBlock::Call { .. } => {
                index
            }
        };
        blocks.truncate(kept);
        return true;
    }
    false
}

fn tokens(block: &SaidBlock) -> usize {
    match block {
        SaidBlock::Thinking(text) | SaidBlock::Text(text) => text.split_whitespace().count(),
        SaidBlock::Redacted(_) => 1,
        SaidBlock::Call { arguments, .. } => arguments.to_string().split_whitespace().count(),
    }
}

fn count(asked: &Asked, said: &Said, blocks: &[SaidBlock]) -> SpokenUsage {
    let sum = |thought: bool| {
        let counted = blocks
            .iter()
            .filter(|block| matches!(block, SaidBlock::Thinking(_) | SaidBlock::Redacted(_)) == thought);
        u64::try_from(counted.map(tokens).sum::<usize>()).unwrap_or(u64::MAX)
    };
    SpokenUsage {
        input: said.usage.input.unwrap_or_else(|| asked.input_bytes.div_ceil(4).max(1)),
        cache_read: said.usage.cache_read,
        cache_write: said.usage.cache_write,
        output: said.usage.output.unwrap_or_else(|| sum(false)),
        reasoning: if said.usage.reasoning > 0 { said.usage.reasoning } else { sum(true) },
    }
}
