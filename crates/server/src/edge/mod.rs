//! The edge: sockets, connections and their timers. What happens in a request is not its business.

mod connection;
mod listener;
mod watchdog;

pub use listener::bind;

pub(crate) use connection::serve;
pub(crate) use watchdog::{ConnectionState, Phase, Watchdog};
