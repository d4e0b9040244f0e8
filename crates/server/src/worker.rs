//! A worker: one thread, one runtime, one listening socket, its own connections to providers.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Response, StatusCode};
use hyper::Request;
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use weighhouse_providers::{Client, ClientOptions};

use crate::dispatch::answer;
use crate::edge::{self, ConnectionState, Phase, Watchdog};
use crate::house::House;
use crate::limits::Limits;
use crate::reply::ReplyBody;

/// Pause after the host refuses a new connection (no descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What belongs to one worker.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) house: Arc<House>,
    pub(crate) client: Client,
    /// Calls whose answers are not complete.
    pub(crate) open_connections: AtomicUsize,
}

thread_local! {
    static RNG: RefCell<fastrand::Rng> = RefCell::new(fastrand::Rng::new());
}

impl Worker {
    /// Lends the thread's randomness.
    #[expect(
        clippy::unused_self,
        reason = "randomness is a worker's; that it lies with the thread is a detail"
    )]
    pub(crate) fn with_rng<T>(&self, with: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        RNG.with_borrow_mut(with)
    }
}

/// Runs a worker on its own thread until `stop` turns true and its connections are done.
///
/// # Errors
/// The runtime cannot be made, or the socket cannot be used.
pub fn run(
    house: Arc<House>,
    listener: std::net::TcpListener,
    stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = TcpListener::from_std(listener)?;
        let worker = Arc::new(Worker {
            house,
            client: Client::new(&ClientOptions::default()),
            open_connections: AtomicUsize::new(0),
        });
        accept(&worker, listener, stop).await;
        Ok(())
    })
}

async fn accept(worker: &Arc<Worker>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let mut watchdog = Watchdog::new();
    let mut ticks = tokio::time::interval(Watchdog::pause());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let limits = worker.house.snapshot.load().limits;
        let has_room = worker.open_connections.load(Ordering::Relaxed) < limits.connections;
        tokio::select! {
            accepted = listener.accept(), if has_room => match accepted {
                Ok((stream, _)) => open(worker, stream, &mut watchdog, limits),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            _ = ticks.tick() => watchdog.tick(&limits, worker.house.draining()),
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    finish(worker, &mut watchdog).await;
}

/// Waits for calls in flight, up to the drain's time.
async fn finish(worker: &Arc<Worker>, watchdog: &mut Watchdog) {
    let limits = worker.house.snapshot.load().limits;
    let deadline = tokio::time::Instant::now() + limits.drain;
    while worker.open_connections.load(Ordering::Relaxed) > 0 && tokio::time::Instant::now() < deadline {
        watchdog.tick(&limits, worker.house.draining());
        tokio::time::sleep(Watchdog::pause() / 10).await;
    }
    let left = watchdog.open();
    if left > 0 {
        tracing::warn!(connections = left, "the time to drain is over; connections are cut");
    }
}

fn open(worker: &Arc<Worker>, stream: TcpStream, watchdog: &mut Watchdog, limits: Limits) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone before it was served");
        return;
    }
    let state = watchdog.watch();
    worker.open_connections.fetch_add(1, Ordering::Relaxed);
    let guard = OpenConnection(Arc::clone(worker));
    let of_connection = Arc::clone(&state);
    let task = tokio::spawn(async move {
        let worker = Arc::clone(&guard.0);
        // Boxed once: hyper moves the future of each request, and this one is large.
        let each = |request| Box::pin(serve(Arc::clone(&worker), request, Arc::clone(&of_connection)));
        edge::serve(stream, Arc::clone(&of_connection), limits, each).await;
        drop(guard);
    });
    state.is_run_by(task.abort_handle());
}

/// Counts a connection until its task is gone, however it goes.
struct OpenConnection(Arc<Worker>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.open_connections.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn serve(
    worker: Arc<Worker>,
    request: Request<Incoming>,
    connection: Arc<ConnectionState>,
) -> Response<ReplyBody> {
    connection.enter(Phase::Body);
    let is_draining = worker.house.is_draining();
    let mut response = answer(&worker, request, &connection).await;
    if is_draining || response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        response.headers_mut().insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
    }
    response.map(|body| body.on(connection))
}
