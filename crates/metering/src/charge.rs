//! What one call takes of a set of scopes: places, calls and tokens, and money in their accounts.

use std::sync::Arc;

use weighhouse_types::{AccountId, Error, Nanos, ScopeKind};

use crate::counters::Units;
use crate::hold::{Charged, release_all};
use crate::refusal::too_fast;
use crate::scope_meter::ScopeMeter;
use crate::window_account::WindowAccount;

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
    /// How many of the scopes, from the first on, something was taken from.
    taken: usize,
    /// The tokens that were taken of them.
    units: Option<Units>,
}

impl Charge {
    /// Nothing is taken yet.
    pub(crate) fn new(scopes: Vec<Arc<ScopeMeter>>, now: Now) -> Self {
        let accounts = Vec::with_capacity(scopes.len() * 2);
        Self { scopes, accounts, now, taken: 0, units: None }
    }

    /// Takes a place among the calls at once, a call and, where they are given, tokens of every scope; and opens the
    /// books of the moment: what the call costs is charged to these accounts.
    ///
    /// # Errors
    /// `RateLimited`.
    pub(crate) fn take(&mut self, units: Option<Units>) -> Result<(), Error> {
        self.units = units;
        for scope in &self.scopes {
            let taken = scope.take(units, self.now, &mut self.accounts);
            taken.map_err(|reached| too_fast(scope, reached, self.now.unix_ms))?;
            self.taken += 1;
        }
        Ok(())
    }

    /// The accounts' rows in the store; a key's account for life is the key's own row.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &AccountId> {
        let is_row = |id: &&AccountId| id.scope.kind() != ScopeKind::Key || !id.window.is_life();
        let held = self.accounts.iter().map(|charged| &charged.account.id);
        self.unlimited().map(|life| &life.id).chain(held).filter(is_row)
    }

    /// The accounts for life that had no limit when the books were opened: what the call costs is charged to them, and
    /// nothing is held in them.
    fn unlimited(&self) -> impl Iterator<Item = &Arc<WindowAccount>> {
        let is_held = |life: &Arc<WindowAccount>| {
            self.accounts.iter().any(|charged| Arc::ptr_eq(&charged.account, life))
        };
        self.scopes.iter().map(|scope| scope.life()).filter(move |life| !is_held(life))
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
        self.unlimited().for_each(|life| life.settle(Nanos::ZERO, cost));
        self.accounts.iter_mut().map(|charged| charged.settle(cost)).max().unwrap_or_default()
    }

    /// Gives back what is held, the places, and the tokens that were not used. A call that was refused costs
    /// nothing at all.
    pub(crate) fn give_back(&mut self, used: Option<Units>) {
        release_all(&mut self.accounts);
        let (taken, units) = (std::mem::take(&mut self.taken), self.units);
        for scope in self.scopes.iter().take(taken) {
            scope.give_back(units, used, self.now.second);
        }
    }
}
