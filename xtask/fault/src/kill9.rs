//! `kill -9` under load, again and again over the same data.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_types::Nanos;

use crate::clients::{self, chat};
use crate::dice::Dice;
use crate::house::{Base, House, SOON, billed, deployment, each_once, eventually, paid, sum};
use crate::options::{Database, Options};
use crate::table::{Row, Table};

const LIMIT: Nanos = Nanos::dollars(5);

#[derive(Default)]
struct Figures {
    settled: usize,
    unfinished: usize,
    rows: usize,
    billed: Nanos,
    booked: Nanos,
    longest: Duration,
}

pub(crate) fn run(options: &Options, database: Database, table: &mut Table) -> Result<()> {
    let (fake, begun, kills) = (FakeProvider::start(), Instant::now(), options.runs(100));
    fake.set_default(Script::default().tokens(20).chunk_pace(Duration::from_millis(2)));
    let base = Base::new(database);
    let config =
        json!({"model_list": [deployment("m", &fake, &json!({}))], "router_settings": {"num_retries": 0}});
    let mut house = House::start(base.plan(&options.gateway, config), base)?;
    house.admin("/team/new", &json!({"team_id": "crew", "max_budget": 100_000.0}))?;
    let mut figures = Figures::default();
    for number in 0..kills {
        let seed = options.seed.wrapping_add(number);
        house = kill(house, &fake, options.clients(16), seed, &mut figures)
            .with_context(|| format!("kill {} (`--seed {seed} --runs 1`)", number + 1))?;
        if (number + 1) % 20 == 0 {
            eprintln!("{}: {} of {kills} kills, {:.0?}", database.name(), number + 1, begun.elapsed());
        }
    }
    table.push(
        Row::default()
            .with("database", database.name())
            .with("kills", kills)
            .with("attempts in the ledger", figures.rows)
            .with("answers that clients had whole", figures.settled)
            .with("of them without their row", 0)
            .with("attempts with two rows", 0)
            .with("without an end, booked by their hold", figures.unfinished)
            .with("billed", figures.billed)
            .with("booked", figures.booked)
            .with("longest until all was resolved", format!("{:.2?}", figures.longest))
            .with("time", format!("{:.0?}", begun.elapsed())),
    );
    Ok(())
}

/// One storm, one kill, one start, and what the books say then.
fn kill(house: House, fake: &FakeProvider, clients: u64, seed: u64, figures: &mut Figures) -> Result<House> {
    let secret = house.key(&json!({"team_id": "crew", "max_budget": 5.0}))?;
    let (bill_before, calls_before) = fake.billed();
    let had = storm(&house, &secret, fake, clients, seed)?;
    house.process.wait_for_exit(SOON);
    // The one that was under load: the next one has seen nothing yet.
    house.never_panicked()?;
    // What was on its way to clients that are gone is seen to be gone, and billed.
    eventually("the fake's connections are closed", || Ok((fake.open_connections() == 0).then_some(())))?;
    let (house, taken) = house.again()?;
    let resolved = Instant::now();
    let (bill, calls) = billed(&[fake]);
    let (bill, calls) = (bill - bill_before, calls - calls_before);
    // Everything was brought in before a call was taken, so nothing is waited for here.
    let rows = house.rows(&secret)?;
    let ledger = sum(&rows)?;
    each_once(&rows)?;
    ensure!(paid(&rows) >= calls, "{} rows for {calls} calls that were billed", paid(&rows));
    ensure!(ledger >= bill, "ledger {ledger}, bill {bill}");
    ensure!(ledger <= LIMIT, "{ledger} is booked for a budget of {LIMIT}");
    ensure!(house.spent(&secret)? == ledger, "the key says something else than its rows: {ledger}");
    let settled = settled_ids(&rows)?;
    let lost: Vec<_> = had.iter().filter(|id| !settled.contains(id.as_str())).collect();
    ensure!(lost.is_empty(), "clients have answers that the ledger does not know: {lost:?}");
    house.verified()?;
    house.never_panicked()?;
    let longest = taken + resolved.elapsed();
    ensure!(longest < Duration::from_secs(30), "all was resolved only after {longest:?}");
    figures.settled += had.len();
    figures.unfinished += rows.iter().filter(|row| row["status"] == "failure").count();
    figures.rows += rows.len();
    figures.billed += bill;
    figures.booked += ledger;
    figures.longest = figures.longest.max(longest);
    Ok(house)
}

/// The ids of answers whose attempts came to a good end; none may stand in two rows.
fn settled_ids(rows: &[Value]) -> Result<BTreeSet<&str>> {
    let mut ids = BTreeSet::new();
    for row in rows.iter().filter(|row| row["status"] == "success") {
        let id = row["request_id"].as_str().unwrap_or_default();
        ensure!(ids.insert(id), "two rows of the answer {id}");
    }
    Ok(ids)
}

/// Calls until the house is dead; gives the ids of the answers that clients had whole.
fn storm(house: &House, secret: &str, fake: &FakeProvider, clients: u64, seed: u64) -> Result<Vec<String>> {
    let is_over = AtomicBool::new(false);
    let (seen, many) = (fake.seen(), Dice::of(seed, 0).between(10, 120));
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|number| {
                let is_over = &is_over;
                scope.spawn(move || {
                    let (mut dice, mut had) = (Dice::of(seed, number + 1), Vec::new());
                    while !is_over.load(Ordering::Relaxed) {
                        let mut body =
                            chat("m", &"x".repeat(usize::try_from(dice.between(1, 60)).unwrap_or(1)));
                        body["max_tokens"] = json!(dice.between(10, 30));
                        // Whoever is cut off tries again, as clients do.
                        let done = match dice.below(3) {
                            0 => clients::whole(house.address, secret, &body),
                            1 => clients::stream(house.address, secret, body, usize::MAX),
                            _ => clients::stream(house.address, secret, body, 3),
                        };
                        had.extend(done.ok().and_then(|(_, id)| id));
                    }
                    had
                })
            })
            .collect();
        let begun = eventually("calls are in flight", || Ok((fake.seen() > seen + many).then_some(())));
        house.process.kill();
        is_over.store(true, Ordering::Relaxed);
        begun?;
        let mut had = Vec::new();
        for client in clients {
            had.extend(client.join().map_err(|_| anyhow::anyhow!("a client panicked"))?);
        }
        Ok(had)
    })
}
