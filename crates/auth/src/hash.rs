//! LiteLLM's hash of a key, and new keys.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use secrecy::SecretString;
use weighhouse_types::{Error, KeyHash, Kind};

/// Random bytes of a new key: LiteLLM uses 16; its form allows more.
const SECRET_BYTES: usize = 24;
const HEX: &[u8; 16] = b"0123456789abcdef";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The hash under which a key is stored: SHA-256 of the whole secret, in lower-case hex (contract §4a).
#[must_use]
pub fn hash_of(secret: &str) -> KeyHash {
    KeyHash::new(&hex(digest_of(secret).as_ref()))
}

/// The digest itself: what caches are keyed by.
pub(crate) fn digest_of(secret: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    bytes
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let letter = |nibble: u8| char::from(HEX.get(usize::from(nibble)).copied().unwrap_or(b'0'));
    bytes.iter().flat_map(|byte| [letter(byte >> 4), letter(byte & 15)]).collect()
}

/// A new secret: `sk-` and random letters of the URL-safe alphabet.
///
/// # Errors
/// `Internal`: the system has no randomness to give.
pub fn new_secret() -> Result<SecretString, Error> {
    let mut bytes = [0_u8; SECRET_BYTES];
    rand::fill(&mut bytes).map_err(|_| Error::new(Kind::Internal, "the system has no randomness to give"))?;
    // Six bits of each byte: 144 bits in all.
    let letters =
        bytes.iter().map(|byte| char::from(URL_SAFE.get(usize::from(byte & 63)).copied().unwrap_or(b'A')));
    Ok(SecretString::from(format!("sk-{}", letters.collect::<String>())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn new_secrets_differ_and_have_the_form() {
        let (one, two) = (new_secret().unwrap(), new_secret().unwrap());
        assert_ne!(one.expose_secret(), two.expose_secret());
        assert!(one.expose_secret().starts_with("sk-") && one.expose_secret().len() == 27);
    }
}
