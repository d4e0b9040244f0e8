//! Calls that are given up at random points leave no place and no money behind.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_testkit::http::Connection;

use crate::clients::{bytes, chat, is_silence};
use crate::dice::Dice;
use crate::house::{Base, House, deployment};
use crate::options::{Database, Options};
use crate::table::{Row, Table};

/// What must be zero.
const GAUGES: [&str; 2] = ["weighhouse_slots_in_use", "weighhouse_held_nanodollars"];
/// How soon.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Several, so that the machine's ports last: connections that the house gives up keep theirs for a while.
const FAKES: usize = 4;
/// Where calls are given up.
const POINTS: [&str; 4] = ["before the body ends", "before the answer", "in mid-stream", "at its end"];

pub(crate) fn run(options: &Options, database: Database, table: &mut Table) -> Result<()> {
    let (begun, calls) = (Instant::now(), options.runs(100_000));
    let fakes: Vec<FakeProvider> = (0..FAKES).map(|_| FakeProvider::start()).collect();
    for fake in &fakes {
        fake.set_default(
            Script::default()
                .tokens(12)
                .latency(Duration::from_millis(1))
                .chunk_pace(Duration::from_micros(500)),
        );
    }
    let models: Vec<Value> = fakes.iter().map(|fake| deployment("m", fake, &json!({}))).collect();
    let base = Base::new(database);
    let config = json!({"model_list": models, "router_settings": {"num_retries": 1, "retry_after": 0}});
    let house = House::start(base.plan(&options.gateway, config), base)?;
    house.admin(
        "/team/new",
        &json!({"team_id": "crew", "max_budget": 50_000.0, "max_parallel_requests": 5_000}),
    )?;
    // Some hold all the money they have in one call, so that others wait for it and give up waiting.
    let keys = [
        house.key(&json!({"team_id": "crew", "max_budget": 50_000.0, "max_parallel_requests": 1_000}))?,
        house.key(&json!({"team_id": "crew", "max_budget": 50_000.0}))?,
        house.key(&json!({"team_id": "crew", "max_budget": 0.3}))?,
        house.key(&json!({"max_parallel_requests": 6}))?,
    ];
    let peak = AtomicU64::new(0);
    let reached = give_up_all(&house, &keys, (calls, options.clients(64), options.seed), &peak)?;
    let settled = empties(&house)?;
    // A gauge that never moves would tell nothing.
    ensure!(peak.load(Ordering::Relaxed) > 0, "no slot was ever seen in use");
    house.never_panicked()?;
    let rows = house.verified()?;
    let mut row = Row::default().with("database", database.name()).with("calls given up", calls);
    for (point, count) in POINTS.iter().zip(&reached) {
        let count = count.load(Ordering::Relaxed);
        ensure!(count > 0, "none of {calls} calls was given up {point}: a longer run comes to each point");
        row = row.with(point, count);
    }
    table.push(
        row.with("attempts in the ledger", rows)
            .with("slots in use, at most", peak.load(Ordering::Relaxed))
            .with("slots after", 0)
            .with("held after", "0 $")
            .with("after at most", format!("{settled:.0?}"))
            .with("time", format!("{:.0?}", begun.elapsed())),
    );
    Ok(())
}

/// Gives up so many calls; gives how many at each point.
fn give_up_all(
    house: &House,
    keys: &[String],
    (calls, clients, seed): (u64, u64, u64),
    peak: &AtomicU64,
) -> Result<[AtomicU64; 4]> {
    let (next, reached) = (AtomicU64::new(0), [const { AtomicU64::new(0) }; 4]);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|_| {
                let (next, reached) = (&next, &reached);
                scope.spawn(move || {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= calls {
                            return Ok(());
                        }
                        let mut dice = Dice::of(seed, number);
                        let point = give_up(house.address, keys, &mut dice)?;
                        reached[point].fetch_add(1, Ordering::Relaxed);
                        if number % 100 == 50 {
                            peak.fetch_max(house.metric(GAUGES[0])? as u64, Ordering::Relaxed);
                        }
                        if number % 20_000 == 0 && number > 0 {
                            eprintln!("{number} of {calls} calls given up");
                        }
                    }
                })
            })
            .collect();
        clients.into_iter().try_for_each(|client| match client.join() {
            Ok(done) => done,
            Err(_) => bail!("a client panicked"),
        })
    })?;
    Ok(reached)
}

/// One call, given up somewhere: the place in [`POINTS`].
fn give_up(address: SocketAddr, keys: &[String], dice: &mut Dice) -> Result<usize> {
    let mut body = chat("m", &"x".repeat(usize::try_from(dice.between(1, 200))?));
    let is_stream = !dice.once_in(3);
    body["stream"] = json!(is_stream);
    body["max_tokens"] = json!(dice.between(4, 20));
    let secret: &String = dice.pick(keys);
    let request = bytes(secret, &body);
    let mut connection = Connection::open(address)?;
    let asked = dice.below(4);
    let sent = if asked == 0 { dice.below(request.len() as u64) } else { request.len() as u64 };
    connection.write(request.get(..usize::try_from(sent)?).unwrap_or_default())?;
    let point = match asked {
        0 => 0,
        1 => wait_a_little(&mut connection, dice)?,
        _ if !is_stream => wait_a_little(&mut connection, dice)?,
        _ => read_a_little(&mut connection, dice.below(16))?,
    };
    // A reset mostly, as killed clients do it: ends in order would use up the machine's ports.
    if dice.once_in(8) {
        drop(connection)
    } else {
        connection.abort()
    }
    Ok(point)
}

/// Waits for the answer for up to some milliseconds.
fn wait_a_little(connection: &mut Connection, dice: &mut Dice) -> Result<usize> {
    connection.set_patience(Duration::from_micros(dice.between(1, 4_000)))?;
    match connection.head() {
        Ok(_) => Ok(3),
        Err(error) if is_silence(&error) => Ok(1),
        // A house that closes a connection after the end of an answer of its own.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(3),
        Err(error) => Err(error.into()),
    }
}

/// Reads so many events of a stream.
fn read_a_little(connection: &mut Connection, events: u64) -> Result<usize> {
    if connection.head()?.status != 200 {
        return Ok(3);
    }
    for _ in 0..events {
        if connection.event()?.is_none() {
            return Ok(3);
        }
    }
    Ok(2)
}

/// How long it takes until nothing is held any more.
fn empties(house: &House) -> Result<Duration> {
    let begun = Instant::now();
    loop {
        let left = [house.metric(GAUGES[0])?, house.metric(GAUGES[1])?];
        if left == [0.0, 0.0] {
            return Ok(begun.elapsed());
        }
        ensure!(
            begun.elapsed() < AT_ONCE,
            "after {AT_ONCE:?} there are {} slots and {} $e-9 left",
            left[0],
            left[1]
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
