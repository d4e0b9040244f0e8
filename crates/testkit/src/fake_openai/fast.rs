//! The provider that benchmarks call: a reply made once, no script, no bill.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::loopback::Server;

/// What every call gets.
#[derive(Clone, Debug, Default)]
pub struct FastScript {
    /// Bytes of a whole answer's content.
    pub reply_bytes: usize,
    /// Content chunks of a stream, `tok ` each, for requests with `"stream": true`; with none, all answers are whole.
    pub chunks: u64,
    /// Time between two chunks. Without any they leave as fast as they can, but each in a write of its own.
    pub pace: Duration,
    /// Time after the first event, where it is more than the pace: with it the way of that event can be timed even where
    /// provider, proxy and caller share processors that the other chunks would keep busy.
    pub first_pause: Duration,
}

/// A running benchmark target.
pub struct FastFake {
    server: Server,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Counters {
    requests: AtomicU64,
    chunks: AtomicU64,
}

/// The parts of an answer, made once.
struct Made {
    whole: Bytes,
    role: Bytes,
    word: Bytes,
    end: Bytes,
    chunks: u64,
    pace: Duration,
    first_pause: Duration,
}

impl FastFake {
    pub(super) fn start(script: FastScript) -> Self {
        let counters = Arc::new(Counters::default());
        let made = Arc::new(Made::new(&script));
        let counted = Arc::clone(&counters);
        let server = Server::start("fast-openai", move |stream| {
            serve(stream, Arc::clone(&made), Arc::clone(&counted))
        });
        Self { server, counters }
    }

    /// What an SDK takes as its base URL: it ends with `/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Requests that came so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.counters.requests.load(Ordering::Relaxed)
    }

    /// Content chunks that were handed over so far.
    #[must_use]
    pub fn chunks(&self) -> u64 {
        self.counters.chunks.load(Ordering::Relaxed)
    }
}

impl Made {
    fn new(script: &FastScript) -> Self {
        let content = "tok ".repeat(script.reply_bytes.div_ceil(4));
        let count = content.len() / 4;
        let whole = format!(
            r#"{{"id":"chatcmpl-fast","object":"chat.completion","created":1700000000,"model":"bench","choices":[{{"index":0,"message":{{"role":"assistant","content":"{content}","refusal":null}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":25,"completion_tokens":{count},"total_tokens":{}}}}}"#,
            25 + count
        );
        let chunks = script.chunks;
        let chunk = |choices: &str, more: &str| {
            format!(
                "data: {{\"id\":\"chatcmpl-fast\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"bench\",\"choices\":[{choices}]{more}}}\n\n"
            )
        };
        let role = chunk(
            r#"{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}"#,
            "",
        );
        let word =
            chunk(r#"{"index":0,"delta":{"content":"tok "},"logprobs":null,"finish_reason":null}"#, "");
        let stop = chunk(r#"{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}"#, "");
        let usage = chunk(
            "",
            &format!(
                r#","usage":{{"prompt_tokens":25,"completion_tokens":{chunks},"total_tokens":{}}}"#,
                25 + chunks
            ),
        );
        Self {
            whole: whole.into(),
            role: role.into(),
            word: word.into(),
            end: format!("{stop}{usage}data: [DONE]\n\n").into(),
            chunks,
            pace: script.pace,
            first_pause: script.first_pause,
        }
    }
}

async fn serve(stream: TcpStream, made: Arc<Made>, counters: Arc<Counters>) {
    let service = service_fn(|request: Request<Incoming>| answer(request, &made, &counters));
    // A connection that breaks off is the benchmark's own doing.
    let _broken =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    made: &Arc<Made>,
    counters: &Arc<Counters>,
) -> Result<Response<Either<Full<Bytes>, Chunks>>, Infallible> {
    let asked = read_to_end(request.into_body()).await;
    counters.requests.fetch_add(1, Ordering::Relaxed);
    let (kind, body) = if made.chunks > 0 && asks_for_stream(&asked) {
        ("text/event-stream", Either::Right(Chunks::new(Arc::clone(made), Arc::clone(counters))))
    } else {
        ("application/json", Either::Left(Full::new(made.whole.clone())))
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

/// The body, copied only if it came in more than one piece.
async fn read_to_end(mut body: Incoming) -> Bytes {
    let mut first = Bytes::new();
    let mut more = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(data) = frame.into_data() else { continue };
        if first.is_empty() {
            first = data;
        } else {
            if more.is_empty() {
                more.extend_from_slice(&first);
            }
            more.extend_from_slice(&data);
        }
    }
    if more.is_empty() { first } else { more.into() }
}

fn asks_for_stream(body: &[u8]) -> bool {
    const NAME: &[u8] = b"\"stream\"";
    memchr::memmem::find_iter(body, NAME).any(|at| {
        let after = body.get(at + NAME.len()..).unwrap_or_default().trim_ascii_start();
        after.strip_prefix(b":").is_some_and(|value| value.trim_ascii_start().starts_with(b"true"))
    })
}

/// The body of a stream: a role, the words, the end.
struct Chunks {
    made: Arc<Made>,
    counters: Arc<Counters>,
    next: u64,
    /// Whether hyper was given the time to write the last event.
    flushed: bool,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Chunks {
    fn new(made: Arc<Made>, counters: Arc<Counters>) -> Self {
        Self { made, counters, next: 0, flushed: true, pause: None }
    }

    /// Waits between two events: for their pace, or only until hyper has written the last one, which it does
    /// when a body has nothing more to give at once.
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
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let last = self.made.chunks + 1;
        if self.next > last {
            return Poll::Ready(None);
        }
        if self.poll_pause(context).is_pending() {
            return Poll::Pending;
        }
        let bytes = match self.next {
            0 => self.made.role.clone(),
            next if next == last => self.made.end.clone(),
            _ => {
                self.counters.chunks.fetch_add(1, Ordering::Relaxed);
                self.made.word.clone()
            }
        };
        let time = if self.next == 0 { self.made.pace.max(self.made.first_pause) } else { self.made.pace };
        self.flushed = false;
        self.pause = (!time.is_zero()).then(|| Box::pin(sleep(time)));
        self.next += 1;
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}
