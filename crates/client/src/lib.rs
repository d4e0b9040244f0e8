//! The typed client of the admin API: a method for every route of the control plane, and chats.
//!
//! It speaks plain HTTP to a gateway nearby; the key never stands in its errors or debug forms. It never
//! repeats a request by itself.
//!
//! ```no_run
//! # async fn example() -> Result<(), weighhouse_client::ClientError> {
//! use std::time::Duration;
//! use weighhouse_api::GenerateKeyRequest;
//! use weighhouse_client::Client;
//!
//! let client = Client::new("http://127.0.0.1:4000", "sk-...".into(), Duration::from_secs(10))?;
//! let request = GenerateKeyRequest { key_alias: Some("app".into()), ..GenerateKeyRequest::default() };
//! let made = client.generate_key(&request).await?;
//! assert!(made.key.is_some());
//! # Ok(())
//! # }
//! ```

mod answer;
mod chat;
mod client;
mod entities;
mod error;
mod health;
mod models;
mod sse;
mod transport;

pub use answer::Answer;
pub use chat::{ChatAnswer, ChatEvent, ChatMessage, ChatRequest, ChatStream, ChatUsage, Spoken};
pub use client::Client;
pub use error::ClientError;
pub use health::{Deployment, Health, Readiness};
pub use models::{Model, ModelFact, ModelFacts, ModelList};
