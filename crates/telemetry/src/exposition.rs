//! Prometheus' text format.

use std::fmt::Write as _;

use prometheus::{Registry, TextEncoder};

/// Everything that is registered, and gauges that are read at this moment.
#[must_use]
pub fn exposition(registry: &Registry, gauges: &[(&str, u64)]) -> String {
    let mut text = String::new();
    if let Err(error) = TextEncoder::new().encode_utf8(&registry.gather(), &mut text) {
        tracing::warn!(%error, "metrics could not be written");
    }
    for (name, value) in gauges {
        let written = writeln!(text, "# TYPE {name} gauge\n{name} {value}");
        debug_assert!(written.is_ok(), "a String takes every text");
    }
    text
}
