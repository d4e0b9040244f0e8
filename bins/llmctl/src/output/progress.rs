//! How far long work has come: one line on standard error, only where that is a terminal.

use std::io::{self, IsTerminal, Write};

/// Cells of the bar.
const CELLS: u64 = 24;
/// Back to the line's begin, and the line emptied.
const WIPE: &str = "\r\u{1b}[2K";

/// A bar that is gone once it is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    /// None where the end is not known.
    whole: Option<u64>,
    done: u64,
    is_shown: bool,
}

impl Progress {
    /// `what` says what is counted: `keys`, `pages`.
    pub(crate) fn new(what: &'static str, whole: Option<u64>) -> Self {
        let is_long = whole.is_none_or(|whole| whole > 1);
        let progress = Self { what, whole, done: 0, is_shown: is_long && io::stderr().is_terminal() };
        progress.draw();
        progress
    }

    /// So many there are in all.
    pub(crate) fn expect(&mut self, whole: u64) {
        self.whole = Some(whole);
    }

    /// So many more are done.
    pub(crate) fn advance(&mut self, by: u64) {
        self.done = self.done.saturating_add(by);
        self.draw();
    }

    fn draw(&self) {
        if self.is_shown {
            put(&format!("{WIPE}{}", self.line()));
        }
    }

    fn line(&self) -> String {
        let Some(whole) = self.whole.filter(|whole| *whole > 0) else {
            return format!("{} {} …", self.done, self.what);
        };
        let full = self.done.min(whole).saturating_mul(CELLS) / whole;
        let bar: String = (0..CELLS).map(|cell| if cell < full { '█' } else { '░' }).collect();
        format!("{bar} {} of {whole} {}", self.done, self.what)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            put(WIPE);
        }
    }
}

/// Progress is a courtesy: a terminal that cannot be written to shall not end the work.
fn put(text: &str) {
    let mut out = io::stderr().lock();
    let _shown = out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_tells_how_much_is_done() {
        let check = |whole, done, expected: &str| {
            assert_eq!(Progress { what: "keys", whole, done, is_shown: false }.line(), expected);
        };
        check(Some(2), 1, "████████████░░░░░░░░░░░░ 1 of 2 keys");
        check(Some(3), 3, "████████████████████████ 3 of 3 keys");
        check(Some(0), 0, "0 keys …");
        check(None, 7, "7 keys …");
    }
}
