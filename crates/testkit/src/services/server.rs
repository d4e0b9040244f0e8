//! A server that cannot outlive the process that started it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The user without rights that servers run as where the tests run as root; PostgreSQL refuses root.
const NOBODY: u32 = 65_534;
/// Waits for the end of its input, which is this process's end, and then ends the server and removes its
/// directory, unless it is told to keep that. It lets go of its own output first, so that the end of the
/// server's output is the server's end.
const KEEPER: &str = r#"dir=$1; signal=$2; shift 2; "$@" & server=$!; exec >/dev/null 2>&1; read -r word; kill -s "$signal" $server; wait $server; [ "$word" = keep ] || rm -rf "$dir""#;
/// The longest that a server may take to come up.
const START: Duration = Duration::from_secs(60);
/// Ports that are tried: another process may take a free one before the server does.
const PORTS: usize = 5;
/// What to type where a program is missing.
const REMEDY: &str = "`cargo xtask test` installs it, or as root: apt-get install -y --no-install-recommends postgresql-15 redis-server";

/// How a program is started and ended.
pub(super) struct Plan<'plan> {
    pub(super) program: &'plan Path,
    /// Its arguments when it is to listen on a port.
    pub(super) arguments: &'plan dyn Fn(u16) -> Vec<String>,
    /// Part of the line that says that it is ready.
    pub(super) ready: &'static str,
    /// The signal that ends it at once and lets it clear up what it shares with the system.
    pub(super) end: &'static str,
}

/// A running server; it is ended when this value is dropped.
#[derive(Debug)]
pub(super) struct Server {
    keeper: Child,
    pipe: Option<ChildStdin>,
    port: u16,
}

impl Server {
    /// Starts a program in its directory, on a free port of loopback, and waits until it says that it is ready.
    pub(super) fn start(dir: &Path, plan: &Plan<'_>) -> Self {
        let mut log = Vec::new();
        for _ in 0..PORTS {
            match Self::try_start(dir, plan, free_port()) {
                Ok(server) => return server,
                Err(said) => log = said,
            }
            if !log.iter().any(|line| line.contains("Address already in use")) {
                break;
            }
        }
        let _left = fs::remove_dir_all(dir);
        panic!("{} did not come up:\n{}", plan.program.display(), log.join("\n"));
    }

    /// What the server said where it did not come up.
    fn try_start(dir: &Path, plan: &Plan<'_>, port: u16) -> Result<Self, Vec<String>> {
        let mut keeper = keeper(dir, plan, port);
        let pipe = keeper.stdin.take();
        let lines = lines_of(&mut keeper);
        let server = Self { keeper, pipe, port };
        let mut log = Vec::new();
        // Without a line for that long, or with the end of its output, it is not coming up.
        while let Ok(line) = lines.recv_timeout(START) {
            if line.contains(plan.ready) {
                return Ok(server);
            }
            log.push(line);
        }
        server.abandon();
        Err(log)
    }

    /// Ends a server that did not come up; its directory stays for the next try.
    fn abandon(mut self) {
        if let Some(pipe) = &mut self.pipe {
            pipe.write_all(b"keep\n").expect("the keeper lives until it is told");
        }
    }

    /// The port of loopback that it listens on.
    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.pipe.take());
        // The keeper ends once the server has.
        let _ended = self.keeper.wait();
    }
}

/// The shell that starts the server and stays to end it.
fn keeper(dir: &Path, plan: &Plan<'_>, port: u16) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", KEEPER, "keeper"]).arg(dir).arg(plan.end);
    command.arg(plan.program).args((plan.arguments)(port));
    command.current_dir(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own: Ctrl-C and a runner that kills the test's group leave the keeper to its work.
    command.process_group(0);
    as_nobody(&mut command);
    command.spawn().expect("a shell")
}

/// What a program prints on both its outputs. They are read to their ends even when nobody listens any more,
/// so that the server never blocks on its log.
fn lines_of(program: &mut Child) -> std::sync::mpsc::Receiver<String> {
    let (said, lines) = std::sync::mpsc::sync_channel(256);
    let out = program.stdout.take().map(|out| Box::new(out) as Box<dyn std::io::Read + Send>);
    let err = program.stderr.take().map(|err| Box::new(err) as Box<dyn std::io::Read + Send>);
    for stream in [out, err].into_iter().flatten() {
        let said = said.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                drop(said.try_send(String::from_utf8_lossy(&line).into_owned()));
            }
        });
    }
    lines
}

/// A fresh directory with a short path that the server's user may use; the keeper removes it.
pub(super) fn server_dir(name: &str) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let temporary = std::env::temp_dir();
    // As root, the caller's own directory for temporary files may be one that nobody else can enter.
    let base = if is_root() && !is_open(&temporary) { PathBuf::from("/tmp") } else { temporary };
    let dir = loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = base.join(format!("wh-{name}-{}-{number}", std::process::id()));
        match fs::create_dir(&dir) {
            Ok(()) => break dir,
            // An earlier process with our id left it.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => panic!("cannot make {}: {error}", dir.display()),
        }
    };
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).expect("permissions of a directory of ours");
    if is_root() {
        chown(&dir, Some(NOBODY), Some(NOBODY)).expect("a directory given to nobody");
    }
    dir
}

/// Whether every user may pass through a directory and all above it.
fn is_open(dir: &Path) -> bool {
    dir.ancestors().all(|above| fs::metadata(above).is_ok_and(|data| data.mode() & 0o001 != 0))
}

/// Runs a program to its end as the server's user.
pub(super) fn run(program: &Path, arguments: &[&str], dir: &Path) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(dir).stdin(Stdio::null());
    as_nobody(&mut command);
    let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {}: {said}", program.display(), output.status);
}

fn as_nobody(command: &mut Command) {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// A port of loopback that nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port of loopback");
    listener.local_addr().expect("the port just bound").port()
}

/// A variable by which whoever runs the tests says where something is; an empty one says nothing.
#[expect(clippy::disallowed_methods, reason = "a test kit has no caller that could hand the environment on")]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A program in one of the folders, or on the PATH.
pub(super) fn find(name: &str, folders: &[PathBuf]) -> PathBuf {
    let path = variable("PATH").unwrap_or_default();
    let candidates =
        folders.iter().cloned().chain(std::env::split_paths(&path)).map(|folder| folder.join(name));
    let found = candidates.into_iter().find(|candidate| candidate.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed: {REMEDY}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ends_at_once_is_told_at_once_with_what_it_said() {
        let dir = server_dir("dies");
        let arguments = |_| vec!["-c".to_owned(), "echo its last words >&2; exit 3".to_owned()];
        let plan = Plan { program: Path::new("/bin/sh"), arguments: &arguments, ready: "ready", end: "KILL" };
        assert_eq!(Server::try_start(&dir, &plan, 1).err().unwrap(), ["its last words"]);
        fs::remove_dir(&dir).unwrap();
    }

    #[test]
    fn another_port_is_tried_where_one_was_taken() {
        let dir = server_dir("port");
        let arguments = |_| {
            let script = "mkdir taken 2>/dev/null && { echo Address already in use; exit 1; }; echo ready; exec sleep 60";
            vec!["-c".to_owned(), script.to_owned()]
        };
        let plan = Plan { program: Path::new("/bin/sh"), arguments: &arguments, ready: "ready", end: "KILL" };
        drop(Server::start(&dir, &plan));
        assert!(!dir.exists());
    }

    #[test]
    fn what_is_missing_is_named_with_its_remedy() {
        let panicked = std::panic::catch_unwind(|| find("no-such-server", &[])).unwrap_err();
        let words = panicked.downcast_ref::<String>().unwrap();
        assert!(words.contains("no-such-server") && words.contains("apt-get install"), "{words}");
    }
}
