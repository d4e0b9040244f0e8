//! A running gateway.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weighhouse_testkit::fake_openai::FakeProvider;
use weighhouse_testkit::http::{self, Request};
use weighhouse_testkit::process::ServerProcess;
use weighhouse_testkit::services::Database;
use weighhouse_testkit::temp_dir::TempDir;
use weighhouse_types::Nanos;

use super::answer::{Answer, nanos};
use super::config::priced;
use super::key::Key;

/// The master key of every house that has a config.
pub(crate) const MASTER_KEY: &str = "sk-master-5f3a9c17e2b84d60";
/// What must come to pass does so within this time.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A running gateway; it is killed, and its directory goes away, with this value.
pub(crate) struct House {
    process: ServerProcess,
    address: SocketAddr,
    master: String,
    dir: TempDir,
}

impl House {
    /// A house whose model `m` is the fake, at the fake's prices and without retries.
    pub(crate) fn before(fake: &FakeProvider) -> Self {
        Self::with(&format!("model_list:\n{}router_settings: {{num_retries: 0}}\n", priced("m", fake, "")))
    }

    /// A house with a config.
    pub(crate) fn with(config: &str) -> Self {
        Self::in_dir(TempDir::new("story"), config)
    }

    /// A house over a database of its own or one that it shares with others. The config says where it is.
    pub(crate) fn over(database: &Database, fake: &FakeProvider) -> Self {
        let url = database.url();
        Self::with(&format!(
            "model_list:\n{}general_settings: {{database_url: \"{url}\"}}\nrouter_settings: {{num_retries: 0}}\n",
            priced("m", fake, "")
        ))
    }

    fn in_dir(dir: TempDir, config: &str) -> Self {
        let path = dir.file("config.yaml", config);
        let args = ["--config", path.to_str().unwrap()];
        let process = start(&dir, &args, &[("LITELLM_MASTER_KEY", MASTER_KEY)]);
        let address = listens_on(&process);
        // A story about a setting that has no effect would tell nothing.
        let findings: Vec<_> =
            process.lines().into_iter().filter(|line| line.contains("warning: ")).collect();
        assert!(findings.is_empty(), "the story's config is not in order: {findings:?}");
        Self { process, address, master: MASTER_KEY.into(), dir }
    }

    /// A house without a config: the quick start.
    pub(crate) fn quick() -> Self {
        Self::quick_in(TempDir::new("quick"))
    }

    fn quick_in(dir: TempDir) -> Self {
        let process = start(&dir, &[], &[]);
        let address = listens_on(&process);
        let key = process.wait_for_line(|line| line.starts_with("Admin key: "), SOON);
        let master = key.strip_prefix("Admin key: ").unwrap().to_owned();
        Self { process, address, master, dir }
    }

    /// Starts a house anew that was killed, over the same data.
    pub(crate) fn risen(self) -> Self {
        self.process.wait_for_exit(SOON);
        self.started_anew()
    }

    /// Ends the house in peace and starts it anew over the same data.
    pub(crate) fn restarted(self) -> Self {
        self.process.terminate();
        let status = self.process.wait_for_exit(SOON);
        assert!(status.success(), "it ended with {status}: {:?}", self.process.lines());
        self.started_anew()
    }

    /// Starts a house that has ended anew over the same data.
    pub(crate) fn started_anew(self) -> Self {
        let Self { process, dir, .. } = self;
        drop(process);
        match std::fs::read_to_string(dir.path().join("config.yaml")) {
            Ok(config) => Self::in_dir(dir, &config),
            Err(_) => Self::quick_in(dir),
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The program, to be signalled.
    pub(crate) fn process(&self) -> &ServerProcess {
        &self.process
    }

    /// A file of its data directory.
    pub(crate) fn data_file(&self, name: &str) -> PathBuf {
        self.dir.path().join("data").join(name)
    }

    /// Writes another config where the house finds its own.
    pub(crate) fn rewrite_config(&self, config: &str) {
        let fresh = self.dir.file("config.new", config);
        std::fs::rename(fresh, self.dir.path().join("config.yaml")).unwrap();
    }

    /// Waits until it has said something with these words in it.
    pub(crate) fn says(&self, words: &str) -> String {
        self.process.wait_for_line(|line| line.contains(words), SOON)
    }

    /// The master key.
    pub(crate) fn master(&self) -> Key<'_> {
        Key::new(self, &self.master)
    }

    /// A key that the house may or may not know.
    pub(crate) fn shown(&self, secret: &str) -> Key<'_> {
        Key::new(self, secret)
    }

    /// Makes a virtual key.
    #[track_caller]
    pub(crate) fn key(&self, settings: Value) -> Key<'_> {
        let made = self.admin("/key/generate", settings).answered();
        Key::new(self, made["key"].as_str().unwrap())
    }

    /// Asks an admin route with the master key.
    #[track_caller]
    pub(crate) fn admin(&self, path: &str, body: Value) -> Answer {
        self.master().post(path, &body)
    }

    /// What the house knows of a key.
    #[track_caller]
    pub(crate) fn info(&self, key: &Key<'_>) -> Value {
        self.master().get(&format!("/key/info?key={}", key.secret())).answered()["info"].clone()
    }

    /// Sends a request as it is, without a key of ours.
    #[track_caller]
    pub(crate) fn send(&self, request: &Request) -> Answer {
        Answer::new(http::send(self.address, request).expect("the house answers"))
    }

    /// The rows of the ledger.
    #[track_caller]
    pub(crate) fn rows(&self) -> Vec<Value> {
        self.master().get("/spend/logs").answered().as_array().unwrap().clone()
    }

    /// Waits until the ledger has so many rows.
    #[track_caller]
    pub(crate) fn await_rows(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} rows in the ledger"), || {
            let rows = self.rows();
            assert!(rows.len() <= count, "{} rows, not {count}: {}", rows.len(), json!(rows));
            (rows.len() == count).then_some(rows)
        })
    }

    /// The sum of the ledger's rows.
    #[track_caller]
    pub(crate) fn ledger_sum(&self) -> Nanos {
        self.rows().iter().map(|row| nanos(&row["spend"])).fold(Nanos::ZERO, |sum, next| sum + next)
    }

    /// What a key has spent, as the store has it.
    #[track_caller]
    pub(crate) fn spent(&self, key: &Key<'_>) -> Nanos {
        nanos(&self.info(key)["spend"])
    }

    /// The value of a metric; labels are matched as they are written, and several series add up.
    #[track_caller]
    pub(crate) fn metric(&self, name: &str, label: &str) -> f64 {
        let text = self.master().get("/metrics").whole(200).text();
        let of_name = |line: &&str| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])) && line.contains(label)
        };
        text.lines()
            .filter(of_name)
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    }
}

fn start(dir: &TempDir, args: &[&str], env: &[(&str, &str)]) -> ServerProcess {
    let data = dir.path().join("data");
    let mut all = vec!["--host", "127.0.0.1", "--port", "0", "--workers", "2", "--data-dir"];
    all.push(data.to_str().unwrap());
    all.extend_from_slice(args);
    ServerProcess::start(&gateway_program(), &all, env)
}

fn listens_on(process: &ServerProcess) -> SocketAddr {
    let line = process.wait_for_line(|line| line.contains(" listens on http://"), SOON);
    line.rsplit("http://").next().unwrap().parse().expect("an address")
}

/// The gateway under test: `WEIGHHOUSE_GATEWAY`, else the one that cargo built.
pub(crate) fn gateway_program() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the edge of the stories: which program is told")]
    let named = std::env::var_os("WEIGHHOUSE_GATEWAY");
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/gateway");
    let program = named.map_or_else(built, PathBuf::from);
    assert!(program.exists(), "{} is not there: cargo build -p gateway", program.display());
    program
}

/// Asks again and again until there is an answer.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {SOON:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}
