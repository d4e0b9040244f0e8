//! Requests from what the command line says, a file, and the fields to empty.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use weighhouse_api::{Patch, RequestBody, read_body};

use crate::failure::Failure;
use crate::output::say;

/// Larger is no request of this API.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// A request's body that somebody wrote.
#[derive(Debug, Default, Args)]
pub(crate) struct Source {
    /// A JSON object with the API's fields, from a file or, as -, from standard input; other options go before it
    #[arg(long, value_name = "FILE")]
    pub(crate) from_file: Option<PathBuf>,
}

/// What can be emptied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Field {
    /// No name for people
    Alias,
    /// No end of a key's time
    Expiry,
    /// All models
    Models,
    /// No names for other models
    ModelAliases,
    /// No budget
    MaxBudget,
    /// No soft budget
    SoftBudget,
    /// One window that never ends
    BudgetDuration,
    /// No further budgets in windows of their own
    BudgetWindows,
    /// No more money for a while
    TempBudget,
    /// No named budget
    Budget,
    /// No budgets of single models
    ModelBudgets,
    /// No limit of calls per minute
    Rpm,
    /// No limit of tokens per minute
    Tpm,
    /// No limit of calls per day
    Rpd,
    /// No limit of tokens per day
    Tpd,
    /// No limit of calls at once
    MaxParallel,
    /// No budget for each member of a team
    MemberBudget,
    /// No owner
    User,
    /// No team
    Team,
    /// No teams
    Teams,
    /// No address
    Email,
    /// No description
    Description,
    /// No metadata and no tags
    Metadata,
    /// No tags
    Tags,
}

impl Field {
    /// The names that it has in the API, and what empties it.
    const fn wire(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Alias => (&["key_alias", "team_alias", "user_alias", "alias"], "null"),
            Self::Expiry => (&["duration"], "null"),
            Self::Models => (&["models"], "null"),
            Self::ModelAliases => (&["aliases", "model_aliases"], "null"),
            Self::MaxBudget => (&["max_budget", "max_budget_in_team"], "null"),
            Self::SoftBudget => (&["soft_budget"], "null"),
            Self::BudgetDuration => (&["budget_duration"], "null"),
            Self::BudgetWindows => (&["budget_limits"], "null"),
            Self::TempBudget => (&["temp_budget_increase"], "null"),
            Self::Budget => (&["budget_id"], "null"),
            Self::ModelBudgets => (&["model_max_budget"], "null"),
            Self::Rpm => (&["rpm_limit"], "null"),
            Self::Tpm => (&["tpm_limit"], "null"),
            Self::Rpd => (&["rpd_limit"], "null"),
            Self::Tpd => (&["tpd_limit"], "null"),
            Self::MaxParallel => (&["max_parallel_requests"], "null"),
            Self::MemberBudget => (&["team_member_budget"], "null"),
            Self::User => (&["user_id"], "null"),
            Self::Team => (&["team_id"], "null"),
            Self::Teams => (&["teams"], "null"),
            Self::Email => (&["user_email"], "null"),
            Self::Description => (&["description"], "null"),
            // For these the gateway takes null as silence, and what is empty as empty.
            Self::Metadata => (&["metadata"], "{}"),
            Self::Tags => (&["tags"], "[]"),
        }
    }
}

type Fields = BTreeMap<String, Box<RawValue>>;

/// A request of what was said, over what a file says, with fields emptied. `id` names the field that says which; where
/// nothing says it, it is left to the file.
///
/// # Errors
/// The file is no request of this kind, or a field is set and emptied at once, or is none of this kind.
pub(crate) fn complete<R: RequestBody + Serialize>(
    said: R,
    id: &str,
    source: &Source,
    clear: &[Field],
) -> Result<R, Failure> {
    if source.from_file.is_none() && clear.is_empty() {
        return Ok(said);
    }
    let unwritable = |error| Failure::other(format!("the request cannot be written: {error}"));
    let mut fields = fields_of(&said).map_err(unwritable)?;
    if fields.get(id).is_some_and(|value| value.get() == "\"\"") {
        fields.remove(id);
    }
    for field in clear {
        let name = field.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let (names, empty) = field.wire();
        let wire = names
            .iter()
            .find(|wire| R::FIELDS.contains(wire) && **wire != id)
            .ok_or_else(|| Failure::usage(format!("--clear {name}: there is no such field here")))?;
        let emptied = RawValue::from_string(empty.to_owned()).map_err(unwritable)?;
        if fields.insert((*wire).to_owned(), emptied).is_some() {
            return Err(Failure::usage(format!("--clear {name}: the field is set and emptied at once"))
                .hint("leave one of them out"));
        }
    }
    let (text, place) = match &source.from_file {
        Some(path) => (read(path)?, path.display().to_string()),
        None => ("{}".to_owned(), "the command line".to_owned()),
    };
    let mut whole: Fields = serde_json::from_str(&text).map_err(|error| {
        Failure::usage(format!(
            "{place}: not a JSON object (line {}, column {})",
            error.line(),
            error.column()
        ))
    })?;
    whole.extend(fields);
    let body = serde_json::to_vec(&whole).map_err(unwritable)?;
    read_body(&body).map_err(|error| Failure::usage(format!("{place}: {}", error.message)))
}

fn fields_of<R: Serialize>(said: &R) -> Result<Fields, serde_json::Error> {
    serde_json::from_str(to_raw_value(said)?.get())
}

fn read(path: &Path) -> Result<String, Failure> {
    let is_stdin = path == Path::new("-");
    let place = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
    let mut text = String::new();
    let read = if is_stdin {
        io::stdin().lock().take(MAX_FILE_BYTES).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(MAX_FILE_BYTES).read_to_string(&mut text))
    };
    let read = read.map_err(|error| Failure::other(format!("{place}: {error}")))?;
    if read as u64 >= MAX_FILE_BYTES {
        return Err(Failure::usage(format!("{place}: it is larger than {MAX_FILE_BYTES} bytes")));
    }
    Ok(text)
}

/// What was said is set; what was not stays.
pub(crate) fn set<T>(value: Option<T>) -> Patch<T> {
    value.map_or(Patch::Keep, Patch::Set)
}

/// A list that was said replaces the old one.
pub(crate) fn list<T>(values: Vec<T>) -> Patch<Vec<T>> {
    set(some(values))
}

/// Pairs that were said replace the old ones.
pub(crate) fn pairs<T>(values: Vec<(String, T)>) -> Patch<BTreeMap<String, T>> {
    set(some(values).map(|pairs| pairs.into_iter().collect()))
}

pub(crate) fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// Says how many were deleted.
///
/// # Errors
/// Some were not there.
pub(crate) fn told_deleted(deleted: usize, asked: usize, what: &str) -> Result<(), Failure> {
    say(&format!("Deleted {deleted} of {asked} {what}."));
    if deleted < asked {
        return Err(Failure::not_found(format!("some of the {what} were not there")));
    }
    Ok(())
}

/// `NAME=VALUE` on the command line.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A JSON object on the command line.
pub(crate) fn object(text: &str) -> Result<serde_json::Map<String, serde_json::Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))
}

#[cfg(test)]
mod tests;
