//! Server-sent events, cut out of a byte stream as they came (WHATWG HTML, "Server-sent events").
//!
//! A frame is an event's bytes up to and including the blank line that ends it, so that forwarding
//! the frames forwards the stream. Lines may end in LF, CRLF or CR.

use std::borrow::Cow;

use bytes::{Buf, Bytes, BytesMut};

/// Longest event that is accepted; an image in base64 fits.
pub const MAX_EVENT_BYTES: usize = 64 * 1024 * 1024;

/// Cuts a byte stream into frames, however it was chopped on its way.
#[derive(Debug, Default)]
pub struct Frames {
    /// Bytes of a frame that is not complete yet.
    pending: BytesMut,
    /// Where the search in `pending` goes on.
    place: Place,
    /// What came last and is not cut yet.
    fresh: Bytes,
}

/// How far a search for a frame's end has come.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Start of the line that is being read.
    line: usize,
    /// Up to here it holds no line end, so that a long line is searched once, not once a piece.
    searched: usize,
}

/// An event grew beyond [`MAX_EVENT_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTooLong;

impl Frames {
    /// Takes the next bytes of the stream; all frames must have been taken out before.
    ///
    /// # Errors
    /// The event that is being read is longer than [`MAX_EVENT_BYTES`].
    pub fn push(&mut self, bytes: Bytes) -> Result<(), EventTooLong> {
        debug_assert!(self.fresh.is_empty(), "frames are taken out before more is pushed");
        if self.pending.len() + bytes.len() > MAX_EVENT_BYTES {
            return Err(EventTooLong);
        }
        self.fresh = bytes;
        Ok(())
    }

    /// The next complete frame.
    pub fn next_frame(&mut self) -> Option<Bytes> {
        if self.pending.is_empty() {
            let mut place = Place::default();
            if let Some(end) = place.frame_end(&self.fresh) {
                return Some(self.fresh.split_to(end));
            }
            self.place = place;
            self.pending.extend_from_slice(&std::mem::take(&mut self.fresh));
            return None;
        }
        if self.fresh.is_empty() {
            return None;
        }
        let before = self.pending.len();
        self.pending.extend_from_slice(&self.fresh);
        let Some(end) = self.place.frame_end(&self.pending) else {
            self.fresh.clear();
            return None;
        };
        // A frame that ended in the earlier bytes was cut then, so this one ends in the fresh ones.
        self.fresh.advance(end.saturating_sub(before));
        let frame = self.pending.split_to(end).freeze();
        self.pending.clear();
        Some(frame)
    }

    /// What is left when the stream ends: an event without its blank line, or nothing.
    pub fn finish(&mut self) -> Option<Bytes> {
        (!self.pending.is_empty()).then(|| self.pending.split().freeze())
    }
}

impl Place {
    /// The end of the first frame, if its blank line is there.
    /// A CR that is the last byte waits for its possible LF.
    fn frame_end(&mut self, bytes: &[u8]) -> Option<usize> {
        loop {
            let from = self.searched.max(self.line);
            let Some(found) = memchr::memchr2(b'\n', b'\r', bytes.get(from..)?) else {
                self.searched = bytes.len();
                return None;
            };
            let end = from + found;
            self.searched = end;
            let after = match (bytes.get(end)?, bytes.get(end + 1)) {
                (b'\n', _) => end + 1,
                (_, Some(b'\n')) => end + 2,
                (_, Some(_)) => end + 1,
                (_, None) => return None,
            };
            if end == self.line {
                return Some(after);
            }
            self.line = after;
        }
    }
}

/// The `data` of a frame: its data lines joined by LF; none where the frame has no data line.
#[must_use]
pub fn data(frame: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut joined: Option<Cow<'_, [u8]>> = None;
    for line in frame.split(|byte| matches!(byte, b'\n' | b'\r')) {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let Some(value) = line.strip_prefix(b"data") else { continue };
        let value = match value {
            [] => value,
            [b':', b' ', rest @ ..] | [b':', rest @ ..] => rest,
            _ => continue,
        };
        joined = Some(match joined {
            None => Cow::Borrowed(value),
            Some(before) => {
                let mut before = before.into_owned();
                before.push(b'\n');
                before.extend_from_slice(value);
                Cow::Owned(before)
            }
        });
    }
    joined
}

/// Puts a JSON text down as the data of an event and ends the event. What a client wrote over several lines is
/// repeated by some dialects, and a line break would end the data: outside of its strings, JSON needs none.
pub(crate) fn put_data(json: &[u8], end: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: ");
    if memchr::memchr2(b'\n', b'\r', json).is_none() {
        out.extend_from_slice(json);
    } else {
        out.extend(json.iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    }
    out.extend_from_slice(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut reader = Frames::default();
        let mut found = Vec::new();
        for piece in pieces {
            reader.push(Bytes::copy_from_slice(piece)).unwrap();
            while let Some(frame) = reader.next_frame() {
                found.push(frame.to_vec());
            }
        }
        found.extend(reader.finish().map(|rest| rest.to_vec()));
        found
    }

    #[test]
    fn blank_lines_of_every_make_end_a_frame() {
        let lf: &[u8] = b"data: a\n\ndata: b\n\n";
        assert_eq!(frames(&[lf]), [b"data: a\n\n", b"data: b\n\n"]);
        let crlf: &[u8] = b"data: a\r\n\r\ndata: b\r\n\r\n";
        assert_eq!(frames(&[crlf]), [b"data: a\r\n\r\n", b"data: b\r\n\r\n"]);
        let cr: &[u8] = b"data: a\r\rdata: b\r\r";
        assert_eq!(frames(&[cr]), [b"data: a\r\r", b"data: b\r\r"]);
        assert_eq!(frames(&[b"data: end"]), [b"data: end"]);
    }

    #[test]
    fn data_lines_are_joined_and_others_passed_over() {
        let text = |frame: &[u8]| data(frame).map(|data| String::from_utf8(data.into_owned()).unwrap());
        assert_eq!(text(b"data: {\"a\":1}\n\n").as_deref(), Some("{\"a\":1}"));
        assert_eq!(text(b"event: x\r\ndata:a\r\ndata: b\r\n\r\n").as_deref(), Some("a\nb"));
        assert_eq!(text(b": ping\n\n"), None);
        assert_eq!(text(b"data\n\n").as_deref(), Some(""));
        assert_eq!(text(b"database: x\n\n"), None);
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut reader = Frames::default();
        reader.push(Bytes::from(vec![b'a'; MAX_EVENT_BYTES])).unwrap();
        assert_eq!(reader.next_frame(), None);
        assert_eq!(reader.push(Bytes::from_static(b"a")), Err(EventTooLong));
    }

    proptest::proptest! {
        #[test]
        fn any_cutting_gives_the_same_frames(
            lines in proptest::collection::vec("(data: [a-z]{0,5}|: c|)(\n|\r\n|\r)", 0..12),
            cuts in proptest::collection::vec(0_usize..100, 0..12),
        ) {
            let stream = lines.concat().into_bytes();
            let whole = frames(&[&stream]);
            proptest::prop_assert_eq!(whole.concat(), stream.clone());
            let mut places: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            places.extend([0, stream.len()]);
            places.sort_unstable();
            let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
            proptest::prop_assert_eq!(frames(&pieces), whole);
        }
    }

    #[test]
    fn a_json_text_of_several_lines_is_one_line_of_data() {
        let mut out = Vec::new();
        put_data(b"{\n  \"a\": \"x\\ny\",\r\n  \"b\": 1\n}", b"\n\n", &mut out);
        assert_eq!(out, b"data: {  \"a\": \"x\\ny\",  \"b\": 1}\n\n");
    }
}
