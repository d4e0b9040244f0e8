//! What is worth saying about a config.

use std::fmt;

use crate::yaml::Place;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Probably not what was meant; a strict check refuses it.
    Warning,
    /// Left out, because it cannot be used.
    Error,
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

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(out, "{}:{}:{}: ", place.file, place.line, place.column)?;
        }
        let word = match self.severity {
            Severity::Info => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(out, "{word}: ")?;
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
pub(crate) fn nearest<'known>(name: &str, known: impl Iterator<Item = &'known str>) -> Option<&'known str> {
    let most = (name.chars().count() / 3).max(1);
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(far, _)| *far <= most)
        .min()
        .map(|(_, near)| near)
}

/// Letters to change, add, remove or swap with their neighbour (Damerau and Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > one.len() {
        return usize::MAX;
    }
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (line, letter) in one.iter().enumerate() {
        let mut row = vec![line + 1];
        for (column, target) in other.iter().enumerate() {
            let at = |rows: &[Vec<usize>], line: usize, column: usize| {
                rows.get(line).and_then(|row| row.get(column)).copied().unwrap_or(usize::MAX / 2)
            };
            let kept = at(&rows, line, column) + usize::from(letter != target);
            let removed = at(&rows, line, column + 1) + 1;
            let added = row.get(column).copied().unwrap_or(usize::MAX / 2) + 1;
            let mut best = kept.min(removed).min(added);
            let is_swap = line > 0
                && column > 0
                && one.get(line - 1) == Some(target)
                && other.get(column - 1) == Some(letter);
            if is_swap {
                best = best.min(at(&rows, line - 1, column - 1) + 1);
            }
            row.push(best);
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
