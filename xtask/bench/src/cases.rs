//! The measurements. Each takes one target's turn of one round and adds its figures to the report.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::runtime::Runtime;

use crate::load::{Pool, Run, count};
use crate::options::Options;
use crate::processor::{Spent, memory_of};
use crate::report::{Report, Unit};
use crate::target::Target;

const SIZES: [(usize, &str, u64); 3] =
    [(1_024, "1 KB", 20_000), (10_240, "10 KB", 10_000), (102_400, "100 KB", 2_500)];
const CONNECTIONS: [usize; 2] = [8, 64];
const RATES: [u32; 3] = [200, 1_000, 2_000];
const SMALL: usize = 1_024;

/// A kind of measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Cpu,
    Latency,
    Stream,
    Rss,
    Start,
}

/// What all measurements share.
pub(crate) struct Scene<'a> {
    pub(crate) options: &'a Options,
    /// Content chunks of each stream.
    pub(crate) chunks: u64,
}

impl Case {
    pub(crate) const ALL: [Self; 5] = [Self::Cpu, Self::Latency, Self::Stream, Self::Rss, Self::Start];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Latency => "latency",
            Self::Stream => "stream",
            Self::Rss => "rss",
            Self::Start => "start",
        }
    }

    pub(crate) fn measure(
        self,
        scene: &Scene<'_>,
        target: &Target,
        runtime: &Runtime,
        report: &mut Report,
    ) -> Result<()> {
        match self {
            Self::Cpu => runtime.block_on(cpu(scene, target, report)),
            Self::Latency => runtime.block_on(latency(scene, target, report)),
            Self::Stream => runtime.block_on(stream(scene, target, report)),
            Self::Rss => rss(scene, target, runtime, report),
            Self::Start => start(scene, target, report),
        }
    }
}

/// A closed loop after a warm-up, and the time on the processor that the target spent on it.
async fn loaded(
    target: &Target,
    request: &[u8],
    connections: usize,
    calls: u64,
) -> Result<(Run, Option<Duration>)> {
    let mut pool = Pool::open(target.address(), connections, request, calls / 10).await?;
    let before = target.process().map(Spent::of).transpose()?;
    let run = pool.closed_loop(calls).await?.sound()?;
    let after = target.process().map(Spent::of).transpose()?;
    Ok((run, after.zip(before).map(|(after, before)| after.since(before))))
}

async fn cpu(scene: &Scene<'_>, target: &Target, report: &mut Report) -> Result<()> {
    for (bytes, size, calls) in SIZES {
        for connections in CONNECTIONS {
            let request = target.request(bytes, false);
            let (run, used) = loaded(target, &request, connections, scene.options.scaled(calls)).await?;
            let at = format!("{size} body, {connections} connections");
            let name = target.name();
            report.add(&format!("requests/s, {at}"), Unit::PerSecond, name, run.per_second());
            if let Some(used) = used {
                let each = used.as_secs_f64() * 1e6 / count(run.nanos.len());
                report.add(&format!("CPU per request, {at}"), Unit::Micros, name, each);
                let share = used.as_secs_f64() / run.elapsed.as_secs_f64() * 100.0;
                report.add(&format!("core used, {at}"), Unit::Percent, name, share);
            }
        }
    }
    Ok(())
}

async fn latency(scene: &Scene<'_>, target: &Target, report: &mut Report) -> Result<()> {
    let request = target.request(SMALL, false);
    let (run, _) = loaded(target, &request, 1, scene.options.scaled(5_000)).await?;
    report.add_with_difference(
        "p50 at 1 connection",
        "added p50 at 1 connection",
        target.name(),
        run.micros(0.5),
    );
    report.add_with_difference(
        "p99 at 1 connection",
        "added p99 at 1 connection",
        target.name(),
        run.micros(0.99),
    );
    let time = Duration::from_secs(scene.options.scaled(5));
    for rate in RATES {
        let pool = Pool::open(target.address(), 16, &request, 160).await?;
        let run = pool.open_loop(target.address(), rate, time).await?;
        for (share, name) in [(0.5, "p50"), (0.99, "p99"), (0.999, "p99.9")] {
            report.add(&format!("{name} at {rate}/s"), Unit::Micros, target.name(), run.micros(share));
        }
        if run.failed > 0 {
            let failed = f64::from(u32::try_from(run.failed).unwrap_or(u32::MAX));
            report.add(&format!("failed at {rate}/s"), Unit::Count, target.name(), failed);
        }
    }
    Ok(())
}

async fn stream(scene: &Scene<'_>, target: &Target, report: &mut Report) -> Result<()> {
    let request = target.request(SMALL, true);
    let (run, used) = loaded(target, &request, 8, scene.options.scaled(500)).await?;
    let chunks = count(run.nanos.len()) * count(usize::try_from(scene.chunks)?);
    let name = target.name();
    report.add("streamed chunks/s, 8 connections", Unit::PerSecond, name, chunks / run.elapsed.as_secs_f64());
    if let Some(used) = used {
        report.add(
            "CPU per streamed chunk, 8 connections",
            Unit::Micros,
            name,
            used.as_secs_f64() * 1e6 / chunks,
        );
    }
    let (run, _) = loaded(target, &request, 1, scene.options.scaled(500)).await?;
    for (share, what) in [(0.5, "p50"), (0.99, "p99")] {
        let (first, added) =
            (format!("first token {what}, 1 connection"), format!("added first token {what}"));
        report.add_with_difference(&first, &added, name, run.first_micros(share));
    }
    Ok(())
}

/// Memory of a fresh process: before load, right after much of it, and after a rest.
fn rss(scene: &Scene<'_>, target: &Target, runtime: &Runtime, report: &mut Report) -> Result<()> {
    let Some(fresh) = target.twin().transpose()? else { return Ok(()) };
    let Some(pid) = fresh.process() else { return Ok(()) };
    let rest = Duration::from_secs(scene.options.scaled(10));
    let mebi = |kibi: u64| f64::from(u32::try_from(kibi).unwrap_or(u32::MAX)) / 1024.0;
    let name = target.name();
    let idle = memory_of(pid)?;
    report.add("RSS idle", Unit::Mebi, name, mebi(idle.resident));
    if let Some(proportional) = idle.proportional {
        report.add("Pss idle", Unit::Mebi, name, mebi(proportional));
    }
    runtime.block_on(async {
        let streams = fresh.request(SMALL, true);
        loaded(&fresh, &streams, 64, scene.options.scaled(500)).await?;
        let large = fresh.request(102_400, false);
        loaded(&fresh, &large, 64, scene.options.scaled(5_000)).await
    })?;
    let loaded = memory_of(pid)?;
    report.add("RSS at most under load (64 × 100 KB)", Unit::Mebi, name, mebi(loaded.most));
    std::thread::sleep(rest);
    let after = memory_of(pid)?;
    report.add(&format!("RSS {} s after", rest.as_secs()), Unit::Mebi, name, mebi(after.resident));
    Ok(())
}

fn start(scene: &Scene<'_>, target: &Target, report: &mut Report) -> Result<()> {
    for _ in 0..scene.options.scaled(5) {
        if let Some(time) = target.start_time() {
            report.add("start to first answer", Unit::Millis, target.name(), time?.as_secs_f64() * 1e3);
        }
    }
    Ok(())
}

/// Memory over many calls, in ten steps.
pub(crate) fn soak(scene: &Scene<'_>, target: &Target, runtime: &Runtime, report: &mut Report) -> Result<()> {
    let Some(pid) = target.process() else { return Ok(()) };
    let start = Instant::now();
    let request = target.request(SMALL, false);
    runtime.block_on(async {
        let mut pool = Pool::open(target.address(), 64, &request, 64).await?;
        for step in 1..=10 {
            pool.closed_loop(scene.options.soak.div_ceil(10)).await?.sound()?;
            let resident = f64::from(u32::try_from(memory_of(pid)?.resident)?) / 1024.0;
            report.add(
                &format!("RSS after {step}0 % of {} calls", scene.options.soak),
                Unit::Mebi,
                target.name(),
                resident,
            );
            eprintln!("  {step}0 % after {:.0} s: {resident:.1} MiB", start.elapsed().as_secs_f64());
        }
        anyhow::Ok(())
    })
}
