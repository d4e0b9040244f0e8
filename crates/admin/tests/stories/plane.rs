//! A control plane of its own for a test, and words to speak with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use http::{Method, Request};
use jiff::tz::TimeZone;
use serde_json::Value;
use weighhouse_admin::{Admin, Counting, InForce, Priced, ProviderLimit};
use weighhouse_api::{Refusal, find};
use weighhouse_auth::{Caller, Directory, Keyring, hash_of, master_digest};
use weighhouse_catalog::Tier;
use weighhouse_storage::{LedgerRow, Location, Store};
use weighhouse_testkit::temp_dir::TempDir;
use weighhouse_types::{Kind, Nanos, Usage};

/// The master key of every test.
pub(crate) const MASTER: &str = "sk-the-master-key-of-the-tests";
/// 2026-01-31T12:00:00Z.
pub(crate) const NOW_MS: i64 = 1_769_860_800_000;

/// A configuration without models and budgets.
#[derive(Debug)]
struct NoConfig;

impl InForce for NoConfig {
    fn prices_of_model(&self, _: &str) -> Option<Priced> {
        None
    }

    fn prices_of_row(&self, _: &LedgerRow) -> Priced {
        Priced::default()
    }

    fn usage_of_answer(&self, _: &str, _: &Bytes) -> Option<(Usage, Tier)> {
        None
    }

    fn prompt_usage(&self, _: &str, _: Bytes) -> Counting {
        Box::pin(async { Ok(Usage::default()) })
    }

    fn max_budget(&self) -> Option<Nanos> {
        None
    }

    fn provider_limits(&self) -> Vec<ProviderLimit> {
        Vec::new()
    }
}

/// A control plane over a fresh store.
pub(crate) struct Plane {
    pub(crate) store: Store,
    keyring: Keyring,
    pub(crate) directory: Directory,
    admin: Admin,
    clock: Arc<AtomicI64>,
    _dir: TempDir,
}

impl Plane {
    pub(crate) async fn new() -> Self {
        let dir = TempDir::new("admin");
        let store = Store::open(&Location::Sqlite(dir.path().join("weighhouse.db"))).await.unwrap();
        let keyring = Keyring::new(store.clone());
        let directory = Directory::new(store.clone());
        let clock = Arc::new(AtomicI64::new(NOW_MS));
        let hands = Arc::clone(&clock);
        let admin = Admin::new(store.clone(), keyring.clone(), directory.clone(), TimeZone::UTC, move || {
            hands.load(Ordering::Relaxed)
        });
        admin.ask_of(Arc::new(NoConfig));
        Self { store, keyring, directory, admin, clock, _dir: dir }
    }

    pub(crate) fn pass(&self, milliseconds: i64) {
        self.clock.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// Who shows that key.
    pub(crate) async fn caller(&self, key: &str) -> Result<Caller, Kind> {
        let now_ms = self.clock.load(Ordering::Relaxed);
        self.keyring.identify(key, Some(&master_digest(MASTER)), now_ms).await.map_err(|error| error.kind)
    }

    /// Asks as the master; gives status and body.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &str) -> (u16, Value) {
        self.ask_as(Some(Caller::Master(hash_of(MASTER))), method, path, body).await
    }

    pub(crate) async fn ask_as(
        &self,
        caller: Option<Caller>,
        method: Method,
        path: &str,
        body: &str,
    ) -> (u16, Value) {
        let request =
            Request::builder().method(method).uri(path).body(Bytes::copy_from_slice(body.as_bytes()));
        let request = request.unwrap();
        let route = find(request.method(), request.uri().path()).unwrap().route;
        let granted = match self.directory.grant(route, caller).await {
            Ok(granted) => granted,
            Err(error) => return (error.status(), serde_json::to_value(Refusal::of(&error)).unwrap()),
        };
        let response = self.admin.answer(request, granted).await;
        assert_eq!(response.headers().get("content-type").unwrap(), "application/json");
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
    }

    /// Posts as the master and expects success.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Value {
        let (status, answer) = self.ask(Method::POST, path, body).await;
        assert_eq!(status, 200, "{path} {body}: {answer}");
        answer
    }

    /// Gets as the master and expects success.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(Method::GET, path, "").await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// A new key's secret.
    pub(crate) async fn key(&self, body: &str) -> String {
        text(&self.post("/key/generate", body).await, "key")
    }
}

pub(crate) fn text(answer: &Value, field: &str) -> String {
    answer.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}
