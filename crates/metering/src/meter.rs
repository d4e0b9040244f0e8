//! The gate: admits calls under their limits and hands out permits.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use weighhouse_catalog::{PriceBook, Terms};
use weighhouse_storage::{BudgetMode, StoreError};
use weighhouse_types::{Error, Nanos, Operation, Scope};

use crate::book_of_record::BookOfRecord;
use crate::bound::OutputBound;
use crate::charge::{Charge, Now};
use crate::counters::Units;
use crate::hold::hold;
use crate::journal::Journal;
use crate::learned::Learned;
use crate::ledger::{LedgerOptions, LedgerWriter, QUEUE_ROWS, Sink};
use crate::permit::Permit;
use crate::scope_meter::{ScopeMeter, ScopeSpec};

/// Scopes whose counters are kept. Beyond it those that nothing bounds and no call uses are let go of.
const MAX_SCOPES: usize = 200_000;

/// What a call without a bound of its own is taken to generate, for limits of tokens; at most a quarter of the
/// limit, as LiteLLM takes it.
const USUAL_OUTPUT: u64 = 4_096;

/// How long a call waits for money that others hold, where nothing else is said.
pub const HOLD_WAIT: Duration = Duration::from_secs(2);

/// The gate of one node.
#[derive(Debug)]
pub struct Meter {
    scopes: RwLock<HashMap<Scope, Arc<ScopeMeter>>>,
    book: Arc<dyn BookOfRecord>,
    sink: Sink,
    journal: Option<Arc<Journal>>,
    rules: HouseRules,
    learned: Learned,
}

/// What holds for budgets that do not say otherwise.
#[derive(Clone, Debug)]
pub struct HouseRules {
    /// Whose calendar begins and ends windows.
    pub zone: TimeZone,
    /// How strictly budgets hold.
    pub mode: BudgetMode,
}

impl Default for HouseRules {
    fn default() -> Self {
        Self { zone: TimeZone::UTC, mode: BudgetMode::Strict }
    }
}

/// What calls in flight hold, summed over all scopes: one call under six scopes counts six times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InFlight {
    /// Places among the calls at once.
    pub slots: u64,
    /// Money set aside in the windows that run.
    pub held: Nanos,
    /// What they may cost beyond it, in the budgets that are not strict.
    pub unheld: Nanos,
}

/// What becomes of a call under a budget to a model without a price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unpriced {
    /// It is refused, because nobody knows what it may cost.
    #[default]
    Refused,
    /// So much is held for it, which may be nothing.
    Held(Nanos),
}

/// A call that asks to be let in.
#[derive(Debug)]
pub struct Admission<'call> {
    /// Everything whose limits hold for the call; none of them for the master key alone.
    pub scopes: Vec<Arc<ScopeMeter>>,
    /// Prices of every deployment that the call may reach.
    pub books: &'call [&'call PriceBook],
    /// An upper bound of the prompt's tokens.
    pub input_bound: u64,
    /// What the prompt probably weighs, for limits of tokens.
    pub input_estimate: u64,
    /// What bounds the output.
    pub output: OutputBound,
    /// What else is known of the price: the moment, the tier, classes that cannot occur.
    pub terms: Terms<'call>,
    /// Milliseconds since 1970: which windows of budgets run.
    pub unix_ms: i64,
    /// Seconds of a clock that never goes back.
    pub second: u64,
    /// It costs nothing whatever comes of it (counting tokens): only the limits of requests hold.
    pub is_free: bool,
    /// How long the call waits for money that others hold.
    pub hold_wait: Duration,
    /// The group that was asked for: what calls of it have cost says what further ones may.
    pub group: &'call Arc<str>,
    /// What was asked of it.
    pub operation: Operation,
    /// What holds where a model has no price.
    pub unpriced: Unpriced,
    /// Some deployment that the call may reach has a budget of its own.
    pub is_weighed: bool,
}

impl Meter {
    /// A gate and the writer of its ledger, which somebody must run. Without a
    /// journal a process that is killed loses what the store does not have yet.
    #[must_use]
    pub fn new(
        book: Arc<dyn BookOfRecord>,
        options: LedgerOptions,
        rules: HouseRules,
        journal: Option<Arc<Journal>>,
    ) -> (Self, LedgerWriter) {
        let (sink, rows) = mpsc::channel(QUEUE_ROWS);
        let writer = LedgerWriter::new(rows, Arc::clone(&book), options, journal.clone());
        let learned = Learned::default();
        (Self { scopes: RwLock::default(), book, sink, journal, rules, learned }, writer)
    }

    /// The counters of a scope, its limits brought up to date. What it spent before is read from the store when
    /// it is first seen.
    ///
    /// # Errors
    /// The store cannot be asked.
    pub async fn scope(&self, spec: &ScopeSpec, now_ms: i64) -> Result<Arc<ScopeMeter>, StoreError> {
        if let Some(known) = self.known(&spec.scope) {
            known.set_limits(&spec.limits, now_ms);
            return Ok(known);
        }
        // Rare and large: kept out of the future of every call.
        Box::pin(self.load(spec, now_ms)).await
    }

    async fn load(&self, spec: &ScopeSpec, now_ms: i64) -> Result<Arc<ScopeMeter>, StoreError> {
        let settled = self.book.settled(&spec.scope).await?;
        let mut scopes = self.scopes.write().unwrap_or_else(PoisonError::into_inner);
        if scopes.len() >= MAX_SCOPES {
            scopes.retain(|_, meter| Arc::strong_count(meter) > 1 || meter.is_bounded());
        }
        let fresh = || Arc::new(ScopeMeter::new(spec, &settled, (&self.rules.zone, self.rules.mode), now_ms));
        // Two calls may have asked the store at once: the first one's counters hold.
        Ok(Arc::clone(scopes.entry(spec.scope.clone()).or_insert_with(fresh)))
    }

    fn known(&self, scope: &Scope) -> Option<Arc<ScopeMeter>> {
        self.scopes.read().unwrap_or_else(PoisonError::into_inner).get(scope).cloned()
    }

    /// What a scope has spent in its present window, as this node knows it; the store may lag by a moment.
    #[must_use]
    pub fn spent(&self, scope: &Scope, now_ms: i64) -> Option<Nanos> {
        self.known(scope).map(|meter| meter.spent(now_ms))
    }

    /// What calls in flight hold of all scopes; nothing where no call is in flight.
    #[must_use]
    pub fn in_flight(&self, now_ms: i64) -> InFlight {
        let scopes = self.scopes.read().unwrap_or_else(PoisonError::into_inner);
        let mut sum = InFlight::default();
        for scope in scopes.values() {
            sum.slots += scope.used_slots();
            sum.held += scope.held(now_ms);
            sum.unheld += scope.unheld(now_ms);
        }
        sum
    }

    /// What is settled in every account of a moment, for the simulation to hold against the book.
    #[cfg(test)]
    pub(crate) fn settled_at(&self, now_ms: i64) -> Vec<(weighhouse_types::AccountId, Nanos)> {
        let mut accounts = Vec::new();
        let scopes = self.scopes.read().unwrap_or_else(PoisonError::into_inner);
        scopes.values().for_each(|scope| scope.accounts_at(now_ms, &mut accounts));
        accounts.iter().map(|account| (account.id.clone(), account.account.settled())).collect()
    }

    /// Bytes of the journal, and attempts in it that the store does not have.
    #[must_use]
    pub fn journal_size(&self) -> (u64, usize) {
        self.journal.as_ref().map_or((0, 0), |journal| (journal.bytes(), journal.pending()))
    }

    /// Attempts that wait for the store.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.sink.max_capacity() - self.sink.capacity()
    }

    /// Checks every limit of a call, then charges all: a refused call costs nothing and changes nothing.
    ///
    /// # Errors
    /// `RateLimited` with `retry_after`; `BudgetExceeded` naming the scope and the amounts.
    pub async fn admit(&self, mut call: Admission<'_>) -> Result<Permit, Error> {
        // From here on dropping the permit gives everything back.
        let charge =
            Charge::new(std::mem::take(&mut call.scopes), Now { second: call.second, unix_ms: call.unix_ms });
        let mut permit = Permit::new(charge, self.sink.clone(), self.journal.clone());
        let charge = permit.charge();
        if call.is_free {
            charge.take(None)?;
            permit.admitted();
            return Ok(permit);
        }
        let limit = charge.scopes.iter().filter_map(|scope| scope.token_limit()).min();
        let usual = limit.map_or(USUAL_OUTPUT, |limit| (limit / 4).min(USUAL_OUTPUT));
        let output = if call.output.is_none { 0 } else { call.output.asked.unwrap_or(usual) };
        let units = Units { input: call.input_estimate.max(1), output };
        charge.take(limit.map(|_| units))?;
        if charge.is_limited() || call.is_weighed {
            // A deployment's budget holds as the house says.
            let is_bounded = (call.is_weighed && self.rules.mode == BudgetMode::Bounded)
                || charge.accounts.iter().any(|charged| charged.account.mode() == BudgetMode::Bounded);
            let costs = is_bounded.then(|| self.learned.of(call.group, call.operation)).flatten();
            let usual = costs.as_ref().and_then(|costs| costs.usual_most());
            let weight = hold(charge, &call, usual, call.hold_wait).await?;
            permit.weighed(weight, usual, costs);
        }
        permit.expect(units);
        permit.admitted();
        Ok(permit)
    }
}
