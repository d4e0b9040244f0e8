//! A small blocking HTTP/1.1 client that sends what it is told, right or wrong, and reads what comes.
//!
//! Every read and write gives up after [`PATIENCE`].

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a read or a write may take.
pub const PATIENCE: Duration = Duration::from_secs(10);
const MOST_HEAD: usize = 1024 * 1024;

/// A request that is in order; [`Connection::write`] sends others.
#[derive(Clone)]
pub struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// A request without a body.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        Self { method: method.into(), path: path.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// `GET`.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// `POST` with a JSON body.
    #[must_use]
    pub fn post(path: &str, body: &serde_json::Value) -> Self {
        Self::new("POST", path).header("content-type", "application/json").body(body.to_string().as_bytes())
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds `authorization: Bearer <key>`.
    #[must_use]
    pub fn bearer(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    fn to_bytes(&self, host: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {host}\r\n", self.method, self.path);
        if !self.body.is_empty() || self.method != "GET" {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// The head of an answer.
#[derive(Clone, Debug)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// Headers in the order of the wire, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// The first value of a header; `name` is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status and headers.
    pub head: Head,
    /// The body without its framing.
    pub body: Vec<u8>,
}

impl Reply {
    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// It is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("status {}, body is no JSON ({error}): {}", self.status(), self.text()),
        }
    }
}

/// An event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The `event` field.
    pub event: Option<String>,
    /// The `data` fields, joined by line feeds.
    pub data: String,
}

/// Sends a request on a connection of its own and reads the whole answer.
///
/// # Errors
/// The connection fails, breaks off, or stays silent for ten seconds.
pub fn send(address: SocketAddr, request: &Request) -> io::Result<Reply> {
    let mut connection = Connection::open(address)?;
    connection.send(request)?;
    connection.reply()
}

/// How long the body is that is being read.
#[derive(Clone, Copy, Debug)]
enum Framing {
    Done,
    Length(usize),
    /// Bytes left of the current chunk.
    Chunked(usize),
    UntilClose,
}

/// A connection; dropping it closes it.
pub struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    /// Read, but not yet taken.
    ahead: Vec<u8>,
    framing: Framing,
    /// Body bytes of a stream that are not yet an event.
    partial: Vec<u8>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, address, ahead: Vec::new(), framing: Framing::Done, partial: Vec::new() })
    }

    /// Sets how long a read may take from now on, in place of [`PATIENCE`].
    ///
    /// # Errors
    /// The time is zero.
    pub fn set_patience(&mut self, patience: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(patience))
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// The peer is gone or takes nothing for ten seconds.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends a request.
    ///
    /// # Errors
    /// As [`Connection::write`].
    pub fn send(&mut self, request: &Request) -> io::Result<()> {
        let bytes = request.to_bytes(&self.address.to_string());
        self.write(&bytes)
    }

    /// Reads the head of the next answer; 1xx ones are passed over.
    ///
    /// # Errors
    /// The connection breaks off, stays silent, or what comes is no HTTP/1.1.
    pub fn head(&mut self) -> io::Result<Head> {
        loop {
            let status_line = self.line()?;
            let status = status_line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
            let status: u16 = status.ok_or_else(|| odd(&format!("status line {status_line:?}")))?;
            let mut headers = Vec::new();
            loop {
                let line = self.line()?;
                if line.is_empty() {
                    break;
                }
                let (name, value) = line.split_once(':').ok_or_else(|| odd(&format!("header {line:?}")))?;
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
            if status >= 200 {
                let head = Head { status, headers };
                self.framing = framing(&head)?;
                self.partial.clear();
                return Ok(head);
            }
        }
    }

    /// The next bytes of the body as they come; `None` at its end.
    ///
    /// # Errors
    /// The connection breaks off before the end that the head named, or stays silent.
    pub fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let most = match self.framing {
            Framing::Done | Framing::Length(0) => {
                self.framing = Framing::Done;
                return Ok(None);
            }
            Framing::UntilClose => usize::MAX,
            Framing::Length(left) => left,
            Framing::Chunked(0) => {
                let line = self.line()?;
                let size = usize::from_str_radix(line.split(';').next().unwrap_or("").trim(), 16);
                let size = size.map_err(|_| odd(&format!("chunk size {line:?}")))?;
                if size == 0 {
                    while !self.line()?.is_empty() {}
                    self.framing = Framing::Done;
                    return Ok(None);
                }
                size
            }
            Framing::Chunked(left) => left,
        };
        if self.ahead.is_empty() && !self.fill()? {
            return match self.framing {
                Framing::UntilClose => Ok(None),
                _ => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        }
        let taken = most.min(self.ahead.len());
        let bytes: Vec<u8> = self.ahead.drain(..taken).collect();
        match &mut self.framing {
            Framing::Length(left) => *left -= taken,
            Framing::Chunked(left) => {
                *left = most - taken;
                if *left == 0 && !self.line()?.is_empty() {
                    return Err(odd("a chunk is longer than it says"));
                }
            }
            Framing::Done | Framing::UntilClose => {}
        }
        Ok(Some(bytes))
    }

    /// Reads the rest of the body.
    ///
    /// # Errors
    /// As [`Connection::read`].
    pub fn body(&mut self) -> io::Result<Vec<u8>> {
        let mut body = std::mem::take(&mut self.partial);
        while let Some(bytes) = self.read()? {
            body.extend_from_slice(&bytes);
        }
        Ok(body)
    }

    /// Reads a whole answer.
    ///
    /// # Errors
    /// As [`Connection::head`] and [`Connection::read`].
    pub fn reply(&mut self) -> io::Result<Reply> {
        let head = self.head()?;
        let body = self.body()?;
        Ok(Reply { head, body })
    }

    /// The next event of a stream; `None` at the end of the body. Comments are passed over; what is left
    /// without a blank line at the end is no event.
    ///
    /// # Errors
    /// As [`Connection::read`], or a line is no UTF-8.
    pub fn event(&mut self) -> io::Result<Option<Event>> {
        let mut event = Event::default();
        let mut data: Vec<String> = Vec::new();
        loop {
            let Some(line) = self.event_line()? else { return Ok(None) };
            if line.is_empty() {
                if data.is_empty() && event.event.is_none() {
                    continue;
                }
                event.data = data.join("\n");
                return Ok(Some(event));
            }
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "data" => data.push(value.to_owned()),
                "event" => event.event = Some(value.to_owned()),
                _ => {}
            }
        }
    }

    /// The data of every event up to the end of the body.
    ///
    /// # Errors
    /// As [`Connection::event`].
    pub fn events(&mut self) -> io::Result<Vec<String>> {
        let mut all = Vec::new();
        while let Some(event) = self.event()? {
            all.push(event.data);
        }
        Ok(all)
    }

    /// Everything up to the close of the connection, undecoded.
    ///
    /// # Errors
    /// The connection is reset, or stays silent.
    pub fn rest(&mut self) -> io::Result<Vec<u8>> {
        while self.fill()? {}
        Ok(std::mem::take(&mut self.ahead))
    }

    /// Breaks the connection off with a reset, as a killed client does.
    pub fn abort(self) {
        // It can only fail on a socket that is broken already.
        let _broken = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    fn event_line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(at) = self.partial.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.partial.drain(..=at).collect();
                line.pop();
                line.pop_if(|byte| *byte == b'\r');
                return String::from_utf8(line)
                    .map(Some)
                    .map_err(|_| odd("a line of the stream is no UTF-8"));
            }
            match self.read()? {
                Some(bytes) => self.partial.extend_from_slice(&bytes),
                None => return Ok(None),
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut searched = 0;
        loop {
            let found = self.ahead.iter().skip(searched).position(|byte| *byte == b'\n');
            if let Some(at) = found {
                let mut line: Vec<u8> = self.ahead.drain(..=searched + at).collect();
                line.pop();
                line.pop_if(|byte| *byte == b'\r');
                return String::from_utf8(line).map_err(|_| odd("a line is no UTF-8"));
            }
            searched = self.ahead.len();
            if searched > MOST_HEAD {
                return Err(odd("a line is longer than a megabyte"));
            }
            if !self.fill()? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads what is there; false at the end of the connection.
    fn fill(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        let read = self.stream.read(&mut buffer)?;
        self.ahead.extend_from_slice(buffer.get(..read).unwrap_or_default());
        Ok(read > 0)
    }
}

fn framing(head: &Head) -> io::Result<Framing> {
    if matches!(head.status, 204 | 304) {
        return Ok(Framing::Done);
    }
    match (head.header("transfer-encoding"), head.header("content-length")) {
        (Some(_), Some(_)) => Err(odd("both transfer-encoding and content-length")),
        (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked(0)),
        (Some(coding), None) => Err(odd(&format!("transfer-encoding {coding:?}"))),
        (None, Some(length)) => {
            length.parse().map(Framing::Length).map_err(|_| odd(&format!("content-length {length:?}")))
        }
        (None, None) => Ok(Framing::UntilClose),
    }
}

fn odd(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
