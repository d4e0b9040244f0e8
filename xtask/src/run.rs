//! `cargo xtask run`: the gateway, built in release.

use anyhow::Result;

use crate::process;

pub(crate) const HELP: &str = "\
cargo xtask run [-- gateway's own words]

Builds the gateway in release and runs it in front of you; Ctrl-C stops it.
The same as `cargo run --release -p gateway -- …`.

Examples
  cargo xtask run                          no configuration: SQLite, a key of its own, 127.0.0.1:4000
  cargo xtask run -- --config my.yaml      LiteLLM's config.yaml as it is
  cargo xtask run -- --help                the gateway's own help
";

pub(crate) fn run(words: &[String]) -> Result<()> {
    let words = match words.split_first() {
        Some((dashes, rest)) if dashes == "--" => rest,
        _ => words,
    };
    process::run(process::cargo(&["run", "--release", "--package", "gateway", "--"]).args(words))
}
