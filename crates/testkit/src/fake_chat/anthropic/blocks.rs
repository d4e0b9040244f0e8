//! The blocks that contents are made of.

use serde_json::Value;

use super::bad;
use super::shape::{Member, Rule, Terms, list, may, may_null, need, object, tagged, text};
use crate::fake_chat::asked::Refused;

type Kinds = &'static [(&'static str, &'static [Member])];

const CACHE: Rule =
    Rule::Of(&[need("type", Rule::OneOf(&["ephemeral"])), may("ttl", Rule::OneOf(&["5m", "1h"]))]);
/// The mark that a block ends a part to be cached.
pub(super) const CACHE_CONTROL: Member = may_null("cache_control", CACHE);
const KIND: Member = need("type", Rule::Text);

const TEXT: &[Member] =
    &[KIND, need("text", Rule::Text), CACHE_CONTROL, may_null("citations", Rule::Check(citations))];
const IMAGE: &[Member] = &[
    KIND,
    need("source", Rule::Check(image_source)),
    CACHE_CONTROL,
    may_null("transformations", Rule::Object),
];
const DOCUMENT: &[Member] = &[
    KIND,
    need("source", Rule::Check(document_source)),
    CACHE_CONTROL,
    may_null("citations", Rule::Of(&[may("enabled", Rule::Flag)])),
    may_null("context", Rule::Text),
    may_null("title", Rule::Text),
];
const SEARCH_RESULT: &[Member] = &[
    KIND,
    need("content", Rule::Check(texts)),
    need("source", Rule::Text),
    need("title", Rule::Text),
    CACHE_CONTROL,
    may("citations", Rule::Of(&[may("enabled", Rule::Flag)])),
];
const TOOL_USE: &[Member] = &[
    KIND,
    need("id", Rule::Check(id)),
    need("input", Rule::Object),
    need("name", Rule::Text),
    CACHE_CONTROL,
    may("caller", Rule::Object),
    may_null("toolset_name", Rule::Text),
];
const TOOL_RESULT: &[Member] = &[
    KIND,
    need("tool_use_id", Rule::Check(id)),
    CACHE_CONTROL,
    may("content", Rule::Check(result_content)),
    may("is_error", Rule::Flag),
    may_null("toolset_name", Rule::Text),
];
const TOOL_REFERENCE: &[Member] = &[KIND, need("tool_name", Rule::Text), CACHE_CONTROL];
const THINKING: &[Member] = &[KIND, need("signature", Rule::Text), need("thinking", Rule::Text)];
const REDACTED: &[Member] = &[KIND, need("data", Rule::Text)];
/// Blocks of the provider's own tools come back as they were given; what is in them is its own affair.
const SERVER_TOOL_USE: &[Member] = &[
    KIND,
    need("id", Rule::Text),
    need("input", Rule::Any),
    need("name", Rule::Text),
    CACHE_CONTROL,
    may("caller", Rule::Object),
];
const SERVER_RESULT: &[Member] = &[
    KIND,
    need("tool_use_id", Rule::Text),
    need("content", Rule::Any),
    CACHE_CONTROL,
    may("caller", Rule::Object),
];
const UPLOAD: &[Member] = &[KIND, need("file_id", Rule::Text), CACHE_CONTROL];

const IN_MESSAGES: Kinds = &[
    ("text", TEXT),
    ("image", IMAGE),
    ("document", DOCUMENT),
    ("search_result", SEARCH_RESULT),
    ("thinking", THINKING),
    ("redacted_thinking", REDACTED),
    ("tool_use", TOOL_USE),
    ("tool_result", TOOL_RESULT),
    ("server_tool_use", SERVER_TOOL_USE),
    ("web_search_tool_result", SERVER_RESULT),
    ("web_fetch_tool_result", SERVER_RESULT),
    ("code_execution_tool_result", SERVER_RESULT),
    ("bash_code_execution_tool_result", SERVER_RESULT),
    ("text_editor_code_execution_tool_result", SERVER_RESULT),
    ("tool_search_tool_result", SERVER_RESULT),
    ("container_upload", UPLOAD),
];
const IN_RESULTS: Kinds = &[
    ("text", TEXT),
    ("image", IMAGE),
    ("search_result", SEARCH_RESULT),
    ("document", DOCUMENT),
    ("tool_reference", TOOL_REFERENCE),
];
const IN_SYSTEM: Kinds = &[("text", TEXT)];
const TOOL_CHANGE: &[Member] = &[KIND, need("tool", Rule::Object), CACHE_CONTROL];
/// With the beta for tools that change in mid conversation.
const IN_CHANGING_SYSTEM: Kinds =
    &[("text", TEXT), ("tool_addition", TOOL_CHANGE), ("tool_removal", TOOL_CHANGE)];

const FILE: &[Member] = &[KIND, need("file_id", Rule::Text)];
const URL: &[Member] = &[KIND, need("url", Rule::Check(url))];
const IMAGE_SOURCES: Kinds = &[
    (
        "base64",
        &[
            KIND,
            need("data", Rule::Check(base64)),
            need("media_type", Rule::OneOf(&["image/jpeg", "image/png", "image/gif", "image/webp"])),
        ],
    ),
    ("url", URL),
    ("file", FILE),
];
const DOCUMENT_SOURCES: Kinds = &[
    (
        "base64",
        &[KIND, need("data", Rule::Check(base64)), need("media_type", Rule::OneOf(&["application/pdf"]))],
    ),
    ("text", &[KIND, need("data", Rule::Text), need("media_type", Rule::OneOf(&["text/plain"]))]),
    ("content", &[KIND, need("content", Rule::Check(result_content))]),
    ("url", URL),
    ("file", FILE),
];

/// The content of a message.
pub(super) fn content(terms: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    either(terms, value, path, IN_MESSAGES, "messages")
}

/// The system prompt.
pub(super) fn system(terms: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    either(terms, value, path, IN_SYSTEM, "system")
}

/// A message of the system in mid conversation.
pub(super) fn system_message(terms: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    let changing = terms.beta("mid-conversation-tool-changes-");
    either(terms, value, path, if changing { IN_CHANGING_SYSTEM } else { IN_SYSTEM }, "messages")
}

fn result_content(terms: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    either(terms, value, path, IN_RESULTS, "messages")
}

fn texts(terms: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    list(value, path)?;
    either(terms, value, path, IN_SYSTEM, "messages")
}

/// A text, or blocks of these kinds.
fn either(terms: &Terms, value: &Value, path: &str, kinds: Kinds, place: &str) -> Result<(), Refused> {
    if value.is_string() {
        return Ok(());
    }
    for (index, block) in list(value, path)?.iter().enumerate() {
        let (kind, members, at) = tagged(block, &format!("{path}.{index}"), kinds)?;
        object(terms, block, &at, members)?;
        let empty = block.get("text").and_then(Value::as_str).is_some_and(str::is_empty);
        if kind == "text" && empty && block.get("cache_control").is_some_and(Value::is_object) {
            return Err(bad(format!("{at}: cache_control cannot be set for empty text blocks")));
        }
        if kind == "text" && empty {
            return Err(bad(format!("{place}: text content blocks must be non-empty")));
        }
        let blank = block.get("text").and_then(Value::as_str).is_some_and(|text| text.trim().is_empty());
        if kind == "text" && blank {
            return Err(bad(format!("{place}: text content blocks must contain non-whitespace text")));
        }
    }
    Ok(())
}

fn image_source(terms: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    let (_, members, at) = tagged(value, path, IMAGE_SOURCES)?;
    object(terms, value, &at, members).map(drop)
}

fn document_source(terms: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    let (_, members, at) = tagged(value, path, DOCUMENT_SOURCES)?;
    object(terms, value, &at, members).map(drop)
}

fn citations(_: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    list(value, path).map(drop)
}

fn id(_: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    let id = text(value, path)?;
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if id.is_empty() || !id.chars().all(fits) {
        return Err(bad(format!("{path}: String should match pattern '^[a-zA-Z0-9_-]+$'")));
    }
    Ok(())
}

fn url(_: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    let url = text(value, path)?;
    match url.starts_with("https://") || url.starts_with("http://") {
        true => Ok(()),
        false => Err(bad(format!("{path}: Only HTTPS URLs are supported."))),
    }
}

fn base64(_: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    let data = text(value, path)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    let body = data.trim_end_matches('=');
    let padded = data.len() - body.len() <= 2 && data.len().is_multiple_of(4);
    if data.is_empty() || !padded || !body.bytes().all(fits) {
        return Err(bad(format!("{path}: invalid base64 data")));
    }
    Ok(())
}
