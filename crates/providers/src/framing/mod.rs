//! How messages are cut on the wire.

pub mod json_array;
pub mod sse;
