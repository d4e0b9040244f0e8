//! A server that cannot outlive the process that started it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// The user without rights that servers run as where the tests run as root; PostgreSQL refuses root.
const NOBODY: u32 = 65_534;
/// Waits for the end of its input, which is this process's end, and then ends the server.
const KEEPER: &str = r#"dir=$1; shift; "$@" & server=$!; cat >/dev/null; kill -9 $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$dir""#;

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    keeper: Child,
    pipe: Option<ChildStdin>,
}

impl Server {
    /// Starts a program and waits for the line that says it is ready.
    pub(super) fn start(dir: &Path, program: &Path, arguments: &[&str], ready: &str) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(dir).arg(program).args(arguments);
        command.current_dir(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        as_nobody(&mut command);
        let mut keeper = command.spawn().expect("a shell");
        let pipe = keeper.stdin.take();
        let (said, lines) = std::sync::mpsc::sync_channel(64);
        let out = keeper.stdout.take().map(|out| Box::new(out) as Box<dyn std::io::Read + Send>);
        let err = keeper.stderr.take().map(|err| Box::new(err) as Box<dyn std::io::Read + Send>);
        for stream in [out, err].into_iter().flatten() {
            let said = said.clone();
            std::thread::spawn(move || {
                // Read to the end even when nobody listens any more, so that the server never blocks on its log.
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    drop(said.try_send(line));
                }
            });
        }
        drop(said);
        let mut log = Vec::new();
        loop {
            match lines.recv_timeout(std::time::Duration::from_secs(60)) {
                Ok(line) if line.contains(ready) => return Self { keeper, pipe },
                Ok(line) => log.push(line),
                Err(_) => panic!("{} did not come up:\n{}", program.display(), log.join("\n")),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.pipe.take());
        // The keeper ends once the server has.
        let _ended = self.keeper.wait();
    }
}

/// A directory with a short path that the server's user may use.
pub(super) fn server_dir(name: &str) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("wh-{name}-{}-{number}", std::process::id()));
    let _left_by_another = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("a temporary directory");
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).expect("permissions of a directory of ours");
    if is_root() {
        chown(&dir, Some(NOBODY), Some(NOBODY)).expect("a directory given to nobody");
    }
    dir
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
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// A port of loopback that nobody listens on.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port of loopback");
    listener.local_addr().expect("the port just bound").port()
}

/// A program in one of the folders, or on the PATH.
#[expect(clippy::disallowed_methods, reason = "tests find installed programs as a shell does")]
pub(super) fn find(name: &str, folders: &[PathBuf], package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates =
        folders.iter().cloned().chain(std::env::split_paths(&path)).map(|folder| folder.join(name));
    let found = candidates.into_iter().find(|candidate| candidate.is_file());
    found.unwrap_or_else(|| {
        panic!("{name} is not installed: `cargo xtask test` installs it, or apt-get install --no-install-recommends {package}")
    })
}
