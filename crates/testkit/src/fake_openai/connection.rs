//! One connection of the fake: reads a request, judges it, has its script played, and again.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;

use super::answer::Answer;
use super::ask::{self, Ask, Fault, Kind};
use super::parrot;
use super::player::{Ending, Player, whole_answer};
use super::script::Script;
use super::state::{Shared, State};
use super::wire::{Incoming, Request};
use super::{SeenRequest, Visit};

/// What a request is to be answered with.
enum Verdict {
    Play { ask: Ask, script: Box<Script>, number: u64 },
    Say { status: u16, body: String },
}

/// Serves a connection until either side ends it.
pub(super) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let _open = Open::new(&shared);
    let (reading, out) = stream.into_split();
    let mut incoming = Incoming::new(reading);
    loop {
        match exchange(&mut incoming, &out, &shared).await {
            Ok(Ending::KeepAlive) => {}
            Ok(Ending::Close) | Err(_) => return,
            Ok(Ending::Reset) => {
                // With no time to linger, the close that follows is an RST. It cannot fail on an open socket.
                let _reset = out.as_ref().set_zero_linger();
                // The halves are dropped one after the other; dropping the writing half alone would send FIN.
                out.forget();
                return;
            }
        }
    }
}

/// One request and its answer.
async fn exchange(incoming: &mut Incoming, out: &OwnedWriteHalf, shared: &Shared) -> io::Result<Ending> {
    let request = match incoming.request(out).await {
        Ok(Some(request)) => request,
        Ok(None) => return Ok(Ending::Close),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            say(out, 400, &Fault::new(400, error.to_string()).body()).await?;
            return Ok(Ending::Close);
        }
        Err(error) => return Err(error),
    };
    let closes = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    let arrived = Instant::now();
    let verdict = shared.change(|state| judge(state, request));
    let ending = match verdict {
        Verdict::Say { status, body } => {
            say(out, status, &body).await?;
            Ending::KeepAlive
        }
        Verdict::Play { ask, script, number } => {
            let answer = Answer::plan(&ask, &script, number);
            let mut player = Player::new(out, shared, &script);
            let played = tokio::select! {
                biased;
                played = player.play(&answer, ask.stream) => played,
                () = incoming.gone() => Err(io::ErrorKind::ConnectionAborted.into()),
            };
            if played.is_err() {
                player.abandon();
            }
            note_visit(&player, arrived, shared);
            played?
        }
    };
    Ok(if closes && ending == Ending::KeepAlive { Ending::Close } else { ending })
}

/// A refused call did no work and is none.
fn note_visit(player: &Player<'_>, arrived: Instant, shared: &Shared) {
    let (ended, tally) = (player.ended.unwrap_or_else(Instant::now), player.tally);
    if tally.prompt == 0 && tally.planned == 0 {
        return;
    }
    let visit = Visit { arrived, ended, prompt_tokens: tally.prompt, completion_tokens: tally.handed };
    shared.lock().visited(visit);
}

async fn say(out: &OwnedWriteHalf, status: u16, body: &str) -> io::Result<()> {
    let bytes = whole_answer(status, &[], body);
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        out.writable().await?;
        match out.try_write(rest) {
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Notes the request and decides what it gets; a script is used up only by a request that is in order.
fn judge(state: &mut State, request: Request) -> Verdict {
    let verdict = match consider(state, &request) {
        Ok(verdict) => verdict,
        Err(fault) => Verdict::Say { status: fault.status, body: fault.body() },
    };
    let Request { method, path, headers, body } = request;
    state.note(SeenRequest { method, path, headers, body });
    verdict
}

fn consider(state: &mut State, request: &Request) -> Result<Verdict, Fault> {
    check_key(state, request)?;
    let path = request.path.split('?').next().unwrap_or("");
    let kind = match path {
        "/v1/chat/completions" => Kind::Chat,
        "/v1/completions" => Kind::Completion,
        "/v1/embeddings" => Kind::Embedding,
        "/v1/models" if request.method == "GET" => {
            return Ok(Verdict::Say { status: 200, body: list_models(state) });
        }
        _ => return Err(Fault::new(404, format!("Invalid URL ({} {path})", request.method))),
    };
    if request.method != "POST" {
        let text =
            format!("Not allowed to {} on {path}. (HINT: Perhaps you meant to use POST?)", request.method);
        return Err(Fault::new(405, text));
    }
    let ask = ask::read(kind, &request.body, state.lenient)?;
    if state.models.as_ref().is_some_and(|models| !models.contains(&ask.model)) {
        let text = format!("The model `{}` does not exist or you do not have access to it.", ask.model);
        return Err(Fault::new(404, text).coded(None, "model_not_found"));
    }
    state.answered += 1;
    let mut script = state.next_script();
    if script.parrots {
        script = parrot::said(&request.body);
    }
    Ok(Verdict::Play { ask, script: Box::new(script), number: state.answered })
}

fn check_key(state: &State, request: &Request) -> Result<(), Fault> {
    let Some(key) = &state.key else { return Ok(()) };
    match request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")) {
        Some(given) if given == key => Ok(()),
        Some(_) => Err(Fault::new(401, "Incorrect API key provided.").coded(None, "invalid_api_key")),
        None => Err(Fault::new(401, "You didn't provide an API key.")),
    }
}

fn list_models(state: &State) -> String {
    let models = state.models.as_deref().unwrap_or_default();
    let data: Vec<_> = models
        .iter()
        .map(|id| serde_json::json!({"id": id, "object": "model", "created": 1_700_000_000, "owned_by": "fake"}))
        .collect();
    serde_json::json!({"object": "list", "data": data}).to_string()
}

/// Counts a connection while it is open.
struct Open<'a>(&'a Shared);

impl<'a> Open<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.change(|state| state.open += 1);
        Self(shared)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.change(|state| state.open -= 1);
    }
}
