//! From a request to the stage that answers it, by the route table.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use weighhouse_api::{Endpoint, Meter, Missing, Route, find};
use weighhouse_auth::{Caller, Granted};
use weighhouse_providers::ask::PathSays;
use weighhouse_types::{Dialect, Error, Kind, Operation};

use crate::edge::{ConnectionState, Phase};
use crate::egress::{json, rescue};
use crate::endpoints::models::{Face, Sight};
use crate::endpoints::{health, metrics, models};
use crate::identify::identify;
use crate::ingress::{self, Asked, Framing, Head, check_head};
use crate::pipeline;
use crate::reply::ReplyBody;
use crate::snapshot::Snapshot;
use crate::stored::{self, Wanted};
use crate::worker::Worker;

/// Answers a request; errors are written for whoever called.
pub(crate) async fn answer(
    worker: &Worker,
    request: Request<Incoming>,
    connection: &Arc<ConnectionState>,
) -> Response<ReplyBody> {
    let snapshot = worker.house.snapshot.load_full();
    let in_flight = worker.house.metrics.in_flight();
    let is_head = request.method() == Method::HEAD;
    let dialect = dialect_at(request.method(), request.uri().path());
    let answered = route(worker, &snapshot, request, connection).await;
    drop(in_flight);
    let mut response = answered.unwrap_or_else(|error| {
        worker.house.metrics.refused(&error);
        rescue(error, dialect, snapshot.compat, worker.house.now().unix_ms)
    });
    if is_head {
        *response.body_mut() = ReplyBody::whole(Bytes::new());
    }
    response
}

async fn route(
    worker: &Worker,
    snapshot: &Arc<Snapshot>,
    request: Request<Incoming>,
    connection: &Arc<ConnectionState>,
) -> Result<Response<ReplyBody>, Error> {
    check_head(request.uri(), request.headers(), snapshot.limits.head_bytes)?;
    let (parts, body) = request.into_parts();
    let found = match find(&parts.method, parts.uri.path()) {
        Ok(found) => found,
        Err(missing) => return Ok(not_here(missing)),
    };
    if found.route.meter == Meter::PerAttempt {
        let capture = found.capture.map(decoded);
        let Some(asked) = asked_at(found.route.endpoint, capture.as_deref(), parts.uri.query()) else {
            return Ok(not_here(Missing::Path));
        };
        let mut headers = parts.headers;
        if found.route.endpoint == Endpoint::Gemini {
            show_key_of_query(parts.uri.query(), &mut headers);
        }
        let head = Head { route: found.route, uri: parts.uri, headers, received: worker.house.now() };
        return pipeline::run(worker, snapshot, &head, body, &asked, connection).await;
    }
    let (route, capture) = (found.route, found.capture.map(decoded));
    // Rare and large: kept out of the future of every call.
    Box::pin(beside_calls(worker, snapshot, route, capture, Request::from_parts(parts, body), connection))
        .await
}

/// Answers what is not a call to a model.
async fn beside_calls(
    worker: &Worker,
    snapshot: &Arc<Snapshot>,
    route: &'static Route,
    capture: Option<String>,
    request: Request<Incoming>,
    connection: &Arc<ConnectionState>,
) -> Result<Response<ReplyBody>, Error> {
    let (parts, body) = request.into_parts();
    let granted = permitted(worker, snapshot, route, &parts).await?;
    let caller = granted.caller().ok();
    match route.endpoint {
        Endpoint::Models | Endpoint::GeminiModels => {
            let sight = Sight::of(worker, snapshot, caller).await?;
            Ok(models::list(&sight, face_of(route.endpoint, &parts.headers)))
        }
        Endpoint::Model | Endpoint::GeminiModel => {
            let face = face_of(route.endpoint, &parts.headers);
            let sight = Sight::of(worker, snapshot, caller).await?;
            models::one(&sight, capture.as_deref().unwrap_or_default(), face)
        }
        Endpoint::ModelInfo => {
            let sight = Sight::of(worker, snapshot, caller).await?;
            Ok(models::info(&sight, parts.uri.query(), worker.house.now().unix_ms))
        }
        Endpoint::Liveness => Ok(health::liveness()),
        Endpoint::Readiness => Ok(health::readiness(worker, snapshot).await),
        Endpoint::Health => Ok(health::deployments(worker, snapshot)),
        Endpoint::Metrics => Ok(metrics::expose(worker)),
        Endpoint::StoredResponse
        | Endpoint::StoredResponseInput
        | Endpoint::DeleteResponse
        | Endpoint::CancelResponse => {
            let id = capture.as_deref().unwrap_or_default();
            kept_response(worker, snapshot, route.endpoint, id, parts.uri.query(), caller).await
        }
        Endpoint::Hello | Endpoint::EventSink => Ok(json(StatusCode::OK, Bytes::from_static(b"{}"))),
        Endpoint::ResponsesSocket => Ok(no_socket()),
        _ => {
            let body = ingress::read_body(body, snapshot.limits.body_bytes.min(MAX_CONTROL_BODY)).await?;
            connection.enter(Phase::Serving);
            let answer = worker.house.control.answer(Request::from_parts(parts, body), granted).await;
            Ok(answer.map(ReplyBody::whole))
        }
    }
}

/// Largest body of a request to the control plane.
const MAX_CONTROL_BODY: usize = 4 * 1024 * 1024;

/// What a route asks for and in which dialect; none where it is no call to a model.
const fn call_of(endpoint: Endpoint) -> Option<(Operation, Dialect)> {
    match endpoint {
        Endpoint::Chat => Some((Operation::Chat, Dialect::OpenAiChat)),
        Endpoint::Completion => Some((Operation::Completion, Dialect::OpenAiChat)),
        Endpoint::Embedding => Some((Operation::Embedding, Dialect::OpenAiChat)),
        Endpoint::Responses => Some((Operation::Chat, Dialect::OpenAiResponses)),
        Endpoint::CountResponses => Some((Operation::CountTokens, Dialect::OpenAiResponses)),
        Endpoint::CompactResponse => Some((Operation::Compact, Dialect::OpenAiResponses)),
        Endpoint::Messages => Some((Operation::Chat, Dialect::AnthropicMessages)),
        Endpoint::CountMessages => Some((Operation::CountTokens, Dialect::AnthropicMessages)),
        Endpoint::Gemini => Some((Operation::Chat, Dialect::Gemini)),
        _ => None,
    }
}

/// The dialect in which a path's errors are written.
fn dialect_at(method: &Method, path: &str) -> Dialect {
    let found = find(method, path).ok().and_then(|found| call_of(found.route.endpoint));
    found.map_or(Dialect::OpenAiChat, |(_, dialect)| dialect)
}

/// What a route and its path ask for. Google's paths name the model and the method: `gemini-2.5-pro:countTokens`.
fn asked_at<'path>(
    endpoint: Endpoint,
    capture: Option<&'path str>,
    query: Option<&str>,
) -> Option<Asked<'path>> {
    let (operation, dialect) = call_of(endpoint)?;
    let asked = |operation, model, stream, framing| Asked {
        operation,
        dialect,
        path: PathSays { model, stream },
        framing,
    };
    if endpoint != Endpoint::Gemini {
        return Some(asked(operation, capture, None, Framing::Events));
    }
    let (model, method) = capture?.rsplit_once(':')?;
    let is_events = query.is_some_and(|query| query.split('&').any(|pair| pair == "alt=sse"));
    match method {
        "generateContent" => Some(asked(Operation::Chat, Some(model), Some(false), Framing::Events)),
        "streamGenerateContent" => {
            let framing = if is_events { Framing::Events } else { Framing::Array };
            Some(asked(Operation::Chat, Some(model), Some(true), framing))
        }
        "countTokens" => Some(asked(Operation::CountTokens, Some(model), Some(false), Framing::Events)),
        _ => None,
    }
}

/// Google's clients may show their key in the query (contract §4a).
fn show_key_of_query(query: Option<&str>, headers: &mut http::HeaderMap) {
    let pairs = query.unwrap_or_default().split('&');
    let Some(key) = pairs.filter_map(|pair| pair.strip_prefix("key=")).find(|key| !key.is_empty()) else {
        return;
    };
    if let Ok(mut value) = http::HeaderValue::from_str(&decoded(key)) {
        value.set_sensitive(true);
        headers.entry("x-goog-api-key").or_insert(value);
    }
}

/// Answers about a response that a provider keeps.
async fn kept_response(
    worker: &Worker,
    snapshot: &Snapshot,
    endpoint: Endpoint,
    id: &str,
    query: Option<&str>,
    caller: Option<&Caller>,
) -> Result<Response<ReplyBody>, Error> {
    let wanted = match endpoint {
        Endpoint::StoredResponseInput => Wanted::InputItems,
        Endpoint::DeleteResponse => Wanted::Deleted,
        Endpoint::CancelResponse => Wanted::Cancelled,
        _ => Wanted::Whole,
    };
    let caller = caller.ok_or_else(|| Error::new(Kind::NoKey, "a key is needed"))?;
    stored::answer(worker, snapshot, caller, id, wanted, query).await
}

/// In whose shape a client reads models: Anthropic's SDKs always send their version.
fn face_of(endpoint: Endpoint, headers: &http::HeaderMap) -> Face {
    match endpoint {
        Endpoint::GeminiModels | Endpoint::GeminiModel => Face::Google,
        _ if headers.contains_key("anthropic-version") => Face::Anthropic,
        _ => Face::OpenAi,
    }
}

/// What the caller may reach through a route, by the route table.
async fn permitted(
    worker: &Worker,
    snapshot: &Snapshot,
    route: &'static Route,
    parts: &http::request::Parts,
) -> Result<Granted, Error> {
    let caller = if route.permission.needs_key() {
        let caller = identify(worker, snapshot, &parts.headers, worker.house.now()).await?;
        caller.may_ask(route, parts.uri.path())?;
        Some(caller)
    } else {
        None
    };
    worker.house.directory.grant(route, caller).await
}

/// Codex tries a WebSocket first: this status sends it to POST at once, where a 404 costs it seven seconds of
/// trying again (contract of real clients).
fn no_socket() -> Response<ReplyBody> {
    let text = br#"{"error":{"message":"WebSockets are not served here; send a POST to the same path","type":"invalid_request_error","param":null,"code":"426"}}"#;
    let mut response = json(StatusCode::UPGRADE_REQUIRED, Bytes::from_static(text));
    response.headers_mut().insert(http::header::UPGRADE, http::HeaderValue::from_static("HTTP/1.1"));
    response
}

/// FastAPI's answers, which LiteLLM's clients know.
fn not_here(missing: Missing) -> Response<ReplyBody> {
    match missing {
        Missing::Path => json(StatusCode::NOT_FOUND, Bytes::from_static(br#"{"detail":"Not Found"}"#)),
        Missing::Method => {
            json(StatusCode::METHOD_NOT_ALLOWED, Bytes::from_static(br#"{"detail":"Method Not Allowed"}"#))
        }
    }
}

/// A path's part with its percent signs resolved; slashes were refused before.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.filter(|_| first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_are_resolved_where_they_mean_something() {
        assert_eq!(decoded("gpt%2D4o"), "gpt-4o");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("a%zz"), "a%zz");
    }

    #[test]
    fn paths_of_google_name_the_model_and_the_method() {
        let asked = |capture: &'static str, query: &str| {
            let asked = asked_at(Endpoint::Gemini, Some(capture), Some(query))?;
            Some((asked.operation, asked.path.model, asked.path.stream, asked.framing))
        };
        let chat = Operation::Chat;
        assert_eq!(asked("a/b:generateContent", ""), Some((chat, Some("a/b"), Some(false), Framing::Events)));
        assert_eq!(
            asked("m:streamGenerateContent", "key=1&alt=sse"),
            Some((chat, Some("m"), Some(true), Framing::Events))
        );
        assert_eq!(asked("m:streamGenerateContent", ""), Some((chat, Some("m"), Some(true), Framing::Array)));
        assert_eq!(asked("m:embedContent", ""), None);
        assert_eq!(asked("m", ""), None);
    }

    #[test]
    fn every_metered_route_has_an_operation() {
        for route in weighhouse_api::ROUTES {
            assert_eq!(call_of(route.endpoint).is_some(), route.meter == Meter::PerAttempt, "{}", route.path);
        }
    }
}
