//! A provider on loopback that speaks OpenAI's wire, does as its script says, and keeps its own bill.
//!
//! Its tokens are such that a test can say beforehand what a call costs:
//! a prompt has a token for every four bytes (rounded up, over all texts of all messages together);
//! an answer is made of the word `tok ` over and over, a token and a chunk each.
//! The request's `max_tokens` or `max_completion_tokens` cuts the answer short (`finish_reason: length`).
//!
//! What is billed: a whole answer once its last byte was handed to the connection; of a stream the prompt and
//! the tokens of the chunks that were handed over; of a call whose peer left before any answer the prompt
//! alone (all of it with [`Script::bill_abandoned_whole`]). Refused calls are free.
//! A call is on the bill no later than its last byte can be read, so a test need not wait.
//!
//! It refuses what OpenAI refuses, in OpenAI's words, and uses up a script only for a request that is in order.

mod answer;
mod ask;
mod bill;
mod connection;
mod fast;
mod parrot;
mod player;
mod script;
mod state;
#[cfg(test)]
mod tests;
mod turns;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use weighhouse_types::{Nanos, Picos};

pub use bill::{Bill, BilledCall};
pub use fast::{FastFake, FastScript};
pub use script::{Script, ToolCall, UsageReport};

use crate::loopback::Server;
use bill::Prices;
use state::Shared;

/// A scripted provider; it stops when it is dropped.
pub struct FakeProvider {
    shared: Arc<Shared>,
    server: Server,
}

/// A request as the provider received it.
#[derive(Clone, Debug)]
pub struct SeenRequest {
    /// The method, such as `POST`.
    pub method: String,
    /// Path and query as they came.
    pub path: String,
    /// Headers in the order of the wire, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body without its framing.
    pub body: Vec<u8>,
}

/// When a call that was answered came and when it was over, for whoever counts calls in a minute or at once.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// When its last byte was read.
    pub arrived: Instant,
    /// Before its answer's last byte left, or when its peer was seen to be gone.
    pub ended: Instant,
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens of the answer that were handed over.
    pub completion_tokens: u64,
}

impl SeenRequest {
    /// The first value of a header; `name` is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// It is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the request's body is JSON")
    }
}

impl FakeProvider {
    /// Starts a provider on a free port of 127.0.0.1, on a thread of its own.
    ///
    /// # Panics
    /// The machine gives no port or no thread.
    #[must_use]
    pub fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let for_server = Arc::clone(&shared);
        let server =
            Server::start("fake-openai", move |stream| connection::serve(stream, Arc::clone(&for_server)));
        Self { shared, server }
    }

    /// Starts the provider that benchmarks call: no script, no bill, as little work per request as can be.
    ///
    /// # Panics
    /// The machine gives no port or no thread.
    #[must_use]
    pub fn start_fast(script: FastScript) -> FastFake {
        FastFake::start(script)
    }

    /// What an SDK takes as its base URL: it ends with `/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What calls get when no script is queued.
    pub fn set_default(&self, script: Script) {
        self.shared.lock().default = script;
    }

    /// What the next call gets; calls queue up, first in first out.
    pub fn enqueue(&self, script: Script) {
        self.shared.lock().queue.push_back(script);
    }

    /// Prices per token in pico-dollars; cached prompt tokens cost as others do.
    /// Without it, a million (1 $ per million tokens) and two million.
    pub fn price(&self, input_picos: i128, output_picos: i128) {
        let input = Picos::new(input_picos);
        self.shared.lock().prices = Prices { input, cached: input, output: Picos::new(output_picos) };
    }

    /// The price of a cached prompt token in pico-dollars.
    pub fn price_cached(&self, picos: i128) {
        self.shared.lock().prices.cached = Picos::new(picos);
    }

    /// From now on calls need this key as bearer.
    pub fn require_key(&self, key: &str) {
        self.shared.lock().key = Some(key.into());
    }

    /// From now on only these models are there, and `GET /v1/models` lists them.
    pub fn set_models(&self, models: &[&str]) {
        self.shared.lock().models = Some(models.iter().map(|&model| model.into()).collect());
    }

    /// Lets parameters pass that OpenAI does not know, as most servers that speak its wire do.
    pub fn allow_unknown_parameters(&self) {
        self.shared.lock().lenient = true;
    }

    /// What it would charge by now, for calls that have ended.
    #[must_use]
    pub fn bill(&self) -> Bill {
        self.shared.lock().bill.clone()
    }

    /// The sum of the bill, and how many calls stand on it, without a copy of them.
    #[must_use]
    pub fn billed(&self) -> (Nanos, usize) {
        let state = self.shared.lock();
        (state.bill.total, state.bill.calls.len())
    }

    /// The calls that have ended, refused ones left out; the first million.
    #[must_use]
    pub fn visits(&self) -> Vec<Visit> {
        self.shared.lock().visits.clone()
    }

    /// How many requests came so far, refused ones too.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.shared.lock().seen
    }

    /// Whether one of the latest ten thousand requests had these words in its body.
    #[must_use]
    pub fn heard(&self, words: &str) -> bool {
        let finder = memchr::memmem::Finder::new(words);
        self.shared.lock().requests.iter().rev().any(|request| finder.find(&request.body).is_some())
    }

    /// Forgets the scripts that no call has used.
    pub fn forget_scripts(&self) {
        self.shared.lock().queue.clear();
    }

    /// The requests so far, refused ones too; the latest ten thousand.
    #[must_use]
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.shared.lock().requests.iter().cloned().collect()
    }

    /// How many calls were left by their peer before they were answered.
    #[must_use]
    pub fn disconnects(&self) -> u64 {
        self.shared.lock().disconnects
    }

    /// How many connections are open.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.shared.lock().open
    }

    /// Blocks until `n` requests have come since the start.
    ///
    /// # Panics
    /// They have not within ten seconds.
    #[track_caller]
    pub fn await_requests(&self, n: u64) {
        self.shared.wait(|state| state.seen >= n, |state| format!("{} of {n} requests came", state.seen));
    }

    /// Blocks until `n` calls were left by their peer since the start; the bill has them then.
    ///
    /// # Panics
    /// They were not within ten seconds.
    #[track_caller]
    pub fn await_disconnects(&self, n: u64) {
        self.shared.wait(
            |state| state.disconnects >= n,
            |state| format!("{} of {n} calls were left by their peer", state.disconnects),
        );
    }

    /// Blocks until exactly `n` connections are open.
    ///
    /// # Panics
    /// There are more or fewer for ten seconds.
    #[track_caller]
    pub fn await_open_connections(&self, n: usize) {
        self.shared
            .wait(|state| state.open == n, |state| format!("{} connections are open, not {n}", state.open));
    }
}
