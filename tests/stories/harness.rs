//! What stories are told with: a house before fake providers, keys to it, and what it answers.
//!
//! ```ignore
//! let fake = FakeProvider::start();
//! let house = House::before(&fake);
//! house.key(json!({"rpm_limit": 0})).chat("hi").refused(429);
//! ```

mod answer;
mod books;
mod config;
mod house;
mod key;
mod llmctl;

pub(crate) use answer::{Answer, nanos, words_of};
pub(crate) use books::agreed;
pub(crate) use config::{PRICES, PROVIDER_KEY, deployment, model, priced};
pub(crate) use house::{House, MASTER_KEY, SOON, eventually, gateway_program};
pub(crate) use key::{Key, chat};
pub(crate) use llmctl::Llmctl;
