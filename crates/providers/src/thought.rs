//! Gemini's proofs on tool calls, carried inside the calls' ids through dialects that have no place for them.
//!
//! LiteLLM does the same with the same mark (contract §8d, gemini), so that histories of its clients go on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use weighhouse_types::Dialect;
use weighhouse_types::chat::Signature;

/// What parts an id from the proof that it carries.
const MARK: &str = "__thought__";

/// The id that a client of a dialect is shown.
#[must_use]
pub fn id_with(id: &str, signature: Option<&Signature>, client: Dialect) -> String {
    match signature {
        Some(signature) => format!("{id}{MARK}{}", URL_SAFE_NO_PAD.encode(signature.for_client(client))),
        None => id.to_owned(),
    }
}

/// The id itself and the proof that a client's id carries.
#[must_use]
pub fn id_and_signature(shown: &str, client: Dialect) -> (String, Option<Signature>) {
    let Some((id, encoded)) = shown.split_once(MARK) else { return (shown.to_owned(), None) };
    let decoded = URL_SAFE_NO_PAD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let signature = match decoded {
        Some(text) => {
            let read = Signature::from_client(&text, client);
            // LiteLLM's ids carry Gemini's proof as it is.
            if read.origin == client { Signature { origin: Dialect::Gemini, ..read } } else { read }
        }
        None => Signature { origin: Dialect::Gemini, value: encoded.to_owned() },
    };
    (id.to_owned(), Some(signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_rides_in_an_id_and_is_found_again() {
        let signature = Signature { origin: Dialect::Gemini, value: "AbC+/=".into() };
        let shown = id_with("call_1", Some(&signature), Dialect::OpenAiChat);
        assert!(shown.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')));
        assert_eq!(id_and_signature(&shown, Dialect::OpenAiChat), ("call_1".into(), Some(signature)));
        assert_eq!(id_and_signature("call_1", Dialect::OpenAiChat), ("call_1".into(), None));
    }
}
