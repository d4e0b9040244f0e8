//! Ids of calls that their client gave none: made from their place, so that calls and results find each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Most digits of a place; longer numbers are parts of others' ids.
const MAX_DIGITS: usize = 6;

/// The id of the `nth` call of a turn.
pub(super) fn minted(turn: usize, nth: usize) -> String {
    format!("call_{turn}_{nth}")
}

/// Whether an id was made here.
pub(super) fn is_minted(id: &str) -> bool {
    let is_place = |text: &str| {
        !text.is_empty() && text.len() <= MAX_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    id.strip_prefix("call_")
        .and_then(|places| places.split_once('_'))
        .is_some_and(|(turn, nth)| is_place(turn) && is_place(nth))
}

/// Calls that wait for their results.
#[derive(Debug, Default)]
pub(super) struct OpenCalls {
    /// Ids by the function's name, in the order of the calls.
    by_name: BTreeMap<String, VecDeque<String>>,
    answered: BTreeSet<String>,
}

impl OpenCalls {
    pub(super) fn call(&mut self, name: &str, id: &str) {
        self.by_name.entry(name.to_owned()).or_default().push_back(id.to_owned());
    }

    pub(super) fn answer(&mut self, id: &str) {
        self.answered.insert(id.to_owned());
    }

    /// The id of the call that a result without one answers: the first call of that name without an answer.
    pub(super) fn next_of(&mut self, name: &str) -> Option<String> {
        let waiting = self.by_name.get_mut(name)?;
        std::iter::from_fn(|| waiting.pop_front()).find(|id| !self.answered.contains(id))
    }
}
