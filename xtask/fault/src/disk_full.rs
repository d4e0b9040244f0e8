//! No space left for the journal, and space again.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_testkit::http::{self, Request};

use crate::clients::chat;
use crate::house::{Base, House, SOON, billed, deployment, each_once, eventually, paid, sum};
use crate::options::{Database, Options};
use crate::table::{Row, Table};

/// Room for an empty database with its log, and for a journal of some thousand attempts.
const MEGABYTES: u32 = 24;
/// Calls that are asked while there is no space.
const REFUSALS: usize = 50;
/// Words of the refusal.
const WORDS: &str = "the disk may be full";

/// A small filesystem of its own, unmounted with this value.
struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    fn mount(path: PathBuf) -> Result<Self> {
        fs::create_dir_all(&path)?;
        let size = format!("size={MEGABYTES}m");
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "weighhouse-fault"]).arg(&path).status();
        let is_there = done.as_ref().is_ok_and(std::process::ExitStatus::success);
        ensure!(is_there, "no tmpfs can be mounted on {}: this run needs root ({done:?})", path.display());
        Ok(Self { path })
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }

    /// Takes all space that is left.
    fn fill(&self) -> Result<()> {
        let mut file = File::options().create(true).append(true).open(self.ballast())?;
        for piece in [64 * 1024, 4 * 1024, 1] {
            let zeros = vec![0; piece];
            loop {
                match file.write(&zeros) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error).context("the ballast"),
                }
            }
        }
        Ok(())
    }

    fn free(&self) -> Result<()> {
        fs::remove_file(self.ballast()).context("the ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, because a gateway may still have files open there.
        let _left = Command::new("umount").arg("--lazy").arg(&self.path).status();
    }
}

#[derive(Default)]
struct Figures {
    calls: usize,
    refused: usize,
    longest: Duration,
}

pub(crate) fn run(options: &Options, database: Database, table: &mut Table) -> Result<()> {
    let (fake, begun, fillings) = (FakeProvider::start(), Instant::now(), options.runs(10));
    fake.set_default(Script::default().tokens(5));
    let base = Base::new(database);
    let disk = SmallDisk::mount(base.dir.path().join("data"))?;
    let config =
        json!({"model_list": [deployment("m", &fake, &json!({}))], "router_settings": {"num_retries": 0}});
    let mut house = House::start(base.plan(&options.gateway, config), base)?;
    let secret = house.key(&json!({"max_budget": 1_000.0}))?;
    let mut figures = Figures::default();
    for number in 0..fillings {
        fill_and_free(&house, &secret, &fake, &disk, options.clients(8), &mut figures)
            .with_context(|| format!("filling {}", number + 1))?;
        house.never_panicked()?;
    }
    let said = ends_and_says_why(&mut house, &disk)?;
    disk.free()?;
    let (house, _) = house.again()?;
    let rows = house.rows(&secret)?;
    let (bill, ledger) = (billed(&[&fake]).0, sum(&rows)?);
    ensure!(ledger == bill, "after the restart: ledger {ledger}, bill {bill}");
    house.verified()?;
    table.push(
        Row::default()
            .with("database", database.name())
            .with("fillings", fillings)
            .with("calls answered", figures.calls)
            .with("refused with 503", figures.refused)
            .with("sent while full", 0)
            .with("until calls went on", format!("{:.2?}", figures.longest))
            .with("ledger − bill", "0")
            .with("a start without space says", format!("`{said}`"))
            .with("time", format!("{:.0?}", begun.elapsed())),
    );
    drop(house);
    Ok(())
}

/// Under load the disk fills, stays full, and is emptied.
fn fill_and_free(
    house: &House,
    secret: &str,
    fake: &FakeProvider,
    disk: &SmallDisk,
    clients: u64,
    figures: &mut Figures,
) -> Result<()> {
    let (is_over, good, refused) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let request = Request::post("/v1/chat/completions", &chat("m", "weigh me")).bearer(secret);
    let call = || -> Result<bool> {
        let reply = http::send(house.address, &request).context("the house is silent")?;
        match reply.status() {
            200 => good.fetch_add(1, Ordering::Relaxed),
            503 if reply.text().contains(WORDS) => refused.fetch_add(1, Ordering::Relaxed),
            status => bail!("status {status}: {}", reply.text()),
        };
        Ok(reply.status() == 200)
    };
    std::thread::scope(|scope| {
        let load: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        call()?;
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        let filled =
            eventually("calls are answered", || Ok((good.load(Ordering::Relaxed) > 40).then_some(())))
                .and_then(|()| disk.fill())
                .and_then(|()| {
                    eventually(
                        "calls are refused",
                        || Ok((refused.load(Ordering::Relaxed) > 0).then_some(())),
                    )
                });
        is_over.store(true, Ordering::Relaxed);
        for client in load {
            client.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
        }
        filled
    })?;
    // What the last piece of a page still took is used up by now, or soon.
    eventually("nothing fits any more", || {
        disk.fill()?;
        Ok((!call()?).then_some(()))
    })?;
    let seen = fake.seen();
    for _ in 0..REFUSALS {
        ensure!(!call()?, "a call was answered without space for it");
    }
    ensure!(fake.seen() == seen, "{} calls were sent without space for them", fake.seen() - seen);
    disk.free()?;
    let freed = Instant::now();
    eventually("calls go on", || Ok(call()?.then_some(())))?;
    figures.longest = figures.longest.max(freed.elapsed());
    let rows = house.agreed(secret, || billed(&[fake]).0)?;
    let calls = billed(&[fake]).1;
    ensure!(paid(&rows) == calls, "{} rows for {calls} calls that were billed", paid(&rows));
    each_once(&rows)?;
    figures.calls += good.load(Ordering::Relaxed);
    figures.refused += refused.load(Ordering::Relaxed);
    Ok(())
}

/// The house ends without space, and another start says what is wrong; gives its last words.
fn ends_and_says_why(house: &mut House, disk: &SmallDisk) -> Result<String> {
    disk.fill()?;
    house.process.terminate();
    house.process.wait_for_exit(SOON);
    let process = house.start_again()?;
    let status = process.wait_for_exit(SOON);
    let lines = process.lines();
    let last = lines.iter().rev().find(|line| line.starts_with("gateway: ")).cloned().unwrap_or_default();
    ensure!(!status.success(), "it starts without space: {lines:?}");
    let names_space = ["space", "full"].iter().any(|word| last.contains(word));
    ensure!(names_space, "a start without space says `{last}`: {lines:?}");
    let short = last.replace(&*house.dir().to_string_lossy(), "…");
    Ok(short)
}
