//! Every fault run, in seconds: the whole ones are `cargo xtask fault`.

use std::path::{Path, PathBuf};

fn gateway() -> PathBuf {
    let named = std::env::var_os("WEIGHHOUSE_GATEWAY").map(PathBuf::from);
    let program =
        named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/debug/gateway"));
    assert!(program.exists(), "{} is not there: cargo build -p gateway", program.display());
    program
}

#[track_caller]
fn holds(line: &str) {
    let mut words: Vec<String> = line.split_whitespace().map(String::from).collect();
    words.extend(["--gateway".into(), gateway().to_string_lossy().into_owned()]);
    if let Err(error) = fault::run(&words) {
        panic!("{line}: {error:#}");
    }
}

#[test]
fn a_dollar_holds_under_clients_that_leave_and_a_provider_that_fails() {
    holds("budget-race --runs 1 --clients 50");
}

#[test]
fn no_account_of_random_trees_is_overspent() {
    holds("budget-race --trees --seeds 2 --clients 20 --database sqlite");
}

#[test]
fn a_killed_gateway_loses_no_answer_that_a_client_has() {
    holds("kill9 --runs 2");
}

#[test]
fn a_full_disk_refuses_calls_and_loses_none() {
    // Only root may mount a small disk; there is no other honest way to have one.
    match std::fs::metadata("/proc/self").map(|process| std::os::unix::fs::MetadataExt::uid(&process)) {
        Ok(0) => holds("disk-full --runs 1 --database sqlite"),
        _ => println!("skipped: not root"),
    }
}

#[test]
fn no_window_is_overspent_when_the_clock_jumps() {
    holds("clock --runs 8 --seed 2 --database sqlite");
}

#[test]
fn no_provider_sees_more_than_the_limits() {
    holds("ratelimit --seconds 4 --database sqlite");
}

#[test]
fn calls_that_are_given_up_leave_nothing_behind() {
    holds("slots --runs 1500 --database sqlite");
}
