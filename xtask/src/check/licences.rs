//! Licences: a closed list, applied to every crate's SPDX expression.

use super::metadata::Metadata;

/// Every foreign crate whose licence cannot be had from the allowed ones.
pub(crate) fn breaches(metadata: &Metadata, allowed: &[String]) -> Vec<String> {
    let foreign = metadata.packages.iter().filter(|package| package.is_foreign());
    foreign
        .filter_map(|package| {
            let name = format!("{} {}", package.name, package.version);
            let Some(text) = package.license.as_deref() else {
                return Some(format!("{name} names no licence in its Cargo.toml"));
            };
            match is_allowed(text, allowed) {
                Ok(true) => None,
                Ok(false) => Some(format!(
                    "{name} is under `{text}`, which the list in xtask/house.toml does not allow"
                )),
                Err(fault) => {
                    Some(format!("{name} has the licence `{text}`, which is no SPDX expression: {fault}"))
                }
            }
        })
        .collect()
}

/// Whether one can take a crate with this licence and owe nothing outside `allowed`.
///
/// Understands `OR`, `AND`, `WITH`, parentheses and the old `MIT/Apache-2.0`; `AND` binds tighter than `OR`.
pub(crate) fn is_allowed(expression: &str, allowed: &[String]) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    let verdict = reader.alternatives()?;
    match reader.words.first() {
        None => Ok(verdict),
        Some(word) => Err(format!("`{word}` stands where nothing more was expected")),
    }
}

struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl<'a> Reader<'a> {
    fn alternatives(&mut self) -> Result<bool, String> {
        let mut verdict = self.conjunction()?;
        while self.take("OR") {
            verdict |= self.conjunction()?;
        }
        Ok(verdict)
    }

    fn conjunction(&mut self) -> Result<bool, String> {
        let mut verdict = self.single()?;
        while self.take("AND") {
            verdict &= self.single()?;
        }
        Ok(verdict)
    }

    fn single(&mut self) -> Result<bool, String> {
        if self.take("(") {
            let verdict = self.alternatives()?;
            return if self.take(")") { Ok(verdict) } else { Err("a parenthesis is not closed".to_owned()) };
        }
        let licence = self.identifier()?;
        if self.take("WITH") {
            let whole = format!("{licence} WITH {}", self.identifier()?);
            return Ok(self.allowed.contains(&whole));
        }
        Ok(self.allowed.iter().any(|allowed| allowed == licence))
    }

    fn identifier(&mut self) -> Result<&'a str, String> {
        match self.words.split_first() {
            Some((word, rest)) if !matches!(*word, "OR" | "AND" | "WITH" | "(" | ")") => {
                self.words = rest;
                Ok(word)
            }
            Some((word, _)) => Err(format!("`{word}` stands where a licence was expected")),
            None => Err("it ends where a licence was expected".to_owned()),
        }
    }

    fn take(&mut self, wanted: &str) -> bool {
        match self.words.split_first() {
            Some((word, rest)) if *word == wanted => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, expected: Result<bool, &str>) {
        let allowed = ["MIT", "Apache-2.0", "ISC", "Apache-2.0 WITH LLVM-exception"].map(String::from);
        let verdict = is_allowed(expression, &allowed);
        match expected {
            Ok(expected) => assert_eq!(verdict, Ok(expected), "{expression}"),
            Err(part) => assert!(verdict.unwrap_err().contains(part), "{expression}"),
        }
    }

    #[test]
    fn expressions_are_judged() {
        check("MIT", Ok(true));
        check("GPL-3.0-only", Ok(false));
        check("GPL-3.0-only OR MIT", Ok(true));
        check("MIT AND GPL-3.0-only", Ok(false));
        check("MIT/Apache-2.0", Ok(true));
        check("LGPL-2.1/GPL-2.0", Ok(false));
        check("ISC AND (Apache-2.0 OR GPL-2.0-only)", Ok(true));
        check("(MIT OR Apache-2.0) AND Unicode-3.0", Ok(false));
        check("Apache-2.0 WITH LLVM-exception", Ok(true));
        check("MIT WITH LLVM-exception", Ok(false));
    }

    #[test]
    fn and_binds_tighter_than_or() {
        check("MIT OR ISC AND GPL-2.0-only", Ok(true));
        check("GPL-2.0-only AND MIT OR GPL-3.0-only", Ok(false));
    }

    #[test]
    fn broken_expressions_say_where() {
        check("MIT OR", Err("ends where a licence"));
        check("(MIT", Err("not closed"));
        check("MIT Apache-2.0", Err("`Apache-2.0` stands where nothing more"));
        check("AND MIT", Err("`AND` stands where a licence"));
    }
}
