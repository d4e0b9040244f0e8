//! Load: as fast as answers come (closed loop), or at a rate whatever comes (open loop).

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, LocalSet};

use crate::client::Client;

/// Calls of an open loop that may be under way at once; more are counted as failed.
const MOST_OPEN: usize = 2_000;

/// What a run showed.
pub(crate) struct Run {
    pub(crate) elapsed: Duration,
    /// Time of each call that was answered with 200, in nanoseconds, in order of size.
    pub(crate) nanos: Vec<u64>,
    /// Time to the first byte of each body, likewise.
    pub(crate) first_nanos: Vec<u64>,
    pub(crate) failed: u64,
}

impl Run {
    /// The time in microseconds that a share of the calls took at most.
    pub(crate) fn micros(&self, share: f64) -> f64 {
        percentile(&self.nanos, share)
    }

    /// The same for the first byte of the body.
    pub(crate) fn first_micros(&self, share: f64) -> f64 {
        percentile(&self.first_nanos, share)
    }

    pub(crate) fn per_second(&self) -> f64 {
        count(self.nanos.len()) / self.elapsed.as_secs_f64()
    }

    /// Fails if a call failed: a figure with failures in it says nothing.
    pub(crate) fn sound(self) -> Result<Self> {
        if self.failed > 0 {
            bail!("{} calls failed, {} were answered", self.failed, self.nanos.len());
        }
        Ok(self)
    }
}

#[derive(Default)]
struct Tally {
    nanos: RefCell<Vec<u64>>,
    first_nanos: RefCell<Vec<u64>>,
    failed: Cell<u64>,
}

impl Tally {
    /// Makes one call; false if the connection is of no more use.
    async fn call(&self, client: &mut Client, request: &[u8], from: Instant) -> bool {
        match client.call(request).await {
            Ok(answer) if answer.status == 200 => {
                self.nanos.borrow_mut().push(nanos(from.elapsed()));
                self.first_nanos.borrow_mut().push(nanos(answer.first_byte - from));
                true
            }
            Ok(_) => {
                self.failed.set(self.failed.get() + 1);
                true
            }
            Err(_) => {
                self.failed.set(self.failed.get() + 1);
                false
            }
        }
    }

    fn close(&self, elapsed: Duration) -> Run {
        let (mut nanos, mut first_nanos) = (self.nanos.take(), self.first_nanos.take());
        nanos.sort_unstable();
        first_nanos.sort_unstable();
        Run { elapsed, nanos, first_nanos, failed: self.failed.get() }
    }
}

/// Connections to one target that have been used before they are measured.
pub(crate) struct Pool {
    clients: Vec<Client>,
    request: Rc<[u8]>,
}

impl Pool {
    /// Opens connections and warms them up with `warm_up` calls in all.
    pub(crate) async fn open(
        address: SocketAddr,
        connections: usize,
        request: &[u8],
        warm_up: u64,
    ) -> Result<Self> {
        let mut clients = Vec::with_capacity(connections);
        for _ in 0..connections {
            clients.push(Client::open(address).await?);
        }
        let mut pool = Self { clients, request: request.into() };
        pool.closed_loop(warm_up).await?.sound()?;
        Ok(pool)
    }

    /// `total` calls, each connection making its next as soon as it has its last answer.
    pub(crate) async fn closed_loop(&mut self, total: u64) -> Result<Run> {
        let (tally, left) = (Rc::new(Tally::default()), Rc::new(Cell::new(total)));
        let start = Instant::now();
        let local = LocalSet::new();
        let mut calls = JoinSet::new();
        for mut client in self.clients.drain(..) {
            let (tally, left, request) = (Rc::clone(&tally), Rc::clone(&left), Rc::clone(&self.request));
            calls.spawn_local_on(
                async move {
                    while left.get() > 0 {
                        left.set(left.get() - 1);
                        if !tally.call(&mut client, &request, Instant::now()).await {
                            return None;
                        }
                    }
                    Some(client)
                },
                &local,
            );
        }
        let clients = local.run_until(calls.join_all()).await;
        let elapsed = start.elapsed();
        self.clients.extend(clients.into_iter().flatten());
        if self.clients.is_empty() {
            bail!("the target broke every connection off");
        }
        Ok(tally.close(elapsed))
    }

    /// Calls at a fixed rate for some time. Latency counts from the moment at which a call was due, so that
    /// a target that falls behind is charged for the wait of those behind it.
    pub(crate) async fn open_loop(self, address: SocketAddr, per_second: u32, time: Duration) -> Result<Run> {
        let tally = Rc::new(Tally::default());
        let idle = Rc::new(RefCell::new(self.clients));
        let mut due = pacemaker(per_second, time);
        let start = Instant::now();
        let local = LocalSet::new();
        let mut calls = JoinSet::new();
        local
            .run_until(async {
                while let Some(due) = due.recv().await {
                    while calls.try_join_next().is_some() {}
                    if calls.len() >= MOST_OPEN {
                        tally.failed.set(tally.failed.get() + 1);
                        continue;
                    }
                    let (tally, idle, request) =
                        (Rc::clone(&tally), Rc::clone(&idle), Rc::clone(&self.request));
                    calls.spawn_local(async move {
                        let ready = idle.borrow_mut().pop();
                        let client = match ready {
                            Some(client) => Ok(client),
                            None => Client::open(address).await,
                        };
                        let Ok(mut client) = client else {
                            tally.failed.set(tally.failed.get() + 1);
                            return;
                        };
                        if tally.call(&mut client, &request, due).await {
                            idle.borrow_mut().push(client);
                        }
                    });
                }
                while calls.join_next().await.is_some() {}
            })
            .await;
        Ok(tally.close(start.elapsed()))
    }
}

/// The moments at which calls are due, each sent when it has come. Tokio's timer counts milliseconds, which
/// is too coarse here, so a thread sleeps instead.
fn pacemaker(per_second: u32, time: Duration) -> mpsc::Receiver<Instant> {
    let (sender, receiver) = mpsc::channel(MOST_OPEN);
    std::thread::spawn(move || {
        let start = Instant::now();
        let total = time.as_secs_f64() * f64::from(per_second);
        let mut due = start;
        let mut number: u32 = 0;
        while f64::from(number) < total {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if sender.blocking_send(due).is_err() {
                return;
            }
            number += 1;
            due = start + Duration::from_secs(1) / per_second * number;
        }
    });
    receiver
}

/// The value in microseconds that a share of the sorted values does not exceed.
fn percentile(sorted: &[u64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1).min(last);
    micros(Duration::from_nanos(sorted[at]))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A count as a float; counts here stay far below 2^52.
pub(crate) fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use weighhouse_testkit::fake_openai::{FakeProvider, FastScript};

    use super::*;

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    #[test]
    fn both_loops_make_every_call() {
        let fake =
            FakeProvider::start_fast(FastScript { reply_bytes: 10, chunks: 3, ..FastScript::default() });
        for body in ["{}", r#"{"stream":true}"#] {
            let request =
                format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            run(async {
                let mut pool = Pool::open(fake.address(), 4, request.as_bytes(), 8).await.unwrap();
                let closed = pool.closed_loop(50).await.unwrap();
                assert_eq!((closed.nanos.len(), closed.failed), (50, 0));
                assert!(closed.first_micros(0.5) <= closed.micros(0.5));
                let open = pool.open_loop(fake.address(), 1_000, Duration::from_millis(50)).await.unwrap();
                assert_eq!((open.nanos.len(), open.failed), (50, 0));
            });
        }
        assert_eq!(fake.requests(), 2 * 108);
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let thousands: Vec<u64> = (1..=100).map(|n| n * 1_000).collect();
        assert_eq!([0.5, 0.99, 1.0].map(|share| percentile(&thousands, share)), [50.0, 99.0, 100.0]);
        assert!(percentile(&[], 0.5).is_nan());
    }
}
