//! The atomics of the books. `tests/models` compiles the same files with loom's in their place.

pub(crate) use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering, fence};
