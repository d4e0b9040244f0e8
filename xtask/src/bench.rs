//! `cargo xtask bench`: the shipped gateway under load.

use anyhow::Result;

use crate::{process, workspace};

pub(crate) const HELP: &str = "\
cargo xtask bench [words of the bench program]

Builds the gateway and the load generator `bench` with the profile `dist` (what is shipped), starts the one
against the other on loopback and prints what it measured. Close other programs first: the numbers are worth
what the machine's quiet is worth.

Examples
  cargo xtask bench                every case with its defaults
  cargo xtask bench translate      what translations between dialects cost
  cargo xtask bench permit         what it costs to let a call in
  cargo xtask bench -- --help      the load generator's own words
";

pub(crate) fn run(words: &[String]) -> Result<()> {
    process::step("build gateway and bench as shipped", || {
        process::run(&mut process::cargo(&[
            "build",
            "--profile",
            "dist",
            "--package",
            "gateway",
            "--package",
            "bench",
        ]))
    })?;
    let built = workspace::target_dir().join("dist");
    let mut bench = std::process::Command::new(built.join("bench"));
    if words.first().is_none_or(|word| word != "translate" && word != "permit") {
        bench.arg("--gateway").arg(built.join("gateway"));
    }
    bench.args(words.iter().filter(|word| *word != "--")).current_dir(workspace::root());
    process::run(&mut bench)
}
