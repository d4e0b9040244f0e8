//! Real server programs under test: started, listened to, signalled, and never left behind.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Lines of output that are kept; older ones are forgotten.
const MOST_LINES: usize = 100_000;

/// A running program. It is killed when this value is dropped.
pub struct ServerProcess {
    id: u32,
    watched: Arc<Watched>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Watched {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    lines: VecDeque<String>,
    forgotten: usize,
    streams_ended: u8,
    status: Option<ExitStatus>,
}

impl ServerProcess {
    /// Starts a program with our environment and what `env` adds to it; standard input is empty.
    ///
    /// # Panics
    /// It cannot be started.
    #[must_use]
    #[track_caller]
    pub fn start(program: &Path, args: &[impl AsRef<OsStr>], env: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program);
        command.args(args).envs(env.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("cannot start {}: {error}", program.display()),
        };
        let id = child.id();
        let watched = Arc::new(Watched::default());
        let mut threads = Vec::new();
        if let Some(stream) = child.stdout.take() {
            threads.push(listen(stream, &watched));
        }
        if let Some(stream) = child.stderr.take() {
            threads.push(listen(stream, &watched));
        }
        threads.push(wait(child, &watched));
        Self { id, watched, threads }
    }

    /// The program's process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What it printed so far, standard output and error in the order in which they were read.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.watched.lock().lines.iter().cloned().collect()
    }

    /// Blocks until the program has printed a line as wanted, and gives it. Lines of the past count.
    ///
    /// # Panics
    /// It has not within the time, or ended without; the panic shows what it printed.
    #[track_caller]
    pub fn wait_for_line(&self, wanted: impl Fn(&str) -> bool, within: Duration) -> String {
        let deadline = Instant::now() + within;
        let mut looked_at = 0;
        let mut seen = self.watched.lock();
        loop {
            let fresh = looked_at.max(seen.forgotten) - seen.forgotten;
            if let Some(line) = seen.lines.iter().skip(fresh).find(|line| wanted(line)) {
                return line.clone();
            }
            looked_at = seen.forgotten + seen.lines.len();
            assert!(
                seen.streams_ended < 2,
                "the program ended without the line; it printed:\n{}",
                seen.shown()
            );
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "no such line within {within:?}; the program printed:\n{}",
                seen.shown()
            );
            seen = self.watched.changed.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Blocks until the program has ended.
    ///
    /// # Panics
    /// It has not within the time.
    #[track_caller]
    pub fn wait_for_exit(&self, within: Duration) -> ExitStatus {
        let deadline = Instant::now() + within;
        let mut seen = self.watched.lock();
        loop {
            if let Some(status) = seen.status {
                return status;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "still running after {within:?}; it printed:\n{}", seen.shown());
            seen = self.watched.changed.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.watched.lock().status
    }

    /// Sends a signal by its name, such as `TERM`, `HUP`, `STOP` or `CONT`; none if the program has ended.
    ///
    /// # Panics
    /// There is no such signal.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        // The lock is kept, so that the program is not waited for and its id not given to another meanwhile.
        let seen = self.watched.lock();
        if seen.status.is_none() {
            let sent = Command::new("kill")
                .arg(format!("-{name}"))
                .arg(self.id.to_string())
                .stderr(Stdio::null())
                .status();
            let sent = sent.is_ok_and(|status| status.success());
            assert!(sent || seen.streams_ended > 0, "cannot send SIG{name}");
        }
    }

    /// `kill -9`.
    pub fn kill(&self) {
        self.signal("KILL");
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Asks it to load its configuration anew.
    pub fn hang_up(&self) {
        self.signal("HUP");
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill();
        // The listeners are not joined: a grandchild that lives on would keep the streams open.
        if let Some(waiting) = self.threads.pop() {
            let _panicked = waiting.join().is_err();
        }
    }
}

impl Watched {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, how: impl FnOnce(&mut Seen)) {
        how(&mut self.lock());
        self.changed.notify_all();
    }
}

impl Seen {
    fn push(&mut self, line: String) {
        if self.lines.len() == MOST_LINES {
            self.lines.pop_front();
            self.forgotten += 1;
        }
        self.lines.push_back(line);
    }

    fn shown(&self) -> String {
        self.lines.iter().map(|line| format!("  {line}\n")).collect()
    }
}

fn listen(stream: impl Read + Send + 'static, watched: &Arc<Watched>) -> JoinHandle<()> {
    let watched = Arc::clone(watched);
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            watched.change(|seen| seen.push(text));
            line.clear();
        }
        watched.change(|seen| seen.streams_ended += 1);
    })
}

fn wait(mut child: Child, watched: &Arc<Watched>) -> JoinHandle<()> {
    let watched = Arc::clone(watched);
    std::thread::spawn(move || {
        let status = child.wait().expect("a child can be waited for");
        watched.change(|seen| seen.status = Some(status));
    })
}

/// A port of 127.0.0.1 that nobody listened on a moment ago.
///
/// # Panics
/// There is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
    listener.local_addr().expect("a bound socket has an address").port()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    fn shell(script: &str) -> ServerProcess {
        ServerProcess::start(Path::new("sh"), &["-c", script], &[("GREETING", "hello")])
    }

    #[test]
    fn lines_of_both_streams_and_the_status_are_seen() {
        let process = shell("echo $GREETING; echo trouble >&2; exit 3");
        assert_eq!(process.wait_for_line(|line| line.starts_with("hel"), SOON), "hello");
        assert_eq!(process.wait_for_line(|line| line == "trouble", SOON), "trouble");
        assert_eq!(process.wait_for_exit(SOON).code(), Some(3));
    }

    #[test]
    fn signals_reach_it() {
        let process = shell(
            "trap 'echo again' HUP; trap 'echo bye; kill $nap; exit 0' TERM; sleep 60 & nap=$!; echo up; while :; do wait $nap; done",
        );
        process.wait_for_line(|line| line == "up", SOON);
        process.hang_up();
        process.wait_for_line(|line| line == "again", SOON);
        process.terminate();
        assert_eq!(process.wait_for_exit(SOON).code(), Some(0));
    }

    #[test]
    fn a_drop_kills_it() {
        let process = shell("echo up; exec sleep 1000");
        process.wait_for_line(|line| line == "up", SOON);
        let watched = Arc::clone(&process.watched);
        drop(process);
        assert_eq!(watched.lock().status.unwrap().signal(), Some(9));
    }

    #[test]
    #[should_panic(expected = "ended without the line")]
    fn a_line_that_cannot_come_is_not_waited_for() {
        shell("echo other").wait_for_line(|line| line == "up", SOON);
    }
}
