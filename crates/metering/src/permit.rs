//! The right to send one call to providers: a guard that settles on every path.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use weighhouse_storage::{LedgerRow, Outcome};
use weighhouse_types::{Error, Kind, Nanos};

use crate::account::Verdict;
use crate::bound::Weight;
use crate::key_meter::KeyMeter;
use crate::ledger::Sink;

/// How long a call waits for a place in the ledger's queue.
const QUEUE_WAIT: Duration = Duration::from_secs(5);

/// What was taken from limits of rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reserve {
    pub(crate) requests: u64,
    pub(crate) tokens: u64,
    pub(crate) second: u64,
}

/// The right to send one call to providers, made only by [`Meter::admit`](crate::Meter::admit).
///
/// Each attempt begins with [`begin`](Self::begin) and ends with [`finish`](Self::finish); an attempt that is
/// still open when the permit is dropped is booked as if all that was held had been used.
#[derive(Debug)]
pub struct Permit {
    key: Option<Arc<KeyMeter>>,
    sink: Sink,
    place: Option<mpsc::OwnedPermit<Box<LedgerRow>>>,
    open: Option<Box<LedgerRow>>,
    reserve: Reserve,
    weight: Option<Weight>,
    /// What is held and not yet spent by an attempt.
    held: Nanos,
    tokens_used: u64,
    is_admitted: bool,
}

impl Permit {
    pub(crate) fn free(sink: Sink) -> Self {
        Self {
            key: None,
            sink,
            place: None,
            open: None,
            reserve: Reserve::default(),
            weight: None,
            held: Nanos::ZERO,
            tokens_used: 0,
            is_admitted: true,
        }
    }

    pub(crate) fn new(key: Arc<KeyMeter>, sink: Sink, reserve: Reserve) -> Self {
        let mut permit = Self::free(sink);
        permit.key = Some(key);
        permit.reserve = reserve;
        permit.is_admitted = false;
        permit
    }

    pub(crate) const fn set_reserve(&mut self, reserve: Reserve) {
        self.reserve = reserve;
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
    /// `Overloaded`: the store is so far behind that the ledger's queue stays full.
    /// `BudgetExceeded`: an earlier attempt of the call used up what was held, and no more is to be had.
    pub async fn begin(&mut self, row: Box<LedgerRow>) -> Result<(), Error> {
        self.finish();
        self.cover()?;
        let place = match self.sink.clone().try_reserve_owned() {
            Ok(place) => place,
            Err(_) => Box::pin(await_place(self.sink.clone())).await?,
        };
        self.place = Some(place);
        self.open = Some(row);
        Ok(())
    }

    /// A further attempt may cost as much as the first: what an earlier one spent is held anew.
    fn cover(&mut self) -> Result<(), Error> {
        let (Some(key), Some(weight)) = (&self.key, self.weight) else { return Ok(()) };
        let missing = weight.nanos - self.held;
        if missing <= Nanos::ZERO {
            return Ok(());
        }
        match key.account.hold(missing) {
            Verdict::Held => {
                self.held += missing;
                Ok(())
            }
            Verdict::Refused(balance) => {
                let message = format!(
                    "Budget has been exceeded! An earlier attempt of this call was charged, and another one does not \
                     fit. Current cost: {}, Max budget: {}.",
                    balance.settled,
                    balance.limit.unwrap_or_default()
                );
                Err(Error::new(Kind::BudgetExceeded, message))
            }
        }
    }

    /// The attempt that is open, to be filled with what it came to.
    pub fn open(&mut self) -> Option<&mut LedgerRow> {
        self.open.as_deref_mut()
    }

    /// Ends the open attempt: books its cost and sends its row to the ledger.
    pub fn finish(&mut self) {
        let (Some(row), Some(place)) = (self.open.take(), self.place.take()) else { return };
        if let Some(key) = &self.key {
            // What an attempt cost comes out of the hold; beyond the hold it is booked all the same.
            let covered = row.cost.min(self.held);
            key.account.settle(covered, row.cost);
            self.held = self.held - covered;
            self.tokens_used = self.tokens_used.saturating_add(row.usage.total());
        }
        place.send(row);
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
        let Some(key) = &self.key else { return };
        key.account.settle(self.held, Nanos::ZERO);
        key.slots.give_back();
        let Reserve { requests, tokens, second } = self.reserve;
        if self.is_admitted {
            key.tokens.correct(tokens, second, self.tokens_used, second);
        } else {
            key.requests.correct(requests, second, 0, second);
            key.tokens.correct(tokens, second, 0, second);
        }
    }
}

/// Waits for a place in the ledger's queue: rare, so kept out of the future of every call.
async fn await_place(sink: Sink) -> Result<mpsc::OwnedPermit<Box<LedgerRow>>, Error> {
    let reserved = tokio::time::timeout(QUEUE_WAIT, sink.reserve_owned()).await;
    reserved.ok().and_then(Result::ok).ok_or_else(behind)
}

fn behind() -> Error {
    let message =
        "the ledger is so far behind that no more calls are taken; the store may be down or too slow";
    Error::new(Kind::Overloaded, message).retry_after(Duration::from_secs(1))
}
