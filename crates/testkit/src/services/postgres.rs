//! A PostgreSQL server for tests.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::server::{Server, find, free_port, run, server_dir};

/// A server that lives as long as the test process; databases in it are cheap.
#[derive(Debug)]
pub struct Postgres {
    _server: Server,
    programs: PathBuf,
    dir: PathBuf,
    port: u16,
}

/// A fresh, empty database; it goes away with its server.
#[derive(Clone, Debug)]
pub struct Database {
    url: String,
}

impl Postgres {
    /// A fresh database in this process's server, which is started at the first question.
    #[must_use]
    pub fn database() -> Database {
        static SERVER: OnceLock<Postgres> = OnceLock::new();
        SERVER.get_or_init(Self::start).new_database()
    }

    /// A server of the caller's own, to be stopped or broken.
    #[must_use]
    pub fn start() -> Self {
        let initdb = find("initdb", &folders(), "postgresql-15");
        let programs = initdb.parent().map(Path::to_path_buf).unwrap_or_default();
        let dir = server_dir("pg");
        let data = dir.join("data");
        let data_text = data.to_string_lossy().into_owned();
        let init = [
            "--pgdata",
            &data_text,
            "--auth",
            "trust",
            "--username",
            "weighhouse",
            "--encoding",
            "UTF8",
            "--locale",
            "C",
            "--no-sync",
        ];
        run(&initdb, &init, &dir);
        let port = free_port();
        let socket_dir = dir.to_string_lossy().into_owned();
        let port_text = port.to_string();
        let arguments = [
            "-D",
            &data_text,
            "-p",
            &port_text,
            "-k",
            &socket_dir,
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "fsync=off",
            "-c",
            "full_page_writes=off",
            "-c",
            "shared_buffers=16MB",
            "-c",
            "max_connections=200",
        ];
        let server =
            Server::start(&dir, &programs.join("postgres"), &arguments, "ready to accept connections");
        Self { _server: server, programs, dir, port }
    }

    /// A fresh, empty database.
    #[must_use]
    pub fn new_database(&self) -> Database {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let port = self.port.to_string();
        let create = ["--host", "127.0.0.1", "--port", &port, "--username", "weighhouse", &name];
        run(&self.programs.join("createdb"), &create, &self.dir);
        Database { url: format!("postgres://weighhouse@127.0.0.1:{port}/{name}") }
    }
}

impl Database {
    /// Its address, as `DATABASE_URL` takes it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Where Debian keeps the programs, newest version first.
fn folders() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut folders: Vec<PathBuf> =
        versions.filter_map(Result::ok).map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_fresh_and_the_server_goes_away_with_its_owner() {
        let server = Postgres::start();
        assert_ne!(server.new_database().url(), server.new_database().url());
        let (dir, port) = (server.dir.clone(), server.port);
        drop(server);
        assert!(!dir.exists());
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
