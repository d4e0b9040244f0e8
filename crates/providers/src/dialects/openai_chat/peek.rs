//! What the house needs to know of a chat completion, a legacy completion and an embedding.

use bytes::Bytes;
use weighhouse_types::{Error, Operation};

use crate::ask::{Peek, invalid, is_full_list, once, read_bound};
use crate::envelope::Envelope;

/// Reads what [`Peek`] wants from the members of a request.
///
/// # Errors
/// `InvalidRequest` naming the member: what is missing, of the wrong type, out of range or sent twice.
pub fn peek(envelope: &Envelope, operation: Operation, peek: &mut Peek) -> Result<(), Error> {
    let mut has_input = false;
    for member in envelope.members() {
        let (name, raw) = (envelope.name(member), envelope.raw(member));
        if raw == b"null" {
            continue;
        }
        match name.as_ref() {
            "stream_options" => {
                once(envelope, "stream_options").and_then(|()| read_stream_options(raw, peek))?;
            }
            "max_tokens" | "max_completion_tokens" => {
                once(envelope, &name)?;
                peek.max_output = peek.max_output.max(read_output(raw, &name, operation)?);
            }
            "n" | "best_of" => once(envelope, &name).and_then(|()| peek.read_choices(raw, &name))?,
            "modalities" | "audio" => peek.asks_audio = true,
            "user" => peek.user = serde_json::from_slice(raw).ok(),
            "messages" if operation == Operation::Chat => {
                has_input = once(envelope, "messages").and_then(|()| is_messages(raw))?;
            }
            "prompt" if operation == Operation::Completion => has_input = true,
            "input" if operation == Operation::Embedding => has_input = true,
            _ => {}
        }
    }
    if has_input {
        return Ok(());
    }
    let member = input_member(operation);
    Err(invalid(member, format!("`{member}` is required; send it in the JSON body")))
}

/// The member that holds what the model is given.
const fn input_member(operation: Operation) -> &'static str {
    match operation {
        Operation::Completion => "prompt",
        Operation::Embedding => "input",
        _ => "messages",
    }
}

/// A bound on output. Local servers take -1 for none, and a legacy completion may ask for nothing but an echo.
fn read_output(raw: &[u8], name: &str, operation: Operation) -> Result<Option<u64>, Error> {
    match raw {
        b"-1" => Ok(None),
        b"0" if operation == Operation::Completion => Ok(Some(0)),
        _ => read_bound(raw, name).map(Some),
    }
}

fn read_stream_options(raw: &[u8], peek: &mut Peek) -> Result<(), Error> {
    let options = Envelope::read(&Bytes::copy_from_slice(raw))
        .map_err(|_| invalid("stream_options", "`stream_options` must be an object".into()))?;
    if let Some(member) = options.member("include_usage")? {
        let raw = options.raw(member);
        peek.wants_usage = raw == b"true";
        if !matches!(raw, b"true" | b"false" | b"null") {
            return Err(invalid(
                "stream_options.include_usage",
                "`include_usage` must be true or false".into(),
            ));
        }
    }
    Ok(())
}

fn is_messages(raw: &[u8]) -> Result<bool, Error> {
    if is_full_list(raw) {
        return Ok(true);
    }
    Err(invalid("messages", "`messages` must be a list of at least one message".into()))
}
