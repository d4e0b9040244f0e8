//! What the kernel says of processes: time on the processor, memory, and where they may run.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// The core of what is measured, and the one of generator and fake.
pub(crate) const TARGET_CORE: &str = "0";
const OWN_CORE: &str = "1";

/// Puts this process on its core, before it has other threads; false where there is only one core.
pub(crate) fn pin_self() -> Result<bool> {
    if std::thread::available_parallelism()?.get() < 2 {
        eprintln!("bench: one core only, so nothing is pinned and the numbers are rough");
        return Ok(false);
    }
    let me = std::process::id().to_string();
    let output =
        Command::new("taskset").args(["-cp", OWN_CORE, &me]).output().context("cannot start `taskset`")?;
    if !output.status.success() {
        bail!("taskset: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(true)
}

/// Time that a process has run so far, user and system, by two accounts of the kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    /// Of the threads that live, in nanoseconds (`schedstat`), where the kernel keeps it.
    threads: Option<Duration>,
    /// Of all threads that ever were, in hundredths of a second (`/proc/PID/stat`).
    ticks: Duration,
}

impl Spent {
    /// Two ticks at either end.
    const ROUGH: Duration = Duration::from_millis(40);

    pub(crate) fn of(pid: u32) -> Result<Self> {
        let mut threads = Some(Duration::ZERO);
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            // A thread may end while we look.
            let text = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            let nanos = text.split(' ').next().and_then(|word| word.parse::<u64>().ok());
            threads = threads.zip(nanos).map(|(sum, nanos)| sum + Duration::from_nanos(nanos));
        }
        Ok(Self { threads, ticks: ticks_of(pid)? })
    }

    /// What was spent since: by the finer account, unless threads that ended make it too small.
    pub(crate) fn since(self, before: Self) -> Duration {
        let ticks = self.ticks.saturating_sub(before.ticks);
        let threads = self.threads.zip(before.threads).map(|(now, then)| now.saturating_sub(then));
        threads.filter(|threads| *threads + Self::ROUGH >= ticks).unwrap_or(ticks)
    }
}

fn ticks_of(pid: u32) -> Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The program's name is in parentheses and may hold blanks; utime and stime are fields 14 and 15.
    let after = text.rsplit_once(')').context("odd /proc/PID/stat")?.1;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks =
        |at: usize| fields.get(at).and_then(|word| word.parse::<u64>().ok()).context("odd /proc/PID/stat");
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

/// Memory of a process in KiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    pub(crate) most: u64,
    /// Resident with shared pages divided among their users, where the kernel tells.
    pub(crate) proportional: Option<u64>,
}

pub(crate) fn memory_of(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok();
    Ok(Memory {
        resident: field(&status, "VmRSS:").context("no VmRSS")?,
        most: field(&status, "VmHWM:").context("no VmHWM")?,
        proportional: rollup.and_then(|text| field(&text, "Pss:")),
    })
}

fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
}

/// The processor's name, for the report.
pub(crate) fn model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name =
        text.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    name.map_or_else(|| "unknown".into(), |(_, name)| name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_time_and_memory_are_known() {
        let me = std::process::id();
        let memory = memory_of(me).unwrap();
        assert!(memory.resident > 100 && memory.most >= memory.resident, "{memory:?}");
        let before = Spent::of(me).unwrap();
        let mut sum = 0_u64;
        while Spent::of(me).unwrap().since(before) < Duration::from_millis(60) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(ticks_of(me).unwrap() > Duration::ZERO);
    }

    #[test]
    fn the_rough_account_counts_where_threads_have_ended() {
        let spent = |threads, ticks| Spent { threads, ticks: Duration::from_millis(ticks) };
        let fine = |millis| Some(Duration::from_millis(millis));
        assert_eq!(spent(fine(105), 110).since(spent(fine(5), 0)), Duration::from_millis(100));
        assert_eq!(spent(fine(20), 500).since(spent(fine(30), 0)), Duration::from_millis(500));
        assert_eq!(spent(None, 70).since(spent(fine(30), 20)), Duration::from_millis(50));
    }
}
