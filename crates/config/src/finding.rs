//! What is worth saying about a config.

use std::fmt;

use crate::yaml::{Node, Place};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Probably not what was meant; a strict check refuses it.
    Warning,
    /// Left out, because it cannot be used.
    Error,
    /// A bound that somebody relies on would be missing: nothing starts with it.
    Fatal,
}

/// Something worth saying, with its place and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where it stands.
    pub place: Option<Place>,
    /// The way to it, such as `model_list[2].litellm_params.rpm`.
    pub path: String,
    /// What it is.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Finding {
    /// A finding about a node.
    pub(crate) fn at(
        severity: Severity,
        node: &Node,
        path: String,
        message: &str,
        hint: Option<String>,
    ) -> Self {
        Self { severity, place: Some(node.place.clone()), path, message: message.to_owned(), hint }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Info => "note",
            Self::Warning => "warning",
            Self::Error | Self::Fatal => "error",
        })
    }
}

/// `config.yaml:12:7: warning: model_list[0].litellm_params.modle: unknown key; did you mean …?`
impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(out, "{place}: ")?;
        }
        write!(out, "{}: ", self.severity)?;
        if !self.path.is_empty() {
            write!(out, "{}: ", self.path)?;
        }
        write!(out, "{}", self.message)?;
        match &self.hint {
            Some(hint) => write!(out, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// The known name that a misspelt one probably means: at most a third of its letters differ.
#[must_use]
pub fn nearest<'known>(name: &str, known: impl Iterator<Item = &'known str>) -> Option<&'known str> {
    /// No known name is longer by much.
    const LONGEST: usize = 80;
    let length = name.chars().count();
    if !(3..=LONGEST).contains(&length) {
        return None;
    }
    let most = (length / 3).max(1);
    let near = known.filter(|candidate| candidate.len().abs_diff(length) <= most);
    near.map(|candidate| (distance(name, candidate), candidate))
        .filter(|(far, _)| *far <= most)
        .min()
        .map(|(_, near)| near)
}

/// Letters to change, add, remove or swap with their neighbour (Damerau and Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (line, letter) in one.iter().enumerate() {
        let at = |back: usize, column: usize| {
            let row = (line + 1).checked_sub(back).and_then(|row| rows.get(row));
            row.and_then(|row| row.get(column)).copied().unwrap_or(usize::MAX / 2)
        };
        let mut row = vec![line + 1];
        for (column, target) in other.iter().enumerate() {
            let kept = at(1, column) + usize::from(letter != target);
            let removed = at(1, column + 1) + 1;
            let added = row.last().copied().unwrap_or(usize::MAX / 2) + 1;
            let before = |letters: &[char], index: usize| {
                index.checked_sub(1).and_then(|index| letters.get(index).copied())
            };
            let is_swap = before(&one, line) == Some(*target) && before(&other, column) == Some(*letter);
            let swapped = if is_swap { at(2, column - 1) + 1 } else { usize::MAX };
            row.push(kept.min(removed).min(added).min(swapped));
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_names_find_their_neighbour() {
        let known = ["model", "api_key", "api_base", "rpm", "tpm", "timeout"];
        for (name, expected) in [
            ("modle", Some("model")),
            ("api_kye", Some("api_key")),
            ("rmp", Some("rpm")),
            ("timout", Some("timeout")),
            ("something", None),
        ] {
            assert_eq!(nearest(name, known.into_iter()), expected, "{name}");
        }
    }
}
