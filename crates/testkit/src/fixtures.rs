//! Walks fixtures, `<root>/<group>/<case>/<files>`, and holds what a test made against what they expect.
//!
//! With `UPDATE=1` in the environment, expected files are written instead.

use std::any::Any;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Longer files are compared, but their difference is shown without search for common lines.
const MOST_COMPARISONS: usize = 4_000_000;
const CONTEXT: usize = 2;

/// One case: a directory with files.
pub struct Case {
    group: String,
    name: String,
    dir: PathBuf,
    update: bool,
    failures: Vec<String>,
}

/// Hands every case to `check`, in order of their names, and gives how many there were.
///
/// # Panics
/// A case differed from its files, or `check` panicked or failed for it; the panic lists all such cases.
/// Also when the directories cannot be read.
#[expect(clippy::disallowed_methods, reason = "UPDATE is a word to the tests, not to the product")]
pub fn walk(root: &Path, check: impl FnMut(&mut Case) -> Result<(), String>) -> usize {
    walk_with(root, std::env::var_os("UPDATE").is_some_and(|word| word == "1"), check)
}

fn walk_with(root: &Path, update: bool, mut check: impl FnMut(&mut Case) -> Result<(), String>) -> usize {
    let mut count = 0;
    let mut report = String::new();
    for group in directories(root) {
        for dir in directories(&group) {
            count += 1;
            let mut case = Case { group: name(&group), name: name(&dir), dir, update, failures: Vec::new() };
            match catch_unwind(AssertUnwindSafe(|| check(&mut case))) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => case.failures.push(error),
                Err(panic) => case.failures.push(format!("panicked: {}", words_of(panic.as_ref()))),
            }
            for failure in &case.failures {
                report.push_str(&format!("\n── {}/{}: {failure}\n", case.group, case.name));
            }
        }
    }
    assert!(report.is_empty(), "fixtures differ (UPDATE=1 rewrites what is expected):\n{report}");
    count
}

impl Case {
    /// The directory above the case, such as a provider.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.group
    }

    /// The case's own directory.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its files' names, in order.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        entries(&self.dir).into_iter().filter(|path| path.is_file()).map(|path| name(&path)).collect()
    }

    /// Whether it has such a file.
    #[must_use]
    pub fn has(&self, file: &str) -> bool {
        self.dir.join(file).is_file()
    }

    /// A file's bytes.
    ///
    /// # Panics
    /// It cannot be read.
    #[must_use]
    pub fn bytes(&self, file: &str) -> Vec<u8> {
        let path = self.dir.join(file);
        std::fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    /// A file's text.
    ///
    /// # Panics
    /// It cannot be read, or is no UTF-8.
    #[must_use]
    pub fn text(&self, file: &str) -> String {
        String::from_utf8(self.bytes(file)).unwrap_or_else(|_| panic!("{file} is no UTF-8"))
    }

    /// A file's JSON.
    ///
    /// # Panics
    /// It cannot be read, or is no JSON.
    #[must_use]
    pub fn json(&self, file: &str) -> Value {
        serde_json::from_slice(&self.bytes(file)).unwrap_or_else(|error| panic!("{file} is no JSON: {error}"))
    }

    /// Holds a text against a file; a difference is noted and the case goes on.
    pub fn expect(&mut self, file: &str, actual: &str) {
        if self.has(file) && self.text(file) == actual {
            return;
        }
        self.differ(file, actual);
    }

    /// Holds JSON against a file: members may stand in any order and with any blanks.
    pub fn expect_json(&mut self, file: &str, actual: &Value) {
        if self.has(file) && self.json(file) == *actual {
            return;
        }
        self.differ(file, &format!("{actual:#}\n"));
    }

    fn differ(&mut self, file: &str, actual: &str) {
        if self.update {
            let path = self.dir.join(file);
            if let Err(error) = std::fs::write(&path, actual) {
                self.failures.push(format!("cannot write {}: {error}", path.display()));
            }
        } else if self.has(file) {
            let expected = match serde_json::from_str::<Value>(&self.text(file)) {
                Ok(value) if Path::new(file).extension().is_some_and(|ending| ending == "json") => {
                    format!("{value:#}\n")
                }
                _ => self.text(file),
            };
            self.failures.push(format!("{file} (- expected, + actual)\n{}", difference(&expected, actual)));
        } else {
            self.failures.push(format!("{file} is not there; it would be\n{actual}"));
        }
    }
}

/// The lines in which two texts differ, with a few around them.
#[must_use]
pub fn difference(expected: &str, actual: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.split('\n').collect(), actual.split('\n').collect());
    let same_start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - same_start;
    let same_end = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let (old_middle, new_middle) =
        (&old[same_start..old.len() - same_end], &new[same_start..new.len() - same_end]);
    let mut text = String::new();
    let mut line = |mark: char, line: &str| writeln!(text, "{mark} {}", visible(line)).unwrap_or_default();
    for same in &old[same_start.saturating_sub(CONTEXT)..same_start] {
        line(' ', same);
    }
    for (mark, changed) in changes(old_middle, new_middle) {
        line(mark, changed);
    }
    for same in old[old.len() - same_end..].iter().take(CONTEXT) {
        line(' ', same);
    }
    text
}

/// Lines taken out (`-`), put in (`+`) and common (` `), by the longest common subsequence.
fn changes<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    if old.len().saturating_mul(new.len()) > MOST_COMPARISONS {
        return old.iter().map(|line| ('-', *line)).chain(new.iter().map(|line| ('+', *line))).collect();
    }
    // common[i][j]: length of the longest common subsequence of old[i..] and new[j..].
    let mut common = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || i < old.len() && common[i + 1][j] >= common[i][j + 1] {
            lines.push(('-', old[i]));
            i += 1;
        } else {
            lines.push(('+', new[j]));
            j += 1;
        }
    }
    lines
}

/// Carriage returns and blanks at the end of a line would not be seen.
fn visible(line: &str) -> String {
    let shown = line.replace('\r', "\\r");
    match shown.strip_suffix(' ') {
        Some(start) => format!("{start}·"),
        None => shown,
    }
}

fn directories(path: &Path) -> Vec<PathBuf> {
    entries(path).into_iter().filter(|path| path.is_dir()).collect()
}

fn entries(path: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable directory").path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without words".into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::temp_dir::TempDir;

    fn fixtures() -> TempDir {
        let dir = TempDir::new("fixtures");
        for case in ["a/one", "a/two", "b/three"] {
            std::fs::create_dir_all(dir.path().join(case)).unwrap();
            std::fs::write(dir.path().join(case).join("ask.txt"), case).unwrap();
        }
        dir
    }

    fn echo(case: &mut Case) -> Result<(), String> {
        let ask = case.text("ask.txt");
        case.expect("answer.txt", &format!("{ask}\nand back\n"));
        case.expect_json("answer.json", &json!({"ask": ask}));
        Ok(())
    }

    #[test]
    fn update_writes_what_then_holds() {
        let dir = fixtures();
        assert_eq!(walk_with(dir.path(), true, echo), 3);
        assert_eq!(walk_with(dir.path(), false, echo), 3);
        let json = dir.path().join("a/one/answer.json");
        assert_eq!(std::fs::read_to_string(json).unwrap(), "{\n  \"ask\": \"a/one\"\n}\n");
    }

    #[test]
    fn every_difference_is_told_with_its_case() {
        let dir = fixtures();
        walk_with(dir.path(), true, echo);
        std::fs::write(dir.path().join("a/two/answer.txt"), "a/two\nand forth\n").unwrap();
        let failed = catch_unwind(|| {
            walk_with(dir.path(), false, |case| {
                assert!(case.name() != "three", "no threes");
                echo(case)
            })
        });
        let words = words_of(failed.unwrap_err().as_ref());
        assert!(
            words.contains("a/two: answer.txt") && words.contains("- and forth\n+ and back\n"),
            "{words}"
        );
        assert!(words.contains("b/three: panicked: no threes"), "{words}");
        assert!(!words.contains("a/one"), "{words}");
    }

    #[test]
    fn a_difference_shows_few_lines_around_it() {
        let old = "1\n2\n3\n4\nfive \n6\n7\n8\n9";
        let new = "1\n2\n3\n4\n5\n6\nsix and a half\n7\n8\n9";
        assert_eq!(difference(old, new), "  3\n  4\n- five·\n+ 5\n  6\n+ six and a half\n  7\n  8\n");
    }
}
