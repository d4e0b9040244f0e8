//! The generator's HTTP/1.1 client: made for little work per call, for answers that are in order.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that is kept for many calls.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: BytesMut,
}

/// What is kept of an answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// When the first byte of the body was there.
    pub(crate) first_byte: Instant,
}

impl Client {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: BytesMut::with_capacity(64 * 1024) })
    }

    /// Sends a request and reads its answer to the end.
    pub(crate) async fn call(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.stream.write_all(request).await?;
        let end = loop {
            if let Some(at) = memchr::memmem::find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            self.fill().await?;
        };
        let head = self.buffer.split_to(end);
        let status = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        let status = status.ok_or_else(|| odd("status line"))?;
        let length = value_of(&head, b"content-length").and_then(|text| text.parse::<usize>().ok());
        if self.buffer.is_empty() && length != Some(0) {
            self.fill().await?;
        }
        let first_byte = Instant::now();
        match length {
            Some(length) => self.skip(length).await?,
            None if value_of(&head, b"transfer-encoding").is_some() => self.skip_chunks().await?,
            None => return Err(odd("answer without a length")),
        }
        Ok(Answer { status, first_byte })
    }

    async fn skip(&mut self, mut length: usize) -> io::Result<()> {
        loop {
            let there = length.min(self.buffer.len());
            self.buffer.advance(there);
            length -= there;
            if length == 0 {
                return Ok(());
            }
            self.fill().await?;
        }
    }

    async fn skip_chunks(&mut self) -> io::Result<()> {
        loop {
            let Some(end) = memchr::memchr(b'\n', &self.buffer) else {
                self.fill().await?;
                continue;
            };
            let line = self.buffer.split_to(end + 1);
            let digits = std::str::from_utf8(line.trim_ascii_end()).unwrap_or("");
            let size = usize::from_str_radix(digits, 16).map_err(|_| odd("chunk size"))?;
            self.skip(size + 2).await?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        self.buffer.reserve(16 * 1024);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn value_of<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a str> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (found, rest) = line.split_at_checked(name.len())?;
        let value = rest.strip_prefix(b":").filter(|_| found.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value.trim_ascii()).ok()
    })
}

fn odd(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("odd {what}"))
}
