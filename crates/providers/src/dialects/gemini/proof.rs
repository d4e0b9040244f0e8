//! Proofs and bytes in base64, as Gemini's clients and models write them.

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use weighhouse_types::Dialect;
use weighhouse_types::chat::Signature;

/// Google's documented value for calls that no Gemini model made
/// (<https://ai.google.dev/gemini-api/docs/thought-signatures#faqs>).
pub(super) const SKIPS_VALIDATION: &str = "skip_thought_signature_validator";

/// Proto JSON takes padding or none.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A proof as a client of this dialect is shown it. The official SDKs decode the member as base64, so a proof
/// of another provider, which carries its origin as text, is encoded.
pub(super) fn for_client(signature: &Signature) -> String {
    let shown = signature.for_client(Dialect::Gemini);
    if signature.origin == Dialect::Gemini { shown } else { STANDARD.encode(shown) }
}

/// A proof as a client of this dialect sent it.
pub(super) fn from_client(text: &str) -> Signature {
    let own = || Signature { origin: Dialect::Gemini, value: text.to_owned() };
    let Some(decoded) = decoded(text).and_then(|bytes| String::from_utf8(bytes).ok()) else { return own() };
    let read = Signature::from_client(&decoded, Dialect::Gemini);
    if read.origin == Dialect::Gemini { own() } else { read }
}

/// Base64 in the standard alphabet with its padding: the Python SDK writes the one for URLs.
pub(super) fn standard_base64(text: &str) -> String {
    if !text.contains(['-', '_']) && text.len().is_multiple_of(4) {
        return text.to_owned();
    }
    let mut standard = text.replace('-', "+").replace('_', "/");
    while !standard.len().is_multiple_of(4) {
        standard.push('=');
    }
    standard
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(text.replace('-', "+").replace('_', "/")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_of_any_origin_is_base64_and_comes_home() {
        for origin in Dialect::ALL {
            let signature = Signature { origin, value: "Eq+/AbCd".into() };
            let shown = for_client(&signature);
            assert_eq!(from_client(&shown), signature, "{shown}");
            assert!(STANDARD.decode(&shown).is_ok());
            // The Python SDK decodes and encodes in the alphabet for URLs.
            let echoed = shown.replace('+', "-").replace('/', "_");
            assert_eq!(from_client(&echoed).origin, origin);
        }
        assert_eq!(from_client("no base64!").value, "no base64!");
    }

    #[test]
    fn the_alphabet_for_urls_becomes_the_standard_one() {
        for (text, standard) in [("_-8=", "/+8="), ("_-8", "/+8="), ("aGk=", "aGk="), ("aGk", "aGk=")] {
            assert_eq!(standard_base64(text), standard);
        }
    }
}
