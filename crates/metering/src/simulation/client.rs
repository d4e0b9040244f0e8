//! What clients and providers do in a simulation: calls, retries, failures, departures.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use weighhouse_catalog::{PriceBook, Terms};
use weighhouse_storage::{BudgetMode, LedgerRow, Outcome};
use weighhouse_types::{
    AttemptId, CallId, Error, KeyHash, KeyId, Kind, Nanos, Operation, ScopeKind, Usage, UsageClass,
};

use super::Plant;
use super::book::SimulatedBook;
use super::dice::Dice;
use super::plot::{Key, Plot, accounts_of, is_strict};
use super::truth::{Sent, Told, Truth};
use crate::bound::OutputBound;
use crate::journal::Progress;
use crate::meter::{Admission, Meter, Unpriced};
use crate::permit::Permit;
use crate::scope_meter::{ScopeMeter, ScopeSpec};

/// What the model generates at most, where that is known.
const OF_MODEL: u64 = 400;
/// What it generates at most, known or not, where nobody bounds it.
const UNBOUNDED: u64 = 6_000;
/// Nano-dollars of a token, in and out.
const PRICE_IN: u64 = 1_000;
const PRICE_OUT: u64 = 2_000;
/// The shortest answer that a call is let in for.
const USEFUL: u64 = 16;

/// One process: from its start to its end or crash.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) plot: Rc<Plot>,
    pub(crate) truth: Rc<RefCell<Truth>>,
    pub(crate) book: SimulatedBook,
    pub(crate) meter: Meter,
    pub(crate) begun: Instant,
    pub(crate) plant: Option<Plant>,
}

impl Life {
    /// Milliseconds since 1970, and seconds of a clock that never goes back.
    pub(crate) fn now(&self) -> (i64, u64) {
        const BEGIN_MS: i64 = 1_795_000_000_000;
        let elapsed = self.begun.elapsed();
        (BEGIN_MS + i64::try_from(elapsed.as_millis()).unwrap(), elapsed.as_secs())
    }
}

/// What a client asks.
struct Asked {
    id: CallId,
    input_bound: u64,
    output: OutputBound,
    unix_ms: i64,
    second: u64,
    specs: Vec<ScopeSpec>,
}

impl Asked {
    /// What the provider generates at most, if it is told nothing but what the client asked.
    fn wanted(&self) -> u64 {
        self.output.asked.unwrap_or(UNBOUNDED).min(self.output.of_model.unwrap_or(UNBOUNDED))
    }
}

/// A client: some calls, one after the other.
pub(crate) async fn client(life: Rc<Life>, mut dice: Dice) -> Result<(), String> {
    for _ in 0..dice.between(1, 5) {
        // Now and then a client pauses for so long that minutes end meanwhile.
        let most = if dice.one_in(5) { 50_000 } else { 5_000 };
        sleep(Duration::from_millis(dice.between(0, most))).await;
        call(&life, &mut dice).await?;
    }
    Ok(())
}

async fn call(life: &Life, dice: &mut Dice) -> Result<(), String> {
    let key = dice.pick(&life.plot.keys);
    let asked = ask(life, key, dice);
    let Some(scopes) = meters(life, &asked.specs, asked.unix_ms).await else { return Ok(()) };
    let prices = prices();
    let books = [&prices];
    let admission = admission(&asked, scopes.clone(), &books, dice);
    life.truth.borrow_mut().asking += 1;
    let admitted = match dice.one_in(10) {
        // The client may go away while it waits.
        true => {
            timeout(Duration::from_millis(dice.between(1, 1_500)), life.meter.admit(admission)).await.ok()
        }
        false => Some(life.meter.admit(admission).await),
    };
    let Some(permit) = heard(life, &asked, &scopes, admitted)? else { return Ok(()) };
    let served = serve(life, &asked, key, permit, dice).await;
    asked.specs.iter().for_each(|spec| life.truth.borrow_mut().leave(&spec.scope));
    served
}

/// What a client heard, held against the truth; the permit where it was let in.
fn heard(
    life: &Life,
    asked: &Asked,
    scopes: &[Arc<ScopeMeter>],
    admitted: Option<Result<Permit, Error>>,
) -> Result<Option<Permit>, String> {
    let mut truth = life.truth.borrow_mut();
    truth.asking -= 1;
    truth.figures.calls += 1;
    match admitted {
        None => {
            truth.figures.left += 1;
            Ok(None)
        }
        Some(Err(error)) => refused(&mut truth, asked, scopes, &error).map(|()| None),
        Some(Ok(permit)) => {
            for spec in &asked.specs {
                let rates = (spec.limits.rpm_limit, spec.limits.max_parallel_requests);
                truth.enter(&spec.scope, asked.second, rates)?;
            }
            Ok(Some(permit))
        }
    }
}

fn ask(life: &Life, key: &Key, dice: &mut Dice) -> Asked {
    let (unix_ms, second) = life.now();
    let mut specs = key.scopes.clone();
    if dice.one_in(3) {
        specs.insert(0, dice.pick(&life.plot.named).clone());
    }
    for spec in specs.iter_mut().filter(|spec| spec.scope.kind() == ScopeKind::Key) {
        spec.spent_ever = Some(life.book.spent_by_key(&key.id));
    }
    let mut random = [0; 10];
    random[..8].copy_from_slice(&dice.next().to_le_bytes());
    let asked = dice.one_in(2).then(|| dice.between(1, 300));
    let of_model = if dice.one_in(8) { None } else { Some(OF_MODEL) };
    Asked {
        id: CallId::new(unix_ms.cast_unsigned(), random),
        input_bound: dice.between(1, 200),
        output: OutputBound { asked, of_model, choices: 1, is_none: false },
        unix_ms,
        second,
        specs,
    }
}

/// None: the book could not be asked, and the call is refused before anything is taken.
async fn meters(life: &Life, specs: &[ScopeSpec], unix_ms: i64) -> Option<Vec<Arc<ScopeMeter>>> {
    let mut meters = Vec::new();
    for spec in specs {
        meters.push(life.meter.scope(spec, unix_ms).await.ok()?);
    }
    Some(meters)
}

fn prices() -> PriceBook {
    let fields = [("input_cost_per_token", "0.000001"), ("output_cost_per_token", "0.000002")];
    PriceBook::from_litellm_fields(fields.into_iter()).unwrap()
}

fn admission<'call>(
    asked: &Asked,
    scopes: Vec<Arc<ScopeMeter>>,
    books: &'call [&'call PriceBook],
    dice: &mut Dice,
) -> Admission<'call> {
    static GROUP: std::sync::LazyLock<Arc<str>> = std::sync::LazyLock::new(|| "m".into());
    let patience =
        if dice.one_in(3) { Duration::ZERO } else { Duration::from_millis(dice.between(1, 2_000)) };
    Admission {
        scopes,
        books,
        input_bound: asked.input_bound,
        input_estimate: asked.input_bound / 4,
        output: asked.output,
        terms: Terms::default(),
        unix_ms: asked.unix_ms,
        second: asked.second,
        is_free: false,
        hold_wait: patience,
        group: &GROUP,
        operation: Operation::Chat,
        unpriced: Unpriced::Refused,
        is_weighed: true,
    }
}

/// A refusal must have a reason that the truth bears out at this very moment.
fn refused(
    truth: &mut Truth,
    asked: &Asked,
    scopes: &[Arc<ScopeMeter>],
    error: &Error,
) -> Result<(), String> {
    if error.kind == Kind::RateLimited {
        truth.figures.too_fast += 1;
        let counts_tokens =
            |spec: &ScopeSpec| spec.limits.tpm_limit.is_some() || spec.limits.otpm_limit.is_some();
        let is_full = asked.specs.iter().any(|spec| {
            let rates = (spec.limits.rpm_limit, spec.limits.max_parallel_requests);
            counts_tokens(spec) || truth.is_full(&spec.scope, asked.second, rates)
        });
        return if is_full { Ok(()) } else { Err(format!("refused for no reason: {}", error.message)) };
    }
    truth.figures.over_budget += 1;
    let least = cost(asked.input_bound, asked.wanted().min(USEFUL));
    let most = cost(asked.input_bound, asked.wanted());
    let mut accounts = Vec::new();
    scopes.iter().for_each(|scope| scope.accounts_at(asked.unix_ms, &mut accounts));
    let expected = asked.specs.iter().flat_map(|spec| accounts_of(spec, asked.unix_ms));
    let is_then = expected.zip(&accounts).all(|((id, _), account)| id == account.id);
    let is_short = accounts.iter().filter(|account| account.account.is_limited()).any(|account| {
        let available = account.account.available();
        match account.mode() {
            BudgetMode::Strict => available < least || available == Nanos::ZERO,
            BudgetMode::Bounded => available < most || available == Nanos::ZERO,
            BudgetMode::After => available == Nanos::ZERO,
        }
    });
    // A window that ended meanwhile says nothing of the one that the call asked.
    if is_short || !is_then { Ok(()) } else { Err(format!("refused for no reason: {}", error.message)) }
}

fn cost(input: u64, output: u64) -> Nanos {
    Nanos::new(i64::try_from(input * PRICE_IN + output * PRICE_OUT).unwrap())
}

/// Up to three attempts under one permit.
async fn serve(
    life: &Life,
    asked: &Asked,
    key: &Key,
    mut permit: Permit,
    dice: &mut Dice,
) -> Result<(), String> {
    for number in 0..3 {
        let mut specs = asked.specs.clone();
        let (unix_ms, second) = life.now();
        let of_leg = dice.pick(&life.plot.deployments).clone();
        let Some(scopes) = meters(life, &of_leg, unix_ms).await else { return Ok(()) };
        if permit.reach(scopes, unix_ms, second).is_err() {
            continue;
        }
        specs.extend(of_leg.iter().cloned());
        let attempt = AttemptId { call: asked.id, number };
        if permit.begin(Box::new(row(attempt, asked, key))).await.is_err() {
            life.truth.borrow_mut().figures.unwritten += 1;
            return Ok(());
        }
        let accounts = asked.specs.iter().flat_map(|spec| strictly(spec, asked.unix_ms));
        let accounts = accounts.chain(of_leg.iter().flat_map(|spec| strictly(spec, unix_ms))).collect();
        if !attempted(life, asked, attempt, accounts, &mut permit, dice).await? {
            // Nobody says what became of it: the permit is dropped as it is.
            return Ok(());
        }
        if permit_is_done(dice) {
            return Ok(());
        }
    }
    Ok(())
}

fn permit_is_done(dice: &mut Dice) -> bool {
    !dice.one_in(3)
}

type Accounts = Vec<(weighhouse_types::AccountId, Option<Nanos>)>;

/// The accounts of a scope, with limits only where they are strict.
fn strictly(spec: &ScopeSpec, unix_ms: i64) -> Accounts {
    let accounts = accounts_of(spec, unix_ms).into_iter();
    accounts.map(|(id, limit)| (id, limit.filter(|_| is_strict(&spec.limits)))).collect()
}

/// A provider works on an attempt; false where nobody hears what came of it.
async fn attempted(
    life: &Life,
    asked: &Asked,
    attempt: AttemptId,
    accounts: Accounts,
    permit: &mut Permit,
    dice: &mut Dice,
) -> Result<bool, String> {
    let mut most = permit.output_cap().unwrap_or(asked.wanted());
    if life.plant == Some(Plant::ProviderIgnoresTheCap) {
        most = OF_MODEL * 4;
    }
    let (input, output) = match dice.one_in(4) {
        true => (asked.input_bound, most),
        false => (dice.between(1, asked.input_bound), dice.between(0, most)),
    };
    let is_free = dice.one_in(8);
    let bill = if is_free { Nanos::ZERO } else { cost(input, output) };
    let sent = Sent { accounts, bill, at: Instant::now(), told: Told::Nothing };
    life.truth.borrow_mut().send(attempt, sent);
    for tenth in 1..=dice.between(0, 3) {
        sleep(Duration::from_millis(dice.between(0, 1_000))).await;
        let output_tokens = output * tenth / 10;
        let so_far = if is_free { Nanos::ZERO } else { cost(input, output_tokens) };
        permit.progress(Progress { output_tokens, cost: so_far });
    }
    sleep(Duration::from_millis(dice.between(0, 1_500))).await;
    if dice.one_in(15) {
        return Ok(false);
    }
    let Some(row) = permit.open() else { return Err(format!("{attempt:?} is not open")) };
    row.outcome = *dice.pick(&[Outcome::Success, Outcome::Success, Outcome::Failure, Outcome::Aborted]);
    row.cost = bill;
    if !is_free {
        row.usage = Usage::default().with(UsageClass::InputText, input).with(UsageClass::OutputText, output);
    }
    let beyond = permit.finish();
    if beyond > Nanos::ZERO {
        return Err(format!("{attempt:?} cost {beyond} more than was held for it"));
    }
    if let Some(sent) = life.truth.borrow_mut().sent.get_mut(&attempt) {
        sent.told = Told::Exactly(bill, Instant::now());
    }
    Ok(true)
}

fn row(attempt: AttemptId, asked: &Asked, key: &Key) -> LedgerRow {
    LedgerRow {
        attempt,
        started_ms: asked.unix_ms,
        key_id: Some(KeyId::new(&key.id)),
        key_hash: KeyHash::new("hash"),
        user_id: None,
        team_id: None,
        end_user: None,
        operation: Operation::Chat,
        requested_model: "m".into(),
        model_group: "m".into(),
        deployment_id: "d".into(),
        provider: "p".into(),
        upstream_model: "m".into(),
        api_base: "https://p".into(),
        outcome: Outcome::Failure,
        http_status: 0,
        response_id: None,
        stream: false,
        usage: Usage::default(),
        raw_usage: None,
        cost: Nanos::ZERO,
        arithmetic: "[]".into(),
        price_version: "v".into(),
        queue_us: 0,
        overhead_us: 0,
        first_token_us: 0,
        total_us: 0,
        tags: Arc::default(),
        accounts: Arc::default(),
    }
}
