//! A book of record in memory that is away now and then, answers late, and takes what it says it did not take.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use weighhouse_storage::{LedgerBatch, LedgerRow, StoreError};
use weighhouse_types::{AccountId, AttemptId, KeyId, Nanos, Scope};

use super::Plant;
use super::dice::Dice;
use crate::book_of_record::{Answering, BookOfRecord};

#[derive(Clone, Debug)]
pub(crate) struct SimulatedBook(Arc<Mutex<Inner>>);

#[derive(Clone, Debug)]
struct Inner {
    dice: Dice,
    plant: Option<Plant>,
    kept: Kept,
}

/// What lies in the book.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) rows: BTreeMap<AttemptId, LedgerRow>,
    pub(crate) accounts: BTreeMap<AccountId, Nanos>,
    pub(crate) keys: BTreeMap<KeyId, Nanos>,
}

impl SimulatedBook {
    pub(crate) fn new(dice: Dice, plant: Option<Plant>) -> Self {
        Self(Arc::new(Mutex::new(Inner { dice, plant, kept: Kept::default() })))
    }

    /// Another book with what this one holds: whoever still has the old one changes nothing here.
    pub(crate) fn left_behind(&self) -> Self {
        Self(Arc::new(Mutex::new(self.inner().clone())))
    }

    pub(crate) fn kept(&self) -> Kept {
        self.inner().kept.clone()
    }

    /// What a key has spent ever, as its own row says.
    pub(crate) fn spent_by_key(&self, id: &str) -> Nanos {
        self.inner().kept.keys.get(&KeyId::new(id)).copied().unwrap_or_default()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    fn roll(&self, least: u64, most: u64) -> u64 {
        self.inner().dice.between(least, most)
    }
}

impl Kept {
    /// What the rows of an account sum up to; a key's account for life is its own row.
    pub(crate) fn settled(&self, account: &AccountId) -> Nanos {
        let key = account.scope.as_str().strip_prefix("key:").filter(|_| account.window.is_life());
        match key {
            Some(id) => self.keys.get(&KeyId::new(id)).copied().unwrap_or_default(),
            None => self.accounts.get(account).copied().unwrap_or_default(),
        }
    }

    /// Takes the rows that are not there; gives how many.
    fn take(&mut self, rows: &[Box<LedgerRow>], counts_twice: bool) -> u64 {
        let mut taken = 0;
        for row in rows {
            let is_new = !self.rows.contains_key(&row.attempt);
            if is_new {
                self.rows.insert(row.attempt, LedgerRow::clone(row));
                taken += 1;
            }
            if is_new || counts_twice {
                if let Some(key) = &row.key_id {
                    *self.keys.entry(key.clone()).or_default() += row.cost;
                }
                for account in row.accounts.iter() {
                    *self.accounts.entry(account.clone()).or_default() += row.cost;
                }
            }
        }
        taken
    }
}

fn away() -> StoreError {
    StoreError::Unavailable("the simulation took it away".into())
}

impl BookOfRecord for SimulatedBook {
    fn settled<'book>(&'book self, scope: &'book Scope) -> Answering<'book, Vec<(AccountId, Nanos)>> {
        Box::pin(async move {
            if self.roll(1, 40) == 1 {
                return Err(away());
            }
            let inner = self.inner();
            let of_scope = inner.kept.accounts.iter().filter(|(account, _)| account.scope == *scope);
            Ok(of_scope.map(|(account, nanos)| (account.clone(), *nanos)).collect())
        })
    }

    fn append<'book>(&'book self, rows: &'book LedgerBatch) -> Answering<'book, u64> {
        Box::pin(async move {
            let fate = self.roll(1, 12);
            if fate == 1 {
                return Err(away());
            }
            if fate == 2 {
                let late = Duration::from_millis(self.roll(1, 2_000));
                tokio::time::sleep(late).await;
            }
            let forgets = self.inner().plant == Some(Plant::StoreForgets) && self.roll(1, 4) == 1;
            let taken = {
                let mut inner = self.inner();
                let counts_twice = inner.plant == Some(Plant::StoreCountsTwice);
                if forgets { rows.len() as u64 } else { inner.kept.take(rows, counts_twice) }
            };
            // It was taken all the same: whoever hears this tells it again.
            if fate == 3 { Err(away()) } else { Ok(taken) }
        })
    }

    fn charge<'book>(&'book self, _: &'book LedgerBatch) -> Answering<'book, ()> {
        Box::pin(async { Err(away()) })
    }
}
