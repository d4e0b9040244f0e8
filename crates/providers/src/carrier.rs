//! How a call's bytes reach a provider: the address and the headers, credentials among them.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use secrecy::{ExposeSecret, SecretString};
use weighhouse_types::{Dialect, Error, Kind};

use crate::registry::{Auth, Row};

/// The headers of every call to a provider.
///
/// # Errors
/// `InvalidRequest`: a header or the key holds characters that HTTP does not carry. The key itself is not shown.
pub fn headers(
    row: &Row,
    key: Option<&SecretString>,
    extra: &[(String, String)],
) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let fixed = row.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in fixed.chain(extra.iter().map(|(name, value)| (name.as_str(), value.as_str()))) {
        let refused = || Error::new(Kind::InvalidRequest, format!("`{name}` is no header that HTTP carries"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
        headers.insert(name, HeaderValue::from_str(value).map_err(|_| refused())?);
    }
    if let Some(key) = key {
        add_key(row, key, &mut headers)?;
    }
    Ok(headers)
}

/// Adds a header to those that stand; values of one name are joined as HTTP lists are. What HTTP does not carry
/// is left out.
pub fn add(headers: &mut HeaderMap, name: &'static str, value: &str) {
    let joined = match headers.get(name).and_then(|before| before.to_str().ok()) {
        Some(before) if before.split(',').any(|one| one.trim() == value) => return,
        Some(before) => format!("{before},{value}"),
        None => value.to_owned(),
    };
    if let Ok(value) = HeaderValue::from_str(&joined) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// Headers of clients that belong to a dialect and mean the same to its providers.
#[must_use]
pub const fn forwarded_names(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::AnthropicMessages => &["anthropic-version", "anthropic-beta"],
        Dialect::OpenAiResponses => &["openai-beta"],
        Dialect::OpenAiChat | Dialect::Gemini => &[],
    }
}

/// Passes a client's headers on to a provider of the same dialect: lists are joined, a version replaces ours.
pub fn forward(forwarded: &[(&'static str, HeaderValue)], provider: Dialect, headers: &mut HeaderMap) {
    for (name, value) in forwarded {
        if !forwarded_names(provider).contains(name) {
            continue;
        }
        match value.to_str() {
            Ok(list) if name.ends_with("-beta") => {
                list.split(',').map(str::trim).for_each(|one| add(headers, name, one));
            }
            _ => drop(headers.insert(HeaderName::from_static(name), value.clone())),
        }
    }
}

fn add_key(row: &Row, key: &SecretString, headers: &mut HeaderMap) -> Result<(), Error> {
    let bearer = row.bearer_keys.as_ref().filter(|keys| key.expose_secret().starts_with(&keys.prefix));
    if let Some(keys) = bearer {
        let (name, value) = &keys.header;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable_key(row))?;
        headers.append(name, HeaderValue::from_str(value).map_err(|_| unusable_key(row))?);
    }
    let (name, text) = match &row.auth {
        _ if bearer.is_some() => (AUTHORIZATION, format!("Bearer {}", key.expose_secret())),
        Auth::None => return Ok(()),
        Auth::Bearer => (AUTHORIZATION, format!("Bearer {}", key.expose_secret())),
        Auth::Header(name) => {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable_key(row))?;
            (name, key.expose_secret().to_owned())
        }
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| unusable_key(row))?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

fn unusable_key(row: &Row) -> Error {
    let message =
        format!("the key for {} holds characters that HTTP does not carry; check for a line end", row.name);
    Error::new(Kind::InvalidRequest, message)
}

/// The address of an operation: the base, with the path put at its end.
///
/// # Errors
/// `InvalidRequest`: no absolute http or https address.
pub fn address(base: &str, path: &str) -> Result<Uri, Error> {
    let base = base.trim_end_matches('/');
    // LiteLLM takes addresses that are complete already.
    let bare = path.split('?').next().unwrap_or(path);
    let text = if base.ends_with(bare) { base.to_owned() } else { format!("{base}{path}") };
    let refused = || {
        let message = format!("`{}` is no http or https address", without_credentials(base));
        Error::new(Kind::InvalidRequest, message).at("api_base")
    };
    let uri: Uri = text.parse().map_err(|_| refused())?;
    let has_scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    if has_scheme && uri.host().is_some_and(|host| !host.is_empty()) { Ok(uri) } else { Err(refused()) }
}

/// A path's part with everything escaped that would end it or not be a part of a path.
#[must_use]
pub fn escaped(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/' | b':' | b'@') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// An address without user, password, query and fragment, to be shown and logged.
#[must_use]
pub fn without_credentials(address: &str) -> String {
    let bare = address.split(['?', '#']).next().unwrap_or_default();
    match bare.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) =
                rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            let slash = if rest.contains('/') { "/" } else { "" };
            format!("{scheme}://{host}{slash}{path}")
        }
        None => bare.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_joined_and_shown_without_secrets() {
        assert_eq!(address("http://h/v1/", "/chat").unwrap().to_string(), "http://h/v1/chat");
        for bad in ["h/v1", "ftp://h", "http://", "", "http:// h"] {
            assert!(address(bad, "/chat").is_err(), "{bad}");
        }
        assert_eq!(without_credentials("https://user:secret@h:1/v1?key=x#y"), "https://h:1/v1");
        assert_eq!(without_credentials("https://h"), "https://h");
    }

    #[test]
    fn a_key_is_sensitive_and_never_in_an_error() {
        let row: Row = toml::from_str("name='x'\ntitle='X'\nsource='s'\n[operations]\n").unwrap();
        let headers_of = |key: &str| headers(&row, Some(&SecretString::from(key)), &[]);
        let good = headers_of("sk-1").unwrap();
        assert!(good[AUTHORIZATION].is_sensitive());
        let error = headers_of("sk-secret\n").unwrap_err();
        assert!(!error.to_string().contains("sk-secret"));
    }
}
