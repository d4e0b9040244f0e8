//! A method for every route.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use weighhouse_api::{
    BlockKeyRequest, BulkUpdateTeamKeysRequest, BulkUpdatedKeys, DeleteKeyRequest, DeletedKeys,
    GenerateKeyRequest, KeyAliases, KeyAliasesQuery, KeyHealth, KeyInfo, KeyInfoQuery, KeyList, KeyListQuery,
    KeyObject, LedgerAudit, Refusal, RegenerateKeyRequest, SpendLog, SpendLogsQuery, UpdateKeyRequest,
};

use crate::answer::Answer;
use crate::chat::{ChatAnswer, ChatRequest, ChatStream};
use crate::error::ClientError;
use crate::health::{Health, Readiness};
use crate::models::{ModelFacts, ModelList};
use crate::transport::Transport;

/// How much of an answer that nobody understands is shown.
const SHOWN_CHARACTERS: usize = 200;
const CHAT_PATH: &str = "/v1/chat/completions";

/// Asks one gateway. Cheap to clone.
///
/// Every method's errors are those of [`ClientError`]; what the gateway refuses is `Refused`.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Transport,
}

impl Client {
    /// A client of the gateway at `base`, such as `http://127.0.0.1:4000` or `https://llm.example.org`. An empty key sends none. `timeout`
    /// bounds every request from its start to the last byte of the answer.
    ///
    /// # Errors
    /// `Address`, `Key`.
    pub fn new(base: &str, key: SecretString, timeout: Duration) -> Result<Self, ClientError> {
        Ok(Self { transport: Transport::new(base, key, timeout)? })
    }

    /// Makes a key.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn generate_key(&self, request: &GenerateKeyRequest) -> Result<Answer<KeyObject>, ClientError> {
        self.post("/key/generate", request).await
    }

    /// Makes a key of a team that no user owns.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn generate_service_account(
        &self,
        request: &GenerateKeyRequest,
    ) -> Result<Answer<KeyObject>, ClientError> {
        self.post("/key/service-account/generate", request).await
    }

    /// A page of the names of keys.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn key_aliases(&self, query: &KeyAliasesQuery) -> Result<Answer<KeyAliases>, ClientError> {
        self.get("/key/aliases", &query.write()).await
    }

    /// Whether the key that asks is in order.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn key_health(&self) -> Result<Answer<KeyHealth>, ClientError> {
        self.post("/key/health", &serde_json::Map::new()).await
    }

    /// Changes many keys of a team in the same way.
    ///
    /// # Errors
    /// See [`ClientError`]; a key that is refused for itself is none.
    pub async fn update_team_keys(
        &self,
        request: &BulkUpdateTeamKeysRequest,
    ) -> Result<Answer<BulkUpdatedKeys>, ClientError> {
        self.post("/team/key/bulk_update", request).await
    }

    /// Changes a key.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn update_key(&self, request: &UpdateKeyRequest) -> Result<Answer<KeyObject>, ClientError> {
        self.post("/key/update", request).await
    }

    /// Tells about a key; without one, about the client's own.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn key_info(&self, query: &KeyInfoQuery) -> Result<Answer<KeyInfo>, ClientError> {
        self.get("/key/info", &query.write()).await
    }

    /// A page of keys.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list_keys(&self, query: &KeyListQuery) -> Result<Answer<KeyList>, ClientError> {
        self.get("/key/list", &query.write()).await
    }

    /// Deletes keys.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_keys(&self, request: &DeleteKeyRequest) -> Result<Answer<DeletedKeys>, ClientError> {
        self.post("/key/delete", request).await
    }

    /// Blocks a key.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn block_key(&self, request: &BlockKeyRequest) -> Result<Answer<KeyObject>, ClientError> {
        self.post("/key/block", request).await
    }

    /// Unblocks a key.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn unblock_key(&self, request: &BlockKeyRequest) -> Result<Answer<KeyObject>, ClientError> {
        self.post("/key/unblock", request).await
    }

    /// Gives a key a new secret. The key is named in the body, so that it stands in no access log.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn regenerate_key(
        &self,
        request: &RegenerateKeyRequest,
    ) -> Result<Answer<KeyObject>, ClientError> {
        self.post("/key/regenerate", request).await
    }

    /// Reads the ledger, newest rows first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn spend_logs(&self, query: &SpendLogsQuery) -> Result<Answer<Vec<SpendLog>>, ClientError> {
        self.get("/spend/logs", &query.write()).await
    }

    /// Holds the books against the ledger.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn verify_ledger(&self) -> Result<Answer<LedgerAudit>, ClientError> {
        self.get("/ledger/verify", "").await
    }

    /// The models that the key may use.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn models(&self) -> Result<Answer<ModelList>, ClientError> {
        self.get("/v1/models", "").await
    }

    /// The deployments that the key may use, with their prices and limits.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn model_info(&self) -> Result<Answer<ModelFacts>, ClientError> {
        self.get("/model/info", "").await
    }

    /// A chat turn, streamed: the answer's head is here, its words come with [`ChatStream::next`].
    ///
    /// # Errors
    /// See [`ClientError`]; what the gateway refuses before the first word is `Refused`.
    pub async fn stream_chat(&self, request: &ChatRequest) -> Result<ChatStream, ClientError> {
        let body = request.body(true)?;
        let response = self.transport.open(Method::POST, CHAT_PATH, Some(body)).await?;
        let (parts, body) = response.into_parts();
        if parts.status.is_success() {
            return Ok(ChatStream::new(&parts.headers, body, self.transport.clone()));
        }
        let body = self.transport.whole(body).await?;
        Err(refused(parts.status, &body))
    }

    /// A chat turn, answered as a whole.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn chat(&self, request: &ChatRequest) -> Result<ChatAnswer, ClientError> {
        let body = request.body(false)?;
        let response = self.transport.open(Method::POST, CHAT_PATH, Some(body)).await?;
        let (parts, body) = response.into_parts();
        let body = self.transport.whole(body).await?;
        ChatAnswer::new(&parts.headers, read(parts.status, &body)?)
    }

    /// The deployments' health, as calls have shown it.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn health(&self) -> Result<Answer<Health>, ClientError> {
        self.get("/health", "").await
    }

    /// Whether the gateway can serve; needs no key.
    ///
    /// # Errors
    /// See [`ClientError`]. A gateway that says that it is not ready is no error.
    pub async fn readiness(&self) -> Result<Readiness, ClientError> {
        let (status, body) = self.transport.ask(Method::GET, "/health/readiness", None).await?;
        if status == StatusCode::SERVICE_UNAVAILABLE && serde_json::from_slice::<Refusal>(&body).is_err() {
            return read(StatusCode::OK, &body);
        }
        read(status, &body)
    }

    pub(crate) async fn get<A: DeserializeOwned>(&self, path: &str, query: &str) -> Result<A, ClientError> {
        let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let (status, body) = self.transport.ask(Method::GET, &target, None).await?;
        read(status, &body)
    }

    pub(crate) async fn post<R: Serialize, A: DeserializeOwned>(
        &self,
        path: &str,
        request: &R,
    ) -> Result<A, ClientError> {
        let body = serde_json::to_vec(request).map_err(ClientError::Request)?;
        let (status, body) = self.transport.ask(Method::POST, path, Some(body)).await?;
        read(status, &body)
    }
}

fn read<A: DeserializeOwned>(status: StatusCode, body: &Bytes) -> Result<A, ClientError> {
    if status.is_success() {
        return serde_json::from_slice(body).map_err(|error| ClientError::Garbled(error.to_string()));
    }
    Err(refused(status, body))
}

fn refused(status: StatusCode, body: &Bytes) -> ClientError {
    let status = status.as_u16();
    match serde_json::from_slice::<Refusal>(body) {
        Ok(Refusal { error }) => {
            ClientError::Refused { status, message: error.message, kind: error.kind, param: error.param }
        }
        // A proxy before the gateway, or a route that it does not have.
        Err(_) => {
            let shown: String = String::from_utf8_lossy(body).chars().take(SHOWN_CHARACTERS).collect();
            let message = format!("status {status}: {shown}");
            ClientError::Refused { status, message, kind: String::new(), param: None }
        }
    }
}
