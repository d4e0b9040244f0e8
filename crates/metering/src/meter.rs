//! The gate: admits calls under their limits and hands out permits.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::mpsc;
use weighhouse_catalog::{PriceBook, Terms};
use weighhouse_storage::{KeyRecord, Store};
use weighhouse_types::{Error, KeyId, Kind, Nanos};

use crate::account::{Balance, Verdict};
use crate::bound::{OutputBound, weigh};
use crate::key_meter::{KeyLimits, KeyMeter};
use crate::ledger::{LedgerOptions, LedgerWriter, QUEUE_ROWS, Sink};
use crate::permit::{Permit, Reserve};

/// Keys whose counters are kept. Beyond it those that no call uses are let go of.
const MAX_KEYS: usize = 200_000;

/// What a call without a bound of its own is taken to generate, for the limit of tokens in a minute; at most a
/// quarter of the limit, as LiteLLM takes it.
const USUAL_OUTPUT: u64 = 4_096;

/// The gate of one node.
#[derive(Debug)]
pub struct Meter {
    keys: RwLock<HashMap<KeyId, Arc<KeyMeter>>>,
    sink: Sink,
}

/// A call that asks to be let in.
#[derive(Debug)]
pub struct Admission<'call> {
    /// Who pays; none for the master key, which nothing bounds.
    pub key: Option<&'call Arc<KeyMeter>>,
    /// Prices of every deployment that the call may reach.
    pub books: &'call [&'call PriceBook],
    /// An upper bound of the prompt's tokens.
    pub input_bound: u64,
    /// What the prompt probably weighs, for the limit of tokens in a minute.
    pub input_estimate: u64,
    /// What bounds the output.
    pub output: OutputBound,
    /// What else is known of the price: the moment, the tier, classes that cannot occur.
    pub terms: Terms<'call>,
    /// Seconds of a clock that never goes back.
    pub second: u64,
    /// It costs nothing whatever comes of it (counting tokens): only the limits of requests hold.
    pub is_free: bool,
    /// How the key is called in a refusal: `sk-...` and four characters.
    pub key_name: &'call str,
}

impl Meter {
    /// A gate, and the writer of its ledger, which somebody must run.
    #[must_use]
    pub fn new(store: Store, options: LedgerOptions) -> (Self, LedgerWriter) {
        let (sink, rows) = mpsc::channel(QUEUE_ROWS);
        (Self { keys: RwLock::default(), sink }, LedgerWriter::new(rows, store, options))
    }

    /// The counters of a key, its limits brought up to date.
    #[must_use]
    pub fn key(&self, record: &KeyRecord) -> Arc<KeyMeter> {
        let known = self.keys.read().unwrap_or_else(PoisonError::into_inner).get(&record.id).cloned();
        if let Some(meter) = known {
            meter.set_limits(KeyLimits::from(record));
            return meter;
        }
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MAX_KEYS {
            keys.retain(|_, meter| Arc::strong_count(meter) > 1 || meter.account.is_limited());
        }
        let fresh = || Arc::new(KeyMeter::new(record.id.clone(), KeyLimits::from(record), record.spend));
        Arc::clone(keys.entry(record.id.clone()).or_insert_with(fresh))
    }

    /// What a key has spent as this node knows it; the store may lag by a moment.
    #[must_use]
    pub fn spent(&self, id: &KeyId) -> Option<Nanos> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).get(id).map(|meter| meter.account.settled())
    }

    /// Attempts that wait for the store.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.sink.max_capacity() - self.sink.capacity()
    }

    /// Checks every limit of a call, then charges all: a refused call costs nothing and changes nothing.
    ///
    /// # Errors
    /// `RateLimited` with `retry_after`; `BudgetExceeded` naming the amounts.
    pub fn admit(&self, call: &Admission<'_>) -> Result<Permit, Error> {
        let Some(key) = call.key else {
            return Ok(Permit::free(self.sink.clone()));
        };
        let mut reserve = Reserve { second: call.second, ..Reserve::default() };
        if !key.slots.take() {
            return Err(limited(call, "max_parallel_requests", key.slots.limit(), Duration::from_secs(1)));
        }
        // From here on dropping the permit gives everything back.
        let mut permit = Permit::new(Arc::clone(key), self.sink.clone(), reserve);
        if let Err(wait) = key.requests.charge(1, call.second) {
            return Err(limited(call, "requests", key.requests.limit(), Duration::from_secs(wait)));
        }
        reserve.requests = 1;
        permit.set_reserve(reserve);
        if call.is_free {
            permit.admitted();
            return Ok(permit);
        }
        if let Some(limit) = key.tokens.limit() {
            reserve.tokens = call
                .input_estimate
                .saturating_add(call.output.asked.unwrap_or((limit / 4).min(USUAL_OUTPUT)))
                .max(1);
            if let Err(wait) = key.tokens.charge(reserve.tokens, call.second) {
                return Err(limited(call, "tokens", Some(limit), Duration::from_secs(wait)));
            }
            permit.set_reserve(reserve);
        }
        if key.account.is_limited() {
            hold(&mut permit, key, call)?;
        }
        permit.admitted();
        Ok(permit)
    }
}

/// Sets money aside. Another call may take what was just seen as available: then the weight is taken anew,
/// and every round lowers it or ends in a refusal.
fn hold(permit: &mut Permit, key: &KeyMeter, call: &Admission<'_>) -> Result<(), Error> {
    const ROUNDS: usize = 16;
    for _ in 0..ROUNDS {
        let balance = key.account.balance();
        let Some(weight) =
            weigh(call.books, call.input_bound, call.output, &call.terms, key.account.available())
        else {
            return Err(refused(call, balance));
        };
        if key.account.hold(weight.nanos) == Verdict::Held {
            permit.held(weight);
            return Ok(());
        }
        if key.account.available() == Nanos::ZERO {
            return Err(refused(call, balance));
        }
    }
    Err(refused(call, key.account.balance()))
}

/// LiteLLM's words, then what it does not say: what is held, and what the call would need.
fn refused(call: &Admission<'_>, balance: Balance) -> Error {
    let limit = balance.limit.unwrap_or_default();
    let mut message = format!(
        "Budget has been exceeded! Key={} Current cost: {}, Max budget: {limit}.",
        call.key_name, balance.settled
    );
    if balance.held > Nanos::ZERO {
        message.push_str(&format!(" Held by calls in flight: {}.", balance.held));
    }
    match weigh(call.books, call.input_bound, call.output, &call.terms, Nanos::MAX) {
        Some(weight) if balance.settled < limit => {
            message.push_str(&format!(
                " This call may cost up to {}; send a shorter prompt or a lower max_tokens, or raise max_budget.",
                weight.nanos
            ));
        }
        Some(_) => {}
        None => message.push_str(
            " The model has no price, so a key with a budget cannot use it: set input_cost_per_token and \
             output_cost_per_token for it.",
        ),
    }
    Error::new(Kind::BudgetExceeded, message)
}

/// LiteLLM's words for a limit of rate.
fn limited(call: &Admission<'_>, what: &str, limit: Option<u64>, wait: Duration) -> Error {
    let message = format!(
        "Rate limit exceeded for api_key: {}. Limit type: {what}. Current limit: {}, Remaining: 0. Try again in {} s.",
        call.key_name,
        limit.unwrap_or_default(),
        wait.as_secs()
    );
    Error::new(Kind::RateLimited, message).retry_after(wait)
}
