//! Fakes for tests: providers that keep their own bill, fault proxies, throw-away PostgreSQL and Redis.
//!
//! A test starts what it needs, and all of it goes away with the test: servers stop, programs are killed and
//! directories removed on drop. Nothing here waits by sleeping, and nothing leaves the machine.
//! It never knows the gateway's own code: what it says of money it counts by itself, so that two books can be
//! held against each other. When something cannot be had (a port, a thread, an event in time), it panics with
//! the reason, as an assertion does.
//!
//! ```
//! use serde_json::json;
//! use weighhouse_testkit::{fake_openai::{FakeProvider, Script}, http};
//!
//! let fake = FakeProvider::start();
//! fake.enqueue(Script::default().tokens(3));
//! let ask = json!({"model": "m", "messages": [{"role": "user", "content": "four"}]});
//! let reply = http::send(fake.address(), &http::Request::post("/v1/chat/completions", &ask)).unwrap();
//! assert_eq!(reply.json()["choices"][0]["message"]["content"], "tok tok tok ");
//! assert_eq!(fake.bill().calls[0].completion_tokens, 3);
//! ```
#![expect(clippy::expect_used, reason = "a test kit that cannot do its part fails the test")]

pub mod canned;
pub mod fake_chat;
pub mod fake_openai;
pub mod fault_proxy;
pub mod fixtures;
pub mod http;
mod loopback;
pub mod process;
pub mod services;
pub mod temp_dir;
