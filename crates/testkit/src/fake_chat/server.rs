//! One connection of a fake: reads a request, judges it, says what is to be said, and again.

use std::io;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::asked::{Asked, AskedKind, Refused};
use super::reply::{Ending, Reply, Watch};
use super::said::Said;
use super::spoken::Spoken;
use super::state::{Shared, State};
use super::{SeenRequest, Wire, key, model, wires};

const MOST_BODY: usize = 256 * 1024 * 1024;

/// What a request is to be answered with.
enum Verdict {
    Say { asked: Box<Asked>, spoken: Box<Spoken>, said: Box<Said> },
    Give { status: u16, body: Vec<u8>, headers: Vec<(String, String)> },
}

/// Serves a connection until either side ends it.
pub(super) async fn serve(stream: TcpStream, wire: Wire, shared: Arc<Shared>) {
    let service = service_fn(|request| answer(request, wire, &shared));
    let mut server = hyper::server::conn::http1::Builder::new();
    // How a connection ends is the test's or the script's own doing.
    let _broken = server.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: hyper::Request<Incoming>,
    wire: Wire,
    shared: &Arc<Shared>,
) -> Result<Response<Reply>, io::Error> {
    let seen = read(request).await?;
    let mut watch = Watch::new(shared);
    let verdict = shared.change(|state| judge(wire, state, seen));
    let (asked, spoken, said) = match verdict {
        Verdict::Give { status, body, headers } => {
            // It is ready; whether its peer stays for it (a `HEAD` takes no body) says nothing.
            watch.done();
            return response(wire, status, "application/json", &headers, Reply::whole(body, watch));
        }
        Verdict::Say { asked, spoken, said } => (asked, spoken, said),
    };
    sleep(said.latency).await;
    let sse = if asked.array { "application/json" } else { "text/event-stream; charset=utf-8" };
    if asked.stream {
        let body = stream(wire, &asked, &spoken, &said, watch);
        return response(wire, 200, sse, &said.extra_headers, body);
    }
    if said.stall_after.is_some() {
        std::future::pending::<()>().await;
    }
    if said.cut_after.is_none() {
        watch.done();
    }
    let bytes = wires::whole(wire, &asked, &spoken);
    if matches!(asked.kind, AskedKind::Generate) {
        shared.change(|state| state.bill.book(spoken.usage, 0, 1, 1));
    }
    let body = if said.cut_after.is_some() { Reply::half(bytes, watch) } else { Reply::whole(bytes, watch) };
    response(wire, 200, "application/json", &said.extra_headers, body)
}

/// The request as it came.
async fn read(request: hyper::Request<Incoming>) -> io::Result<SeenRequest> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MOST_BODY).collect().await.map_err(io::Error::other)?;
    let path = head.uri.path_and_query().map_or_else(|| head.uri.path().to_owned(), ToString::to_string);
    let headers = head.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    Ok(SeenRequest {
        method: head.method.to_string(),
        path,
        headers: headers.collect(),
        body: body.to_bytes().to_vec(),
    })
}

/// Notes the request and decides what it gets; something said is used up only by a request that is in order.
fn judge(wire: Wire, state: &mut State, seen: SeenRequest) -> Verdict {
    let verdict = consider(wire, state, &seen).unwrap_or_else(|refused| Verdict::Give {
        status: refused.status,
        body: wires::refuse(wire, &refused),
        headers: Vec::new(),
    });
    state.note(seen);
    verdict
}

fn consider(wire: Wire, state: &mut State, seen: &SeenRequest) -> Result<Verdict, Refused> {
    key::check(wire, seen, state.key.as_deref())?;
    let asked = wires::take(wire, seen, &mut state.memory)?;
    let said = match &asked.kind {
        AskedKind::Ready(status, body) => {
            return Ok(Verdict::Give { status: *status, body: body.clone(), headers: Vec::new() });
        }
        AskedKind::CountTokens => Said::default(),
        AskedKind::Generate => state.next_said(),
    };
    let fails = said.refusal.is_some() && said.error_after.is_none();
    if fails || (said.error_after.is_some() && !asked.stream) {
        let refused = failure(wire, &said);
        let body = wires::refuse(wire, &refused);
        return Ok(Verdict::Give { status: refused.status, body, headers: said.extra_headers });
    }
    state.answered += 1;
    let spoken = model::speak(&asked, &said, state.answered);
    if matches!(asked.kind, AskedKind::Generate) {
        wires::keep(wire, &asked, &spoken, &mut state.memory);
    }
    Ok(Verdict::Say { asked: Box::new(asked), spoken: Box::new(spoken), said: Box::new(said) })
}

/// The error that a script says.
fn failure(wire: Wire, said: &Said) -> Refused {
    let refused = said.refusal.as_ref().map(|(status, kind, text)| Refused::new(*status, kind, text));
    refused.unwrap_or_else(|| wires::overloaded(wire))
}

/// A stream with what its script does to it.
fn stream(wire: Wire, asked: &Asked, spoken: &Spoken, said: &Said, watch: Watch) -> Reply {
    let mut frames = wires::frames(wire, asked, spoken);
    let all = frames.len();
    let mut ending = Ending::Whole;
    if let Some(after) = said.error_after {
        frames.truncate(after);
        frames.push(wires::error_frame(wire, &failure(wire, said)));
    }
    if let Some(after) = said.cut_after {
        frames.truncate(after);
        ending = Ending::Cut;
    }
    if let Some(after) = said.stall_after {
        frames.truncate(after);
        ending = Ending::Stall;
    }
    Reply::stream(frames, all, spoken.usage, said.pace, ending, watch)
}

fn response(
    wire: Wire,
    status: u16,
    kind: &str,
    more: &[(String, String)],
    body: Reply,
) -> Result<Response<Reply>, io::Error> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).map_err(io::Error::other)?;
    // The names that the SDKs read.
    let id = match wire {
        Wire::Anthropic => Some(("request-id", "req_fake")),
        Wire::Gemini => None,
        Wire::Responses => Some(("x-request-id", "req_fake")),
    };
    let more = more.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in [("content-type", kind)].into_iter().chain(id).chain(more) {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(io::Error::other)?;
        let value = HeaderValue::from_str(value).map_err(io::Error::other)?;
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}
