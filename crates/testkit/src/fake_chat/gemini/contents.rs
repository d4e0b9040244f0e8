//! Contents: that parts hold something, that turns come in order, and that thought signatures came back.

use serde_json::Value;

use super::super::asked::Refused;
use super::refusal::invalid;
use super::shape::list;
use super::thought::{Bearer, is_genuine};
use super::version::Version;

const MIME_TYPES: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/heic",
    "image/heif",
    "image/gif",
    "image/bmp",
    "application/pdf",
    "application/json",
    "application/xml",
    "application/rtf",
    "application/x-javascript",
    "application/javascript",
    "application/x-python",
];
/// Families of which any member is taken.
const MIME_FAMILIES: &[&str] = &["text/", "audio/", "video/"];

/// What the conversation says.
#[derive(Debug, Default)]
pub(super) struct Talk {
    pub(super) bytes: usize,
    pub(super) last_text: String,
    pub(super) tool_results: Vec<String>,
}

/// Notes what the validators find wrong with the contents and the system instruction.
pub(super) fn check(request: &Value, root: &str, faults: &mut Vec<String>) {
    let contents = list(request, "contents");
    if contents.is_empty() {
        faults.push(format!("{root}.contents: contents is not specified"));
    }
    if let Some(system) = request.get("systemInstruction") {
        check_parts(system, &format!("{root}.system_instruction"), faults);
    }
    for (at, content) in contents.iter().enumerate() {
        check_parts(content, &format!("{root}.contents[{at}]"), faults);
    }
}

fn check_parts(content: &Value, place: &str, faults: &mut Vec<String>) {
    let parts = parts(content);
    if parts.is_empty() {
        faults.push(format!("{place}.parts: contents.parts must not be empty."));
    }
    for (at, part) in parts.iter().enumerate() {
        let place = format!("{place}.parts[{at}]");
        // An empty text is data too: a stream may end with one that bears the signature, and it comes back.
        if !has_data(part) {
            faults.push(format!("{place}.data: required oneof field 'data' must have one initialized field"));
        }
        for (member, told) in [("functionCall", "function_call"), ("functionResponse", "function_response")] {
            let Some(function) = part.get(member) else { continue };
            if function.get("name").and_then(Value::as_str).unwrap_or_default().is_empty() {
                faults.push(format!("{place}.{told}.name: Name cannot be empty."));
            }
        }
    }
}

fn has_data(part: &Value) -> bool {
    const DATA: [&str; 9] = [
        "text",
        "inlineData",
        "fileData",
        "functionCall",
        "functionResponse",
        "executableCode",
        "codeExecutionResult",
        "toolCall",
        "toolResponse",
    ];
    DATA.iter().any(|name| part.get(name).is_some())
}

/// Reads the conversation, and refuses one whose turns or signatures are not in order.
pub(super) fn read(request: &Value, version: &Version) -> Result<Talk, Refused> {
    let contents = list(request, "contents");
    for content in contents {
        if !matches!(content.get("role").and_then(Value::as_str), None | Some("" | "user" | "model")) {
            return Err(invalid("Please use a valid role: user, model."));
        }
        parts(content).iter().try_for_each(check_media)?;
    }
    check_turns(contents)?;
    check_end(contents, version)?;
    check_signatures(contents, version)?;
    let system = request.get("systemInstruction");
    let all = contents.iter().chain(system).flat_map(parts);
    let from_user = contents.iter().filter(|content| !is_model(content)).flat_map(parts);
    let last = contents.last().filter(|content| !is_model(content)).map(parts).unwrap_or_default();
    Ok(Talk {
        bytes: all.map(bytes).sum(),
        last_text: from_user.filter_map(text).next_back().unwrap_or_default().into(),
        tool_results: last.iter().filter_map(|part| part.get("functionResponse")).map(result).collect(),
    })
}

fn check_media(part: &Value) -> Result<(), Refused> {
    let media = list(part.get("functionResponse").unwrap_or(&Value::Null), "parts");
    for part in std::iter::once(part).chain(media) {
        if let Some(data) = part.get("inlineData") {
            let mime = data.get("mimeType").and_then(Value::as_str).unwrap_or_default();
            let known =
                MIME_TYPES.contains(&mime) || MIME_FAMILIES.iter().any(|family| mime.starts_with(family));
            if !known || mime.contains(';') {
                return Err(invalid(format!("Unsupported MIME type: {mime}")));
            }
            if data.get("data").and_then(Value::as_str).unwrap_or_default().is_empty() {
                return Err(invalid(
                    "Unable to process input image. Please retry or report in \
                 https://developers.generativeai.google/guide/troubleshooting",
                ));
            }
        }
        if let Some(file) = part.get("fileData") {
            let uri = file.get("fileUri").and_then(Value::as_str).unwrap_or_default();
            if !uri.starts_with("https://") && !uri.starts_with("gs://") {
                return Err(invalid(format!("Invalid or unsupported file uri: {uri}")));
            }
        }
    }
    Ok(())
}

/// Calls follow a user's turn or results; results follow calls, and there are as many of them.
/// What says nothing is no turn: a stream that calls begins with thoughts and ends with an empty text, and the official
/// SDK sends each event back as a content of its own.
fn check_turns(contents: &[Value]) -> Result<(), Refused> {
    let mut calls: Vec<&Value> = Vec::new();
    let mut previous: Option<&Value> = None;
    for content in contents.iter().filter(|content| !says_nothing(content)) {
        let called = members(content, "functionCall");
        let results = members(content, "functionResponse");
        let misplaced = !is_model(content) || previous.is_none_or(is_model);
        if !called.is_empty() && misplaced {
            let text = "Please ensure that function call turn comes immediately after a user turn or after a function \
                        response turn.";
            return Err(invalid(text));
        }
        if !results.is_empty() && (is_model(content) || calls.is_empty()) {
            let text =
                "Please ensure that function response turn comes immediately after a function call turn.";
            return Err(invalid(text));
        }
        check_results(&calls, &results)?;
        calls = called;
        previous = Some(content);
    }
    check_results(&calls, &[])
}

fn check_results(calls: &[&Value], results: &[&Value]) -> Result<(), Refused> {
    if calls.len() != results.len() {
        let text = "Please ensure that the number of function response parts is equal to the number of function call \
                    parts of the function call turn.";
        return Err(invalid(text));
    }
    // Each result needs a call of its own of the same name, and of the same id where both have one.
    let mut open: Vec<&Value> = calls.to_vec();
    for result in results {
        let fits = |call: &&Value| {
            let ids = call.get("id").zip(result.get("id"));
            call.get("name") == result.get("name") && ids.is_none_or(|(call, result)| call == result)
        };
        match open.iter().position(fits) {
            Some(at) => drop(open.swap_remove(at)),
            // Google says no more than this.
            None => return Err(invalid("Request contains an invalid argument.")),
        }
    }
    Ok(())
}

/// From 3.6 on the model does not continue its own text.
fn check_end(contents: &[Value], version: &Version) -> Result<(), Refused> {
    if version.since(3, 6) && contents.last().is_some_and(is_model) {
        return Err(invalid("Requests ending with a model turn are not supported."));
    }
    Ok(())
}

/// Whatever signature comes has to be genuine; from the third version on, the first call of every model's turn since
/// the user last spoke needs one.
fn check_signatures(contents: &[Value], version: &Version) -> Result<(), Refused> {
    for part in contents.iter().flat_map(parts) {
        let bearer = match part.pointer("/functionCall/name").and_then(Value::as_str) {
            Some(name) => Bearer::Call(name),
            None => Bearer::Other,
        };
        let given = part.get("thoughtSignature").and_then(Value::as_str);
        if given.is_some_and(|given| !is_genuine(given, bearer)) {
            return Err(invalid("Corrupted thought signature."));
        }
    }
    if !version.since(3, 0) {
        return Ok(());
    }
    let speaks = |content: &Value| !is_model(content) && members(content, "functionResponse").is_empty();
    let turn = contents.iter().rposition(speaks).unwrap_or(0);
    for (at, content) in contents.iter().enumerate().skip(turn) {
        let Some(first) = parts(content).iter().find(|part| part.get("functionCall").is_some()) else {
            continue;
        };
        if first.get("thoughtSignature").and_then(Value::as_str).unwrap_or_default().is_empty() {
            let name = first.pointer("/functionCall/name").and_then(Value::as_str).unwrap_or_default();
            return Err(invalid(format!(
                "Function call is missing a thought_signature in functionCall parts. This is required for tools to \
                 work correctly, and missing thought_signature may lead to degraded model performance. Additional \
                 data, function call `default_api:{name}` , position {}. Please refer to \
                 https://ai.google.dev/gemini-api/docs/thought-signatures for more details.",
                at + 1
            )));
        }
    }
    Ok(())
}

/// What a function's result says: its `output`, `result` or `error`, or else all of it.
fn result(function: &Value) -> String {
    let response = function.get("response").unwrap_or(&Value::Null);
    let said = ["output", "result", "error"].iter().find_map(|name| response.get(name)).unwrap_or(response);
    said.as_str().map_or_else(|| said.to_string(), str::to_owned)
}

fn bytes(part: &Value) -> usize {
    let function = |member: &str, inner: &str| {
        part.get(member).and_then(|function| function.get(inner)).map_or(0, |value| value.to_string().len())
    };
    let text = part.get("text").and_then(Value::as_str).map_or(0, str::len);
    text + function("functionCall", "args") + function("functionResponse", "response")
}

fn text(part: &Value) -> Option<&str> {
    part.get("text").and_then(Value::as_str)
}

fn says_nothing(content: &Value) -> bool {
    let is_thought = |part: &Value| part.get("thought").and_then(Value::as_bool) == Some(true);
    let is_empty = |part: &Value| text(part) == Some("") && part.get("thoughtSignature").is_none();
    parts(content).iter().all(|part| is_thought(part) || is_empty(part))
}

fn is_model(content: &Value) -> bool {
    content.get("role").and_then(Value::as_str) == Some("model")
}

/// The parts' members of this name.
fn members<'a>(content: &'a Value, name: &str) -> Vec<&'a Value> {
    parts(content).iter().filter_map(|part| part.get(name)).collect()
}

fn parts(content: &Value) -> &[Value] {
    list(content, "parts")
}
