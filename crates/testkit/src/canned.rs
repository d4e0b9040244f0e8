//! A provider that says the bytes it is given, whatever it is asked, and keeps what it was asked: for tests of
//! what passes unchanged.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fake_openai::SeenRequest;
use crate::loopback::Server;

const MOST_HEAD: usize = 64 * 1024;

/// A provider of ready answers; it stops when it is dropped.
pub struct Canned {
    shared: Arc<Mutex<Shelf>>,
    server: Server,
}

#[derive(Default)]
struct Shelf {
    answers: VecDeque<(u16, &'static str, Vec<u8>)>,
    requests: Vec<SeenRequest>,
}

impl Canned {
    /// Starts a provider on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// The machine gives no port or no thread.
    #[must_use]
    pub fn start() -> Self {
        let shared = Arc::new(Mutex::new(Shelf::default()));
        let shelf = Arc::clone(&shared);
        let server = Server::start("canned", move |stream| {
            let shelf = Arc::clone(&shelf);
            async move { drop(serve(stream, &shelf).await) }
        });
        Self { shared, server }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The next answer: status, content type and body.
    pub fn enqueue(&self, status: u16, content_type: &'static str, body: &[u8]) {
        lock(&self.shared).answers.push_back((status, content_type, body.to_vec()));
    }

    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<SeenRequest> {
        lock(&self.shared).requests.clone()
    }
}

fn lock(shelf: &Mutex<Shelf>) -> std::sync::MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: TcpStream, shelf: &Mutex<Shelf>) -> io::Result<()> {
    let mut buffer = BytesMut::new();
    while let Some(request) = read(&mut stream, &mut buffer).await? {
        let answer = {
            let mut shelf = lock(shelf);
            shelf.requests.push(request);
            shelf.answers.pop_front()
        };
        let (status, kind, body) = answer.unwrap_or((500, "text/plain", b"no answer was prepared".to_vec()));
        let head = format!(
            "HTTP/1.1 {status} Canned\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
    }
    Ok(())
}

/// The next request, with a body of stated length; none when the peer closed.
async fn read(stream: &mut TcpStream, buffer: &mut BytesMut) -> io::Result<Option<SeenRequest>> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if buffer.len() > MOST_HEAD || stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer.split_to(end)).into_owned();
    buffer.advance(4);
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(SeenRequest { method, path, headers, body: buffer.split_to(length).to_vec() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Request, send};

    #[test]
    fn what_is_prepared_is_said_and_what_is_asked_is_kept() {
        let canned = Canned::start();
        canned.enqueue(201, "application/json", b"{\"a\": 1}");
        let reply = send(canned.address(), &Request::new("POST", "/x").body(b"hello")).unwrap();
        assert_eq!((reply.status(), reply.text()), (201, "{\"a\": 1}".into()));
        assert_eq!(canned.requests()[0].body, b"hello");
    }
}
