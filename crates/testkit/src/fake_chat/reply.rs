//! The body of an answer, handed to hyper piece by piece: it books what leaves and notices who leaves.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::spoken::SpokenUsage;
use super::state::Shared;

/// The body of an answer. It is sent a piece at a time, each in a chunk of its own if it has no length.
pub(super) struct Reply {
    pieces: VecDeque<Bytes>,
    length: Option<u64>,
    all: u64,
    handed: u64,
    /// What is booked as the pieces leave.
    usage: Option<SpokenUsage>,
    ending: Ending,
    pace: Duration,
    pause: Option<Pin<Box<Sleep>>>,
    /// Whether hyper was given the time to write the last piece.
    flushed: bool,
    watch: Watch,
}

/// What comes behind the last piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    Cut,
    /// Nothing, until the peer leaves.
    Stall,
}

/// Counts a call that is left by its peer: it is dropped before it was told that all was answered.
pub(super) struct Watch {
    shared: Arc<Shared>,
    done: bool,
}

impl Watch {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), done: false }
    }

    /// All was answered, or its peer's leaving means nothing any more.
    pub(super) fn done(&mut self) {
        self.done = true;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.done {
            self.shared.change(|state| state.disconnects += 1);
        }
    }
}

impl Reply {
    /// A body of known length that costs nothing more.
    pub(super) fn whole(body: Vec<u8>, watch: Watch) -> Self {
        let length = Some(u64::try_from(body.len()).unwrap_or(u64::MAX));
        Self::new(VecDeque::from([Bytes::from(body)]), length, Ending::Whole, watch)
    }

    /// A body that breaks off in its middle.
    pub(super) fn half(mut body: Vec<u8>, watch: Watch) -> Self {
        let length = Some(u64::try_from(body.len()).unwrap_or(u64::MAX));
        body.truncate(body.len() / 2);
        Self::new(VecDeque::from([Bytes::from(body)]), length, Ending::Cut, watch)
    }

    /// The events of a stream; `all` is their number had it not been cut, and `usage` is booked with them.
    pub(super) fn stream(
        frames: Vec<Vec<u8>>,
        all: usize,
        usage: SpokenUsage,
        pace: Duration,
        ending: Ending,
        watch: Watch,
    ) -> Self {
        let mut reply = Self::new(frames.into_iter().map(Bytes::from).collect(), None, ending, watch);
        reply.all = u64::try_from(all).unwrap_or(u64::MAX);
        reply.usage = Some(usage);
        reply.pace = pace;
        reply
    }

    fn new(pieces: VecDeque<Bytes>, length: Option<u64>, ending: Ending, watch: Watch) -> Self {
        Self {
            pieces,
            length,
            all: 1,
            handed: 0,
            usage: None,
            ending,
            pace: Duration::ZERO,
            pause: None,
            flushed: true,
            watch,
        }
    }

    /// Waits between two pieces: for their pace, or only until hyper has written the last one, which it does when a
    /// body has nothing more to give at once.
    fn poll_pause(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = self.pause.as_mut() {
            if pause.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.pause = None;
        } else if !self.flushed {
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    fn book(&mut self) {
        let before = self.handed;
        // An error's event beyond the planned ones bears nothing.
        self.handed = (self.handed + 1).min(self.all);
        if let Some(usage) = self.usage {
            let (now, all) = (self.handed, self.all);
            self.watch.shared.change(|state| state.bill.book(usage, before, now, all));
        }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.poll_pause(context).is_pending() {
            return Poll::Pending;
        }
        let Some(piece) = self.pieces.pop_front() else {
            if self.ending == Ending::Stall {
                // Hyper polls the connection for its end meanwhile, and drops this body then.
                return Poll::Pending;
            }
            self.watch.done();
            let broken = || io::Error::other("the script cuts the answer here");
            return Poll::Ready((self.ending == Ending::Cut).then(|| Err(broken())));
        };
        self.book();
        if self.pieces.is_empty() && self.ending == Ending::Whole {
            // With a length, hyper asks for nothing more.
            self.watch.done();
        }
        self.flushed = false;
        self.pause = (!self.pace.is_zero()).then(|| Box::pin(sleep(self.pace)));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
