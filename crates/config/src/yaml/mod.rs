//! YAML as PyYAML's `safe_load` reads it: version 1.1 with its habits, into a tree that knows its lines.
//!
//! `saphyr-parser` splits the text into events, `characters` refuses what PyYAML's reader refuses and the
//! parser lets pass, `scalar` and `timestamp` say what a scalar means, `compose` builds the tree within limits,
//! and `python` writes values as Python does. `fixtures/yaml` holds what PyYAML itself made of every case.
//!
//! What is known to differ stands in `corpus`. Refused here, with an error that names the line: flow collections
//! and quoted texts whose further lines are indented less than their parent, a comment without a space before
//! it, raw NEL and Unicode line separators, and `!!binary`, `!!set`, `!!omap` and `!!pairs`, which no setting
//! takes. Read here although PyYAML refuses them: an anchor's name given twice or with a dot, and an empty key.
//! Read differently: `?` without a space inside a flow collection is part of the text here, a key there.

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
