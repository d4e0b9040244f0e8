//! From a request to a [`Call`]: within the limits, or a clear refusal.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, Uri, header};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use weighhouse_api::Route;
use weighhouse_providers::ask::{Ask, PathSays};
use weighhouse_types::{CallId, Dialect, Error, Kind, Operation};

use crate::call::Call;
use crate::clock::{Clock, Moment};

/// Longest text of a header that goes into the books.
const MAX_LABEL_BYTES: usize = 256;
/// Tags that are kept of one call.
const MAX_TAGS: usize = 32;
/// Longest time that a client may ask for.
const MAX_TIMEOUT_SECONDS: f64 = 86_400.0;

/// LiteLLM's headers of calls, read once: every call is asked for all of them.
static TAGS: HeaderName = HeaderName::from_static("x-litellm-tags");
static TIMEOUT: HeaderName = HeaderName::from_static("x-litellm-timeout");
static NUM_RETRIES: HeaderName = HeaderName::from_static("x-litellm-num-retries");
static END_USER: HeaderName = HeaderName::from_static("x-litellm-end-user-id");
static CUSTOMER: HeaderName = HeaderName::from_static("x-litellm-customer-id");

/// Refuses heads that two readers could understand differently.
///
/// # Errors
/// `InvalidRequest`: no Host or two, a Host that is no host, a path with `..`, `//`, `\` or encoded
/// slashes, a control character or a NUL. `TooLarge`: a head beyond the limit.
pub(crate) fn check_head(uri: &Uri, headers: &HeaderMap, limit: usize) -> Result<(), Error> {
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size + uri.path().len() > limit {
        let message = format!("the head of the request is larger than the {limit} bytes that are taken");
        return Err(Error::new(Kind::TooLarge, message).with_status(431));
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().map_err(|_| bad_host())?,
        _ => return Err(bad_host()),
    };
    if host.bytes().any(|byte| matches!(byte, b'/' | b'?' | b'#' | b'@' | b'\\' | b' ')) {
        return Err(bad_host());
    }
    if uri.authority().is_some_and(|authority| authority.as_str() != host) {
        return Err(bad_host());
    }
    let path = uri.path();
    let holds_encoded = || {
        let lower = path.to_ascii_lowercase();
        ["%2f", "%5c", "%2e", "%00"].iter().any(|part| lower.contains(part))
    };
    let is_odd = path.contains("//")
        || path.split('/').any(|segment| matches!(segment, "." | ".."))
        || path.contains('\\')
        || (path.contains('%') && holds_encoded());
    if is_odd {
        return Err(Error::new(Kind::InvalidRequest, "the path is not in its plain form").at("path"));
    }
    Ok(())
}

fn bad_host() -> Error {
    Error::new(Kind::InvalidRequest, "the request must have exactly one Host header, with a host in it")
        .at("host")
}

/// Reads a body up to a limit.
///
/// # Errors
/// `TooLarge` as soon as that is known; `InvalidRequest` where the body breaks off.
pub(crate) async fn read_body(mut body: Incoming, limit: usize) -> Result<Bytes, Error> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(too_large(limit));
    }
    let mut first: Option<Bytes> = None;
    let mut joined: Option<BytesMut> = None;
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Error::new(Kind::InvalidRequest, "the body broke off, or its framing is broken").source(error)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length > limit {
            return Err(too_large(limit));
        }
        match (&mut first, &mut joined) {
            (None, _) => first = Some(data),
            (Some(_), Some(joined)) => joined.extend_from_slice(&data),
            (Some(before), joined @ None) => {
                let room = usize::try_from(announced).unwrap_or(0).max(length);
                let mut all = BytesMut::with_capacity(room);
                all.extend_from_slice(before);
                all.extend_from_slice(&data);
                *joined = Some(all);
            }
        }
    }
    Ok(joined.map(BytesMut::freeze).or(first).unwrap_or_default())
}

fn too_large(limit: usize) -> Error {
    let message = format!(
        "the body is larger than the {} MB that are taken; raise `max_request_size_mb` under general_settings",
        limit / (1024 * 1024)
    );
    Error::new(Kind::TooLarge, message)
}

/// What of a request's head goes into a call.
#[derive(Debug)]
pub(crate) struct Head {
    /// The route that was asked.
    pub(crate) route: &'static Route,
    /// Its path and query.
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) received: Moment,
}

/// What a route and its path say of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'path> {
    pub(crate) operation: Operation,
    pub(crate) dialect: Dialect,
    pub(crate) path: PathSays<'path>,
    pub(crate) framing: Framing,
}

/// How a stream is cut for the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Server-sent events.
    #[default]
    Events,
    /// One JSON array, an element an event (Gemini without `alt=sse`).
    Array,
}

/// Makes a call of a body.
///
/// # Errors
/// `InvalidRequest` naming the place.
pub(crate) fn receive(
    head: &Head,
    asked: &Asked<'_>,
    body: &Bytes,
    clock: &Clock,
    rng: &mut fastrand::Rng,
) -> Result<Call, Error> {
    let complete = clock.now();
    let ask = Ask::read(body, asked.operation, asked.dialect, asked.path)?.with_headers(&head.headers);
    let model = ask.peek.model.as_deref().map(str::trim).filter(|model| !model.is_empty());
    let asked_model = model.ok_or_else(|| {
        Error::new(
            Kind::InvalidRequest,
            "`model` is required; GET /v1/models lists the models that you may use",
        )
        .at("model")
    })?;
    let mut random = [0; 10];
    rng.fill(&mut random);
    let unix_ms = u64::try_from(head.received.unix_ms).unwrap_or_default();
    let mut tags = ask.peek.tags.clone();
    if let Some(listed) = label(&head.headers, &TAGS) {
        tags.extend(listed.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()));
    }
    tags.truncate(MAX_TAGS);
    if let Some(tag) = tags.iter().find(|tag| tag.len() > MAX_LABEL_BYTES) {
        let message = format!("a tag has at most {MAX_LABEL_BYTES} bytes, and one has {}", tag.len());
        return Err(Error::new(Kind::InvalidRequest, message).at("metadata.tags"));
    }
    Ok(Call {
        id: CallId::new(unix_ms, random),
        operation: asked.operation,
        framing: asked.framing,
        asked_model: asked_model.into(),
        received: head.received,
        complete,
        end_user: end_user(&head.headers, ask.peek.user.as_deref()),
        tags,
        timeout: number(&head.headers, &TIMEOUT)?.map(Duration::from_secs_f64),
        num_retries: retries(&head.headers, ask.peek.num_retries)?,
        ask,
    })
}

fn end_user(headers: &HeaderMap, of_body: Option<&str>) -> Option<Arc<str>> {
    let named = label(headers, &END_USER).or_else(|| label(headers, &CUSTOMER));
    named.or(of_body).filter(|user| user.len() <= MAX_LABEL_BYTES).map(Into::into)
}

fn label<'headers>(headers: &'headers HeaderMap, name: &HeaderName) -> Option<&'headers str> {
    headers
        .get(name)?
        .to_str()
        .ok()
        .map(str::trim)
        .filter(|text| !text.is_empty() && text.len() <= MAX_LABEL_BYTES * 4)
}

fn number(headers: &HeaderMap, name: &'static HeaderName) -> Result<Option<f64>, Error> {
    let Some(text) = label(headers, name) else { return Ok(None) };
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.001..=MAX_TIMEOUT_SECONDS).contains(seconds));
    seconds.map(Some).ok_or_else(|| {
        Error::new(
            Kind::InvalidRequest,
            format!("`{name}` must be a number of seconds up to {MAX_TIMEOUT_SECONDS}"),
        )
        .at(name.as_str())
    })
}

fn retries(headers: &HeaderMap, of_body: Option<u32>) -> Result<Option<u32>, Error> {
    const MOST: u32 = 20;
    let asked = match label(headers, &NUM_RETRIES) {
        None => of_body,
        Some(text) => Some(text.parse().map_err(|_| {
            Error::new(Kind::InvalidRequest, format!("`{NUM_RETRIES}` must be a whole number"))
                .at(NUM_RETRIES.as_str())
        })?),
    };
    Ok(asked.map(|count| count.min(MOST)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn head(path: &str, hosts: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, HeaderValue::from_str(host).unwrap());
        }
        check_head(&path.parse().unwrap(), &headers, 1_000).is_ok()
    }

    #[test]
    fn heads_that_can_be_read_in_two_ways_are_refused() {
        assert!(head("/v1/models", &["localhost:4000"]));
        assert!(head("http://a/v1/models", &["a"]));
        for (path, hosts) in [
            ("/v1/models", &[][..]),
            ("/v1/models", &["a", "a"]),
            ("/v1/models", &["a/b"]),
            ("/v1/models", &["user@a"]),
            ("http://b/v1/models", &["a"]),
            ("/v1/../key/list", &["a"]),
            ("//key/list", &["a"]),
            ("/v1%2Fmodels", &["a"]),
            ("/v1/%2e%2e/key", &["a"]),
            ("/v1/models%00", &["a"]),
        ] {
            assert!(!head(path, hosts), "{path} {hosts:?}");
        }
    }

    #[test]
    fn headers_of_litellm_are_read_and_bounded() {
        let headers = |name: &'static str, value: &str| {
            HeaderMap::from_iter([(
                http::HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )])
        };
        assert_eq!(number(&headers("x-litellm-timeout", "1.5"), &TIMEOUT).unwrap(), Some(1.5));
        for bad in ["-1", "NaN", "soon", "1e99"] {
            assert!(number(&headers("x-litellm-timeout", bad), &TIMEOUT).is_err(), "{bad}");
        }
        assert_eq!(retries(&headers("x-litellm-num-retries", "999"), None).unwrap(), Some(20));
        assert_eq!(retries(&HeaderMap::new(), Some(3)).unwrap(), Some(3));
    }
}
