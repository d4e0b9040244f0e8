//! Rust source as our rules see it: comments and literals blanked, test items left out.

use std::path::{Path, PathBuf};

/// The same lines with every comment turned into blanks and every character inside a literal into `_`.
///
/// What is left can be searched for words and braces without meeting those inside strings.
pub(crate) fn outline(text: &str) -> String {
    let mut scanner =
        Scanner { chars: text.chars().collect(), at: 0, out: String::with_capacity(text.len()) };
    while scanner.at < scanner.chars.len() {
        scanner.next_token();
    }
    scanner.out
}

struct Scanner {
    chars: Vec<char>,
    at: usize,
    out: String,
}

impl Scanner {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    /// Passes `count` characters on, as they are or each as `mask`; line ends always stay.
    fn pass(&mut self, count: usize, mask: Option<char>) {
        for _ in 0..count {
            let Some(&c) = self.chars.get(self.at) else { return };
            self.out.push(if c == '\n' { c } else { mask.unwrap_or(c) });
            self.at += 1;
        }
    }

    fn next_token(&mut self) {
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => {
                while self.at < self.chars.len() && self.peek(0) != '\n' {
                    self.pass(1, Some(' '));
                }
            }
            ('/', '*') => self.block_comment(),
            ('"', _) => self.string(),
            ('r', '"' | '#') if self.starts_raw_string() => self.raw_string(),
            ('\'', _) => self.quote(),
            _ => self.pass(1, None),
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => {
                    depth += 1;
                    self.pass(2, Some(' '));
                }
                ('*', '/') => {
                    depth -= 1;
                    self.pass(2, Some(' '));
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.pass(1, Some(' ')),
            }
        }
    }

    fn string(&mut self) {
        self.pass(1, None);
        while self.at < self.chars.len() && self.peek(0) != '"' {
            let count = if self.peek(0) == '\\' { 2 } else { 1 };
            self.pass(count, Some('_'));
        }
        self.pass(1, None);
    }

    /// `r"`, `br"`, `cr#"` and so on start a raw string; the `r` of a name and `r#name` do not.
    fn starts_raw_string(&self) -> bool {
        let before =
            |back: usize| self.at.checked_sub(back).and_then(|at| self.chars.get(at)).copied().unwrap_or(' ');
        let own_word = !is_word(before(1)) || (matches!(before(1), 'b' | 'c') && !is_word(before(2)));
        let hashes = (1..).take_while(|ahead| self.peek(*ahead) == '#').count();
        own_word && self.peek(1 + hashes) == '"'
    }

    fn raw_string(&mut self) {
        let hashes = (1..).take_while(|ahead| self.peek(*ahead) == '#').count();
        self.pass(2 + hashes, None);
        while self.at < self.chars.len() {
            let closes = self.peek(0) == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == '#');
            if closes {
                self.pass(1 + hashes, None);
                return;
            }
            self.pass(1, Some('_'));
        }
    }

    /// A character literal, or the mark of a lifetime.
    fn quote(&mut self) {
        if self.peek(1) == '\\' {
            self.pass(1, None);
            self.pass(2, Some('_'));
            while self.at < self.chars.len() && self.peek(0) != '\'' {
                self.pass(1, Some('_'));
            }
            self.pass(1, None);
        } else if self.peek(2) == '\'' {
            self.pass(1, None);
            self.pass(1, Some('_'));
            self.pass(1, None);
        } else {
            self.pass(1, None);
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether an outline has this name as a word of its own.
pub(crate) fn mentions(outline: &str, name: &str) -> bool {
    outline.split(|c| !is_word(c)).any(|word| word == name)
}

/// The production code of one file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Production {
    /// Lines of code: neither blank, nor comment only, nor of a test item.
    pub(crate) lines: usize,
    /// Modules that are declared for tests only and live in other files.
    pub(crate) test_modules: Vec<String>,
}

/// Counts the production lines of a file's text.
pub(crate) fn production(text: &str) -> Production {
    let outline = outline(text);
    let mut found = Production { lines: 0, test_modules: Vec::new() };
    let mut lines = outline.lines();
    while let Some(line) = lines.next() {
        let code = line.trim();
        if code.starts_with("#![cfg(test)]") {
            return Production { lines: 0, test_modules: Vec::new() };
        }
        if let Some(after) = code.strip_prefix("#[cfg(test)]") {
            found.test_modules.extend(skip_item(after, &mut lines));
        } else if !code.is_empty() {
            found.lines += 1;
        }
    }
    found
}

/// Leaves the item that follows an attribute behind; gives the module's name when it is `mod name;`.
fn skip_item<'a>(first: &'a str, lines: &mut impl Iterator<Item = &'a str>) -> Option<String> {
    let mut depth = 0_usize;
    let mut line = first;
    loop {
        for c in line.chars() {
            match c {
                '{' | '(' | '[' => depth += 1,
                '}' | ')' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            let ends = depth == 0 && matches!(c, ';' | '}');
            if ends {
                let words = line.trim().strip_suffix(';')?.rsplit_once("mod ")?;
                return Some(words.1.trim().to_owned());
            }
        }
        line = lines.next()?;
    }
}

/// The Rust files below a folder, sorted; other packages below it and build output are left out.
pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return files };
    for path in entries.flatten().map(|entry| entry.path()) {
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        if path.is_dir() {
            let other =
                path.join("Cargo.toml").exists() || path.file_name().is_some_and(|name| name == "target");
            if !other {
                files.extend(rust_files(&path));
            }
        } else if is_rust {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked() {
        let check = |code: &str, expected: &str| assert_eq!(outline(code), expected, "{code}");
        check("a // b\nc", "a     \nc");
        check("a /* x /* y */ z */ b", "a                   b");
        check(r#"f("a\"}b")"#, r#"f("_____")"#);
        check("f(r#\"a\"b\"#)", "f(r#\"___\"#)");
        check("br\"{\" r#type bar\"x\"", "br\"_\" r#type bar\"_\"");
        check("'{' '\\'' '\\u{1}' <'a>", "'_' '__' '_____' <'a>");
        check("\"a\nb\"", "\"_\n_\"");
    }

    #[test]
    fn names_are_found_as_whole_words() {
        let text = outline("use serde_json::Value; // bytes");
        assert!(mentions(&text, "serde_json"));
        assert!(!mentions(&text, "serde") && !mentions(&text, "bytes"));
    }

    #[test]
    fn tests_blanks_and_comments_are_no_production() {
        let text = "//! about\n\nfn a() {\n    b(); // why\n}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn x() { \"}\" }\n}\n\nfn c() {}\n";
        assert_eq!(production(text), Production { lines: 4, test_modules: vec![] });
    }

    #[test]
    fn test_modules_in_other_files_are_named() {
        let text = "mod a;\n#[cfg(test)]\n#[expect(lint, reason = \"r;\")]\npub(crate) mod sample;\n#[cfg(test)] mod tests;\nmod b;\n";
        let expected = vec!["sample".to_owned(), "tests".to_owned()];
        assert_eq!(production(text), Production { lines: 2, test_modules: expected });
    }

    #[test]
    fn a_test_function_is_left_out_whole() {
        let text = "#[cfg(test)]\nfn f<const N: usize>(a: [u8; 3]) -> u8 {\n    if a { 1 } else { 2 }\n}\nfn g() {}\n";
        assert_eq!(production(text).lines, 1);
    }
}
