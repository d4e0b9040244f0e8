//! A PostgreSQL server for tests.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use super::server::{Plan, Server, find, run, server_dir, variable};

/// Address of a running server, with a user who may make databases: it is used, and none is started.
const GIVEN: &str = "WEIGHHOUSE_TEST_DATABASE_URL";
/// Folder of the programs, looked into before all others.
const PROGRAMS: &str = "WEIGHHOUSE_TEST_PG_BIN";

/// A server that lives as long as the test process; databases in it are cheap.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    programs: PathBuf,
    dir: PathBuf,
}

/// A fresh, empty database; it goes away with its server, or with the last clone where the server was given.
#[derive(Clone, Debug)]
pub struct Database {
    url: String,
    _in_given: Option<Arc<InGiven>>,
}

impl Postgres {
    /// A fresh database in this process's server, which is started at the first question, or in the server that
    /// `WEIGHHOUSE_TEST_DATABASE_URL` names.
    ///
    /// # Panics
    /// PostgreSQL is not installed (the words say what to type), does not come up, or refuses the database.
    #[must_use]
    pub fn database() -> Database {
        static SERVER: OnceLock<Postgres> = OnceLock::new();
        match variable(GIVEN) {
            Some(server) => Database::in_given(server),
            None => SERVER.get_or_init(Self::start).new_database(),
        }
    }

    /// A server of the caller's own, to be stopped or broken.
    ///
    /// # Panics
    /// PostgreSQL is not installed (the words say what to type) or does not come up.
    #[must_use]
    pub fn start() -> Self {
        let initdb = find("initdb", &folders());
        let programs = initdb.parent().map(Path::to_path_buf).unwrap_or_default();
        let dir = server_dir("pg");
        let data = dir.join("data").to_string_lossy().into_owned();
        let words = "--auth trust --username weighhouse --encoding UTF8 --locale C --no-sync --pgdata";
        let init: Vec<&str> = words.split(' ').chain([data.as_str()]).collect();
        run(&initdb, &init, &dir);
        let arguments = |port: u16| {
            // TCP only: no path of a socket can be too long. Shared memory in the directory goes away with it.
            let settings = [
                "listen_addresses=127.0.0.1",
                "unix_socket_directories=",
                "dynamic_shared_memory_type=mmap",
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                "shared_buffers=16MB",
                "max_connections=200",
            ];
            let place = ["-D".to_owned(), data.clone(), "-p".to_owned(), port.to_string()];
            let settings = settings.iter().flat_map(|setting| ["-c".to_owned(), (*setting).to_owned()]);
            place.into_iter().chain(settings).collect()
        };
        let plan = Plan {
            program: &programs.join("postgres"),
            arguments: &arguments,
            ready: "ready to accept connections",
            // PostgreSQL's immediate stop. One that is killed leaves its shared memory behind for good, and the
            // system has only so many segments.
            end: "QUIT",
        };
        let server = Server::start(&dir, &plan);
        Self { server, programs, dir }
    }

    /// A fresh, empty database.
    ///
    /// # Panics
    /// The server refuses it.
    #[must_use]
    pub fn new_database(&self) -> Database {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let port = self.server.port().to_string();
        let create = ["--host", "127.0.0.1", "--port", &port, "--username", "weighhouse", &name];
        run(&self.programs.join("createdb"), &create, &self.dir);
        Database { url: format!("postgres://weighhouse@127.0.0.1:{port}/{name}"), _in_given: None }
    }
}

impl Database {
    /// Its address, as `DATABASE_URL` takes it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes one in a server that is not ours.
    fn in_given(server: String) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Processes of other machines may share the server, and may have our id.
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
        let name = format!("weighhouse_test_{}_{nanos}_{number}", std::process::id());
        let url = with_database(&server, &name);
        run(&find("createdb", &folders()), &["--maintenance-db", &server, &name], Path::new("/"));
        Self { url, _in_given: Some(Arc::new(InGiven { server, name })) }
    }
}

/// A database in a server that outlives the test.
#[derive(Debug)]
struct InGiven {
    server: String,
    name: String,
}

impl Drop for InGiven {
    fn drop(&mut self) {
        let words = ["--if-exists", "--force", "--maintenance-db", &self.server, &self.name];
        run(&find("dropdb", &folders()), &words, Path::new("/"));
    }
}

/// A server's address with another database.
fn with_database(server: &str, name: &str) -> String {
    let (address, query) =
        server.split_once('?').map_or((server, None), |(address, query)| (address, Some(query)));
    let (scheme, rest) =
        address.split_once("://").expect("an address such as postgres://user@host:port/database");
    let host = rest.split_once('/').map_or(rest, |(host, _)| host);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{scheme}://{host}/{name}{query}")
}

/// Where the programs may be: where we are told, then where Debian keeps them, newest version first.
fn folders() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path()).collect();
    versions.sort_by_key(|path| std::cmp::Reverse(version(path)));
    let told = variable(PROGRAMS).map(PathBuf::from);
    told.into_iter().chain(versions.into_iter().map(|path| path.join("bin"))).collect()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpStream;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn databases_are_fresh_and_the_server_goes_away_with_its_owner() {
        let server = Postgres::start();
        assert_ne!(server.new_database().url(), server.new_database().url());
        let (dir, port) = (server.dir.clone(), server.server.port());
        assert!(segment_of(&dir).is_some_and(|segment| segments().contains(&segment)));
        let segment = segment_of(&dir).unwrap();
        drop(server);
        assert!(!dir.exists());
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
        assert!(!segments().contains(&segment), "its shared memory is still there");
    }

    #[test]
    fn a_database_in_a_given_server_is_dropped_from_it() {
        let server = Postgres::start();
        let given = server.new_database();
        let database = Database::in_given(given.url().to_owned());
        let clone = database.clone();
        assert_ne!(database.url(), given.url());
        let names = || {
            let list =
                ["--dbname", given.url(), "--tuples-only", "--command", "SELECT datname FROM pg_database"];
            let output = Command::new(server.programs.join("psql")).args(list).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let name = database.url().rsplit('/').next().unwrap().to_owned();
        drop(database);
        assert!(names().contains(&name), "a clone still needs it");
        drop(clone);
        assert!(!names().contains(&name), "{}", names());
    }

    #[test]
    fn addresses_keep_all_but_the_database() {
        for (server, expected) in [
            ("postgres://u:p@h:1/old?sslmode=disable", "postgres://u:p@h:1/new?sslmode=disable"),
            ("postgresql://h/old", "postgresql://h/new"),
            ("postgres://u@h", "postgres://u@h/new"),
        ] {
            assert_eq!(with_database(server, "new"), expected);
        }
    }

    /// Run by the next test in a process of its own, which is then killed.
    #[test]
    #[ignore = "waits for its own death"]
    fn starts_a_server_and_waits() {
        let server = Postgres::start();
        let segment = segment_of(&server.dir).unwrap();
        println!("\nstarted {} {} {segment}", server.server.port(), server.dir.display());
        loop {
            std::thread::park();
        }
    }

    #[test]
    fn the_server_goes_away_when_the_test_process_is_killed() {
        let program = std::env::current_exe().unwrap();
        let name = "services::postgres::tests::starts_a_server_and_waits";
        let mut doomed = Command::new(program)
            .args(["--exact", name, "--ignored", "--nocapture"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(doomed.stdout.take().unwrap());
        let started = out.lines().map_while(Result::ok).find(|line| line.starts_with("started ")).unwrap();
        let words: Vec<&str> = started.split(' ').collect();
        let (port, dir, segment) = (words[1].parse::<u16>().unwrap(), Path::new(words[2]), words[3]);
        drop(TcpStream::connect(("127.0.0.1", port)).unwrap());
        assert!(dir.exists());

        // SIGKILL: the process has no say in it.
        doomed.kill().unwrap();
        doomed.wait().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while dir.exists() {
            assert!(Instant::now() < deadline, "{} is still there", dir.display());
            std::thread::park_timeout(Duration::from_millis(10));
        }
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "the server still listens");
        assert!(!segments().contains(&segment.to_owned()), "its shared memory is still there");
    }

    /// The id of the System V segment that a server holds: the seventh line of its lock file ends with it.
    fn segment_of(dir: &Path) -> Option<String> {
        let lock = std::fs::read_to_string(dir.join("data/postmaster.pid")).ok()?;
        lock.lines().nth(6)?.split_whitespace().last().map(str::to_owned)
    }

    /// The ids of all System V segments.
    fn segments() -> Vec<String> {
        let table = std::fs::read_to_string("/proc/sysvipc/shm").unwrap();
        table.lines().filter_map(|line| line.split_whitespace().nth(1)).map(str::to_owned).collect()
    }
}
