//! Frames: a length, a checksum, a payload. What was torn or touched is not taken for a record.

/// Length and checksum, each four bytes, little end first.
const HEAD: usize = 8;
/// A longer payload is no record of ours.
const MOST: usize = 16 << 20;

/// Begins a frame in a buffer of its own; its payload is written behind the place of the head.
pub(super) fn begin(capacity: usize) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEAD + capacity);
    frame.resize(HEAD, 0);
    frame
}

/// Writes the head of a frame whose payload is complete.
pub(super) fn seal(mut frame: Vec<u8>) -> Vec<u8> {
    if let Some((head, payload)) = frame.split_first_chunk_mut::<HEAD>() {
        let (length, checksum) = head.split_at_mut(4);
        length.copy_from_slice(&u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes());
        checksum.copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
    }
    frame
}

/// The whole frames at the beginning of a text, and how many bytes they take.
pub(super) fn frames(mut bytes: &[u8]) -> (Vec<&[u8]>, usize) {
    let (mut payloads, mut taken) = (Vec::new(), 0);
    while let Some((payload, rest)) = next(bytes) {
        payloads.push(payload);
        taken += HEAD + payload.len();
        bytes = rest;
    }
    (payloads, taken)
}

fn next(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let length =
        usize::try_from(u32::from_le_bytes(*length)).ok().filter(|length| (1..=MOST).contains(length))?;
    let (payload, rest) = rest.split_at_checked(length)?;
    (crc32fast::hash(payload) == u32::from_le_bytes(*checksum)).then_some((payload, rest))
}
