//! A gateway under test, and what it says of its books.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use weighhouse_storage::{LedgerFilter, LedgerRow, Location, Store};
use weighhouse_testkit::fake_openai::FakeProvider;
use weighhouse_testkit::http::{self, Reply, Request};
use weighhouse_testkit::process::ServerProcess;
use weighhouse_testkit::services;
use weighhouse_testkit::temp_dir::TempDir;
use weighhouse_types::Nanos;

use crate::options::Database;

const MASTER_KEY: &str = "sk-fault-master-4a7d0c52e9b1";
/// What must come to pass does so within this time.
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// The most rows that one question to a ledger gives.
const MOST_ROWS: usize = 10_000;
/// A hundred times dearer than usual, so that a dollar is soon spent: dollars a token, and pico-dollars.
const INPUT: (f64, i128) = (0.000_1, 100_000_000);
const OUTPUT: (f64, i128) = (0.000_2, 200_000_000);

/// What a house is started with.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    program: PathBuf,
    config: Value,
    data: PathBuf,
    /// Variables of the environment beside the master key.
    pub(crate) variables: Vec<(String, String)>,
}

/// A running gateway; it is killed with this value.
pub(crate) struct House {
    pub(crate) process: ServerProcess,
    pub(crate) address: SocketAddr,
    plan: Plan,
    base: Base,
}

/// What outlives the process: its directory and its database.
pub(crate) struct Base {
    pub(crate) dir: TempDir,
    location: Location,
    _database: Option<services::Database>,
}

/// A deployment of a fake at the fakes' price.
pub(crate) fn deployment(group: &str, fake: &FakeProvider, more: &Value) -> Value {
    fake.price(INPUT.1, OUTPUT.1);
    let mut params = json!({
        "model": format!("openai/{group}-upstream"), "api_base": fake.base_url(), "api_key": "sk-of-the-fake",
        "input_cost_per_token": INPUT.0, "output_cost_per_token": OUTPUT.0,
    });
    if let (Some(params), Some(more)) = (params.as_object_mut(), more.as_object()) {
        params.extend(more.clone());
    }
    json!({"model_name": group, "litellm_params": params})
}

impl Base {
    pub(crate) fn new(database: Database) -> Self {
        let dir = TempDir::new("fault");
        match database {
            Database::Sqlite => {
                let location = Location::Sqlite(dir.path().join("data/weighhouse.db"));
                Self { dir, location, _database: None }
            }
            Database::Postgres => {
                let database = services::Postgres::database();
                let location = Location::Postgres(database.url().to_owned());
                Self { dir, location, _database: Some(database) }
            }
        }
    }

    /// A plan over this base; `config` is a `config.yaml`, but for what the base knows.
    pub(crate) fn plan(&self, program: &Path, mut config: Value) -> Plan {
        config["general_settings"]["master_key"] = json!(MASTER_KEY);
        if let Location::Postgres(url) = &self.location {
            config["general_settings"]["database_url"] = json!(url);
        }
        let data = self.dir.path().join("data");
        Plan { program: program.to_owned(), config, data, variables: Vec::new() }
    }
}

impl Plan {
    /// Starts the program; it may not come up.
    pub(crate) fn spawn(&self, dir: &TempDir) -> Result<ServerProcess> {
        // JSON is YAML.
        let config = dir.file("config.yaml", &format!("{:#}\n", self.config));
        let shown = |path: &Path| path.to_string_lossy().into_owned();
        let words = [
            "--config",
            &shown(&config),
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--workers",
            "2",
            "--data-dir",
            &shown(&self.data),
        ];
        let program = self.program.canonicalize().context("the gateway's binary is gone")?;
        let variables: Vec<_> =
            self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Ok(ServerProcess::start(&program, &words, &variables))
    }
}

impl House {
    /// Starts a house and waits until it listens.
    pub(crate) fn start(plan: Plan, base: Base) -> Result<Self> {
        let process = plan.spawn(&base.dir)?;
        let address = listens(&process)?;
        Ok(Self { process, address, plan, base })
    }

    /// Starts it again over the same data, once it has ended; gives how long it took until it took calls.
    pub(crate) fn again(self) -> Result<(Self, Duration)> {
        let (plan, base) = self.ended();
        let begun = Instant::now();
        let house = Self::start(plan, base)?;
        Ok((house, begun.elapsed()))
    }

    /// Another process over the same data, which may not come up.
    pub(crate) fn start_again(&self) -> Result<ServerProcess> {
        self.plan.spawn(&self.base.dir)
    }

    /// What is left of a house whose process has ended, or ends now.
    pub(crate) fn ended(self) -> (Plan, Base) {
        let Self { process, plan, base, .. } = self;
        process.kill();
        process.wait_for_exit(SOON);
        (plan, base)
    }

    /// Asks with the master key; the answer must be good.
    pub(crate) fn ask(&self, request: &Request) -> Result<Value> {
        let reply =
            http::send(self.address, &request.clone().bearer(MASTER_KEY)).context("the house is silent")?;
        ensure!(reply.status() == 200, "status {}: {}", reply.status(), reply.text());
        serde_json::from_slice(&reply.body).context("an answer that is no JSON")
    }

    pub(crate) fn admin(&self, path: &str, body: &Value) -> Result<Value> {
        self.ask(&Request::post(path, body)).with_context(|| format!("POST {path} {body}"))
    }

    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        self.ask(&Request::get(path)).with_context(|| format!("GET {path}"))
    }

    /// Makes a virtual key.
    pub(crate) fn key(&self, settings: &Value) -> Result<String> {
        let made = self.admin("/key/generate", settings)?;
        Ok(made["key"].as_str().context("/key/generate gave no key")?.to_owned())
    }

    /// A chat turn, whole.
    pub(crate) fn chat(&self, secret: &str, body: &Value) -> Result<Reply> {
        let request = Request::post("/v1/chat/completions", body).bearer(secret);
        http::send(self.address, &request).context("the house is silent")
    }

    /// The rows of a key.
    pub(crate) fn rows(&self, secret: &str) -> Result<Vec<Value>> {
        let rows = self.get(&format!("/spend/logs?api_key={secret}"))?;
        let rows = rows.as_array().cloned().context("/spend/logs gave no list")?;
        ensure!(rows.len() < MOST_ROWS, "a key has more rows than one answer gives: shorten the run");
        Ok(rows)
    }

    /// What a key has spent.
    pub(crate) fn spent(&self, secret: &str) -> Result<Nanos> {
        nanos(&self.get(&format!("/key/info?key={secret}"))?["info"]["spend"])
    }

    /// The number of rows in the ledger; its books must be in order.
    pub(crate) fn verified(&self) -> Result<u64> {
        let audit = self.get("/ledger/verify")?;
        let is_clean = audit["wrong"] == json!([]) && audit["wrong_days"] == json!([]);
        ensure!(is_clean, "/ledger/verify: {audit}");
        audit["rows"].as_u64().context("/ledger/verify tells no rows")
    }

    /// The sum of a gauge's or counter's series.
    pub(crate) fn metric(&self, name: &str) -> Result<f64> {
        let reply = http::send(self.address, &Request::get("/metrics").bearer(MASTER_KEY))?;
        ensure!(reply.status() == 200, "/metrics: status {}", reply.status());
        let text = reply.text();
        let of_name = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        let found: Vec<f64> =
            text.lines().filter(of_name).filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
        ensure!(!found.is_empty(), "/metrics has no {name}");
        Ok(found.iter().sum())
    }

    /// Waits until the rows of a key, its spend and what was billed for it are one sum, and gives the rows.
    pub(crate) fn agreed(&self, secret: &str, billed: impl Fn() -> Nanos) -> Result<Vec<Value>> {
        let deadline = Instant::now() + SOON;
        loop {
            let (bill, spent) = (billed(), self.spent(secret)?);
            // The rows are many, so they are only read where the sums agree.
            if bill == spent || Instant::now() > deadline {
                let rows = self.rows(secret)?;
                let ledger = sum(&rows)?;
                if bill == spent && ledger == bill {
                    return Ok(rows);
                }
                if Instant::now() > deadline {
                    bail!("bill {bill}, ledger {ledger}, key {spent}: they never agreed");
                }
            }
            pause();
        }
    }

    /// Where the ledger is.
    pub(crate) fn location(&self) -> &Location {
        &self.base.location
    }

    /// The directory of this run.
    pub(crate) fn dir(&self) -> &Path {
        self.base.dir.path()
    }

    /// A panic of the program is a defect whatever the books say.
    pub(crate) fn never_panicked(&self) -> Result<()> {
        let lines = self.process.lines();
        let panicked: Vec<_> = lines.iter().filter(|line| line.contains("panicked")).collect();
        ensure!(panicked.is_empty(), "the gateway panicked: {panicked:?}");
        Ok(())
    }
}

/// The rows of a ledger, by the store's own hand: they name the accounts that were charged.
pub(crate) fn ledger(location: &Location) -> Result<Vec<LedgerRow>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(location).await?;
        let rows = store.ledger(&LedgerFilter { limit: u32::MAX, ..LedgerFilter::default() }).await?;
        store.close().await?;
        Ok(rows)
    })
}

fn listens(process: &ServerProcess) -> Result<SocketAddr> {
    let line = process.wait_for_line(|line| line.contains(" listens on http://"), SOON);
    line.rsplit("http://").next().and_then(|text| text.parse().ok()).context("the house names no address")
}

/// Dollars of a JSON number; up to millions of dollars a float names each nano-dollar.
pub(crate) fn nanos(dollars: &Value) -> Result<Nanos> {
    let dollars = dollars.as_f64().with_context(|| format!("{dollars} is no amount"))?;
    Nanos::from_usd(dollars).map_err(|error| anyhow::anyhow!("{dollars}: {error}"))
}

/// What rows sum to.
pub(crate) fn sum(rows: &[Value]) -> Result<Nanos> {
    rows.iter().try_fold(Nanos::ZERO, |sum, row| Ok(sum + nanos(&row["spend"])?))
}

/// What fakes have billed together, and for how many calls.
pub(crate) fn billed(fakes: &[&FakeProvider]) -> (Nanos, usize) {
    fakes
        .iter()
        .map(|fake| fake.billed())
        .fold((Nanos::ZERO, 0), |(sum, count), (total, calls)| (sum + total, count + calls))
}

/// Rows that cost something.
pub(crate) fn paid(rows: &[Value]) -> usize {
    rows.iter().filter(|row| row["spend"].as_f64().is_some_and(|spend| spend > 0.0)).count()
}

/// No attempt may have two rows.
pub(crate) fn each_once(rows: &[Value]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for row in rows {
        let attempt = (row["litellm_call_id"].to_string(), row["metadata"]["attempt"].to_string());
        ensure!(seen.insert(attempt.clone()), "two rows of attempt {attempt:?}");
    }
    Ok(())
}

/// Asks again and again until there is an answer.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(found) = ask()? {
            return Ok(found);
        }
        ensure!(Instant::now() < deadline, "not within {SOON:?}: {what}");
        pause();
    }
}

fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}
