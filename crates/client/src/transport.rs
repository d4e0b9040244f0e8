//! One request over HTTP/1.1, encrypted or not: address, key, time and size bounded.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client as HttpClient, Error as HttpError};
use hyper_util::rt::TokioExecutor;
use secrecy::{ExposeSecret, SecretString};

use crate::error::ClientError;

/// The largest answer that is read: ten thousand ledger rows fit.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// Idle connections that are kept.
const MAX_IDLE: usize = 2;
const AGENT: HeaderValue = HeaderValue::from_static(concat!("weighhouse-client/", env!("CARGO_PKG_VERSION")));

/// Asks one gateway.
#[derive(Clone)]
pub(crate) struct Transport {
    scheme: Scheme,
    authority: Authority,
    /// What stands before every path; without a slash at its end.
    prefix: String,
    key: SecretString,
    timeout: Duration,
    http: HttpClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Transport")
            .field("address", &self.address())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Transport {
    pub(crate) fn new(base: &str, key: SecretString, timeout: Duration) -> Result<Self, ClientError> {
        let bad = || ClientError::Address(without_credentials(base));
        let parts = base.trim().parse::<Uri>().map_err(|_| bad())?.into_parts();
        let is_known = |scheme: &Scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS;
        let scheme = parts.scheme.filter(is_known).ok_or_else(bad)?;
        let authority =
            parts.authority.filter(|authority| !authority.as_str().contains('@')).ok_or_else(bad)?;
        let path = parts.path_and_query.filter(|path| path.query().is_none()).ok_or_else(bad)?;
        HeaderValue::from_str(key.expose_secret()).map_err(|_| ClientError::Key)?;
        let http = HttpClient::builder(TokioExecutor::new())
            .pool_max_idle_per_host(MAX_IDLE)
            .build(connector(&scheme));
        Ok(Self {
            http,
            scheme,
            authority,
            prefix: path.path().trim_end_matches('/').to_owned(),
            key,
            timeout,
        })
    }

    /// Asks and reads the whole answer. `target` is a path with its query.
    pub(crate) async fn ask(
        &self,
        method: Method,
        target: &str,
        body: Option<Vec<u8>>,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let exchange = async {
            let (parts, body) = self.open(method, target, body).await?.into_parts();
            Ok((parts.status, self.whole(body).await?))
        };
        self.in_time(exchange).await?
    }

    /// Asks, and waits for the answer's head.
    pub(crate) async fn open(
        &self,
        method: Method,
        target: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Response<Incoming>, ClientError> {
        let request = self.request(method, target, body)?;
        self.in_time(self.http.request(request)).await?.map_err(|error| self.unreachable(&error))
    }

    /// The rest of an answer.
    pub(crate) async fn whole(&self, body: Incoming) -> Result<Bytes, ClientError> {
        let body = self.in_time(Limited::new(body, MAX_ANSWER_BYTES).collect()).await?;
        let body = body.map_err(|error| ClientError::Garbled(format!("its body broke off: {error}")))?;
        Ok(body.to_bytes())
    }

    /// Waits no longer than this client does.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, ClientError> {
        let late = |_| ClientError::TimedOut { address: self.address(), after: self.timeout };
        tokio::time::timeout(self.timeout, work).await.map_err(late)
    }

    fn request(
        &self,
        method: Method,
        target: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let bad = || ClientError::Address(self.address());
        let path = PathAndQuery::try_from(format!("{}{target}", self.prefix)).map_err(|_| bad())?;
        let uri = Uri::builder().scheme(self.scheme.clone());
        let uri = uri.authority(self.authority.clone()).path_and_query(path);
        let is_json = body.is_some();
        let mut request = Request::new(Full::new(body.map(Bytes::from).unwrap_or_default()));
        *request.method_mut() = method;
        *request.uri_mut() = uri.build().map_err(|_| bad())?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, AGENT);
        if !self.key.expose_secret().is_empty() {
            let bearer = format!("Bearer {}", self.key.expose_secret());
            let mut bearer = HeaderValue::try_from(bearer).map_err(|_| ClientError::Key)?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        if is_json {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(request)
    }

    fn address(&self) -> String {
        format!("{}://{}{}", self.scheme, self.authority, self.prefix)
    }

    /// The innermost cause says most to people.
    fn unreachable(&self, error: &HttpError) -> ClientError {
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            reason = inner.to_string();
            cause = inner.source();
        }
        ClientError::Unreachable { address: self.address(), reason }
    }
}

/// Connects as the scheme says. The system's certificates are trusted, or Mozilla's where the system has none; they are
/// read for an https address alone, because reading them takes longer than most answers.
fn connector(scheme: &Scheme) -> HttpsConnector<HttpConnector> {
    let mut roots = rustls::RootCertStore::empty();
    if *scheme == Scheme::HTTPS {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
    }
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().wrap_connector(http)
}

/// An address as errors may show it.
fn without_credentials(base: &str) -> String {
    match (base.split_once("://"), base.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        (None, Some((_, host))) => format!("…@{host}"),
        _ => base.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &str) -> Result<String, String> {
        let transport = Transport::new(base, "sk-secret".into(), Duration::from_secs(1));
        let transport = transport.map_err(|error| error.to_string())?;
        assert!(!format!("{transport:?}").contains("secret"));
        let request = transport.request(Method::GET, "/key/list?page=1", None);
        request.map(|request| request.uri().to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn addresses_are_taken_with_and_without_a_prefix() {
        assert_eq!(check("http://127.0.0.1:4000").unwrap(), "http://127.0.0.1:4000/key/list?page=1");
        assert_eq!(check("http://house/llm/ ").unwrap(), "http://house/llm/key/list?page=1");
        assert_eq!(check("https://house").unwrap(), "https://house/key/list?page=1");
    }

    #[test]
    fn other_addresses_are_refused_in_clear_words() {
        for bad in [
            "house:4000",
            "ftp://house",
            "",
            "http://",
            "http://house/?a=b",
            "/path",
            "http://u:hidden@house",
        ] {
            let error = check(bad).unwrap_err();
            assert!(error.contains("write http://HOST:PORT") && !error.contains("hidden"), "{bad}: {error}");
        }
        let bad_key = Transport::new("http://house", "sk-\n".into(), Duration::from_secs(1));
        assert!(matches!(bad_key, Err(ClientError::Key)));
    }
}
