//! YAML as PyYAML's `safe_load` reads it: version 1.1 with its habits, into a tree that knows its lines.

mod compose;
mod scalar;
mod tree;

pub use compose::{MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES, YamlError, read};
pub use tree::{Node, Place, Value};
