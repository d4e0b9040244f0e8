//! Plays one script onto a connection, byte by byte, and puts what it handed over on the bill.

use std::collections::VecDeque;
use std::io;
use std::time::Instant;

use bytes::BytesMut;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::sleep;

use super::answer::{Answer, Event};
use super::bill::Tally;
use super::script::{Cut, Fault, Script};
use super::state::Shared;

/// How a played script leaves the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    KeepAlive,
    Close,
    Reset,
}

pub(super) struct Player<'a> {
    out: &'a OwnedWriteHalf,
    shared: &'a Shared,
    script: &'a Script,
    /// What was handed over so far.
    pub(super) tally: Tally,
    /// Whether the call is on the bill.
    pub(super) charged: bool,
    /// When the last bytes of the answer were about to leave.
    pub(super) ended: Option<Instant>,
    head: Vec<u8>,
    chunked: bool,
    carry: BytesMut,
    fed: u64,
    sent: u64,
    /// Tokens that count once the body has been sent up to an offset.
    marks: VecDeque<(u64, u64)>,
    pieces: usize,
}

/// What ends a body before its time.
enum Halt {
    Cut(Cut),
    Io(io::Error),
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl<'a> Player<'a> {
    pub(super) fn new(out: &'a OwnedWriteHalf, shared: &'a Shared, script: &'a Script) -> Self {
        Self {
            out,
            shared,
            script,
            tally: Tally::default(),
            charged: true,
            ended: None,
            head: Vec::new(),
            chunked: false,
            carry: BytesMut::new(),
            fed: 0,
            sent: 0,
            marks: VecDeque::new(),
            pieces: 0,
        }
    }

    /// Plays the script to its end.
    ///
    /// # Errors
    /// The peer is gone.
    pub(super) async fn play(&mut self, answer: &Answer<'_>, stream: bool) -> io::Result<Ending> {
        let script = self.script;
        if let Fault::Refusal(refusal) = &script.fault {
            pause(script.pace.latency).await;
            let bytes = whole_answer(refusal.status, &script.headers, &refusal.body);
            self.hand_over(&bytes, 0, false).await?;
            return Ok(Ending::KeepAlive);
        }
        self.tally = answer.tally();
        self.charged = false;
        pause(script.pace.latency).await;
        let played = match &script.fault {
            Fault::Raw(bytes) => {
                self.hand_over(bytes, self.tally.planned, true).await?;
                return Ok(Ending::Close);
            }
            Fault::Cut(cut) if cut.body_bytes.is_none() => Err(Halt::Cut(*cut)),
            _ if stream => self.stream(answer).await,
            _ => self.whole(answer).await,
        };
        match played {
            Ok(()) if matches!(script.fault, Fault::ContentLength(_)) => Ok(Ending::Close),
            Ok(()) => Ok(Ending::KeepAlive),
            Err(Halt::Cut(cut)) => {
                self.charge_broken();
                Ok(if cut.reset { Ending::Reset } else { Ending::Close })
            }
            Err(Halt::Io(error)) => Err(error),
        }
    }

    /// Books a call whose peer went away, in one step with counting it.
    pub(super) fn abandon(&mut self) {
        let (tally, whole) = (self.tally, self.script.bill_abandoned_whole);
        let charged = std::mem::replace(&mut self.charged, true);
        self.shared.change(|state| {
            if !charged {
                state.charge(tally, true, whole);
            }
            state.disconnects += 1;
        });
    }

    /// Books a call that its script broke off. It comes before the close that the peer sees.
    fn charge_broken(&mut self) {
        let tally = self.tally;
        self.charged = true;
        self.shared.change(|state| state.charge(tally, true, false));
    }

    async fn whole(&mut self, answer: &Answer<'_>) -> Result<(), Halt> {
        if matches!(self.script.fault, Fault::Stall(_)) {
            return std::future::pending().await;
        }
        let body = answer.whole();
        let length = match &self.script.fault {
            Fault::ContentLength(text) => text.clone(),
            _ => body.len().to_string(),
        };
        self.head = head(200, "application/json", &format!("content-length: {length}"), &self.script.headers);
        self.begin_body().await?;
        self.feed(body.as_bytes(), self.tally.planned);
        self.finish().await
    }

    async fn stream(&mut self, answer: &Answer<'_>) -> Result<(), Halt> {
        self.chunked = true;
        self.head =
            head(200, "text/event-stream; charset=utf-8", "transfer-encoding: chunked", &self.script.headers);
        self.begin_body().await?;
        let stall = if let Fault::Stall(after) = self.script.fault { Some(after) } else { None };
        let events = answer.events();
        let last = events.len().saturating_sub(1);
        let mut borne = 0;
        for (at, Event { bytes, tokens, bearing }) in events.into_iter().enumerate() {
            if stall.is_some_and(|after| borne >= after) {
                self.flush().await?;
                return std::future::pending().await;
            }
            if at > 0 && !self.script.pace.between_chunks.is_zero() {
                self.flush().await?;
                pause(self.script.pace.between_chunks).await;
            }
            self.feed(&bytes, tokens);
            borne += u64::from(bearing);
            if at < last {
                self.drain().await?;
            }
        }
        self.finish().await
    }

    /// The head leaves with the first bytes of the body, unless the script has it wait for them.
    async fn begin_body(&mut self) -> Result<(), Halt> {
        let delay = self.script.pace.first_byte_delay;
        if !delay.is_zero() {
            self.flush_head().await?;
            pause(delay).await;
        }
        Ok(())
    }

    async fn flush_head(&mut self) -> io::Result<()> {
        let head = std::mem::take(&mut self.head);
        if head.is_empty() { Ok(()) } else { self.hand_over(&head, 0, false).await }
    }

    fn feed(&mut self, bytes: &[u8], tokens: u64) {
        self.carry.extend_from_slice(bytes);
        self.fed += len(bytes);
        self.marks.push_back((self.fed, tokens));
    }

    /// Size of the next piece; `None` where each event is one.
    fn piece_size(&self) -> Option<usize> {
        let sizes = &self.script.pace.pieces;
        sizes.get(self.pieces % sizes.len().max(1)).copied()
    }

    /// Writes the pieces that are complete.
    async fn drain(&mut self) -> Result<(), Halt> {
        while let Some(size) =
            self.piece_size().or(Some(self.carry.len())).filter(|size| *size <= self.carry.len())
        {
            if size == 0 {
                break;
            }
            self.write_piece(size, false).await?;
        }
        Ok(())
    }

    /// Writes all there is, and the head in any case.
    async fn flush(&mut self) -> Result<(), Halt> {
        self.drain().await?;
        if !self.carry.is_empty() {
            self.write_piece(self.carry.len(), false).await?;
        }
        Ok(self.flush_head().await?)
    }

    /// Writes the rest and ends the body.
    async fn finish(&mut self) -> Result<(), Halt> {
        loop {
            let size = self.piece_size().unwrap_or(usize::MAX).min(self.carry.len());
            let last = size == self.carry.len();
            self.write_piece(size, last).await?;
            if last {
                return Ok(());
            }
        }
    }

    async fn write_piece(&mut self, size: usize, last: bool) -> Result<(), Halt> {
        if self.pieces > 0 {
            pause(self.script.pace.between_pieces).await;
        }
        self.pieces += 1;
        let mut piece = self.carry.split_to(size);
        let cut = match self.script.fault {
            Fault::Cut(cut @ Cut { body_bytes: Some(most), .. }) if self.sent + len(&piece) >= most => {
                piece.truncate(usize::try_from(most - self.sent).unwrap_or(usize::MAX));
                Some(cut)
            }
            _ => None,
        };
        self.sent += len(&piece);
        let mut tokens = 0;
        while let Some((_, borne)) = self.marks.pop_front_if(|(end, _)| *end <= self.sent) {
            tokens += borne;
        }
        let mut wire = std::mem::take(&mut self.head);
        if self.chunked && !piece.is_empty() {
            wire.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            wire.extend_from_slice(&piece);
            wire.extend_from_slice(b"\r\n");
        } else {
            wire.extend_from_slice(&piece);
        }
        let ends = last && cut.is_none();
        if self.chunked && ends {
            wire.extend_from_slice(b"0\r\n\r\n");
        }
        self.hand_over(&wire, tokens, ends).await?;
        cut.map_or(Ok(()), |cut| Err(Halt::Cut(cut)))
    }

    /// Gives bytes to the kernel and books their tokens in one step under the lock, so that whoever has read
    /// an answer also finds it on the bill.
    async fn hand_over(&mut self, bytes: &[u8], tokens: u64, ends: bool) -> io::Result<()> {
        let mut rest = bytes;
        if ends {
            self.ended = Some(Instant::now());
        }
        loop {
            if !rest.is_empty() {
                self.out.writable().await?;
            }
            let step = self.shared.change(|state| {
                let written = if rest.is_empty() { 0 } else { self.out.try_write(rest)? };
                rest = rest.get(written..).unwrap_or_default();
                if rest.is_empty() {
                    self.tally.handed += tokens;
                    if ends && !self.charged {
                        state.charge(self.tally, false, false);
                        self.charged = true;
                    }
                }
                io::Result::Ok(())
            });
            match step {
                Ok(()) if rest.is_empty() => return Ok(()),
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// A complete answer with a JSON body.
pub(super) fn whole_answer(status: u16, headers: &[(String, String)], body: &str) -> Vec<u8> {
    let mut bytes = head(status, "application/json", &format!("content-length: {}", body.len()), headers);
    bytes.extend_from_slice(body.as_bytes());
    bytes
}

fn head(status: u16, content_type: &str, framing: &str, headers: &[(String, String)]) -> Vec<u8> {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let mut text = format!("HTTP/1.1 {status} {}\r\n", reason.unwrap_or("Scripted"));
    text.push_str(&format!("content-type: {content_type}\r\n{framing}\r\n"));
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

async fn pause(time: std::time::Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
