//! Providers on loopback that speak Anthropic's, Gemini's and OpenAI's Responses wire, and keep their own bill.
//!
//! They are strict: what the real provider refuses is refused here, with its status and in its words, so that a
//! translation that would fail there fails in a test.
//! What they say is said by a [`Said`], or else by a small model that does the same on every run (see [`Said`]).
//! Every request is kept as it came, and calls that were answered are on a bill.
//!
//! ```
//! use serde_json::json;
//! use weighhouse_testkit::fake_chat::{FakeChat, Said, Wire};
//! use weighhouse_testkit::http;
//!
//! let fake = FakeChat::start(Wire::Anthropic);
//! fake.enqueue(Said::text("Good day.").input(12));
//! let ask = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
//! let ask = http::Request::post("/v1/messages", &ask)
//!     .header("x-api-key", "any")
//!     .header("anthropic-version", "2023-06-01");
//! let reply = http::send(fake.address(), &ask).unwrap();
//! assert_eq!(reply.json()["content"][0]["text"], "Good day.");
//! assert_eq!(fake.bill().input_tokens, 12);
//! ```

mod anthropic;
mod asked;
mod gemini;
mod key;
mod model;
mod reply;
mod responses;
mod said;
mod server;
mod spoken;
mod state;
#[cfg(test)]
mod tests;
mod wires;

use std::net::SocketAddr;
use std::sync::Arc;

pub use crate::fake_openai::SeenRequest;
pub use said::{Said, SaidBlock, SaidUsage};
pub use state::ChatBill;

use crate::loopback::Server;
use state::Shared;

/// What a fake speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Anthropic's Messages API.
    Anthropic,
    /// Google's Gemini API.
    Gemini,
    /// OpenAI's Responses API.
    Responses,
}

/// A provider; it stops when it is dropped.
pub struct FakeChat {
    wire: Wire,
    shared: Arc<Shared>,
    server: Server,
}

impl FakeChat {
    /// Starts a provider on a free port of 127.0.0.1, on a thread of its own.
    ///
    /// # Panics
    /// The machine gives no port or no thread.
    #[must_use]
    pub fn start(wire: Wire) -> Self {
        let shared = Arc::new(Shared::default());
        let for_server = Arc::clone(&shared);
        let server =
            Server::start("fake-chat", move |stream| server::serve(stream, wire, Arc::clone(&for_server)));
        Self { wire, shared, server }
    }

    /// What an SDK takes as its base URL: Anthropic's has no path, Gemini's ends with `/v1beta`, that of Responses
    /// with `/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        let path = match self.wire {
            Wire::Anthropic => "",
            Wire::Gemini => "/v1beta",
            Wire::Responses => "/v1",
        };
        format!("http://{}{path}", self.address())
    }

    /// What it speaks.
    #[must_use]
    pub const fn wire(&self) -> Wire {
        self.wire
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What the next call that is in order gets; calls queue up, first in first out.
    pub fn enqueue(&self, said: Said) {
        self.shared.lock().queue.push_back(said);
    }

    /// What calls get when nothing is queued.
    pub fn set_default(&self, said: Said) {
        self.shared.lock().default = said;
    }

    /// From now on calls need this key; before that any key is taken that is not empty.
    pub fn require_key(&self, key: &str) {
        self.shared.lock().key = Some(key.into());
    }

    /// The requests so far, refused ones too; the latest ten thousand.
    #[must_use]
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.shared.lock().requests.iter().cloned().collect()
    }

    /// What was answered so far.
    #[must_use]
    pub fn bill(&self) -> ChatBill {
        self.shared.lock().bill
    }

    /// How many calls were left by their peer before they were answered to the end.
    #[must_use]
    pub fn disconnects(&self) -> u64 {
        self.shared.lock().disconnects
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
}
