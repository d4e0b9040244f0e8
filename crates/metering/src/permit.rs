//! The right to send one call to providers: a guard that settles on every path.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use weighhouse_storage::{LedgerRow, Outcome};
use weighhouse_types::{AccountId, Error, Kind, Nanos, ScopeKind};

use crate::account::Verdict;
use crate::bound::Weight;
use crate::hold::Charged;
use crate::journal::{Journal, Noted, Progress};
use crate::ledger::{Settled, Sink};
use crate::refusal::{no_more, too_fast};
use crate::scope_meter::ScopeMeter;

/// How long a call waits for a place in the ledger's queue.
const QUEUE_WAIT: Duration = Duration::from_secs(5);

/// How many of the scopes, from the first on, something was taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Taken {
    slots: usize,
    requests: usize,
    tokens: usize,
    /// Tokens that were taken from each.
    units: u64,
    second: u64,
}

/// The right to send one call to providers, made only by [`Meter::admit`](crate::Meter::admit).
///
/// Each attempt begins with [`begin`](Self::begin) and ends with [`finish`](Self::finish); an attempt that is
/// still open when the permit is dropped is booked as if all that was held had been used.
#[derive(Debug)]
pub struct Permit {
    scopes: Vec<Arc<ScopeMeter>>,
    accounts: Vec<Charged>,
    /// The accounts' rows in the store; a key's account for life is the key's own row.
    ids: Arc<[AccountId]>,
    sink: Sink,
    /// Where attempts are noted before they leave and when they are settled.
    journal: Option<Arc<Journal>>,
    place: Option<mpsc::OwnedPermit<Settled>>,
    open: Option<Box<LedgerRow>>,
    /// Where the journal has the open attempt.
    noted: Noted,
    taken: Taken,
    weight: Option<Weight>,
    /// What is held and not yet spent by an attempt.
    held: Nanos,
    tokens_used: u64,
    is_admitted: bool,
}

impl Permit {
    /// Nothing is taken yet. Dropped before [`admitted`](Self::admitted), it gives everything back.
    pub(crate) fn new(
        scopes: Vec<Arc<ScopeMeter>>,
        sink: Sink,
        journal: Option<Arc<Journal>>,
        second: u64,
    ) -> Self {
        Self {
            journal,
            scopes,
            accounts: Vec::new(),
            ids: Arc::default(),
            sink,
            place: None,
            open: None,
            noted: Noted::default(),
            taken: Taken { second, ..Taken::default() },
            weight: None,
            held: Nanos::ZERO,
            tokens_used: 0,
            is_admitted: false,
        }
    }

    /// Takes a place among the calls at once, of every scope.
    ///
    /// # Errors
    /// `RateLimited`.
    pub(crate) fn take_slots(&mut self) -> Result<(), Error> {
        for scope in &self.scopes {
            if !scope.slots.take() {
                let second = Duration::from_secs(1);
                return Err(too_fast(scope, "max_parallel_requests", scope.slots.limit(), second));
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
        let second = self.taken.second;
        for scope in &self.scopes {
            let wait = |seconds| Duration::from_secs(seconds);
            if let Err(seconds) = scope.requests.charge(1, second) {
                return Err(too_fast(scope, "requests", scope.requests.limit(), wait(seconds)));
            }
            if let Err(seconds) = scope.day_requests.charge(1, second) {
                scope.requests.correct(1, second, 0, second);
                return Err(too_fast(scope, "requests_per_day", scope.day_requests.limit(), wait(seconds)));
            }
            self.taken.requests += 1;
        }
        Ok(())
    }

    /// Takes tokens from every scope's minute and day.
    ///
    /// # Errors
    /// `RateLimited`.
    pub(crate) fn take_tokens(&mut self, units: u64) -> Result<(), Error> {
        let second = self.taken.second;
        self.taken.units = units;
        for scope in &self.scopes {
            let wait = |seconds| Duration::from_secs(seconds);
            if let Err(seconds) = scope.tokens.charge(units, second) {
                return Err(too_fast(scope, "tokens", scope.tokens.limit(), wait(seconds)));
            }
            if let Err(seconds) = scope.day_tokens.charge(units, second) {
                scope.tokens.correct(units, second, 0, second);
                return Err(too_fast(scope, "tokens_per_day", scope.day_tokens.limit(), wait(seconds)));
            }
            self.taken.tokens += 1;
        }
        Ok(())
    }

    /// The smallest limit of tokens in a minute or a day.
    pub(crate) fn token_limit(&self) -> Option<u64> {
        let limits = self.scopes.iter().flat_map(|scope| [scope.tokens.limit(), scope.day_tokens.limit()]);
        limits.flatten().min()
    }

    /// Opens the books of a moment: what the call costs is charged to these accounts.
    pub(crate) fn open_accounts(&mut self, now_ms: i64) {
        let mut accounts = Vec::with_capacity(self.scopes.len() * 2);
        self.scopes.iter().for_each(|scope| scope.accounts_at(now_ms, &mut accounts));
        let is_row = |id: &AccountId| id.scope.kind() != ScopeKind::Key || !id.window.is_life();
        self.ids = accounts.iter().map(|account| &account.id).filter(|id| is_row(id)).cloned().collect();
        self.accounts = accounts.into_iter().map(|account| Charged { account, is_held: false }).collect();
    }

    /// The accounts and scopes, for whoever holds money in them.
    pub(crate) fn books(&mut self) -> (&mut [Charged], &[Arc<ScopeMeter>]) {
        (&mut self.accounts, &self.scopes)
    }

    pub(crate) const fn held(&mut self, weight: Weight) {
        self.weight = Some(weight);
        self.held = weight.nanos;
    }

    pub(crate) const fn admitted(&mut self) {
        self.is_admitted = true;
    }

    /// The bound on one choice's output that the provider must be told.
    #[must_use]
    pub fn output_cap(&self) -> Option<u64> {
        self.weight.and_then(|weight| weight.output_cap)
    }

    /// The bound is lower than what the caller might have got.
    #[must_use]
    pub fn is_output_lowered(&self) -> bool {
        self.weight.is_some_and(|weight| weight.is_lowered)
    }

    /// Begins an attempt: takes its place in the ledger and makes sure that the hold covers it.
    ///
    /// # Errors
    /// `Overloaded`: the store is so far behind that the ledger's queue stays full, or the journal cannot be written.
    /// `BudgetExceeded`: an earlier attempt of the call used up what was held, and no more is to be had.
    pub async fn begin(&mut self, mut row: Box<LedgerRow>) -> Result<(), Error> {
        self.finish();
        self.cover()?;
        let place = match self.sink.clone().try_reserve_owned() {
            Ok(place) => place,
            Err(_) => Box::pin(await_place(self.sink.clone())).await?,
        };
        row.accounts = Arc::clone(&self.ids);
        if let Some(journal) = &self.journal {
            self.noted = journal.intend(&row, self.held).map_err(|error| unwritten(&error))?;
        }
        self.place = Some(place);
        self.open = Some(row);
        Ok(())
    }

    /// A further attempt may cost as much as the first: what an earlier one spent is held anew.
    fn cover(&mut self) -> Result<(), Error> {
        let Some(weight) = self.weight else { return Ok(()) };
        let missing = weight.nanos - self.held;
        if missing <= Nanos::ZERO {
            return Ok(());
        }
        for place in 0..self.accounts.len() {
            let Some(charged) = self.accounts.get_mut(place).filter(|charged| charged.is_held) else {
                continue;
            };
            if let Verdict::Refused(balance) = charged.account.account.hold(missing) {
                let blocked = Arc::clone(&charged.account);
                let earlier = self.accounts.iter().take(place);
                earlier.for_each(|charged| charged.settle(missing, Nanos::ZERO));
                let scope = self.scopes.iter().find(|scope| scope.scope == blocked.id.scope);
                return Err(scope.map_or_else(
                    || Error::new(Kind::BudgetExceeded, "Budget has been exceeded!"),
                    |scope| no_more(scope, balance),
                ));
            }
        }
        self.held += missing;
        Ok(())
    }

    /// The attempt that is open, to be filled with what it came to.
    pub fn open(&mut self) -> Option<&mut LedgerRow> {
        self.open.as_deref_mut()
    }

    /// Notes how far the open attempt has come, so that a crash loses nothing of it that was known.
    pub fn progress(&mut self, progress: Progress) {
        let (Some(journal), Some(row)) = (&self.journal, &self.open) else { return };
        if let Err(error) = journal.progress(row.attempt, progress, &mut self.noted) {
            tracing::warn!(%error, "the journal could not be written");
        }
    }

    /// Ends the open attempt: books its cost and sends its row to the ledger.
    pub fn finish(&mut self) {
        let (Some(row), Some(place)) = (self.open.take(), self.place.take()) else { return };
        // What an attempt cost comes out of the hold; beyond the hold it is booked all the same.
        let covered = row.cost.min(self.held);
        self.accounts.iter().for_each(|charged| charged.settle(covered, row.cost));
        self.held = self.held - covered;
        self.tokens_used = self.tokens_used.saturating_add(row.usage.total());
        let mut noted = std::mem::take(&mut self.noted);
        if let Some(journal) = &self.journal
            && let Err(error) = journal.post(&row, &mut noted)
        {
            // The row is on its way to the store all the same; only a crash before it is there would cost it.
            tracing::error!(%error, "the journal could not be written");
        }
        place.send(Settled { row, noted });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(row) = &mut self.open {
            // Nobody told what the attempt came to: a panic or a lost task. The worst is assumed.
            row.outcome = Outcome::Failure;
            row.usage.estimated = true;
            row.cost = row.cost.max(self.held);
        }
        self.finish();
        if self.held > Nanos::ZERO {
            self.accounts.iter().for_each(|charged| charged.settle(self.held, Nanos::ZERO));
        }
        let Taken { slots, requests, tokens, units, second } = self.taken;
        self.scopes.iter().take(slots).for_each(|scope| scope.slots.give_back());
        if !self.is_admitted {
            for scope in self.scopes.iter().take(requests) {
                scope.requests.correct(1, second, 0, second);
                scope.day_requests.correct(1, second, 0, second);
            }
        }
        let used = if self.is_admitted { self.tokens_used } else { 0 };
        for scope in self.scopes.iter().take(tokens) {
            scope.tokens.correct(units, second, used, second);
            scope.day_tokens.correct(units, second, used, second);
        }
    }
}

/// Waits for a place in the ledger's queue: rare, so kept out of the future of every call.
async fn await_place(sink: Sink) -> Result<mpsc::OwnedPermit<Settled>, Error> {
    let reserved = tokio::time::timeout(QUEUE_WAIT, sink.reserve_owned()).await;
    reserved.ok().and_then(Result::ok).ok_or_else(behind)
}

fn unwritten(error: &std::io::Error) -> Error {
    let message = "what this call will cost cannot be noted, because the journal cannot be written; the disk may be full";
    Error::new(Kind::Overloaded, message).retry_after(Duration::from_secs(1)).source(error.to_string())
}

fn behind() -> Error {
    let message =
        "the ledger is so far behind that no more calls are taken; the store may be down or too slow";
    Error::new(Kind::Overloaded, message).retry_after(Duration::from_secs(1))
}
