//! The key that a request shows, in any of the headers that SDKs use.

use http::header::{AUTHORIZATION, AsHeaderName};
use http::{HeaderMap, HeaderName};
use weighhouse_types::{Error, Kind};

/// Headers that hold a key alone, in the order in which they are asked (contract §4a).
static KEY_HEADERS: [HeaderName; 4] = [
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-goog-api-key"),
    HeaderName::from_static("ocp-apim-subscription-key"),
];
/// LiteLLM's own header for its keys.
static LITELLM_KEY: HeaderName = HeaderName::from_static("x-litellm-api-key");
/// Longest key that is looked at.
const MAX_KEY_BYTES: usize = 512;

/// The key that a request shows. `own_header` is LiteLLM's `litellm_key_header_name`, asked first.
///
/// # Errors
/// `NoKey`: none is shown. `MalformedKey`: what is shown cannot be a key; it is never repeated.
pub fn presented_key<'request>(
    headers: &'request HeaderMap,
    own_header: Option<&str>,
) -> Result<&'request str, Error> {
    let own = own_header.and_then(|name| text(headers, name));
    if let Some(value) = own.or_else(|| text(headers, &LITELLM_KEY)) {
        let value = value?;
        return bare(strip_bearer(value).unwrap_or(value));
    }
    if let Some(value) = headers.get(AUTHORIZATION) {
        let value = value.to_str().map_err(|_| malformed())?;
        if let Some(key) = strip_bearer(value) {
            return bare(key);
        }
        if !KEY_HEADERS.iter().any(|name| headers.contains_key(name)) {
            return Err(malformed());
        }
    }
    match KEY_HEADERS.iter().find_map(|name| text(headers, name)) {
        Some(value) => bare(value?),
        None => Err(Error::new(
            Kind::NoKey,
            "Authentication Error, No api key passed in. Send it as `Authorization: Bearer sk-...`",
        )),
    }
}

fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<Result<&str, Error>> {
    headers.get(name).map(|value| value.to_str().map_err(|_| malformed()))
}

fn strip_bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn bare(key: &str) -> Result<&str, Error> {
    let key = key.trim();
    if key.is_empty() {
        return Err(Error::new(
            Kind::NoKey,
            "Authentication Error, No api key passed in. The header is empty",
        ));
    }
    if key.len() > MAX_KEY_BYTES { Err(malformed()) } else { Ok(key) }
}

fn malformed() -> Error {
    Error::new(
        Kind::MalformedKey,
        "Authentication Error, Malformed API Key passed in. Ensure Key has `Bearer ` prefix",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn shown(pairs: &[(&'static str, &str)]) -> Result<String, Kind> {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect();
        presented_key(&headers, Some("x-own")).map(str::to_owned).map_err(|error| error.kind)
    }

    #[test]
    fn a_key_is_found_in_every_header() {
        for header in [
            "api-key",
            "x-api-key",
            "x-goog-api-key",
            "ocp-apim-subscription-key",
            "x-litellm-api-key",
            "x-own",
        ] {
            assert_eq!(shown(&[(header, "sk-1")]), Ok("sk-1".into()), "{header}");
        }
        assert_eq!(shown(&[("authorization", "bearer  sk-1 ")]), Ok("sk-1".into()));
        assert_eq!(shown(&[("authorization", "Bearer sk-1"), ("x-api-key", "sk-2")]), Ok("sk-1".into()));
        assert_eq!(
            shown(&[("authorization", "Bearer sk-1"), ("x-litellm-api-key", "Bearer sk-2")]),
            Ok("sk-2".into())
        );
        assert_eq!(shown(&[("authorization", "Basic x"), ("x-api-key", "sk-2")]), Ok("sk-2".into()));
    }

    #[test]
    fn no_key_and_no_possible_key_are_told_apart() {
        assert_eq!(shown(&[]), Err(Kind::NoKey));
        assert_eq!(shown(&[("authorization", "Bearer  ")]), Err(Kind::NoKey));
        assert_eq!(shown(&[("authorization", "sk-1")]), Err(Kind::MalformedKey));
        assert_eq!(shown(&[("x-api-key", &"k".repeat(600))]), Err(Kind::MalformedKey));
    }
}
