//! The books hold in every order, and wrong ones are caught.

use std::process::Command;

use weighhouse_models::account::Account;
use weighhouse_models::torn::{HastyBooks, TornBooks};
use weighhouse_models::{PREEMPTIONS, PREEMPTIONS_WITH_LOCKS, budgets, everywhere, turns};

#[test]
fn no_more_is_held_than_there_is() {
    everywhere(PREEMPTIONS, budgets::no_more_is_held_than_there_is::<Account>);
}

#[test]
fn every_hold_is_settled_once() {
    everywhere(PREEMPTIONS, budgets::every_hold_is_settled_once::<Account>);
}

#[test]
fn what_is_given_back_is_held_by_one() {
    everywhere(PREEMPTIONS, budgets::what_is_given_back_is_held_by_one::<Account>);
}

#[test]
fn a_limit_may_be_lowered_meanwhile() {
    everywhere(PREEMPTIONS, budgets::a_limit_may_be_lowered_meanwhile::<Account>);
}

#[test]
fn a_call_that_waits_is_woken() {
    everywhere(PREEMPTIONS, turns::a_call_that_waits_is_woken);
}

#[test]
fn two_calls_that_wait_are_woken_in_turn() {
    everywhere(PREEMPTIONS_WITH_LOCKS, turns::two_calls_that_wait_are_woken_in_turn);
}

#[test]
#[should_panic(expected = "the money is there for two")]
fn a_read_before_a_write_is_caught() {
    everywhere(PREEMPTIONS, budgets::no_more_is_held_than_there_is::<TornBooks>);
}

#[test]
#[should_panic(expected = "what is spent is held again")]
fn money_that_is_there_twice_for_a_moment_is_caught() {
    everywhere(PREEMPTIONS, budgets::what_is_given_back_is_held_by_one::<HastyBooks>);
}

/// Where all threads wait, loom panics while their guards stand, and the process aborts: so in one of its own.
#[test]
fn a_wake_that_only_looks_is_caught() {
    let itself = std::env::current_exe().unwrap();
    let args = ["--exact", "--ignored", "--nocapture", "a_wake_that_only_looks"];
    let ended = Command::new(itself).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && said.contains("deadlock"), "{said}");
}

#[test]
#[ignore = "it never ends well: `a_wake_that_only_looks_is_caught` runs it"]
fn a_wake_that_only_looks() {
    everywhere(PREEMPTIONS, turns::a_call_that_waits_is_woken_by_a_mere_look);
}
