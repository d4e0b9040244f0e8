//! A TCP proxy between any two ends that makes trouble when told to.

use std::io;
use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep;

const BUFFER: usize = 16 * 1024;
/// A throttled way passes this many portions a second.
const PORTIONS: u64 = 20;
const MOST_COMMANDS: usize = 16;

/// What happens to bytes on one way; the default lets them pass. The whole can be changed while they flow.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    /// Every portion waits this long.
    pub delay: Duration,
    /// At most so many bytes a second.
    pub bytes_per_second: Option<u64>,
    /// The connection breaks once so many of its bytes have passed this way.
    pub cut_after: Option<u64>,
    /// A cut is a reset (RST) instead of a close (FIN).
    pub reset: bool,
    /// Nothing passes; what came meanwhile passes when this is taken back.
    pub stall: bool,
}

impl Trouble {
    /// Bytes pass freely.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Every portion waits.
    #[must_use]
    pub fn delay(delay: Duration) -> Self {
        Self { delay, ..Self::default() }
    }

    /// So many bytes a second.
    #[must_use]
    pub fn throttle(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: Some(bytes_per_second.max(1)), ..Self::default() }
    }

    /// Closes the connection after so many bytes.
    #[must_use]
    pub fn cut_after(bytes: u64) -> Self {
        Self { cut_after: Some(bytes), ..Self::default() }
    }

    /// Resets the connection after so many bytes.
    #[must_use]
    pub fn reset_after(bytes: u64) -> Self {
        Self { reset: true, ..Self::cut_after(bytes) }
    }

    /// Holds everything back.
    #[must_use]
    pub fn stall() -> Self {
        Self { stall: true, ..Self::default() }
    }
}

/// The proxy; dropping it closes all its connections.
pub struct FaultProxy {
    address: SocketAddr,
    requests: watch::Sender<Trouble>,
    replies: watch::Sender<Trouble>,
    breaks: watch::Sender<Broken>,
    commands: mpsc::Sender<Command>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How often all connections were broken, and how the last time.
#[derive(Clone, Copy, Default)]
struct Broken {
    reset: bool,
}

/// Opens or closes the door, and says when it is done.
struct Command {
    refuse: bool,
    done: oneshot::Sender<()>,
}

/// What the connections of a proxy share.
#[derive(Clone)]
struct Ways {
    upstream: SocketAddr,
    requests: watch::Receiver<Trouble>,
    replies: watch::Receiver<Trouble>,
    breaks: watch::Receiver<Broken>,
}

impl FaultProxy {
    /// Starts a proxy before `upstream` on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// The machine gives no port or no thread.
    #[must_use]
    pub fn start(upstream: SocketAddr) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
        listener.set_nonblocking(true).expect("a socket may be non-blocking");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (requests, requests_seen) = watch::channel(Trouble::none());
        let (replies, replies_seen) = watch::channel(Trouble::none());
        let (breaks, breaks_seen) = watch::channel(Broken::default());
        let (commands, commands_seen) = mpsc::channel(MOST_COMMANDS);
        let (stop, stopped) = oneshot::channel::<()>();
        let ways = Ways { upstream, requests: requests_seen, replies: replies_seen, breaks: breaks_seen };
        let thread = std::thread::Builder::new()
            .name("fault-proxy".into())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime").block_on(async {
                    tokio::select! {
                        _ = stopped => {}
                        () = accept(listener, address, ways, commands_seen) => {}
                    }
                });
            })
            .expect("a thread");
        Self { address, requests, replies, breaks, commands, stop: Some(stop), thread: Some(thread) }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on, what happens to bytes from the client to the upstream.
    pub fn trouble_requests(&self, trouble: Trouble) {
        self.requests.send_replace(trouble);
    }

    /// From now on, what happens to bytes from the upstream to the client.
    pub fn trouble_replies(&self, trouble: Trouble) {
        self.replies.send_replace(trouble);
    }

    /// With `true`, closes the port: new connections are refused, open ones live on. With `false` opens it again.
    ///
    /// # Panics
    /// The port was taken by another program meanwhile.
    pub fn refuse(&self, refuse: bool) {
        let (done, waiting) = oneshot::channel();
        self.commands.blocking_send(Command { refuse, done }).expect("the proxy runs");
        waiting.blocking_recv().expect("the port is free");
    }

    /// Breaks all connections that are open now.
    pub fn break_all(&self, reset: bool) {
        self.breaks.send_replace(Broken { reset });
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the proxy has been printed by now; a second one here would abort the test.
            let _panicked = thread.join().is_err();
        }
    }
}

async fn accept(
    listener: std::net::TcpListener,
    address: SocketAddr,
    ways: Ways,
    mut commands: mpsc::Receiver<Command>,
) {
    let mut open = Some(TcpListener::from_std(listener).expect("a listener that is non-blocking"));
    loop {
        let accepted = async {
            match &open {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            command = commands.recv() => {
                let Some(Command { refuse, done }) = command else { return };
                if refuse {
                    open = None;
                } else if open.is_none() {
                    open = Some(TcpListener::bind(address).await.expect("the proxy's own port"));
                }
                // The caller may have panicked meanwhile.
                let _gone = done.send(());
            }
            accepted = accepted => {
                if let Ok((client, _)) = accepted {
                    tokio::spawn(carry(client, ways.clone()));
                }
            }
        }
    }
}

/// Carries bytes both ways until both ends have closed or trouble breaks the connection.
async fn carry(client: TcpStream, mut ways: Ways) {
    ways.breaks.mark_unchanged();
    let Ok(upstream) = TcpStream::connect(ways.upstream).await else {
        // The client sees what it would have seen without us, as near as can be.
        return reset(&client);
    };
    for stream in [&client, &upstream] {
        let _no_delay = stream.set_nodelay(true);
    }
    let both = async {
        tokio::try_join!(
            pump(&client, &upstream, ways.requests.clone()),
            pump(&upstream, &client, ways.replies.clone())
        )
    };
    let by_reset = tokio::select! {
        done = both => matches!(done, Err(Halt { reset: true })),
        changed = ways.breaks.changed() => changed.is_ok() && ways.breaks.borrow().reset,
    };
    if by_reset {
        reset(&client);
        reset(&upstream);
    }
}

/// The connection ends before its time.
struct Halt {
    reset: bool,
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self { reset: error.kind() == io::ErrorKind::ConnectionReset }
    }
}

async fn pump(from: &TcpStream, to: &TcpStream, mut troubles: watch::Receiver<Trouble>) -> Result<(), Halt> {
    let mut buffer = vec![0; BUFFER];
    let mut passed: u64 = 0;
    loop {
        let portion = usable(troubles.borrow().bytes_per_second);
        let read = read(from, buffer.get_mut(..portion).unwrap_or_default()).await?;
        // The sender of a watch lives as long as the proxy; without it there is nothing to wait for.
        let trouble =
            troubles.wait_for(|trouble| !trouble.stall).await.map_err(|_| Halt { reset: false })?.clone();
        if read == 0 {
            // An end that is gone already needs no closing.
            let _gone = socket2::SockRef::from(to).shutdown(std::net::Shutdown::Write);
            return Ok(());
        }
        if !trouble.delay.is_zero() {
            sleep(trouble.delay).await;
        }
        let mut bytes = buffer.get(..read).unwrap_or_default();
        let left =
            trouble.cut_after.map(|most| usize::try_from(most.saturating_sub(passed)).unwrap_or(usize::MAX));
        let cut = left.is_some_and(|left| left <= bytes.len());
        if let Some(left) = left {
            bytes = bytes.get(..left).unwrap_or(bytes);
        }
        write(to, bytes).await?;
        passed += count(bytes);
        if cut {
            return Err(Halt { reset: trouble.reset });
        }
        if let Some(rate) = trouble.bytes_per_second {
            sleep(Duration::from_micros(count(bytes).saturating_mul(1_000_000) / rate.max(1))).await;
        }
    }
}

/// How many bytes are read at a time.
fn usable(rate: Option<u64>) -> usize {
    rate.map_or(BUFFER, |rate| usize::try_from(rate / PORTIONS).unwrap_or(BUFFER).clamp(1, BUFFER))
}

async fn read(from: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        from.readable().await?;
        match from.try_read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => return other,
        }
    }
}

async fn write(to: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Makes the close that follows a reset.
fn reset(stream: &TcpStream) {
    // It can only fail on a socket that is broken already.
    let _broken = stream.set_zero_linger();
}

fn count(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use serde_json::json;

    use super::*;
    use crate::fake_openai::FakeProvider;
    use crate::http::{Connection, Request};

    fn chat() -> Request {
        Request::post(
            "/v1/chat/completions",
            &json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]}),
        )
    }

    fn pair() -> (FakeProvider, FaultProxy) {
        let fake = FakeProvider::start();
        let proxy = FaultProxy::start(fake.address());
        (fake, proxy)
    }

    fn call(proxy: &FaultProxy) -> io::Result<u16> {
        crate::http::send(proxy.address(), &chat()).map(|reply| reply.status())
    }

    #[test]
    fn without_trouble_bytes_pass() {
        let (_fake, proxy) = pair();
        assert_eq!(call(&proxy).unwrap(), 200);
    }

    #[test]
    fn a_cut_ends_the_reply_where_it_says() {
        let (_fake, proxy) = pair();
        proxy.trouble_replies(Trouble::cut_after(20));
        let mut connection = Connection::open(proxy.address()).unwrap();
        connection.send(&chat()).unwrap();
        assert_eq!(connection.rest().unwrap().len(), 20);
        proxy.trouble_replies(Trouble::reset_after(20));
        let mut connection = Connection::open(proxy.address()).unwrap();
        connection.send(&chat()).unwrap();
        assert_eq!(connection.rest().unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn a_stalled_reply_comes_when_the_stall_ends() {
        let (fake, proxy) = pair();
        proxy.trouble_replies(Trouble::stall());
        let mut connection = Connection::open(proxy.address()).unwrap();
        connection.send(&chat()).unwrap();
        fake.await_requests(1);
        proxy.trouble_replies(Trouble::none());
        assert_eq!(connection.reply().unwrap().status(), 200);
    }

    #[test]
    fn a_closed_door_refuses_until_it_opens() {
        let (_fake, proxy) = pair();
        proxy.refuse(true);
        assert_eq!(call(&proxy).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        proxy.refuse(false);
        assert_eq!(call(&proxy).unwrap(), 200);
    }

    #[test]
    fn delay_and_throttle_take_their_time() {
        let (_fake, proxy) = pair();
        proxy.trouble_requests(Trouble::delay(Duration::from_millis(40)));
        let start = Instant::now();
        assert_eq!(call(&proxy).unwrap(), 200);
        assert!(start.elapsed() >= Duration::from_millis(40));
        proxy.trouble_requests(Trouble::none());
        proxy.trouble_replies(Trouble::throttle(4_000));
        let start = Instant::now();
        assert_eq!(call(&proxy).unwrap(), 200);
        assert!(start.elapsed() >= Duration::from_millis(50), "{:?}", start.elapsed());
    }

    #[test]
    fn open_connections_can_be_broken_at_once() {
        let (fake, proxy) = pair();
        proxy.trouble_replies(Trouble::stall());
        let mut connection = Connection::open(proxy.address()).unwrap();
        connection.send(&chat()).unwrap();
        fake.await_requests(1);
        proxy.break_all(true);
        assert_eq!(connection.rest().unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        proxy.trouble_replies(Trouble::none());
        assert_eq!(call(&proxy).unwrap(), 200);
    }
}
