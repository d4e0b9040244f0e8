//! The right to send one call to providers: a guard that settles on every path.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use weighhouse_storage::{LedgerRow, Outcome};
use weighhouse_types::{Error, Kind, Nanos};

use crate::account::Verdict;
use crate::bound::Weight;
use crate::charge::{Charge, Now};
use crate::counters::Units;
use crate::hold::{Stakes, hold_all};
use crate::journal::{Journal, Noted, Progress};
use crate::learned::Costs;
use crate::ledger::{Settled, Sink};
use crate::refusal::{Needed, no_more, over_budget};
use crate::scope_meter::ScopeMeter;

/// How long a call waits for a place in the ledger's queue.
const QUEUE_WAIT: Duration = Duration::from_secs(5);

/// The right to send one call to providers, made only by [`Meter::admit`](crate::Meter::admit).
///
/// Each attempt begins with [`begin`](Self::begin) and ends with [`finish`](Self::finish); an attempt that is
/// still open when the permit is dropped is booked as if all that was held had been used.
#[derive(Debug)]
pub struct Permit {
    /// What the call as a whole took.
    charge: Charge,
    /// What the attempt took of its deployment and provider.
    leg: Charge,
    sink: Sink,
    /// Where attempts are noted before they leave and when they are settled.
    journal: Option<Arc<Journal>>,
    place: Option<mpsc::OwnedPermit<Settled>>,
    open: Option<Box<LedgerRow>>,
    /// Where the journal has the open attempt.
    noted: Noted,
    weight: Option<Weight>,
    /// What nearly every call of the kind costs, and where it was learned.
    usual: Option<Nanos>,
    costs: Option<Arc<Costs>>,
    /// Tokens that the call probably uses.
    expected: Units,
    used: Units,
    is_admitted: bool,
}

impl Permit {
    /// Dropped before [`admitted`](Self::admitted), it gives everything back.
    pub(crate) fn new(charge: Charge, sink: Sink, journal: Option<Arc<Journal>>) -> Self {
        Self {
            charge,
            leg: Charge::default(),
            sink,
            journal,
            place: None,
            open: None,
            noted: Noted::default(),
            weight: None,
            usual: None,
            costs: None,
            expected: Units::default(),
            used: Units::default(),
            is_admitted: false,
        }
    }

    pub(crate) const fn charge(&mut self) -> &mut Charge {
        &mut self.charge
    }

    pub(crate) fn weighed(&mut self, weight: Weight, usual: Option<Nanos>, costs: Option<Arc<Costs>>) {
        (self.weight, self.usual, self.costs) = (Some(weight), usual, costs);
    }

    pub(crate) const fn expect(&mut self, units: Units) {
        self.expected = units;
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

    /// Takes what the next attempt needs of its deployment and provider: places, calls, tokens and money. Nobody
    /// waits here, because another deployment may serve the call.
    ///
    /// # Errors
    /// `RateLimited`, `BudgetExceeded`: nothing was taken.
    pub fn reach(&mut self, scopes: Vec<Arc<ScopeMeter>>, unix_ms: i64, second: u64) -> Result<(), Error> {
        self.finish();
        let mut leg = Charge::new(scopes, Now { second, unix_ms });
        let taken = self.take_leg(&mut leg);
        if taken.is_err() {
            leg.give_back(None);
        } else {
            self.leg = leg;
        }
        taken
    }

    fn take_leg(&self, leg: &mut Charge) -> Result<(), Error> {
        leg.take(Some(self.expected))?;
        let most = self.weight.map_or(Nanos::ZERO, |weight| weight.nanos);
        hold_all(&mut leg.accounts, Stakes { most, usual: self.usual }).map_err(|blocked| {
            let balance = blocked.account.balance();
            let needed =
                Needed { most: Some(most), is_ever_borne: most <= balance.limit.unwrap_or(Nanos::MAX) };
            match leg.scope_of(&blocked.id) {
                Some(scope) => over_budget(scope, &blocked, balance, needed),
                None => Error::new(Kind::BudgetExceeded, "Budget has been exceeded!"),
            }
        })
    }

    /// Begins an attempt: takes its place in the ledger and makes sure that the hold covers it.
    ///
    /// # Errors
    /// `Overloaded`: the store is so far behind that the ledger's queue stays full, or the journal cannot be written.
    /// `BudgetExceeded`: an earlier attempt of the call used up what was held, and no more is to be had.
    pub async fn begin(&mut self, mut row: Box<LedgerRow>) -> Result<(), Error> {
        if self.open.is_some() {
            self.finish();
        }
        self.cover()?;
        let place = match self.sink.clone().try_reserve_owned() {
            Ok(place) => place,
            Err(_) => Box::pin(await_place(self.sink.clone())).await?,
        };
        row.accounts = self.charge.ids().chain(self.leg.ids()).cloned().collect();
        if let Some(journal) = &self.journal {
            let held = self.charge.held().max(self.leg.held());
            self.noted = journal.intend(&row, held).map_err(|error| unwritten(&error))?;
        }
        self.place = Some(place);
        self.open = Some(row);
        Ok(())
    }

    /// A further attempt may cost as much as the first: what an earlier one spent is held anew.
    fn cover(&mut self) -> Result<(), Error> {
        if self.weight.is_none() {
            return Ok(());
        }
        let blocked = self.charge.accounts.iter_mut().find_map(|charged| match charged.top_up() {
            Verdict::Held => None,
            Verdict::Refused(balance) => Some((Arc::clone(&charged.account), balance)),
        });
        // What was topped up before it stays held for this call, which ends now and gives it back.
        let Some((blocked, balance)) = blocked else { return Ok(()) };
        Err(self.charge.scope_of(&blocked.id).map_or_else(
            || Error::new(Kind::BudgetExceeded, "Budget has been exceeded!"),
            |scope| no_more(scope, &blocked, balance),
        ))
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

    /// Ends the open attempt: books its cost, gives back what it took of its deployment, and sends its row to the
    /// ledger. Gives how far its cost passed what strict budgets held for it: nothing, unless the bound was wrong.
    pub fn finish(&mut self) -> Nanos {
        let (Some(row), Some(place)) = (self.open.take(), self.place.take()) else {
            // An attempt that never began took nothing but its places.
            std::mem::take(&mut self.leg).give_back(None);
            return Nanos::ZERO;
        };
        let beyond = self.charge.settle(row.cost).max(self.leg.settle(row.cost));
        // The next attempt may go to a deployment without limits, and must not be charged to this one's.
        std::mem::take(&mut self.leg).give_back(Some(Units::of(&row.usage)));
        if let Some(costs) = self.costs.as_ref().filter(|_| row.outcome == Outcome::Success) {
            costs.note(row.cost);
        }
        self.used = self.used.and(Units::of(&row.usage));
        let mut noted = std::mem::take(&mut self.noted);
        if let Some(journal) = &self.journal
            && let Err(error) = journal.post(&row, &mut noted)
        {
            // The row is on its way to the store all the same; only a crash before it is there would cost it.
            tracing::error!(%error, "the journal could not be written");
        }
        place.send(Settled { row, noted });
        beyond
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(row) = &mut self.open {
            // Nobody told what the attempt came to: a panic or a lost task. The worst is assumed.
            row.outcome = Outcome::Failure;
            row.usage.estimated = true;
            row.cost = row.cost.max(self.charge.held()).max(self.leg.held());
        }
        self.finish();
        self.charge.give_back(self.is_admitted.then_some(self.used));
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
