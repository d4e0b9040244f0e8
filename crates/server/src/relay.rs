//! A stream on its way through the house: polled by the client's connection, so a slow client slows the
//! provider, and a client that goes away drops it and with it the provider's connection.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use tokio::sync::Semaphore;
use tokio::time::{Instant, Sleep};
use weighhouse_providers::dialects::read_error;
use weighhouse_providers::framing::json_array::JsonArray;
use weighhouse_providers::framing::sse::Frames;
use weighhouse_providers::{PassageStream, ReplyBody, error_object};
use weighhouse_storage::Outcome;
use weighhouse_types::{Error, Kind};

use crate::attempt::{Failed, failed};
use crate::course::{Course, End};
use crate::ingress::Framing;
use crate::reply::StreamCut;

/// Generated tokens after which the journal is told of a stream's progress.
const PROGRESS_TOKENS: u64 = 1_000;
/// Time after which it is told of fewer.
const PROGRESS_PAUSE: Duration = Duration::from_secs(5);

/// Streams that are read to their end for nobody, in the whole house; more than these are cancelled.
static DRAINING: Semaphore = Semaphore::const_new(1_024);

/// What becomes of a provider's work when the client goes away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnAbort {
    /// It is told to stop; what it said it used is billed, else what was counted.
    #[default]
    Cancel,
    /// It is read to its end, so that what is billed is what the provider bills.
    Drain,
}

/// A relayed stream.
#[derive(Debug)]
pub(crate) struct RelayBody {
    upstream: ReplyBody,
    frames: Frames,
    reading: PassageStream,
    course: Option<Course>,
    /// What the client gets next.
    ready: Option<Bytes>,
    /// The client wants one JSON array instead of events.
    array: Option<JsonArray>,
    silence: Duration,
    /// Rings when the provider has been silent for too long; set back only when it rings, not at each frame.
    bell: Pin<Box<Sleep>>,
    /// When the last bytes came; before the first ones another limit holds.
    progressed: Option<Instant>,
    /// What the journal was last told, and when.
    noted: (u64, Instant),
    on_abort: OnAbort,
    is_over: bool,
}

impl RelayBody {
    pub(crate) fn new(
        upstream: ReplyBody,
        reading: PassageStream,
        course: Course,
        (silence, on_abort): (Duration, OnAbort),
    ) -> Self {
        let array = (course.call.framing == Framing::Array).then(JsonArray::default);
        Self {
            upstream,
            array,
            frames: Frames::default(),
            reading,
            course: Some(course),
            ready: None,
            silence,
            bell: Box::pin(tokio::time::sleep(silence)),
            progressed: None,
            noted: (0, Instant::now()),
            on_abort,
            is_over: false,
        }
    }

    /// Waits for the first frame. Until then nothing went to the client.
    pub(crate) async fn prime(&mut self) -> Result<(), Error> {
        let first = std::future::poll_fn(|context| self.poll_upstream(context)).await;
        if let Some(error) = self.reading.error() {
            let wrapped = [b"{\"error\":".as_slice(), error, b"}"].concat();
            let status = error_object::status(error);
            let Some(target) = self.course.as_ref().map(|course| &course.served.target) else {
                return Err(read_error("", status, &wrapped.into()));
            };
            return Err(read_error(&target.row().name, status, &target.redacted(wrapped.into())));
        }
        match first {
            Some(Ok(piece)) => {
                self.ready = Some(piece);
                Ok(())
            }
            Some(Err(error)) => Err(error),
            None => Err(Error::new(Kind::UpstreamGarbled, "the provider's stream ended before it began")),
        }
    }

    /// Gives a stream up that never began; the call may go elsewhere.
    pub(crate) fn give_up(mut self, error: Error) -> Failed {
        let end = End::of_stream(self.reading.end(), Outcome::Failure);
        match self.course.take() {
            Some(course) => failed(course, error, Some(end)),
            None => unreachable_course(error),
        }
    }

    /// The next piece for the client, cut as the client wants it.
    pub(crate) fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamCut>>> {
        let polled = std::task::ready!(self.poll_events(context));
        let Some(array) = &mut self.array else { return Poll::Ready(polled) };
        Poll::Ready(match polled {
            Some(Ok(events)) => Some(Ok(array.push(events))),
            Some(Err(cut)) => Some(Err(cut)),
            None => array.end().map(Ok),
        })
    }

    fn poll_events(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamCut>>> {
        if let Some(piece) = self.ready.take() {
            return Poll::Ready(Some(Ok(piece)));
        }
        if self.is_over {
            return Poll::Ready(None);
        }
        let polled = std::task::ready!(self.poll_upstream(context));
        Poll::Ready(match polled {
            Some(Ok(piece)) => Some(Ok(piece)),
            Some(Err(error)) => {
                // The status is long sent: the error goes into the stream, as the client's SDK expects it.
                self.settle(Outcome::Failure);
                Some(Ok(self.reading.fail(&error)))
            }
            None => {
                self.settle(Outcome::Success);
                None
            }
        })
    }

    /// Reads on until there is something for the client, or the stream is over.
    fn poll_upstream(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        loop {
            match Pin::new(&mut self.upstream).poll_frame(context) {
                Poll::Pending => return self.poll_silence(context),
                Poll::Ready(Some(Ok(frame))) => {
                    let Ok(data) = frame.into_data() else { continue };
                    if self.progressed.replace(Instant::now()).is_none() {
                        self.note_first_byte();
                    }
                    let taken = self.take(data);
                    self.note_progress();
                    match taken {
                        Ok(None) => {}
                        Ok(Some(piece)) => return Poll::Ready(Some(Ok(piece))),
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    let message =
                        "litellm.InternalServerError: the provider's stream broke off before its end";
                    return Poll::Ready(Some(Err(Error::new(Kind::UpstreamBroken, message).source(error))));
                }
                Poll::Ready(None) => {
                    return Poll::Ready(self.last_piece());
                }
            }
        }
    }

    /// What the client still gets when the provider's bytes are over; asked again, nothing.
    fn last_piece(&mut self) -> Option<Result<Bytes, Error>> {
        let rest = match self.frames.finish().map(|rest| self.reading.frame(rest)).transpose() {
            Ok(rest) => rest.flatten(),
            Err(error) => return Some(Err(error)),
        };
        if let Some(rest) = rest {
            return Some(Ok(rest));
        }
        if !self.reading.is_complete() {
            return self.missing_end();
        }
        self.reading.finish().map(Ok)
    }

    /// A stream that stops without having said that it is complete was cut.
    fn missing_end(&mut self) -> Option<Result<Bytes, Error>> {
        if self.is_over || self.reading.is_complete() || self.reading.error().is_some() {
            return None;
        }
        let message = "litellm.InternalServerError: the provider's stream ended without its end";
        Some(Err(Error::new(Kind::UpstreamBroken, message)))
    }

    /// Cuts fresh bytes into frames and joins what the client gets of them.
    fn take(&mut self, data: Bytes) -> Result<Option<Bytes>, Error> {
        self.frames
            .push(data)
            .map_err(|_| Error::new(Kind::UpstreamGarbled, "an event of the stream is too large"))?;
        let mut one: Option<Bytes> = None;
        let mut many = BytesMut::new();
        while let Some(frame) = self.frames.next_frame() {
            let Some(piece) = self.reading.frame(frame)? else { continue };
            match one.take() {
                None if many.is_empty() => one = Some(piece),
                None => many.extend_from_slice(&piece),
                Some(before) => {
                    many.reserve(before.len() + piece.len());
                    many.extend_from_slice(&before);
                    many.extend_from_slice(&piece);
                }
            }
        }
        Ok(one.or_else(|| (!many.is_empty()).then(|| many.freeze())))
    }

    fn poll_silence(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        while self.bell.as_mut().poll(context).is_ready() {
            let now = Instant::now();
            let due = self.progressed.unwrap_or(now) + self.silence;
            if due <= now {
                let message =
                    format!("litellm.Timeout: the stream was silent for {} s", self.silence.as_secs_f32());
                return Poll::Ready(Some(Err(Error::new(Kind::UpstreamTimeout, message))));
            }
            self.bell.as_mut().reset(due);
        }
        Poll::Pending
    }

    fn note_first_byte(&mut self) {
        if let Some(course) = &mut self.course {
            course.first_byte(course.house.clock.now());
        }
    }

    /// Tells the journal how far the stream has come, every so often: a crash then costs little of what is known.
    fn note_progress(&mut self) {
        let counted = self.reading.counted_output();
        let now = self.progressed.unwrap_or_else(Instant::now);
        let (noted, when) = self.noted;
        let is_due = counted >= noted + PROGRESS_TOKENS || (counted > noted && now >= when + PROGRESS_PAUSE);
        if let Some(course) = self.course.as_mut().filter(|_| is_due) {
            course.progress(counted);
            self.noted = (counted, now);
        }
    }

    /// The client is gone. Where the house reads on, a task does so until the provider's end and then books it.
    pub(crate) fn leave(self: Box<Self>) {
        let goes_on = self.on_abort == OnAbort::Drain
            && self.course.is_some()
            && !self.is_over
            && !self.reading.is_complete();
        if goes_on && let Ok(place) = DRAINING.try_acquire() {
            tokio::spawn(async move {
                self.read_to_the_end().await;
                drop(place);
            });
        }
    }

    async fn read_to_the_end(mut self: Box<Self>) {
        // A provider that falls silent ends it, as it would with a client.
        while let Some(Ok(_)) = std::future::poll_fn(|context| self.poll_upstream(context)).await {}
        self.settle(Outcome::Aborted);
    }

    fn settle(&mut self, outcome: Outcome) {
        self.is_over = true;
        let end = self.reading.end();
        let outcome = if end.error.is_some() { Outcome::Failure } else { outcome };
        if let Some(mut course) = self.course.take() {
            course.end(End::of_stream(end, outcome));
        }
    }
}

impl Drop for RelayBody {
    fn drop(&mut self) {
        if self.course.is_some() {
            // A client that has its [DONE] may close before the stream's last byte is polled.
            let outcome = if self.reading.is_complete() { Outcome::Success } else { Outcome::Aborted };
            self.settle(outcome);
        }
    }
}

/// A course is taken only at the end; without one there is no permit to hand on.
fn unreachable_course(error: Error) -> Failed {
    let setback =
        weighhouse_router::Setback { status: error.status(), is_connection: false, retry_after: None };
    Failed { error, failure: weighhouse_router::Failure { setback, is_final: true }, permit: None }
}
