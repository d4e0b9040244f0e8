//! Reading a whole text, with the place named where it does not fit.

use serde::Deserialize;
use serde_json::value::RawValue;
use weighhouse_types::{Error, Kind};

/// Reads a client's request.
///
/// # Errors
/// `InvalidRequest` with the JSON path of what does not fit.
pub(crate) fn read_request<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Error> {
    from_bytes(body).map_err(|error| asked_wrong(body, &error))
}

/// Reads a piece of a client's request that was kept raw.
///
/// # Errors
/// As [`read_request`], the path beginning in the piece.
pub(crate) fn read_piece<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Error> {
    serde_json::from_str(raw.get()).map_err(|error| asked_wrong(raw.get().as_bytes(), &error))
}

/// Reads a provider's reply.
///
/// # Errors
/// `UpstreamGarbled`, with the JSON path of what does not fit.
pub(crate) fn read_reply<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Error> {
    from_bytes(body).map_err(|error| replied_wrong(body, error))
}

/// Reads a piece of a provider's reply that was kept raw.
///
/// # Errors
/// As [`read_reply`], the path beginning in the piece.
pub(crate) fn read_reply_piece<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Error> {
    serde_json::from_str(raw.get()).map_err(|error| replied_wrong(raw.get().as_bytes(), error))
}

/// A text is checked for UTF-8 once, not string by string.
fn from_bytes<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, serde_json::Error> {
    match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        // The reader names the place.
        Err(_) => serde_json::from_slice(body),
    }
}

fn asked_wrong(body: &[u8], error: &serde_json::Error) -> Error {
    let at = path_at(body, offset_of(body, error));
    let what = what_of(error);
    Error::new(Kind::InvalidRequest, format!("`{at}`: {what}")).at(at)
}

fn replied_wrong(body: &[u8], error: serde_json::Error) -> Error {
    let at = path_at(body, offset_of(body, &error));
    let message = format!("the provider's answer does not fit its format: `{at}`: {}", what_of(&error));
    Error::new(Kind::UpstreamGarbled, message).source(error)
}

/// The reader's words without line and column, which say nothing in a body of one line.
fn what_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(what, _)| what.to_owned())
}

fn offset_of(body: &[u8], error: &serde_json::Error) -> usize {
    let before: usize = body
        .split_inclusive(|byte| *byte == b'\n')
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    before + error.column()
}

/// One level of the walk: an object with the member that is being read, or an array with its place.
enum Level {
    Member(String),
    Item(usize),
}

/// The JSON path at an offset, such as `messages[2].content`.
fn path_at(body: &[u8], offset: usize) -> String {
    let mut levels: Vec<Level> = Vec::new();
    let (mut at, mut expects_key) = (0, false);
    while at < offset {
        let Some(&byte) = body.get(at) else { break };
        match byte {
            b'{' => {
                levels.push(Level::Member(String::new()));
                expects_key = true;
            }
            b'[' => {
                levels.push(Level::Item(0));
                expects_key = false;
            }
            b'}' | b']' => {
                // What is wrong with a whole object is noticed at its end: then that object is the place.
                if at + 1 >= offset {
                    break;
                }
                drop(levels.pop());
                expects_key = false;
            }
            b',' => match levels.last_mut() {
                Some(Level::Item(index)) => *index += 1,
                Some(Level::Member(_)) => expects_key = true,
                None => {}
            },
            b':' => expects_key = false,
            b'"' => {
                let end = string_end(body, at + 1);
                if let (true, Some(Level::Member(name))) = (expects_key, levels.last_mut()) {
                    *name = String::from_utf8_lossy(body.get(at + 1..end).unwrap_or_default()).into_owned();
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    written(&levels)
}

fn string_end(body: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = body.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    body.len()
}

fn written(levels: &[Level]) -> String {
    let mut path = String::new();
    for level in levels {
        match level {
            Level::Member(name) if name.is_empty() => {}
            Level::Member(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
            Level::Item(index) => path.push_str(&format!("[{index}]")),
        }
    }
    if path.is_empty() { "body".into() } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Text, TextOr, wire_object};

    wire_object! {
        /// For the tests.
        struct Message<'a> { "role" => role: Text<'a>, "content" => content: TextOr<'a, Vec<Text<'a>>>, }
    }

    wire_object! {
        /// For the tests.
        struct Body<'a> { "messages" => messages: Vec<Message<'a>>, "n" => n: u64, }
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        for (text, place, what) in [
            (r#"{"messages":[{"role":"a"},{"role":5}]}"#, "messages[1].role", "expected a string"),
            (r#"{"messages":[{"content":["a",{}]}]}"#, "messages[0].content[1]", "expected a string"),
            ("{\n \"messages\": 5\n}", "messages", "expected a sequence"),
            (r#"{"n":-1}"#, "n", "expected u64"),
            (r#"[]"#, "body", "expected an object"),
        ] {
            let error = read_request::<Body<'_>>(text.as_bytes()).unwrap_err();
            assert_eq!(error.at.as_deref(), Some(place), "{text}: {error}");
            assert!(error.message.contains(what), "{text}: {error}");
        }
    }
}
