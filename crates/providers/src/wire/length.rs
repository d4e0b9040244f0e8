//! How long a text is that is only looked at.

/// Bytes up to the quote that ends a string, escapes counted as one byte each.
pub(crate) fn string_length(inside: &[u8]) -> u64 {
    let (mut at, mut escapes) = (0, 0);
    while let Some(found) = inside.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if inside.get(at) == Some(&b'"') {
            return (at - escapes) as u64;
        }
        at += 2;
        escapes += 1;
    }
    inside.len() as u64
}
