//! Puts the rooms together and runs them until told to stop.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use prometheus::Registry;
use secrecy::{ExposeSecret, SecretString};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use weighhouse_admin::Admin;
use weighhouse_auth::{Directory, Keyring};
use weighhouse_config::{Environment, ProcessEnvironment};
use weighhouse_metering::{LedgerOptions, Meter};
use weighhouse_server::{Clock, House, Metrics, bind, run_worker};
use weighhouse_storage::{Location, Store};
use weighhouse_telemetry::{LogFormat, LogOptions, start_log};

use crate::admin_key;
use crate::arguments::Arguments;
use crate::banner::{greet, say};
use crate::control::Control;
use crate::housekeeping::{StopSignals, follow_changes, follow_config};
use crate::in_force::OfHouse;
use crate::journal;
use crate::settings::{self, Read, Source};

/// Time for the ledger's last rows once all calls are done.
const FLUSH: Duration = Duration::from_secs(10);

/// Runs the gateway.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let variable = |name: &str| ProcessEnvironment.var(name);
    let is_json = variable("JSON_LOGS").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let format = if is_json { LogFormat::Json } else { LogFormat::Text };
    start_log(&LogOptions { level: variable("LITELLM_LOG"), format }).map_err(anyhow::Error::msg)?;

    let dir = admin_key::data_dir(arguments.data_dir.as_deref(), variable);
    let mut source = Source { config: arguments.config.clone(), kept_key: None };
    let mut read = settings::read(&source)?;
    if !read.has_own_key {
        admin_key::make_dir(&dir)?;
        source.kept_key = Some(admin_key::kept_or_new(&dir)?);
        read = settings::read(&source)?;
    }
    read.findings.iter().for_each(|finding| say(finding));
    let location = match &read.database_url {
        Some(url) => Location::parse(url.expose_secret())?,
        None => {
            admin_key::make_dir(&dir)?;
            Location::Sqlite(dir.join("weighhouse.db"))
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(arguments, source, read, location, &dir))
}

async fn serve(
    arguments: &Arguments,
    source: Source,
    read: Read,
    location: Location,
    dir: &Path,
) -> anyhow::Result<()> {
    let store = Store::open(&location).await.context("the store cannot be opened")?;
    let without_rows = read.without_spend_logs;
    // Without rows the store cannot tell what it was told before, and so nothing can be replayed.
    let journal = if without_rows { None } else { Some(journal::open(dir, &store).await?) };
    let zone = read.rules.zone.clone();
    let (meter, writer) =
        Meter::new(Arc::new(store.clone()), LedgerOptions { without_rows }, read.rules, journal.clone());
    let clock = Clock::new();
    let keyring = Keyring::new(store.clone());
    let now_ms = move || clock.now().unix_ms;
    let directory = Directory::new(store.clone());
    let admin = Admin::new(store.clone(), keyring.clone(), directory.clone(), zone, now_ms);
    let admin = Arc::new(admin);
    let registry = Registry::new();
    let metrics = Metrics::register(&registry)?;
    let model = read.snapshot.table.names().next().unwrap_or("echo").to_owned();
    let house = House::new(
        read.snapshot,
        clock,
        store.clone(),
        (keyring, directory),
        meter,
        (metrics, registry),
        Arc::new(Control(Arc::clone(&admin))),
    );
    let house = Arc::new(house);
    admin.ask_of(Arc::new(OfHouse(Arc::downgrade(&house))));

    // Listened for before anybody can know that we are here: an early signal must not kill us.
    let stop_signals = StopSignals::listen()?;
    let hangups = signal(SignalKind::hangup())?;
    let changes = store.changes();
    let address = SocketAddr::new(arguments.host.unwrap_or_else(|| default_host(&source)), arguments.port);
    let workers = arguments
        .workers
        .unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
        .clamp(1, 256);
    let listeners = bind(address, workers)?;
    let bound = listeners.first().context("no listener")?.local_addr()?;
    let (stop, stopping) = watch::channel(false);
    let threads: Vec<_> = listeners
        .into_iter()
        .enumerate()
        .map(|(number, listener)| {
            let (house, stopping) = (Arc::clone(&house), stopping.clone());
            thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || run_worker(house, listener, stopping))
        })
        .collect::<Result<_, _>>()?;
    let ledger = tokio::spawn(writer.run(stopping.clone()));
    let syncing = journal.map(|journal| tokio::spawn(journal::keep_synced(journal)));
    let feed = tokio::spawn(follow_changes(Arc::clone(&house), changes));
    let following = follow_config(Arc::clone(&house), source.clone(), read.watched, hangups);
    let config = source.config.is_some().then(|| tokio::spawn(following));
    greet(bound, source.kept_key.as_ref().map(SecretString::expose_secret), &model);

    stop_signals.told().await;
    house.drain();
    stop.send_replace(true);
    let joined = tokio::task::spawn_blocking(move || {
        threads.into_iter().map(thread::JoinHandle::join).all(|end| matches!(end, Ok(Ok(()))))
    });
    let was_clean = joined.await?;
    feed.abort();
    if let Some(config) = config {
        config.abort();
    }
    drop(house);
    let left = tokio::time::timeout(FLUSH, ledger)
        .await
        .context("the ledger's last rows could not be written in time")??;
    if let Some(syncing) = syncing {
        syncing.abort();
    }
    store.close().await?;
    anyhow::ensure!(left == 0, "{left} rows of the ledger could not be written");
    anyhow::ensure!(was_clean, "a worker ended in a panic or could not run");
    Ok(())
}

/// Without a config nobody else is meant to reach it; with one, containers are.
const fn default_host(source: &Source) -> IpAddr {
    match source.config {
        Some(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        None => IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}
