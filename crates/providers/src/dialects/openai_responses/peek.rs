//! What the house needs to know of a request.

use weighhouse_types::{Error, Kind, Operation};

use crate::ask::{Peek, invalid, once, read_bound};
use crate::envelope::Envelope;

/// Reads what [`Peek`] wants from the members of a request.
///
/// # Errors
/// `InvalidRequest` naming the member: what is missing, of the wrong type, out of range or sent twice.
/// `Unsupported`: an answer in the background.
pub fn peek(envelope: &Envelope, operation: Operation, peek: &mut Peek) -> Result<(), Error> {
    peek.wants_usage = true;
    let mut has_input = false;
    for member in envelope.members() {
        let (name, raw) = (envelope.name(member), envelope.raw(member));
        if raw == b"null" {
            continue;
        }
        match name.as_ref() {
            "input" => has_input = once(envelope, "input").and_then(|()| is_input(raw))?,
            "max_output_tokens" => {
                once(envelope, "max_output_tokens")?;
                peek.max_output = Some(read_bound(raw, "max_output_tokens")?);
            }
            // The prompt stands at the provider, in part or as a whole.
            "previous_response_id" | "conversation" | "prompt" => {
                once(envelope, &name)?;
                peek.goes_on = true;
            }
            "user" | "safety_identifier" => peek.user = serde_json::from_slice(raw).ok(),
            "background" if raw == b"true" => return Err(no_background()),
            _ => {}
        }
    }
    if has_input || peek.goes_on || operation == Operation::Compact {
        return Ok(());
    }
    Err(invalid("input", "`input` is required: a text or a list of items; send it in the JSON body".into()))
}

fn is_input(raw: &[u8]) -> Result<bool, Error> {
    match raw.first() {
        Some(b'"' | b'[') => Ok(true),
        _ => Err(invalid("input", "`input` must be a text or a list of items".into())),
    }
}

fn no_background() -> Error {
    let message = "`background` is not supported: what such a call uses would be known only later. Send it without \
                   `background`, streamed where it takes long";
    Error::new(Kind::Unsupported, message).at("background")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn of(body: &str) -> Result<Peek, Error> {
        let mut found = Peek::default();
        let envelope = Envelope::read(&Bytes::copy_from_slice(body.as_bytes()))?;
        peek(&envelope, Operation::Chat, &mut found).map(|()| found)
    }

    #[test]
    fn inputs_are_wanted_unless_the_provider_keeps_them() {
        assert_eq!(of(r#"{"input":"a","max_output_tokens":20}"#).unwrap().max_output, Some(20));
        assert!(of(r#"{"previous_response_id":"resp_1"}"#).unwrap().goes_on);
        for (body, at) in [
            ("{}", "input"),
            (r#"{"input":5}"#, "input"),
            (r#"{"input":"a","max_output_tokens":0}"#, "max_output_tokens"),
            (r#"{"input":"a","background":true}"#, "background"),
        ] {
            assert_eq!(of(body).unwrap_err().at.as_deref(), Some(at), "{body}");
        }
    }
}
