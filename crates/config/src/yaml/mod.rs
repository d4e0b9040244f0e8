//! YAML as PyYAML's `safe_load` reads it: version 1.1 with its habits, into a tree that knows its lines.
//!
//! `saphyr-parser` splits the text into events, `characters` refuses what PyYAML's reader refuses and the
//! parser lets pass, `scalar` and `timestamp` say what a scalar means, `compose` builds the tree within limits,
//! and `python` writes values as Python does. `fixtures/yaml` holds what PyYAML itself made of every case.
//!
//! Three things are known to differ, each with an error that names the line: flow collections and quoted texts
//! whose further lines are indented less than their parent, and a NEL or line separator that ends a plain
//! scalar, are refused here; so are `!!binary`, `!!set`, `!!omap` and `!!pairs`, which no setting takes.

mod characters;
mod compose;
mod mapping;
mod python;
mod scalar;
mod timestamp;
mod tree;

#[cfg(test)]
mod corpus;

pub use compose::{MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES, YamlError, read};
pub use tree::{Node, Place, Value};
