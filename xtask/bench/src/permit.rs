//! What it costs to let a call in: every limit of six scopes checked and charged, money held in all of them, and
//! all of it given back. No journal and no store take part.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use weighhouse_catalog::{PriceBook, Terms};
use weighhouse_metering::{
    Admission, HouseRules, LedgerOptions, Meter, OutputBound, ScopeMeter, ScopeSpec, Unpriced,
};
use weighhouse_storage::{Limits, Location, Store};
use weighhouse_testkit::temp_dir::TempDir;
use weighhouse_types::{Nanos, Operation, Scope, ScopeKind};

const CALLS: u32 = 20_000;
const ROUNDS: usize = 15;

/// Measures and prints a table in nanoseconds.
pub(crate) fn run() -> Result<()> {
    let dir = TempDir::new("permit");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(&Location::Sqlite(dir.path().join("bench.db"))).await?;
        let (meter, _writer) =
            Meter::new(Arc::new(store.clone()), LedgerOptions::default(), HouseRules::default(), None);
        println!("| scopes | let in and given back, ns (best round) | median round |");
        println!("|---|---|---|");
        let kinds = [
            ScopeKind::Team,
            ScopeKind::Member,
            ScopeKind::User,
            ScopeKind::EndUser,
            ScopeKind::Tag,
            ScopeKind::Key,
        ];
        for count in [1, 6] {
            let mut scopes = Vec::new();
            for kind in kinds.into_iter().take(count) {
                scopes.push(meter.scope(&spec(kind), 0).await?);
            }
            let mut rounds = Vec::with_capacity(ROUNDS);
            for _ in 0..ROUNDS {
                rounds.push(round(&meter, &scopes).await?);
            }
            rounds.sort_by(f64::total_cmp);
            let at = |place: usize| rounds.get(place).copied().unwrap_or_default();
            println!("| {count} | {:.0} | {:.0} |", at(0), at(ROUNDS / 2));
        }
        store.close().await?;
        Ok(())
    })
}

fn spec(kind: ScopeKind) -> ScopeSpec {
    let limits = Limits {
        max_budget: Some(Nanos::dollars(1_000_000)),
        budget_duration: Some("30d".into()),
        rpm_limit: Some(1_000_000_000),
        tpm_limit: Some(1_000_000_000_000),
        max_parallel_requests: Some(1_000),
        ..Limits::default()
    };
    ScopeSpec {
        scope: Scope::new(kind, "bench"),
        shown: "bench".into(),
        limits: Arc::new(limits),
        spent_ever: None,
    }
}

/// Nanoseconds a call.
async fn round(meter: &Meter, scopes: &[Arc<ScopeMeter>]) -> Result<f64> {
    let fields = [("input_cost_per_token", "0.000001"), ("output_cost_per_token", "0.000002")];
    let book = PriceBook::from_litellm_fields(fields.into_iter()).map_err(|error| anyhow!("{error}"))?;
    let group = Arc::from("m");
    let began = Instant::now();
    for _ in 0..CALLS {
        let admission = Admission {
            scopes: scopes.to_vec(),
            books: &[&book],
            input_bound: 1_000,
            input_estimate: 250,
            output: OutputBound { asked: Some(100), of_model: Some(4_096), choices: 1, is_none: false },
            terms: Terms::default(),
            unix_ms: 0,
            second: 0,
            is_free: false,
            hold_wait: Duration::ZERO,
            group: &group,
            operation: Operation::Chat,
            unpriced: Unpriced::Refused,
            is_weighed: false,
        };
        drop(black_box(meter.admit(admission).await.map_err(|error| anyhow!("{error}"))?));
    }
    Ok(began.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS))
}
