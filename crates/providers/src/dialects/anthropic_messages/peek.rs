//! What the house needs to know of a request.

use serde::Deserialize;
use weighhouse_types::{Error, Operation};

use crate::ask::{Peek, invalid, is_full_list, once, read_bound};
use crate::envelope::Envelope;

/// Reads what [`Peek`] wants from the members of a request.
///
/// # Errors
/// `InvalidRequest` naming the member: what is missing, of the wrong type, out of range or sent twice.
pub fn peek(envelope: &Envelope, operation: Operation, peek: &mut Peek) -> Result<(), Error> {
    // The dialect tells the usage in every stream.
    peek.wants_usage = true;
    let mut has_messages = false;
    for member in envelope.members() {
        let (name, raw) = (envelope.name(member), envelope.raw(member));
        if raw == b"null" {
            continue;
        }
        match name.as_ref() {
            "messages" => has_messages = once(envelope, "messages").and_then(|()| is_messages(raw))?,
            "max_tokens" => {
                once(envelope, "max_tokens")?;
                // Zero fills the prompt cache and generates nothing (the SDK's `MessageCreateParams`).
                peek.max_output = Some(if raw == b"0" { 0 } else { read_bound(raw, "max_tokens")? });
            }
            "metadata" => peek.user = read_user(raw),
            // Both change the price.
            "speed" | "inference_geo" => peek.asks_tier = true,
            _ => {}
        }
    }
    if !has_messages {
        return Err(missing("messages"));
    }
    // A count has no answer to bound.
    if operation == Operation::Chat && peek.max_output.is_none() {
        return Err(missing("max_tokens"));
    }
    Ok(())
}

fn missing(member: &str) -> Error {
    invalid(member, format!("`{member}` is required; send it in the JSON body"))
}

fn read_user(raw: &[u8]) -> Option<Box<str>> {
    #[derive(Deserialize)]
    struct Metadata {
        user_id: Option<Box<str>>,
    }
    serde_json::from_slice::<Metadata>(raw).ok()?.user_id
}

fn is_messages(raw: &[u8]) -> Result<bool, Error> {
    if is_full_list(raw) {
        return Ok(true);
    }
    Err(invalid("messages", "`messages` must be a list of at least one message".into()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn read(body: &'static str) -> Result<Peek, Error> {
        let envelope = Envelope::read(&Bytes::from_static(body.as_bytes()))?;
        let mut found = Peek::default();
        peek(&envelope, Operation::Chat, &mut found)?;
        Ok(found)
    }

    #[test]
    fn the_bound_and_the_user_are_found() {
        let found = read(
            r#"{"max_tokens":5,"messages":[{}],"metadata":{"user_id":"{\"device\":1}"},"speed":"fast","x":1}"#,
        )
        .unwrap();
        assert_eq!((found.max_output, found.asks_tier, found.wants_usage), (Some(5), true, true));
        assert_eq!(found.user.as_deref(), Some(r#"{"device":1}"#));
        assert_eq!(read(r#"{"max_tokens":0,"messages":[{}]}"#).unwrap().max_output, Some(0));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (body, place) in [
            ("{}", "messages"),
            (r#"{"messages":[]}"#, "messages"),
            (r#"{"messages":[{}]}"#, "max_tokens"),
            (r#"{"messages":[{}],"max_tokens":-1}"#, "max_tokens"),
            (r#"{"messages":[{}],"max_tokens":1,"max_tokens":2}"#, "max_tokens"),
        ] {
            assert_eq!(read(body).unwrap_err().at.as_deref(), Some(place), "{body}");
        }
    }
}
