//! What configs say, and what is said about them.

mod findings;
mod includes;
mod limits;
mod models;
mod whole;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::{Loaded, load_text};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn environment() -> BTreeMap<String, String> {
    [
        ("AZURE_API_KEY", "azure-key"),
        ("OPENAI_API_KEY", "openai-key"),
        ("ANTHROPIC_API_KEY", "anthropic-key"),
        ("LITELLM_MASTER_KEY", "sk-0123456789abcdef"),
        ("DATABASE_URL", "postgres://user:hidden@db/litellm"),
        ("LANGFUSE_URL", "https://langfuse.internal"),
        ("NUMBER", "5"),
        ("TRUTH", "True"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn read(yaml: &str) -> Loaded {
    load_text("c.yaml", yaml, &environment()).unwrap()
}

/// A config has exactly these findings.
fn check(yaml: &str, expected: &[&str]) {
    let found: Vec<String> = read(yaml).findings.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "{yaml}");
}
