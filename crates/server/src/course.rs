//! One attempt under way: it ends in exactly one row of the ledger, whatever happens to it.

use std::sync::Arc;

use weighhouse_catalog::{PriceBook, PriceMoment, Tier};
use weighhouse_metering::journal::Progress;
use weighhouse_metering::{Permit, Unpriced};
use weighhouse_providers::weight::{StreamEnd, counted_usage, estimate_input};
use weighhouse_storage::{LedgerRow, Outcome};
use weighhouse_types::{Dialect, Nanos, Usage, UsageClass};

use crate::attempt::Destination;
use crate::call::Call;
use crate::clock::Moment;
use crate::deployment::Served;
use crate::house::House;
use crate::metrics::Ended;
use crate::stored::Owner;

/// An attempt under way. Dropped before its end it is booked as given up by the client.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) house: Arc<House>,
    pub(crate) call: Arc<Call>,
    pub(crate) served: Arc<Served>,
    permit: Option<Permit>,
    /// When the house began to work on this attempt.
    began: Moment,
    /// When the call was sent to the provider.
    dispatched: Moment,
    /// When the first byte of the answer came.
    first: Option<Moment>,
    status: u16,
    /// What holds where the model has no price.
    unpriced: Unpriced,
}

/// What an attempt came to.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) outcome: Outcome,
    /// What the provider said it used.
    pub(crate) usage: Option<Usage>,
    pub(crate) raw_usage: Option<Box<str>>,
    pub(crate) response_id: Option<Box<str>>,
    pub(crate) service_tier: Option<Box<str>>,
    /// Generated tokens counted here, for a provider that says nothing.
    pub(crate) counted_output: u64,
    /// The provider generated something, or may have.
    pub(crate) is_billed: bool,
}

impl End {
    /// An attempt that the provider refused: nothing was generated.
    pub(crate) const fn refused() -> Self {
        Self {
            outcome: Outcome::Failure,
            usage: None,
            raw_usage: None,
            response_id: None,
            service_tier: None,
            counted_output: 0,
            is_billed: false,
        }
    }

    /// An attempt that broke after it was sent.
    pub(crate) fn broken(outcome: Outcome) -> Self {
        Self { outcome, is_billed: true, ..Self::refused() }
    }

    /// A stream, as far as it came.
    pub(crate) fn of_stream(end: StreamEnd, outcome: Outcome) -> Self {
        let is_whole = end.complete;
        let so_far = |usage| if is_whole { usage } else { at_least(usage, end.counted_output) };
        Self {
            outcome,
            usage: end.usage.map(so_far),
            raw_usage: end.raw_usage,
            response_id: end.response_id,
            service_tier: end.service_tier,
            counted_output: end.counted_output,
            is_billed: true,
        }
    }
}

/// The usage of a stream that was cut: what the provider had said by then may be of its beginning alone, and
/// what came since was generated too.
fn at_least(mut usage: Usage, counted_output: u64) -> Usage {
    let more = counted_output.saturating_sub(usage.output());
    if more > 0 {
        let text = usage.get(UsageClass::OutputText);
        usage.set(UsageClass::OutputText, text.saturating_add(more));
        usage.estimated = true;
    }
    usage
}

/// What was booked, for the answer's headers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Booked {
    pub(crate) cost: Nanos,
    pub(crate) overhead_us: u32,
    pub(crate) total_us: u32,
}

impl Course {
    /// An attempt whose permit has begun.
    pub(crate) fn new(
        house: Arc<House>,
        call: Arc<Call>,
        served: Arc<Served>,
        permit: Permit,
        to: &Destination<'_>,
    ) -> Self {
        let (dispatched, began, unpriced) = (house.clock.now(), to.began, to.money.unpriced);
        Self {
            house,
            call,
            served,
            permit: Some(permit),
            began,
            dispatched,
            first: None,
            status: 0,
            unpriced,
        }
    }

    /// Notes the provider's status.
    pub(crate) const fn answered(&mut self, status: u16) {
        self.status = status;
    }

    /// Notes the first byte of the answer.
    pub(crate) const fn first_byte(&mut self, now: Moment) {
        if self.first.is_none() {
            self.first = Some(now);
        }
    }

    /// Tells the journal how far the attempt has come.
    pub(crate) fn progress(&mut self, output_tokens: u64) {
        let input = estimate_input(&self.call.ask, self.call.operation);
        let moment = PriceMoment { unix_ms: self.call.received.unix_ms, tier: Tier::Standard };
        let cost = self.served.prices.cost(&counted_usage(input, output_tokens), &moment).nanos();
        if let Some(permit) = &mut self.permit {
            permit.progress(Progress { output_tokens, cost });
        }
    }

    /// Whether the hold lowered what the model may generate.
    pub(crate) fn is_output_lowered(&self) -> Option<u64> {
        let permit = self.permit.as_ref()?;
        permit.is_output_lowered().then(|| permit.output_cap()).flatten()
    }

    /// Ends the attempt and gives the permit back, for another one.
    pub(crate) fn fail(mut self, end: End) -> Option<Permit> {
        self.book(end);
        self.permit.take()
    }

    /// Ends the attempt, and with it the call.
    pub(crate) fn end(&mut self, end: End) -> Booked {
        let booked = self.book(end);
        self.permit = None;
        booked
    }

    fn book(&mut self, end: End) -> Booked {
        let now = self.house.clock.now();
        let Some(row) = self.permit.as_mut().and_then(Permit::open) else { return Booked::default() };
        let was_billed = end.is_billed || end.usage.is_some();
        let usage = match end.usage {
            Some(usage) => usage,
            None if end.is_billed => {
                counted_usage(estimate_input(&self.call.ask, self.call.operation), end.counted_output)
            }
            None => Usage::default(),
        };
        let usage = match was_billed {
            // A fee per call counts as a unit of its own class, where the provider has one.
            true => with_call_fee(usage, &self.served.prices),
            false => usage,
        };
        let moment =
            PriceMoment { unix_ms: self.call.received.unix_ms, tier: tier_of(end.service_tier.as_deref()) };
        let cost = self.served.prices.cost(&usage, &moment);
        if let (Dialect::OpenAiResponses, Some(id)) = (self.call.ask.dialect, &end.response_id) {
            let owner = Owner { key: row.key_id.clone(), deployment: Arc::clone(&row.deployment_id) };
            self.house.recent.keep(id, owner);
        }
        row.outcome = end.outcome;
        row.http_status = self.status;
        row.response_id = end.response_id;
        row.raw_usage = end.raw_usage;
        (row.cost, row.arithmetic) = (cost.nanos(), cost.arithmetic_json(&usage).into());
        if let Unpriced::Held(nanos) = self.unpriced
            && was_billed
            && cost.unpriced
            && nanos > row.cost
        {
            // The house's own amount for a call whose price nobody knows.
            let picos = i128::from(nanos.get()) * 1_000;
            (row.cost, row.arithmetic) = (nanos, format!("[[\"request\",1,\"{picos}\"]]").into());
        }
        row.usage = usage;
        let sent_after = self.dispatched.since(self.began);
        row.first_token_us = self.first.map_or(0, |first| first.since(self.call.received));
        row.total_us = now.since(self.call.received);
        // A whole answer's own work goes on after its last byte came; a stream's is hidden in the provider's pace.
        let after = if row.stream { 0 } else { self.first.map_or(0, |first| now.since(first)) };
        row.overhead_us = sent_after.saturating_add(after);
        let booked = Booked { cost: row.cost, overhead_us: row.overhead_us, total_us: row.total_us };
        if was_billed && cost.unpriced {
            self.house.metrics.unpriced();
        }
        self.house.metrics.ended(&Ended::of(row, &self.call, self.dispatched, self.first, now));
        let attempt = row.attempt;
        let beyond = self.permit.as_mut().map_or(Nanos::ZERO, Permit::finish);
        if beyond > Nanos::ZERO {
            // Invariant 4 of money.md: what breaks it is a defect of the bound, and is told as one.
            self.house.metrics.beyond_hold();
            tracing::error!(?attempt, %beyond, model = %self.call.asked_model, "an attempt cost more than was held for it");
        }
        booked
    }
}

impl Drop for Course {
    fn drop(&mut self) {
        if self.permit.as_mut().is_some_and(|permit| permit.open().is_some()) {
            self.book(End::broken(Outcome::Aborted));
        }
    }
}

fn with_call_fee(mut usage: Usage, prices: &PriceBook) -> Usage {
    if prices.lines().iter().any(|line| line.class == UsageClass::Request) {
        usage.set(UsageClass::Request, 1);
    }
    usage
}

/// The price tier of a tier's name; what is not known is served as standard.
pub(crate) fn tier_of(name: Option<&str>) -> Tier {
    name.and_then(Tier::from_name).unwrap_or_default()
}

/// The row of an attempt as far as it is known when it is sent.
pub(crate) fn fresh_row(
    call: &Call,
    caller: &weighhouse_auth::Caller,
    leg: &weighhouse_router::Leg,
    deployment: &crate::deployment::Deployment,
    served: &Served,
    tags: Arc<[String]>,
) -> Box<LedgerRow> {
    let key = caller.key();
    Box::new(LedgerRow {
        attempt: weighhouse_types::AttemptId { call: call.id, number: leg.attempt },
        started_ms: call.received.unix_ms,
        key_id: key.map(|key| key.record.id.clone()),
        key_hash: caller.hash().clone(),
        user_id: key.and_then(|key| key.user_id.clone()),
        team_id: key.and_then(|key| key.team_id.clone()),
        end_user: call.end_user.clone(),
        operation: call.operation,
        requested_model: Arc::clone(&call.asked_model),
        model_group: Arc::clone(&leg.group),
        deployment_id: Arc::clone(&deployment.id),
        provider: served.target.provider(),
        upstream_model: Arc::clone(served.target.model()),
        api_base: Arc::clone(served.target.base()),
        outcome: Outcome::Failure,
        http_status: 0,
        response_id: None,
        stream: call.ask.peek.stream,
        usage: Usage::default(),
        raw_usage: None,
        cost: Nanos::ZERO,
        arithmetic: Box::default(),
        price_version: Arc::clone(&served.price_version),
        queue_us: 0,
        overhead_us: 0,
        first_token_us: 0,
        total_us: 0,
        tags,
        // The permit says to which it is charged.
        accounts: Arc::default(),
    })
}
