//! The count of tests, read from what the test runners print.

use std::fmt;

/// How many tests passed, failed and were skipped, over all runners of one `cargo xtask test`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    /// Adds what a runner's lines close on: nextest's `Summary [ 1.2s] 3 tests run: 2 passed, 1 failed,
    /// 0 skipped`, or else each of libtest's `test result: ok. 2 passed; 0 failed; 1 ignored; …`
    /// (nextest repeats libtest's line for a test that failed, so the two are never added).
    pub(crate) fn read(&mut self, lines: &[String]) {
        let summary = lines.iter().rev().find_map(|line| line.trim().strip_prefix("Summary ["));
        if let Some((_, counts)) = summary.and_then(|rest| rest.split_once(": ")) {
            counts.split(',').for_each(|part| self.add(part));
            return;
        }
        for line in lines {
            let result = line.trim().strip_prefix("test result: ").and_then(|rest| rest.split_once(". "));
            if let Some((_, counts)) = result {
                counts.split(';').for_each(|part| self.add(part));
            }
        }
    }

    /// Takes one part such as `3 passed (1 slow)`. What a filter left out is no skipped test.
    fn add(&mut self, part: &str) {
        let Some((number, word)) = part.trim().split_once(' ') else { return };
        let Ok(number) = number.parse::<u64>() else { return };
        let word = word.split(" (").next().unwrap_or(word);
        match word {
            "passed" => self.passed += number,
            "failed" | "timed out" | "exec failed" => self.failed += number,
            "skipped" | "ignored" => self.skipped += number,
            _ => {}
        }
    }
}

/// The closing line that CI reads.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], expected: &str) {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let mut tally = Tally::default();
        tally.read(&lines);
        assert_eq!(tally.to_string(), expected);
    }

    #[test]
    fn nextest_summaries_are_read() {
        check(
            &["     Summary [   0.010s] 3 tests run: 3 passed, 0 skipped"],
            "3 passed, 0 failed, 0 skipped",
        );
        check(
            &[
                "     Summary [   5.101s] 120 tests run: 115 passed (2 slow, 1 leaky), 1 failed, 2 timed out, 1 exec failed, 3 skipped",
            ],
            "115 passed, 4 failed, 3 skipped",
        );
        check(
            &["     Summary [   0.1s] 3/10 tests run: 2 passed, 1 failed, 0 skipped"],
            "2 passed, 1 failed, 0 skipped",
        );
    }

    #[test]
    fn libtest_results_are_added_up() {
        check(
            &[
                "test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
                "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.10s",
            ],
            "5 passed, 2 failed, 1 skipped",
        );
    }

    #[test]
    fn a_failed_test_is_counted_once_under_nextest() {
        check(
            &[
                "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out",
                "     Summary [   0.1s] 10 tests run: 9 passed, 1 failed, 0 skipped",
            ],
            "9 passed, 1 failed, 0 skipped",
        );
    }

    #[test]
    fn other_lines_count_nothing() {
        check(&["error: could not compile", "Summary of things: 3 passed"], "0 passed, 0 failed, 0 skipped");
    }
}
