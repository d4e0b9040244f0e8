//! The client against a gateway of a few lines that answers what it is told.

#![expect(clippy::unwrap_used, reason = "tests: a fake that cannot go on stops")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use weighhouse_api::{
    BlockKeyRequest, DeleteKeyRequest, Endpoint, GenerateKeyRequest, KeyInfoQuery, KeyListQuery, KeyText,
    RegenerateKeyRequest, SpendLogsQuery, UpdateKeyRequest, find,
};
use weighhouse_client::{Client, ClientError};

const KEY: &str = r#"{"key":"sk-new","key_name":null,"key_alias":null,"spend":0,"total_spend":0,"max_budget":null,
    "expires":null,"models":[],"aliases":{},"user_id":null,"team_id":null,"metadata":{},"tags":[],"rpm_limit":null,
    "tpm_limit":null,"max_parallel_requests":null,"budget_duration":null,"budget_reset_at":null,"blocked":false,
    "status":"active","created_at":"","created_by":null,"updated_at":""}"#;

/// Answers by the route table; a prefix of the path asks for what goes wrong on the way.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!(request.headers().get("authorization").unwrap(), "Bearer sk-mine");
    let (path, method) = (request.uri().path().to_owned(), request.method().clone());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let reply = |status: u16, body: &str| {
        Ok(Response::builder()
            .status(status)
            .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
            .unwrap())
    };
    if let Some(rest) = path.strip_prefix("/refusing") {
        assert!(find(&method, rest).is_ok(), "{rest}");
        return reply(
            404,
            r#"{"error":{"message":"Key not found.","type":"not_found_error","param":"key","code":"404"}}"#,
        );
    }
    if path.starts_with("/proxy") {
        return reply(502, "<html>bad gateway</html>");
    }
    if path.starts_with("/other") {
        return reply(200, "<html>hello</html>");
    }
    let endpoint = find(&method, &path).unwrap().route.endpoint;
    assert_eq!(body.is_empty(), method == http::Method::GET, "{path}");
    match endpoint {
        Endpoint::KeyInfo => reply(200, &format!(r#"{{"key":"sk-new","info":{KEY}}}"#)),
        Endpoint::KeyList => {
            reply(200, r#"{"keys":["hash"],"total_count":1,"current_page":1,"total_pages":1}"#)
        }
        Endpoint::KeyDelete => reply(200, r#"{"deleted_keys":["sk-new"]}"#),
        Endpoint::SpendLogs => reply(200, "[]"),
        Endpoint::Models => reply(200, r#"{"data":[{"id":"gpt-4o","object":"model"}],"object":"list"}"#),
        Endpoint::Health => {
            reply(200, r#"{"healthy_endpoints":[{"model":"openai/gpt-4o"}],"unhealthy_endpoints":[]}"#)
        }
        Endpoint::Readiness => reply(503, r#"{"status":"unhealthy","db":"disconnected","draining":false}"#),
        _ => reply(200, KEY),
    }
}

async fn gateway() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)));
        }
    });
    address
}

fn client(address: SocketAddr, prefix: &str) -> Client {
    Client::new(&format!("http://{address}{prefix}"), "sk-mine".into(), Duration::from_secs(10)).unwrap()
}

#[tokio::test]
async fn every_method_asks_its_route_and_reads_its_answer() {
    let client = client(gateway().await, "");
    let key = || KeyText::new("sk-new");
    let made = client.generate_key(&GenerateKeyRequest::default()).await.unwrap();
    assert_eq!(made.key.as_ref().unwrap().expose(), "sk-new");
    client.update_key(&UpdateKeyRequest { key: Some(key()), ..UpdateKeyRequest::default() }).await.unwrap();
    client.key_info(&KeyInfoQuery { key: Some(key()) }).await.unwrap();
    assert_eq!(client.list_keys(&KeyListQuery::default()).await.unwrap().total_count, 1);
    let deleted =
        client.delete_keys(&DeleteKeyRequest { keys: Some(vec![key()]), key_aliases: None }).await.unwrap();
    assert_eq!(deleted.deleted_keys.len(), 1);
    client.block_key(&BlockKeyRequest { key: key() }).await.unwrap();
    client.unblock_key(&BlockKeyRequest { key: key() }).await.unwrap();
    client.regenerate_key(&RegenerateKeyRequest { key: Some(key()), new_key: None }).await.unwrap();
    assert!(client.spend_logs(&SpendLogsQuery::default()).await.unwrap().is_empty());
    assert_eq!(client.models().await.unwrap().data.first().unwrap().id, "gpt-4o");
    assert_eq!(client.health().await.unwrap().healthy_endpoints.len(), 1);
    assert!(!client.readiness().await.unwrap().is_healthy());
}

#[tokio::test]
async fn a_refusal_keeps_its_status_words_and_field() {
    let address = gateway().await;
    let refused = client(address, "/refusing").key_info(&KeyInfoQuery::default()).await.unwrap_err();
    assert_eq!((refused.status(), refused.to_string().as_str()), (Some(404), "Key not found."));
    let foreign = client(address, "/proxy").models().await.unwrap_err();
    assert_eq!(
        (foreign.status(), foreign.to_string().as_str()),
        (Some(502), "status 502: <html>bad gateway</html>")
    );
    assert!(matches!(client(address, "/other").models().await, Err(ClientError::Garbled(_))));
}

#[tokio::test]
async fn a_gateway_that_is_not_there_or_does_not_answer_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Connections wait in its backlog for ever.
    let silent =
        Client::new(&format!("http://{address}"), "sk-mine".into(), Duration::from_millis(50)).unwrap();
    assert!(matches!(silent.models().await, Err(ClientError::TimedOut { .. })));
    drop(listener);
    let error = silent.models().await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
    assert!(!format!("{error:?} {silent:?}").contains("sk-mine"));
}
