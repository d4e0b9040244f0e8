//! How messages are cut on the wire.

pub mod sse;
