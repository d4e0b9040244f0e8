//! A Redis server for tests.

use super::server::{Server, find, free_port, server_dir};

/// A server of the caller's own, empty, gone on drop.
#[derive(Debug)]
pub struct Redis {
    _server: Server,
    port: u16,
}

impl Redis {
    /// Starts an empty server that keeps nothing on disk.
    #[must_use]
    pub fn start() -> Self {
        let program = find("redis-server", &[], "redis-server");
        let dir = server_dir("redis");
        let port = free_port();
        let port_text = port.to_string();
        let arguments = [
            "--port",
            &port_text,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--daemonize",
            "no",
        ];
        let server = Server::start(&dir, &program, &arguments, "eady to accept connections");
        Self { _server: server, port }
    }

    /// Its address, as `REDIS_URL` takes it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};

    use super::*;

    #[test]
    fn it_answers_and_goes_away_with_its_owner() {
        let redis = Redis::start();
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", redis.port)).unwrap();
        stream.write_all(b"PING\r\n").unwrap();
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer).unwrap();
        assert_eq!(answer, "+PONG\r\n");
        let port = redis.port;
        drop((stream, redis));
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
