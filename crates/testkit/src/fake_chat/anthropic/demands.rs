//! What members of a request demand of each other.

use serde_json::Value;

use super::bad;
use super::shape::Terms;
use crate::fake_chat::asked::Refused;

const THINKING_GUIDE: &str =
    "Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking";
const MOST_CACHE_MARKS: usize = 4;

/// Checks what one member demands of another.
pub(super) fn check(terms: &Terms, body: &Value) -> Result<(), Refused> {
    sampling(body)?;
    let blank = |stop: &Value| stop.as_str().is_some_and(|stop| stop.trim().is_empty());
    let stops = body.get("stop_sequences").and_then(Value::as_array);
    if stops.is_some_and(|stops| stops.iter().any(blank)) {
        return Err(bad("stop_sequences: each stop sequence must contain non-whitespace"));
    }
    if body.get("max_tokens") == Some(&Value::from(0)) && body.get("stream") == Some(&Value::Bool(true)) {
        return Err(bad("max_tokens: 0 is not supported with `stream`"));
    }
    thinking(terms, body)?;
    choice(body)?;
    cache_marks(body)
}

fn sampling(body: &Value) -> Result<(), Refused> {
    for name in ["temperature", "top_p"] {
        let given = body.get(name).and_then(Value::as_f64);
        if given.is_some_and(|given| !(0.0..=1.0).contains(&given)) {
            return Err(bad(format!("{name}: range: 0..1")));
        }
    }
    Ok(())
}

fn thinking(terms: &Terms, body: &Value) -> Result<(), Refused> {
    let kind = body.pointer("/thinking/type").and_then(Value::as_str);
    if !matches!(kind, Some("enabled" | "adaptive")) {
        return Ok(());
    }
    if body.get("temperature").and_then(Value::as_f64).is_some_and(|given| given < 1.0) {
        return Err(bad(format!(
            "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode. {THINKING_GUIDE}#important-considerations-when-using-extended-thinking"
        )));
    }
    if body.get("top_p").and_then(Value::as_f64).is_some_and(|given| given < 0.95) {
        return Err(bad(format!(
            "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled or in adaptive mode. {THINKING_GUIDE}"
        )));
    }
    if body.get("top_k").is_some() {
        return Err(bad(format!(
            "`top_k` must be unset when thinking is enabled or in adaptive mode. {THINKING_GUIDE}"
        )));
    }
    let number = |path: &str| body.pointer(path).and_then(Value::as_i64);
    if let (Some(budget), Some(most)) = (number("/thinking/budget_tokens"), number("/max_tokens")) {
        let interleaved = terms.beta("interleaved-thinking-") && body.get("tools").is_some();
        if budget >= most && !interleaved {
            return Err(bad(format!(
                "`max_tokens` must be greater than `thinking.budget_tokens`. {THINKING_GUIDE}#max-tokens-and-context-window-size"
            )));
        }
    }
    match body.pointer("/tool_choice/type").and_then(Value::as_str) {
        Some("any" | "tool") => Err(bad("Thinking may not be enabled when tool_choice forces tool use.")),
        _ => Ok(()),
    }
}

fn choice(body: &Value) -> Result<(), Refused> {
    let Some(choice) = body.get("tool_choice") else { return Ok(()) };
    let tools = body.get("tools").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if tools.is_empty() {
        return Err(bad("`tool_choice` may only be specified while providing `tools`."));
    }
    let Some(name) = choice.get("name") else { return Ok(()) };
    if tools.iter().any(|tool| tool.get("name") == Some(name)) {
        return Ok(());
    }
    let name = name.as_str().unwrap_or_default();
    Err(bad(format!("Tool '{name}' not found in provided tools")))
}

/// At most four parts are cached, and those that stay an hour come before those that stay five minutes.
fn cache_marks(body: &Value) -> Result<(), Refused> {
    let mut marks = Vec::new();
    for part in ["tools", "system", "messages"] {
        body.get(part).into_iter().for_each(|value| collect(value, part, &mut marks));
    }
    // The mark of the whole request is one more, and lies behind all others.
    marks.extend(body.get("cache_control").and_then(|mark| kept(mark, "cache_control")));
    if marks.len() > MOST_CACHE_MARKS {
        let found = marks.len();
        return Err(bad(format!(
            "A maximum of {MOST_CACHE_MARKS} blocks with cache_control may be provided. Found {found}."
        )));
    }
    let short = marks.iter().position(|(_, hour)| !hour).unwrap_or(marks.len());
    match marks.iter().skip(short).find(|(_, hour)| *hour) {
        Some((path, _)) => Err(bad(format!(
            "{path}.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are processed in the following order: `tools`, `system`, `messages`."
        ))),
        None => Ok(()),
    }
}

fn collect(value: &Value, path: &str, marks: &mut Vec<(String, bool)>) {
    let items = value.as_array().into_iter().flatten().enumerate();
    for (index, block) in items {
        let at = format!("{path}.{index}");
        // Blocks in a result, or in a message.
        block.get("content").into_iter().for_each(|inner| collect(inner, &format!("{at}.content"), marks));
        marks.extend(block.get("cache_control").and_then(|mark| kept(mark, &format!("{at}.cache_control"))));
    }
}

/// Where a mark is, and whether it is for an hour.
fn kept(mark: &Value, path: &str) -> Option<(String, bool)> {
    let hour = mark.get("ttl") == Some(&Value::from("1h"));
    mark.is_object().then(|| (path.to_owned(), hour))
}
