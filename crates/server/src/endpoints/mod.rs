//! Answers of the data plane about itself: its models, its health, its counters.

pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod models;
