//! A Redis server for tests.

use super::server::{Plan, Server, find, server_dir, variable};

/// Address of a running server: it is used, and none is started.
const GIVEN: &str = "WEIGHHOUSE_TEST_REDIS_URL";

/// A server of the caller's own, empty, gone on drop; or the one that `WEIGHHOUSE_TEST_REDIS_URL` names, which
/// other tests use too: names of keys begin with something of the test's own.
#[derive(Debug)]
pub struct Redis {
    _server: Option<Server>,
    url: String,
}

impl Redis {
    /// Starts an empty server that keeps nothing on disk, or takes the given one.
    ///
    /// # Panics
    /// Redis is not installed (the words say what to type) or does not come up.
    #[must_use]
    pub fn start() -> Self {
        match variable(GIVEN) {
            Some(url) => Self { _server: None, url },
            None => Self::start_own(),
        }
    }

    fn start_own() -> Self {
        let dir = server_dir("redis");
        let arguments = |port: u16| {
            let words = "--bind 127.0.0.1 --appendonly no --daemonize no --port";
            let words = words.split(' ').map(str::to_owned);
            words.chain([port.to_string(), "--save".to_owned(), String::new()]).collect()
        };
        let plan = Plan {
            program: &find("redis-server", &[]),
            arguments: &arguments,
            ready: "eady to accept connections",
            end: "KILL",
        };
        let server = Server::start(&dir, &plan);
        Self { url: format!("redis://127.0.0.1:{}", server.port()), _server: Some(server) }
    }

    /// Its address, as `REDIS_URL` takes it.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn it_answers_and_goes_away_with_its_owner() {
        let redis = Redis::start_own();
        let address = redis.url().strip_prefix("redis://").unwrap().to_owned();
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(b"PING\r\n").unwrap();
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer).unwrap();
        assert_eq!(answer, "+PONG\r\n");
        drop((stream, redis));
        assert!(TcpStream::connect(&address).is_err());
    }
}
