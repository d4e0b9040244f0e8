//! Exporters: Prometheus' text, and the log.
//!
//! Each room counts for itself and registers what it counts; this room only writes it out. It never
//! decides what is counted.
//!
//! ```
//! let registry = prometheus::Registry::new();
//! let text = weighhouse_telemetry::exposition(&registry, &[("weighhouse_example", 7)]);
//! assert!(text.contains("weighhouse_example 7"));
//! ```

mod exposition;
mod log;

pub use exposition::exposition;
pub use log::{LogFormat, LogOptions, start_log};
