//! What is counted of calls, under LiteLLM's names (contract §6b) and, for what is ours, `weighhouse_`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus::core::{AtomicF64, AtomicU64, GenericCounter, GenericCounterVec, GenericGauge};
use prometheus::{
    CounterVec, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry,
};
use weighhouse_storage::{LedgerRow, Outcome};
use weighhouse_types::{Error, KeyHash, UsageClass};

use crate::call::Call;
use crate::clock::Moment;

/// LiteLLM's buckets of seconds.
const SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 420.0, 600.0];
/// Label sets that are kept; beyond it keys are counted together as `other`.
const MAX_SERIES: usize = 5_000;
/// LiteLLM's word for a label without a value.
const NONE: &str = "None";

const LABELS: &[&str] =
    &["hashed_api_key", "model", "requested_model", "model_group", "model_id", "api_provider"];
const REFUSED_LABELS: &[&str] = &["exception_status", "exception_class"];

/// The counters of the data plane.
#[derive(Debug)]
pub struct Metrics {
    in_flight: IntGauge,
    requests: IntCounterVec,
    failures: IntCounterVec,
    refusals: IntCounterVec,
    spend: CounterVec,
    tokens: IntCounterVec,
    input_tokens: IntCounterVec,
    output_tokens: IntCounterVec,
    cached_tokens: IntCounterVec,
    reasoning_tokens: IntCounterVec,
    total_latency: HistogramVec,
    upstream_latency: HistogramVec,
    first_token: HistogramVec,
    overhead: HistogramVec,
    unpriced: GenericCounter<AtomicU64>,
    mismatched: GenericCounter<AtomicU64>,
    beyond_hold: GenericCounter<AtomicU64>,
    estimated: GenericCounter<AtomicU64>,
    series: AtomicUsize,
}

/// An attempt that ended.
#[derive(Debug)]
pub(crate) struct Ended<'row> {
    row: &'row LedgerRow,
    stream: bool,
    total: f64,
    upstream: f64,
    first_token: Option<f64>,
}

impl<'row> Ended<'row> {
    pub(crate) fn of(
        row: &'row LedgerRow,
        call: &Call,
        sent: Moment,
        first: Option<Moment>,
        now: Moment,
    ) -> Self {
        let seconds = |micros: u32| f64::from(micros) / 1e6;
        Self {
            row,
            stream: row.stream,
            total: seconds(now.since(call.received)),
            upstream: seconds(now.since(sent)),
            first_token: first.map(|first| seconds(first.since(sent))),
        }
    }
}

/// Counts a call while it is in flight.
#[derive(Debug)]
pub(crate) struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The counters of one label set: looked up once, then plain additions.
struct Series {
    requests: GenericCounter<AtomicU64>,
    spend: GenericCounter<AtomicF64>,
    tokens: GenericCounter<AtomicU64>,
    input_tokens: GenericCounter<AtomicU64>,
    output_tokens: GenericCounter<AtomicU64>,
    cached_tokens: GenericCounter<AtomicU64>,
    reasoning_tokens: GenericCounter<AtomicU64>,
    total_latency: Histogram,
    upstream_latency: Histogram,
    first_token: Histogram,
    overhead: Histogram,
}

type SeriesKey = (KeyHash, Arc<str>, Arc<str>, Arc<str>);

thread_local! {
    /// Each worker keeps the sets that it uses, so that counting needs no lock.
    static SERIES: RefCell<HashMap<SeriesKey, Rc<Series>>> = RefCell::default();
}

impl Metrics {
    /// Makes the counters and registers them.
    ///
    /// # Errors
    /// `prometheus` refuses a name: two rooms used the same.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counts = |name: &str, help: &str, labels: &[&str]| {
            let made: GenericCounterVec<AtomicU64> = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(made.clone()))?;
            Ok::<_, prometheus::Error>(made)
        };
        let times = |name: &str, help: &str| {
            let made = HistogramVec::new(HistogramOpts::new(name, help).buckets(SECONDS.to_vec()), LABELS)?;
            registry.register(Box::new(made.clone()))?;
            Ok::<_, prometheus::Error>(made)
        };
        let count = |name: &str, help: &str| {
            let made: GenericCounter<AtomicU64> = GenericCounter::new(name, help)?;
            registry.register(Box::new(made.clone()))?;
            Ok::<_, prometheus::Error>(made)
        };
        let spend = CounterVec::new(Opts::new("litellm_spend_metric_total", "Dollars spent"), LABELS)?;
        registry.register(Box::new(spend.clone()))?;
        let in_flight: GenericGauge<_> = IntGauge::new("litellm_in_flight_requests", "Requests in flight")?;
        registry.register(Box::new(in_flight.clone()))?;
        Ok(Self {
            in_flight,
            spend,
            requests: counts("litellm_requests_metric_total", "Attempts that answered their call", LABELS)?,
            failures: counts("litellm_deployment_failure_responses_total", "Attempts that failed", LABELS)?,
            refusals: counts(
                "litellm_proxy_failed_requests_metric_total",
                "Requests answered with an error",
                REFUSED_LABELS,
            )?,
            tokens: counts("litellm_total_tokens_metric_total", "Tokens, in and out", LABELS)?,
            input_tokens: counts("litellm_input_tokens_metric_total", "Tokens of prompts", LABELS)?,
            output_tokens: counts("litellm_output_tokens_metric_total", "Generated tokens", LABELS)?,
            cached_tokens: counts(
                "litellm_input_cached_tokens_metric_total",
                "Tokens read from a provider's cache",
                LABELS,
            )?,
            reasoning_tokens: counts(
                "litellm_output_reasoning_tokens_metric_total",
                "Generated tokens of reasoning",
                LABELS,
            )?,
            total_latency: times(
                "litellm_request_total_latency_metric",
                "Seconds from a call's reception to its end",
            )?,
            upstream_latency: times(
                "litellm_llm_api_latency_metric",
                "Seconds from sending a call to its end",
            )?,
            first_token: times(
                "litellm_llm_api_time_to_first_token_metric",
                "Seconds from sending a streamed call to its first frame",
            )?,
            overhead: times("litellm_overhead_latency_metric", "Seconds of the house's own work")?,
            unpriced: count("weighhouse_unpriced_requests_total", "Attempts at models without a price")?,
            beyond_hold: count(
                "weighhouse_hold_exceeded_total",
                "Attempts that cost more than strict budgets held for them: a bound that was wrong",
            )?,
            mismatched: count(
                "weighhouse_usage_mismatch_total",
                "Attempts whose usage did not sum to its totals",
            )?,
            estimated: count("weighhouse_usage_estimated_total", "Attempts whose usage was counted here")?,
            series: AtomicUsize::new(0),
        })
    }

    /// Counts a request until the guard is dropped.
    pub(crate) fn in_flight(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// Counts a request that was answered with an error.
    pub(crate) fn refused(&self, error: &Error) {
        let class = format!("{:?}", error.kind);
        self.refusals.with_label_values(&[&error.status().to_string(), &class]).inc();
    }

    /// An attempt cost more than strict budgets held for it.
    pub(crate) fn beyond_hold(&self) {
        self.beyond_hold.inc();
    }

    /// Counts an attempt at a model without a price.
    pub(crate) fn unpriced(&self) {
        self.unpriced.inc();
    }

    /// Counts an attempt.
    pub(crate) fn ended(&self, ended: &Ended<'_>) {
        let row = ended.row;
        if row.usage.mismatch {
            self.mismatched.inc();
        }
        if row.usage.estimated {
            self.estimated.inc();
        }
        if row.outcome == Outcome::Failure {
            self.failures.with_label_values(&labels(row, row.key_hash.as_str())).inc();
        }
        let series = self.series_of(row);
        if row.outcome != Outcome::Failure {
            series.requests.inc();
        }
        series.spend.inc_by(row.cost.to_usd());
        let (input, output) = (row.usage.input(), row.usage.output());
        series.tokens.inc_by(input + output);
        series.input_tokens.inc_by(input);
        series.output_tokens.inc_by(output);
        series.cached_tokens.inc_by(row.usage.get(UsageClass::InputCacheRead));
        series.reasoning_tokens.inc_by(row.usage.get(UsageClass::OutputReasoning));
        series.total_latency.observe(ended.total);
        series.upstream_latency.observe(ended.upstream);
        series.overhead.observe(f64::from(row.overhead_us) / 1e6);
        if let Some(first) = ended.first_token.filter(|_| ended.stream) {
            series.first_token.observe(first);
        }
    }

    fn series_of(&self, row: &LedgerRow) -> Rc<Series> {
        let key = (
            row.key_hash.clone(),
            Arc::clone(&row.requested_model),
            Arc::clone(&row.deployment_id),
            Arc::clone(&row.upstream_model),
        );
        SERIES.with_borrow_mut(|kept| {
            if let Some(series) = kept.get(&key) {
                return Rc::clone(series);
            }
            let is_full = self.series.fetch_add(1, Ordering::Relaxed) >= MAX_SERIES;
            if is_full {
                // Asked names are the caller's to choose; what they may fill is bounded.
                self.series.fetch_sub(1, Ordering::Relaxed);
                return Rc::new(self.new_series(&["other", NONE, NONE, NONE, NONE, &row.provider]));
            }
            let series = Rc::new(self.new_series(&labels(row, row.key_hash.as_str())));
            kept.insert(key, Rc::clone(&series));
            series
        })
    }

    fn new_series(&self, labels: &[&str]) -> Series {
        Series {
            requests: self.requests.with_label_values(labels),
            spend: self.spend.with_label_values(labels),
            tokens: self.tokens.with_label_values(labels),
            input_tokens: self.input_tokens.with_label_values(labels),
            output_tokens: self.output_tokens.with_label_values(labels),
            cached_tokens: self.cached_tokens.with_label_values(labels),
            reasoning_tokens: self.reasoning_tokens.with_label_values(labels),
            total_latency: self.total_latency.with_label_values(labels),
            upstream_latency: self.upstream_latency.with_label_values(labels),
            first_token: self.first_token.with_label_values(labels),
            overhead: self.overhead.with_label_values(labels),
        }
    }
}

fn labels<'row>(row: &'row LedgerRow, key: &'row str) -> [&'row str; 6] {
    [key, &row.upstream_model, &row.requested_model, &row.model_group, &row.deployment_id, &row.provider]
}
