//! From an answer to the client: status, headers, body.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use weighhouse_auth::Caller;
use weighhouse_metering::ScopeMeter;
use weighhouse_providers::dialects::write_error;
use weighhouse_router::{Leg, Plan};
use weighhouse_types::{Dialect, Error, Kind, Nanos};

use crate::attempt::{Answer, Content};
use crate::call::Call;
use crate::course::Booked;
use crate::deployment::Deployment;
use crate::house::House;
use crate::ingress::Framing;
use crate::pace;
use crate::reply::ReplyBody;
use crate::snapshot::Compat;

mod names;

/// The contract that the headers follow.
const LITELLM_VERSION: HeaderValue = HeaderValue::from_static("1.109.1");
/// Provider headers that are passed on; the rest of a flood is dropped.
const MAX_PROVIDER_HEADERS: usize = 48;
/// A limited key's answer has some thirty headers; to grow while they are put in costs more than the room.
const EXPECTED_HEADERS: usize = 48;
/// Headers that describe the provider's connection or are ours to set.
const NOT_PASSED_ON: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "keep-alive",
    "proxy-authenticate",
    "set-cookie",
    "strict-transport-security",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Longer than this no client should sleep before it asks again; OpenAI's SDK has the same bound.
const LONGEST_RETRY: Duration = Duration::from_secs(120);

/// What the headers of an answer tell about its course.
pub(crate) struct Course<'call> {
    pub(crate) call: &'call Arc<Call>,
    pub(crate) caller: &'call Caller,
    pub(crate) leg: &'call Leg,
    pub(crate) deployment: &'call Deployment,
    pub(crate) plan: &'call Plan,
    /// What limits its rate.
    pub(crate) paced: &'call [Arc<ScopeMeter>],
}

/// Puts an answer together.
pub(crate) fn reply(answer: Answer, course: &Course<'_>, house: &House) -> Response<ReplyBody> {
    let mut headers = HeaderMap::with_capacity(EXPECTED_HEADERS);
    let (body, booked, kind) = match answer.content {
        Content::Whole(bytes, booked) => (ReplyBody::whole(bytes), Some(booked), "application/json"),
        Content::Stream(relay) if course.call.framing == Framing::Array => {
            (ReplyBody::relay(relay), None, "application/json")
        }
        Content::Stream(relay) => (ReplyBody::relay(relay), None, "text/event-stream; charset=utf-8"),
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if booked.is_none() {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    put_call_id(&mut headers, course.call);
    put_course(&mut headers, course, booked, house);
    if !course.paced.is_empty() {
        pace::put(&mut headers, course.call.ask.dialect, course.paced, house.now());
    }
    if let Some(cap) = answer.output_lowered_to {
        put(&mut headers, names::OUTPUT_CAPPED, number(cap));
    }
    if !answer.dropped.is_empty() {
        put(&mut headers, names::DROPPED_PARAMS, text(&answer.dropped.join(",")));
    }
    pass_on(&answer.headers, &mut headers);
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    response
}

fn put_course(headers: &mut HeaderMap, course: &Course<'_>, booked: Option<Booked>, house: &House) {
    let mut set = |name: HeaderName, value: Option<HeaderValue>| put(headers, name, value);
    set(names::VERSION, Some(LITELLM_VERSION));
    set(names::MODEL_ID, text(&course.deployment.id));
    set(names::MODEL_GROUP, text(&course.leg.group));
    set(names::MODEL_API_BASE, text(course.deployment.served(course.leg.tail.as_deref()).target.base()));
    set(
        names::ATTEMPTED_RETRIES,
        number(u64::from(course.leg.attempt).saturating_sub(u64::from(course.leg.fallbacks))),
    );
    set(names::MAX_RETRIES, number(u64::from(course.plan.max_retries())));
    set(names::ATTEMPTED_FALLBACKS, number(u64::from(course.leg.fallbacks)));
    if let Some(booked) = booked {
        set(names::RESPONSE_COST, amount(booked.cost));
        set(names::RESPONSE_DURATION_MS, millis(booked.total_us));
        set(names::OVERHEAD_DURATION_MS, millis(booked.overhead_us));
    }
    if let Caller::Key(identity) = course.caller {
        let limits = &identity.subject.limits;
        let spent = house.meter.spent(&identity.subject.scope, house.now().unix_ms);
        set(names::KEY_SPEND, amount(spent.unwrap_or(identity.record.total_spend)));
        set(names::KEY_MAX_BUDGET, limits.max_budget.and_then(amount));
        set(names::KEY_TPM_LIMIT, limits.tpm_limit.and_then(number));
        set(names::KEY_RPM_LIMIT, limits.rpm_limit.and_then(number));
    }
}

fn put_call_id(headers: &mut HeaderMap, call: &Call) {
    let mut buffer = [0; 36];
    put(headers, names::CALL_ID, text(call.id.encode(&mut buffer)));
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value);
    }
}

fn text(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

fn amount(nanos: Nanos) -> Option<HeaderValue> {
    HeaderValue::try_from(nanos.to_string()).ok()
}

fn number(number: u64) -> Option<HeaderValue> {
    Some(HeaderValue::from(number))
}

/// Microseconds as LiteLLM writes milliseconds, with a fraction.
fn millis(micros: u32) -> Option<HeaderValue> {
    let mut out = [b'.'; 11];
    let (mut rest, mut start) = (micros, out.len());
    // Three digits behind the point, at least one before it.
    while rest > 0 || start > 6 {
        start -= if start == 8 { 2 } else { 1 };
        *out.get_mut(start)? = b'0' + u8::try_from(rest % 10).ok()?;
        rest /= 10;
    }
    HeaderValue::from_bytes(out.get(start..)?).ok()
}

/// A provider's headers under LiteLLM's prefix; OpenAI's limits under their own names too, where the house has none
/// of that kind.
fn pass_on(from: &HeaderMap, to: &mut HeaderMap) {
    const PREFIX: &[u8] = b"llm_provider-";
    let mut name_buffer = [0_u8; 128];
    for (name, value) in from.iter().take(MAX_PROVIDER_HEADERS) {
        let bytes = name.as_str().as_bytes();
        let end = PREFIX.len() + bytes.len();
        if NOT_PASSED_ON.contains(&name.as_str()) || value.is_sensitive() {
            continue;
        }
        if name.as_str().starts_with("x-ratelimit-") {
            to.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let Some(buffer) = name_buffer.get_mut(..end) else { continue };
        let (prefix, rest) = buffer.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX);
        rest.copy_from_slice(bytes);
        if let Ok(prefixed) = HeaderName::from_lowercase(buffer) {
            to.insert(prefixed, value.clone());
        }
    }
}

/// Writes an error for whoever called.
pub(crate) fn rescue(
    mut error: Error,
    dialect: Dialect,
    compat: Compat,
    unix_ms: i64,
) -> Response<ReplyBody> {
    if let Some(reset) = error.limited.as_ref().and_then(|limited| limited.reset.as_ref()) {
        let left = u64::try_from(reset.unix_ms - unix_ms).unwrap_or_default().max(1);
        error.retry_after.get_or_insert(Duration::from_millis(left));
    }
    match error.kind {
        // Anthropic's clients know a spent budget by a status and type of its own.
        Kind::BudgetExceeded if dialect == Dialect::AnthropicMessages => {}
        Kind::BudgetExceeded => error.status = Some(compat.budget_exceeded),
        Kind::ModelDenied => error.status = Some(compat.model_denied),
        _ => {}
    }
    let (status, body) = write_error(dialect, &error);
    if status >= 500 {
        tracing::warn!(kind = ?error.kind, status, source = ?error.source.as_ref().map(ToString::to_string), "{}", error.message);
    }
    let mut response = json(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), body);
    if let Some(after) = error.retry_after {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(limited) = &error.limited {
        pace::put_refused(response.headers_mut(), dialect, limited, unix_ms);
    }
    if is_permanent(&error) {
        // Agents retry a refusal that will not change; this stops them (contract of real clients).
        response.headers_mut().insert(names::SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    response
}

/// Whether asking again changes nothing, or not before the client's user has given up: Anthropic's SDK sleeps for as
/// long as it is told, without a word.
fn is_permanent(error: &Error) -> bool {
    if let (Some(wait), Some(_)) = (error.retry_after, &error.limited) {
        return wait > LONGEST_RETRY;
    }
    matches!(
        error.kind,
        Kind::NoKey
            | Kind::MalformedKey
            | Kind::UnknownKey
            | Kind::ExpiredKey
            | Kind::BlockedKey
            | Kind::ModelDenied
            | Kind::RouteDenied
            | Kind::BudgetExceeded
            | Kind::UnknownModel
            | Kind::Unsupported
            | Kind::InvalidRequest
            | Kind::TooLarge
    )
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_have_three_digits_behind_the_point() {
        for (micros, text) in
            [(0, "0.000"), (7, "0.007"), (999, "0.999"), (1_000, "1.000"), (u32::MAX, "4294967.295")]
        {
            assert_eq!(millis(micros).unwrap(), text);
        }
    }
}
