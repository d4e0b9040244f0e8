//! What one call takes of a set of scopes: places, calls and tokens, and money in their accounts.

use std::sync::Arc;

use weighhouse_types::{AccountId, Error, Nanos, ScopeKind};

use crate::hold::Charged;
use crate::pace::Reached;
use crate::refusal::too_fast;
use crate::scope_meter::{ScopeMeter, Units};

/// How many of the scopes, from the first on, something was taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Taken {
    slots: usize,
    requests: usize,
    tokens: usize,
    units: Units,
}

/// A moment on both clocks: seconds of one that never goes back, milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Now {
    pub(crate) second: u64,
    pub(crate) unix_ms: i64,
}

/// What was taken of some scopes. Whoever holds it must [give it back](Self::give_back).
#[derive(Debug, Default)]
pub(crate) struct Charge {
    pub(crate) scopes: Vec<Arc<ScopeMeter>>,
    pub(crate) accounts: Vec<Charged>,
    now: Now,
    taken: Taken,
}

impl Charge {
    /// Nothing is taken yet.
    pub(crate) fn new(scopes: Vec<Arc<ScopeMeter>>, now: Now) -> Self {
        Self { scopes, accounts: Vec::new(), now, taken: Taken::default() }
    }

    /// Takes a place among the calls at once, of every scope.
    ///
    /// # Errors
    /// `RateLimited`.
    pub(crate) fn take_slots(&mut self) -> Result<(), Error> {
        for scope in &self.scopes {
            if !scope.slots.take() {
                return Err(too_fast(scope, Reached::slots(&scope.slots), self.now.unix_ms));
            }
            self.taken.slots += 1;
        }
        Ok(())
    }

    /// Takes a call from every scope's minute and day.
    ///
    /// # Errors
    /// `RateLimited`.
    pub(crate) fn take_request(&mut self) -> Result<(), Error> {
        for scope in &self.scopes {
            let taken = scope.take_request(self.now.second);
            taken.map_err(|reached| too_fast(scope, reached, self.now.unix_ms))?;
            self.taken.requests += 1;
        }
        Ok(())
    }

    /// Takes tokens from every scope's minute and day.
    ///
    /// # Errors
    /// `RateLimited`.
    pub(crate) fn take_tokens(&mut self, units: Units) -> Result<(), Error> {
        self.taken.units = units;
        for scope in &self.scopes {
            let taken = scope.take_tokens(units, self.now.second);
            taken.map_err(|reached| too_fast(scope, reached, self.now.unix_ms))?;
            self.taken.tokens += 1;
        }
        Ok(())
    }

    /// Opens the books of a moment: what the call costs is charged to these accounts.
    pub(crate) fn open_accounts(&mut self) {
        let mut accounts = Vec::with_capacity(self.scopes.len() * 2);
        self.scopes.iter().for_each(|scope| scope.accounts_at(self.now.unix_ms, &mut accounts));
        self.accounts = accounts.into_iter().map(Charged::new).collect();
    }

    /// The accounts' rows in the store; a key's account for life is the key's own row.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &AccountId> {
        let is_row = |id: &&AccountId| id.scope.kind() != ScopeKind::Key || !id.window.is_life();
        self.accounts.iter().map(|charged| &charged.account.id).filter(is_row)
    }

    /// Whether any account bounds what may be spent.
    pub(crate) fn is_limited(&self) -> bool {
        self.accounts.iter().any(|charged| charged.account.account.is_limited())
    }

    /// The scope of an account.
    pub(crate) fn scope_of(&self, id: &AccountId) -> Option<&ScopeMeter> {
        self.scopes.iter().find(|scope| scope.scope == id.scope).map(AsRef::as_ref)
    }

    /// The most that is held in any account.
    pub(crate) fn held(&self) -> Nanos {
        self.accounts.iter().map(|charged| charged.held).max().unwrap_or_default()
    }

    /// Books what an attempt cost, out of the holds and beyond them. Gives how far it passed a strict hold.
    pub(crate) fn settle(&mut self, cost: Nanos) -> Nanos {
        self.accounts.iter_mut().map(|charged| charged.settle(cost)).max().unwrap_or_default()
    }

    /// Gives back what is held, the places, and the tokens that were not used. A call that was refused costs
    /// nothing at all.
    pub(crate) fn give_back(&mut self, used: Option<Units>) {
        self.accounts.iter_mut().for_each(Charged::release);
        let Taken { slots, requests, tokens, units } = std::mem::take(&mut self.taken);
        let second = self.now.second;
        self.scopes.iter().take(slots).for_each(|scope| scope.slots.give_back());
        if used.is_none() {
            self.scopes.iter().take(requests).for_each(|scope| scope.give_request_back(second));
        }
        let used = used.unwrap_or_default();
        self.scopes.iter().take(tokens).for_each(|scope| scope.correct_tokens(units, used, second));
    }
}
