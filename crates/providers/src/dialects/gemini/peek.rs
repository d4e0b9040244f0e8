//! What the house needs to know of a request.

use bytes::Bytes;
use weighhouse_types::{Error, Operation};

use crate::ask::{Peek, invalid, once, read, read_bound};
use crate::envelope::Envelope;

/// Reads what [`Peek`] wants from the members of a request. The model and whether to stream stand in the path.
///
/// # Errors
/// `InvalidRequest` naming the member.
pub fn peek(envelope: &Envelope, _operation: Operation, peek: &mut Peek) -> Result<(), Error> {
    // A stream of this dialect tells its usage always.
    peek.wants_usage = true;
    let mut has_contents = false;
    for member in envelope.members() {
        let (name, raw) = (envelope.name(member), envelope.raw(member));
        if raw == b"null" {
            continue;
        }
        match name.as_ref() {
            "contents" => has_contents = once(envelope, "contents").and_then(|()| is_contents(raw))?,
            // A count of tokens may hold the request that it is to be made for.
            "generateContentRequest" | "generate_content_request" => {
                once(envelope, &name)?;
                let inside = inside(raw, &name)?;
                self::peek(&inside, Operation::Chat, peek)?;
                has_contents = true;
            }
            "generationConfig" | "generation_config" => {
                once(envelope, &name)?;
                read_generation(&inside(raw, &name)?, &name, peek)?;
            }
            "cachedContent" | "cached_content" => peek.goes_on = true,
            "serviceTier" | "service_tier" => peek.asks_tier = true,
            _ => {}
        }
    }
    if has_contents {
        return Ok(());
    }
    Err(invalid("contents", "`contents` is required; send it in the JSON body".into()))
}

fn inside(raw: &[u8], name: &str) -> Result<Envelope, Error> {
    Envelope::read(&Bytes::copy_from_slice(raw))
        .map_err(|_| invalid(name, format!("`{name}` must be an object")))
}

fn read_generation(config: &Envelope, at: &str, peek: &mut Peek) -> Result<(), Error> {
    for member in config.members() {
        let (name, raw) = (config.name(member), config.raw(member));
        if raw == b"null" {
            continue;
        }
        let place = format!("{at}.{name}");
        match name.as_ref() {
            "maxOutputTokens" | "max_output_tokens" => {
                once(config, &name)?;
                peek.max_output = peek.max_output.max(Some(read_bound(raw, &place)?));
            }
            "candidateCount" | "candidate_count" => {
                once(config, &name)?;
                peek.read_choices(raw, &place)?;
            }
            "responseModalities" | "response_modalities" => {
                let mut modalities: Vec<String> = Vec::new();
                read(raw, &place, "a list of modalities", &mut modalities)?;
                peek.asks_audio |= modalities.iter().any(|name| name.eq_ignore_ascii_case("audio"));
            }
            "speechConfig" | "speech_config" => peek.asks_audio = true,
            _ => {}
        }
    }
    Ok(())
}

/// A list of at least one content, or the one content alone, which Google takes as well.
fn is_contents(raw: &[u8]) -> Result<bool, Error> {
    if crate::ask::is_full_list(raw) || raw.first() == Some(&b'{') {
        return Ok(true);
    }
    Err(invalid("contents", "`contents` must be a list of at least one content".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peeked(body: &str) -> Result<Peek, Error> {
        let envelope = Envelope::read(&Bytes::copy_from_slice(body.as_bytes()))?;
        let mut found = Peek { choices: 1, ..Peek::default() };
        peek(&envelope, Operation::Chat, &mut found)?;
        Ok(found)
    }

    #[test]
    fn both_spellings_are_read() {
        for config in [
            r#""generationConfig":{"maxOutputTokens":9,"candidateCount":2,"responseModalities":["AUDIO"]}"#,
            r#""generation_config":{"max_output_tokens":9,"candidate_count":2,"response_modalities":["audio"]}"#,
        ] {
            for body in [
                format!(r#"{{"contents":[{{}}],{config}}}"#),
                format!(r#"{{"generateContentRequest":{{"contents":[{{}}],{config}}}}}"#),
            ] {
                let found = peeked(&body).unwrap();
                assert_eq!((found.max_output, found.choices), (Some(9), 2), "{body}");
                assert!(found.asks_audio && found.wants_usage && !found.goes_on);
            }
        }
        assert!(peeked(r#"{"contents":{"parts":{"text":"a"}},"cachedContent":"c"}"#).unwrap().goes_on);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, at) in [
            ("{}", "contents"),
            (r#"{"contents":[]}"#, "contents"),
            (r#"{"contents":"a"}"#, "contents"),
            (
                r#"{"contents":[{}],"generationConfig":{"maxOutputTokens":0}}"#,
                "generationConfig.maxOutputTokens",
            ),
            (r#"{"contents":[{}],"generationConfig":5}"#, "generationConfig"),
        ] {
            assert_eq!(peeked(body).unwrap_err().at.as_deref(), Some(at), "{body}");
        }
    }
}
