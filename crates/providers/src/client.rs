//! The upstream client: one per worker, so that its connections belong to one thread.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use weighhouse_types::{Error, Kind};

/// Limits of an upstream client.
#[derive(Clone, Copy, Debug)]
pub struct ClientOptions {
    /// Time for a connection, TLS included.
    pub connect: Duration,
    /// Idle connections that are kept, per host.
    pub idle_per_host: usize,
    /// How long an idle connection is kept.
    pub idle_for: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), idle_per_host: 1_024, idle_for: Duration::from_secs(50) }
    }
}

/// Sends requests to providers and keeps their connections.
#[derive(Clone, Debug)]
pub struct Client {
    inner: HyperClient<Connector, Full<Bytes>>,
}

/// What goes over the wire.
#[derive(Clone, Debug)]
pub struct Envoy {
    /// The method.
    pub method: Method,
    /// Where to.
    pub uri: Uri,
    /// Headers, credentials among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Envoy {
    /// A body that is posted.
    #[must_use]
    pub const fn post(uri: Uri, headers: HeaderMap, body: Bytes) -> Self {
        Self { method: Method::POST, uri, headers, body }
    }
}

/// A provider's answer, its body still to come.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: ReplyBody,
}

/// The body of an answer: from the wire, or made here.
#[derive(Debug)]
pub struct ReplyBody(Source);

#[derive(Debug)]
enum Source {
    Wire(Incoming),
    Pieces(VecDeque<Bytes>),
}

impl Client {
    /// A client with connections of its own.
    #[must_use]
    pub fn new(options: &ClientOptions) -> Self {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        http.enforce_http(false);
        http.set_connect_timeout(Some(options.connect));
        http.set_keepalive(Some(Duration::from_secs(60)));
        let connector = Connector { http, tls: Arc::default() };
        let inner = HyperClient::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(options.idle_for)
            .pool_max_idle_per_host(options.idle_per_host)
            .build(connector);
        Self { inner }
    }

    /// Sends a call and waits for the answer's head.
    ///
    /// # Errors
    /// `UpstreamTimeout` after `head`; `UpstreamUnreachable` where no connection is to be had; `UpstreamBroken` where
    /// it breaks once the call is on its way.
    pub async fn send(&self, envoy: Envoy, provider: &str, head: Duration) -> Result<Reply, Error> {
        let mut request = Request::new(Full::new(envoy.body));
        *request.method_mut() = envoy.method;
        *request.uri_mut() = envoy.uri;
        *request.headers_mut() = envoy.headers;
        let answer = tokio::time::timeout(head, self.inner.request(request)).await;
        let response =
            answer.map_err(|_| timed_out(provider, head))?.map_err(|error| unreachable(provider, error))?;
        let (parts, body) = response.into_parts();
        Ok(Reply { status: parts.status, headers: parts.headers, body: ReplyBody(Source::Wire(body)) })
    }
}

fn timed_out(provider: &str, after: Duration) -> Error {
    let message =
        format!("litellm.Timeout: {provider} did not begin to answer within {} s", after.as_secs_f32());
    Error::new(Kind::UpstreamTimeout, message)
}

/// LiteLLM's words for a provider that cannot be reached.
fn unreachable(provider: &str, error: hyper_util::client::legacy::Error) -> Error {
    let (kind, what) = match error.is_connect() {
        true => (Kind::UpstreamUnreachable, "Connection error."),
        false => (Kind::UpstreamBroken, "The connection broke before an answer came."),
    };
    let message = format!("litellm.InternalServerError: InternalServerError: {provider} - {what}");
    Error::new(kind, message).source(error)
}

impl Reply {
    pub(crate) fn built_in(content_type: &'static str, body: ReplyBody) -> Self {
        let mut headers = HeaderMap::with_capacity(1);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status: StatusCode::OK, headers, body }
    }
}

impl ReplyBody {
    /// A body of ready pieces.
    #[must_use]
    pub const fn pieces(pieces: VecDeque<Bytes>) -> Self {
        Self(Source::Pieces(pieces))
    }

    /// The next ready piece of a body that was made here.
    #[cfg(test)]
    pub(crate) fn next_piece(&mut self) -> Option<Bytes> {
        match &mut self.0 {
            Source::Pieces(pieces) => pieces.pop_front(),
            Source::Wire(_) => None,
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.0 {
            Source::Wire(body) => Pin::new(body).poll_frame(context),
            Source::Pieces(pieces) => Poll::Ready(pieces.pop_front().map(|piece| Ok(Frame::data(piece)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Wire(body) => body.is_end_stream(),
            Source::Pieces(pieces) => pieces.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Wire(body) => body.size_hint(),
            Source::Pieces(pieces) => {
                SizeHint::with_exact(pieces.iter().map(|piece| piece.len() as u64).sum())
            }
        }
    }
}

/// Connects to http and https addresses. What TLS needs is loaded at the first https address, because
/// reading the system's certificates takes longer than the whole start may.
#[derive(Clone, Debug)]
struct Connector {
    http: HttpConnector,
    tls: Arc<OnceLock<HttpsConnector<HttpConnector>>>,
}

type ConnectError = Box<dyn std::error::Error + Send + Sync>;
type Connecting =
    Pin<Box<dyn Future<Output = Result<MaybeHttpsStream<TokioIo<TcpStream>>, ConnectError>> + Send>>;

impl tower_service::Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = ConnectError;
    type Future = Connecting;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        self.http.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, address: Uri) -> Connecting {
        if address.scheme_str() != Some("https") {
            let connecting = self.http.call(address);
            return Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) });
        }
        let connecting = self.tls.get_or_init(|| with_tls(self.http.clone())).clone().call(address);
        Box::pin(connecting)
    }
}

/// The system's certificates, or Mozilla's where the system has none.
fn with_tls(http: HttpConnector) -> HttpsConnector<HttpConnector> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().wrap_connector(http)
}
