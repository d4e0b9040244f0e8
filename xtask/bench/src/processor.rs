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

/// Time that all threads of a process have run, user and system.
///
/// The scheduler's own account counts nanoseconds; where the kernel keeps none, the clock ticks of
/// `/proc/PID/stat` (a hundredth of a second) are taken.
pub(crate) fn time_of(pid: u32) -> Result<Duration> {
    let mut nanos: u64 = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else {
            return ticks_of(pid);
        };
        nanos += text.split(' ').next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
    }
    if nanos == 0 { ticks_of(pid) } else { Ok(Duration::from_nanos(nanos)) }
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
        let before = time_of(me).unwrap();
        let mut sum = 0_u64;
        while time_of(me).unwrap() < before + Duration::from_millis(30) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(ticks_of(me).unwrap() > Duration::ZERO);
    }
}
