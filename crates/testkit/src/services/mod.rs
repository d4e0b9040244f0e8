//! Throw-away PostgreSQL and Redis, started from installed programs, in temporary directories, on free ports.
//!
//! A server runs below a small shell that holds a pipe from this process: when the test ends, however it ends,
//! the pipe closes, and the shell ends the server and removes its directory. Nothing is left behind.

mod postgres;
mod redis;
mod server;

pub use postgres::{Database, Postgres};
pub use redis::Redis;
