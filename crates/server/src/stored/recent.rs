//! The latest responses, by id.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use super::Owner;

/// Responses that are remembered; older ones are looked up in the ledger.
const MOST: usize = 50_000;

/// The latest responses; the oldest makes room.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    owners: HashMap<Box<str>, Owner>,
    order: VecDeque<Box<str>>,
}

impl Recent {
    /// Remembers whose a response is.
    pub(crate) fn keep(&self, id: &str, owner: Owner) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.owners.insert(id.into(), owner).is_some() {
            return;
        }
        kept.order.push_back(id.into());
        if kept.order.len() > MOST
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.owners.remove(&oldest);
        }
    }

    /// Whose a response is, if it is remembered.
    pub(crate) fn find(&self, id: &str) -> Option<Owner> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).owners.get(id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_makes_room() {
        let recent = Recent::default();
        let owner = Owner { key: None, deployment: "d".into() };
        for number in 0..=MOST {
            recent.keep(&format!("resp_{number}"), owner.clone());
            recent.keep(&format!("resp_{number}"), owner.clone());
        }
        assert_eq!(recent.find("resp_0"), None);
        assert_eq!(recent.find("resp_1"), Some(owner));
        assert_eq!(recent.kept.lock().unwrap().order.len(), MOST);
    }
}
