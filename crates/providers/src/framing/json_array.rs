//! A stream of events as one JSON array, as Google's API sends it to clients that do not ask for `alt=sse`.

use bytes::Bytes;

use super::sse::{self, Frames};

/// Turns events into elements of an array.
#[derive(Debug, Default)]
pub struct JsonArray {
    frames: Frames,
    has_begun: bool,
    is_closed: bool,
}

impl JsonArray {
    /// Takes a piece of the event stream and gives the elements that are complete.
    pub fn push(&mut self, piece: Bytes) -> Bytes {
        let mut out = Vec::with_capacity(piece.len());
        if self.frames.push(piece).is_err() {
            return Bytes::new();
        }
        while let Some(frame) = self.frames.next_frame() {
            self.element(&frame, &mut out);
        }
        out.into()
    }

    /// The end of the array; none when it was given already.
    pub fn end(&mut self) -> Option<Bytes> {
        if std::mem::replace(&mut self.is_closed, true) {
            return None;
        }
        let mut out = Vec::new();
        if let Some(rest) = self.frames.finish() {
            self.element(&rest, &mut out);
        }
        out.extend_from_slice(if self.has_begun { b"]" } else { b"[]" });
        Some(out.into())
    }

    fn element(&mut self, frame: &[u8], out: &mut Vec<u8>) {
        let Some(data) = sse::data(frame) else { return };
        out.extend_from_slice(if self.has_begun { b",\r\n" } else { b"[" });
        self.has_begun = true;
        out.extend_from_slice(&data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_become_elements_however_they_are_cut() {
        let events = b"data: {\"a\":1}\n\n: ping\n\ndata: {\"b\":2}\n\n";
        for size in [1, 5, events.len()] {
            let mut array = JsonArray::default();
            let mut out = Vec::new();
            for piece in events.chunks(size) {
                out.extend(array.push(Bytes::copy_from_slice(piece)));
            }
            out.extend(array.end().unwrap());
            assert_eq!(out, b"[{\"a\":1},\r\n{\"b\":2}]");
            assert!(array.end().is_none());
        }
        assert_eq!(JsonArray::default().end().unwrap(), &b"[]"[..]);
    }
}
