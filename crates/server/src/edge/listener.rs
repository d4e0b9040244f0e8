//! Listening sockets, one a worker, that share one address.

use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use weighhouse_types::{Error, Kind};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4_096;

/// Binds `count` sockets to one address, among which the kernel shares connections.
/// Port 0 takes a free port, the same for all.
///
/// # Errors
/// `Internal` naming the address: in use, not ours, or not permitted.
pub fn bind(address: SocketAddr, count: usize) -> Result<Vec<std::net::TcpListener>, Error> {
    let first = bind_one(address).map_err(|error| refused(address, error))?;
    let bound = first.local_addr().map_err(|error| refused(address, error))?;
    let mut listeners = vec![first];
    for _ in 1..count {
        listeners.push(bind_one(bound).map_err(|error| refused(bound, error))?);
    }
    Ok(listeners)
}

fn bind_one(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn refused(address: SocketAddr, error: std::io::Error) -> Error {
    let message = format!("cannot listen on {address}: {error}; choose another with --host and --port");
    Error::new(Kind::Internal, message).source(error)
}
