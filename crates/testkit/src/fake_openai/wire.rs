//! Reading HTTP/1.1 requests off a socket, and noticing when the peer goes away.
//!
//! The fake writes answers byte by byte itself, because its faults (false lengths, cuts, raw bytes) are such
//! as an HTTP library is made to prevent; so it reads requests itself, too.

use std::io;

use bytes::{Buf, BytesMut};
use tokio::io::AsyncReadExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

const MOST_HEAD: usize = 64 * 1024;
const MOST_BODY: usize = 256 * 1024 * 1024;
/// Read ahead while an answer is under way; a peer that pipelines more waits.
const MOST_AHEAD: usize = 64 * 1024;

/// A request as it came.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// Names in lower case, in the order of the wire.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The reading side of a connection.
pub(super) struct Incoming {
    half: OwnedReadHalf,
    buffer: BytesMut,
}

impl Incoming {
    pub(super) fn new(half: OwnedReadHalf) -> Self {
        Self { half, buffer: BytesMut::with_capacity(16 * 1024) }
    }

    /// The next request; `None` when the peer closed between two.
    ///
    /// # Errors
    /// The connection broke, or the bytes are no HTTP/1.1 request within the limits (`InvalidData`).
    pub(super) async fn request(&mut self, out: &OwnedWriteHalf) -> io::Result<Option<Request>> {
        let head_end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at;
            }
            if self.buffer.len() > MOST_HEAD {
                return Err(malformed("head too large"));
            }
            if self.half.read_buf(&mut self.buffer).await? == 0 {
                let clean = self.buffer.is_empty();
                return if clean { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        };
        let head = self.buffer.split_to(head_end);
        self.buffer.advance(4);
        let head = std::str::from_utf8(&head).map_err(|_| malformed("head is no UTF-8"))?;
        let mut request = parse_head(head)?;
        if request.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
            out.writable().await?;
            out.try_write(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        request.body = self.body(&request).await?;
        Ok(Some(request))
    }

    async fn body(&mut self, request: &Request) -> io::Result<Vec<u8>> {
        match (request.header("transfer-encoding"), request.header("content-length")) {
            (Some(_), Some(_)) => Err(malformed("both content-length and transfer-encoding")),
            (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => self.chunked().await,
            (Some(_), None) => Err(malformed("unknown transfer-encoding")),
            (None, Some(length)) => {
                let length = length.parse().map_err(|_| malformed("content-length is no number"))?;
                Ok(self.take(length).await?.to_vec())
            }
            (None, None) => Ok(Vec::new()),
        }
    }

    async fn chunked(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or("").trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| malformed("chunk size is no number"))?;
            if size == 0 {
                while !self.line().await?.is_empty() {}
                return Ok(body);
            }
            if body.len().saturating_add(size) > MOST_BODY {
                return Err(malformed("body too large"));
            }
            body.extend_from_slice(&self.take(size).await?);
            if !self.line().await?.is_empty() {
                return Err(malformed("chunk is longer than it says"));
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(at) = find(&self.buffer, b"\r\n") {
                let line = self.buffer.split_to(at);
                self.buffer.advance(2);
                return String::from_utf8(line.to_vec()).map_err(|_| malformed("line is no UTF-8"));
            }
            if self.buffer.len() > MOST_HEAD {
                return Err(malformed("line too long"));
            }
            self.more().await?;
        }
    }

    async fn take(&mut self, length: usize) -> io::Result<BytesMut> {
        if length > MOST_BODY {
            return Err(malformed("body too large"));
        }
        while self.buffer.len() < length {
            self.more().await?;
        }
        Ok(self.buffer.split_to(length))
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.half.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Ends when the peer closes or resets the connection. Closing only its writing side counts as well.
    pub(super) async fn gone(&mut self) {
        while self.buffer.len() < MOST_AHEAD {
            if !self.half.read_buf(&mut self.buffer).await.is_ok_and(|read| read > 0) {
                return;
            }
        }
        std::future::pending().await
    }
}

fn parse_head(head: &str) -> io::Result<Request> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or("").split(' ');
    let (Some(method), Some(path), Some("HTTP/1.1"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(malformed("no HTTP/1.1 request line"));
    };
    let mut headers = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':').ok_or_else(|| malformed("header without a colon"))?;
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(malformed("blank in a header's name"));
        }
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(Request { method: method.into(), path: path.into(), headers, body: Vec::new() })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed request: {what}"))
}
