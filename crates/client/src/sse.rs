//! Server-sent events: bytes as they come, whole events out.

use crate::error::ClientError;

/// The longest line that is read.
const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;
const DATA: &[u8] = b"data:";

/// What has come and is not yet a whole event.
#[derive(Debug, Default)]
pub(crate) struct Events {
    bytes: Vec<u8>,
    /// How far the bytes were searched for a line's end.
    searched: usize,
    /// The data lines of the event that has begun.
    data: Option<String>,
}

impl Events {
    /// More bytes.
    ///
    /// # Errors
    /// `Garbled`: a line without end.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        if self.bytes.len() + bytes.len() > MAX_LINE_BYTES {
            return Err(ClientError::Garbled(format!(
                "an event of it is longer than {MAX_LINE_BYTES} bytes"
            )));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// The next event's data, once it is whole. Names, ids and comments are passed over.
    pub(crate) fn next(&mut self) -> Option<String> {
        while let Some(line) = self.line() {
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            if line.is_empty() {
                match self.data.take() {
                    Some(data) => return Some(data),
                    None => continue,
                }
            }
            let Some(data) = line.strip_prefix(DATA) else { continue };
            let data = String::from_utf8_lossy(data.strip_prefix(b" ").unwrap_or(data)).into_owned();
            match &mut self.data {
                Some(whole) => {
                    whole.push('\n');
                    whole.push_str(&data);
                }
                None => self.data = Some(data),
            }
        }
        None
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        let rest = self.bytes.get(self.searched..)?;
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            self.searched = self.bytes.len();
            return None;
        };
        let mut line: Vec<u8> = self.bytes.drain(..=self.searched + end).collect();
        line.pop();
        self.searched = 0;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str =
        ": hello\n\nevent: x\ndata: {\"ä\":1}\r\n\r\ndata:a\ndata:  b\n\n\ndata: [DONE]\n\ndata: open";

    #[test]
    fn events_are_whole_wherever_the_bytes_are_cut() {
        for size in 1..=SENT.len() {
            let mut events = Events::default();
            let mut got = Vec::new();
            for piece in SENT.as_bytes().chunks(size) {
                events.take(piece).unwrap();
                got.extend(std::iter::from_fn(|| events.next()));
            }
            assert_eq!(got, ["{\"ä\":1}", "a\n b", "[DONE]"], "in pieces of {size}");
        }
    }

    #[test]
    fn a_line_without_end_is_an_error() {
        let mut events = Events::default();
        events.take(&vec![b'x'; MAX_LINE_BYTES]).unwrap();
        assert!(events.next().is_none() && events.take(b"x").is_err());
    }
}
