//! The house's only door to providers.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, header};
use http_body_util::BodyExt;
use tokio::sync::oneshot;
use weighhouse_auth::Caller;
use weighhouse_metering::Permit;
use weighhouse_providers::ask::{Ask, PathSays};
use weighhouse_providers::dialects::read_error;
use weighhouse_providers::{Client, Envoy, Outgoing, Passage, Reply, Sending, echo};
use weighhouse_router::{Failure, Leg, Setback};
use weighhouse_storage::Outcome;
use weighhouse_types::{Dialect, Error, Kind, Operation};

use crate::call::Call;
use crate::clock::Moment;
use crate::count;
use crate::course::{Booked, Course, End, fresh_row};
use crate::deployment::{Deployment, Served};
use crate::limits::Patience;
use crate::relay::{OnAbort, RelayBody};
use crate::snapshot::MoneyRules;
use crate::worker::Worker;

/// Longest body of an error that is read; more says nothing new.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// Longest answer to an errand.
const MAX_ERRAND_BYTES: usize = 64 * 1024 * 1024;
/// A whole answer that does not come in pieces is read at once; its length is trusted up to here.
const MAX_TRUSTED_LENGTH: u64 = 1024 * 1024;

/// A provider's answer, weighed (whole) or being weighed (stream).
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) content: Content,
    pub(crate) output_lowered_to: Option<u64>,
    /// Parameters that were left out because the provider cannot take them.
    pub(crate) dropped: Vec<&'static str>,
}

/// The answer itself.
#[derive(Debug)]
pub(crate) enum Content {
    Whole(Bytes, Booked),
    Stream(Box<RelayBody>),
}

/// A failed attempt: why, what the plan should make of it, and the permit for another.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    pub(crate) failure: Failure,
    pub(crate) permit: Option<Permit>,
}

/// Where an attempt goes.
pub(crate) struct Destination<'call> {
    pub(crate) leg: &'call Leg,
    pub(crate) deployment: &'call Deployment,
    pub(crate) caller: &'call Caller,
    pub(crate) tags: &'call Arc<[String]>,
    pub(crate) answer_limit: usize,
    pub(crate) money: MoneyRules,
    /// When the house began to work on the attempt: the call's reception, or the end of a pause.
    pub(crate) began: Moment,
}

/// Sends a call to a provider under a permit and waits until the answer has begun well: the whole of it,
/// or a stream's first frame. Until then another deployment may take over.
pub(crate) async fn dispatch(
    mut permit: Permit,
    call: &Arc<Call>,
    to: &Destination<'_>,
    worker: &Worker,
) -> Result<Answer, Failed> {
    let served = to.deployment.served(to.leg.tail.as_deref());
    let is_count = call.operation == Operation::CountTokens;
    if is_count && !served.target.counts() {
        return Box::pin(count::here(permit, call, to, worker, &served)).await;
    }
    // After a fallback LiteLLM shows the real model; before it, the name that was asked for.
    let sending = Sending {
        operation: call.operation,
        output_cap: permit.output_cap(),
        facts: served.facts.as_ref(),
        shown: (to.leg.fallbacks == 0).then_some(&call.asked_model),
        call: call.id,
        seconds: call.received.unix_ms / 1_000,
    };
    let outgoing = match served.target.write(&call.ask, &sending) {
        Ok(outgoing) => outgoing,
        Err(error) => return Err(refused_here(error, permit)),
    };
    let row = fresh_row(call, to.caller, to.leg, to.deployment, &served, Arc::clone(to.tags));
    if let Err(error) = permit.begin(row).await {
        return Err(refused_here(error, permit));
    }
    let is_stream = call.ask.peek.stream;
    let patience = patience_for(to.deployment, call, is_stream);
    let course = Course::new(Arc::clone(&worker.house), Arc::clone(call), Arc::clone(&served), permit, to);
    let here = served.target.answers_itself().map(|text| answer_here(call, &served, &outgoing, text));
    let Outgoing { uri, headers, body, passage } = outgoing;
    let exchange = Exchange {
        call: Arc::clone(call),
        served,
        client: worker.client.clone(),
        envoy: Envoy::post(uri, headers, body),
        here,
        passage,
        patience,
        answer_limit: to.answer_limit,
        on_abort: to.money.on_abort,
    };
    match to.money.on_abort {
        OnAbort::Cancel => exchange.run(course).await,
        OnAbort::Drain => Box::pin(detached(exchange, course)).await,
    }
}

/// Runs an exchange to its end even where nobody waits for it any more.
async fn detached(exchange: Exchange, course: Course) -> Result<Answer, Failed> {
    let (told, answer) = oneshot::channel();
    tokio::spawn(async move {
        if let Err(Ok(Answer { content: Content::Stream(relay), .. })) = told.send(exchange.run(course).await)
        {
            relay.leave();
        }
    });
    if let Ok(answer) = answer.await {
        return answer;
    }
    let error = Error::new(Kind::Internal, "the task that served the call is gone");
    let setback = Setback { status: error.status(), is_connection: false, retry_after: None };
    Err(Failed { error, failure: Failure { setback, is_final: true }, permit: None })
}

/// One request to a provider and the reading of its answer; it owns all that it needs.
struct Exchange {
    call: Arc<Call>,
    served: Arc<Served>,
    client: Client,
    envoy: Envoy,
    /// The answer of a deployment that needs no provider.
    here: Option<Result<Reply, Error>>,
    passage: Passage,
    patience: Patience,
    answer_limit: usize,
    on_abort: OnAbort,
}

impl Exchange {
    async fn run(self, mut course: Course) -> Result<Answer, Failed> {
        let Self { call, served, client, envoy, here, passage, patience, answer_limit, on_abort } = self;
        let provider = &served.target.row().name;
        let is_stream = call.ask.peek.stream;
        let head_time = if is_stream { patience.first_byte } else { patience.first_byte.min(patience.total) };
        #[expect(clippy::disallowed_methods, reason = "this is the one door")]
        let reply = match here {
            Some(reply) => reply,
            None => client.send(envoy, provider, head_time).await,
        };
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => return Err(failed(course, error, None)),
        };
        course.answered(reply.status.as_u16());
        let is_count = call.operation == Operation::CountTokens;
        if is_count && matches!(reply.status.as_u16(), 404 | 405 | 501) {
            // Not every server at a provider's wire counts.
            return Box::pin(count::finish(course, &call, &served)).await;
        }
        if !reply.status.is_success() {
            return Err(Box::pin(refused_there(course, reply, provider, patience)).await);
        }
        if is_stream {
            Box::pin(stream(course, reply, passage, (patience, on_abort))).await
        } else {
            whole(course, reply, &passage, patience, answer_limit).await
        }
    }
}

/// The built-in model's answer, in chat's dialect.
fn answer_here(
    call: &Call,
    served: &Served,
    outgoing: &Outgoing,
    text: Option<&str>,
) -> Result<Reply, Error> {
    let seconds = u64::try_from(call.received.unix_ms / 1_000).unwrap_or_default();
    let of_ask = |ask: &Ask| {
        echo::answer(ask, call.operation, served.target.model(), text, seconds, &call.id.to_string())
    };
    if call.ask.dialect == Dialect::OpenAiChat {
        return Ok(of_ask(&call.ask));
    }
    let path = PathSays { model: None, stream: Some(call.ask.peek.stream) };
    Ok(of_ask(&Ask::read(&outgoing.body, call.operation, Dialect::OpenAiChat, path)?))
}

/// Something small that a provider is asked beside calls.
pub(crate) struct Errand<'call> {
    pub(crate) method: Method,
    /// What follows the responses' address.
    pub(crate) tail: &'call str,
    pub(crate) patience: Patience,
}

/// Runs an errand under a permit; nothing is generated, so no row of the ledger comes of it.
pub(crate) async fn run_errand(
    permit: Permit,
    errand: &Errand<'_>,
    served: &Served,
    worker: &Worker,
) -> Result<(u16, Bytes), Error> {
    let provider = &served.target.row().name;
    let (uri, headers) = served.target.responses_at(errand.tail)?;
    let outgoing = Envoy { method: errand.method.clone(), uri, headers, body: Bytes::new() };
    let patience = errand.patience;
    #[expect(clippy::disallowed_methods, reason = "the one door, for what generates nothing")]
    let reply = worker.client.send(outgoing, provider, patience.first_byte.min(patience.total)).await?;
    let status = reply.status.as_u16();
    let read = tokio::time::timeout(patience.total, read_whole(reply.body, MAX_ERRAND_BYTES)).await;
    let body = read.map_err(|_| {
        Error::new(Kind::UpstreamTimeout, "litellm.Timeout: the answer did not end in time")
    })??;
    drop(permit);
    let body = served.target.redacted(body);
    if (200..300).contains(&status) { Ok((status, body)) } else { Err(read_error(provider, status, &body)) }
}

fn patience_for(deployment: &Deployment, call: &Call, is_stream: bool) -> Patience {
    let of = if is_stream { deployment.stream_patience } else { deployment.patience };
    match call.timeout {
        Some(timeout) => Patience {
            first_byte: of.first_byte.min(timeout),
            silence: of.silence.min(timeout),
            total: if is_stream { of.total } else { of.total.min(timeout) },
        },
        None => of,
    }
}

async fn whole(
    mut course: Course,
    reply: Reply,
    passage: &Passage,
    patience: Patience,
    limit: usize,
) -> Result<Answer, Failed> {
    let Reply { headers, body, .. } = reply;
    let read = tokio::time::timeout(patience.total, read_whole(body, limit)).await;
    let body = match read {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => return Err(failed(course, error, Some(End::broken(Outcome::Failure)))),
        Err(_) => {
            let error = Error::new(Kind::UpstreamTimeout, "litellm.Timeout: the answer did not end in time");
            return Err(failed(course, error, Some(End::broken(Outcome::Failure))));
        }
    };
    course.first_byte(course.house.clock.now());
    let answer = match passage.whole(&body) {
        Ok(answer) => answer,
        Err(error) => return Err(failed(course, error, Some(End::broken(Outcome::Failure)))),
    };
    let output_lowered_to = course.is_output_lowered();
    let booked = course.end(End {
        outcome: Outcome::Success,
        usage: answer.usage,
        raw_usage: answer.raw_usage,
        response_id: answer.response_id,
        service_tier: answer.service_tier,
        counted_output: answer.counted_output,
        is_billed: true,
    });
    let dropped = passage.dropped().to_vec();
    Ok(Answer { headers, content: Content::Whole(answer.body, booked), output_lowered_to, dropped })
}

async fn stream(
    course: Course,
    reply: Reply,
    passage: Passage,
    (patience, on_abort): (Patience, OnAbort),
) -> Result<Answer, Failed> {
    let Reply { headers, body, .. } = reply;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/json") {
        return Err(Box::pin(unstreamed(course, body, patience)).await);
    }
    let output_lowered_to = course.is_output_lowered();
    let dropped = passage.dropped().to_vec();
    let mut relay = Box::new(RelayBody::new(body, passage.stream(), course, (patience.silence, on_abort)));
    match tokio::time::timeout(patience.first_byte, relay.prime()).await {
        Ok(Ok(())) => Ok(Answer { headers, content: Content::Stream(relay), output_lowered_to, dropped }),
        Ok(Err(error)) => Err(relay.give_up(error)),
        Err(_) => {
            let message = format!(
                "litellm.Timeout: the stream's first frame did not come within {} s",
                patience.first_byte.as_secs_f32()
            );
            Err(relay.give_up(Error::new(Kind::UpstreamTimeout, message)))
        }
    }
}

/// A provider that answers a streamed call with one JSON body says what is wrong in it.
async fn unstreamed(course: Course, body: weighhouse_providers::ReplyBody, patience: Patience) -> Failed {
    let read = tokio::time::timeout(patience.total, read_whole(body, MAX_ERROR_BYTES)).await;
    let provider = course.served.target.row().name.clone();
    let error = match read {
        Ok(Ok(body)) if memchr::memmem::find(&body, b"\"error\"").is_some() => {
            read_error(&provider, 502, &course.served.target.redacted(body))
        }
        _ => Error::new(
            Kind::UpstreamGarbled,
            format!("{provider} answered a streamed call with a whole body"),
        ),
    };
    failed(course, error, Some(End::broken(Outcome::Failure)))
}

/// Reads a whole body up to a limit.
async fn read_whole(mut body: weighhouse_providers::ReplyBody, limit: usize) -> Result<Bytes, Error> {
    let hint = http_body::Body::size_hint(&body).lower().min(MAX_TRUSTED_LENGTH);
    let mut first: Option<Bytes> = None;
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let message = "litellm.InternalServerError: the provider's answer broke off before its end";
            Error::new(Kind::UpstreamBroken, message).source(error)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if joined.len() + first.as_ref().map_or(0, Bytes::len) + data.len() > limit {
            let message = format!(
                "the provider's answer is larger than the {} MB that are taken",
                limit / (1024 * 1024)
            );
            return Err(Error::new(Kind::UpstreamGarbled, message));
        }
        if joined.is_empty() && first.is_none() {
            first = Some(data);
            continue;
        }
        if let Some(first) = first.take() {
            joined.reserve(usize::try_from(hint).unwrap_or(0).max(first.len() + data.len()));
            joined.extend_from_slice(&first);
        }
        joined.extend_from_slice(&data);
    }
    Ok(first.unwrap_or_else(|| joined.freeze()))
}

async fn refused_there(course: Course, reply: Reply, provider: &str, patience: Patience) -> Failed {
    let status = reply.status.as_u16();
    let retry_after = retry_after(&reply.headers);
    let read = tokio::time::timeout(patience.silence, read_whole(reply.body, MAX_ERROR_BYTES)).await;
    let body = read.ok().and_then(Result::ok).unwrap_or_default();
    let body = course.served.target.redacted(body);
    let mut error = read_error(provider, status, &body);
    error.retry_after = retry_after;
    failed(course, error, Some(End::refused()))
}

/// The provider's hint, in seconds; dates and nonsense are passed over.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=86_400.0).contains(seconds))?;
    Some(Duration::from_secs_f64(seconds))
}

/// A request that cannot be put to this provider: nothing was sent. Another group may be able to take it.
pub(crate) fn refused_here(error: Error, permit: Permit) -> Failed {
    let is_final = matches!(error.kind, Kind::BudgetExceeded | Kind::Overloaded);
    let setback = Setback { status: error.status(), is_connection: true, retry_after: None };
    Failed { error, failure: Failure { setback, is_final }, permit: Some(permit) }
}

/// Ends a failed attempt. `end` is none where the provider was never reached.
pub(crate) fn failed(course: Course, error: Error, end: Option<End>) -> Failed {
    let end = end.unwrap_or_else(|| match error.kind {
        // It was sent and may have been worked on.
        Kind::UpstreamTimeout | Kind::UpstreamBroken => End::broken(Outcome::Failure),
        _ => End::refused(),
    });
    let setback = Setback {
        status: error.status(),
        is_connection: matches!(error.kind, Kind::UpstreamUnreachable | Kind::UpstreamBroken),
        retry_after: error.retry_after,
    };
    let permit = course.fail(end);
    Failed { error, failure: Failure { setback, is_final: false }, permit }
}
