//! A dollar under many clients that stream, leave and are failed by their provider.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_types::Nanos;

use crate::clients::{self, chat};
use crate::dice::Dice;
use crate::house::{Base, House, billed, deployment, each_once, paid};
use crate::options::{Database, Options};
use crate::table::{Row, Table};

const DOLLAR: Nanos = Nanos::dollars(1);
/// The part of the dollar that must be of use, in thousandths.
const USEFUL: i64 = 970;
/// Calls of each client.
const TURNS: u64 = 2;
/// Words after which streams of the fakes for leavers fall silent, so that both books know what was handed over.
const STALLS: [u64; 3] = [1, 5, 9];
/// Runs after which all the books are looked at.
const VERIFY_EVERY: u64 = 20;

/// The providers of a race.
struct Fakes {
    /// Fails in many ways.
    flaky: FakeProvider,
    /// In the same group.
    steady: FakeProvider,
    /// Where calls fall back to.
    spare: FakeProvider,
    leaving: Vec<FakeProvider>,
    /// Never says a word.
    silent: FakeProvider,
}

impl Fakes {
    fn start() -> Self {
        let fakes = Self {
            flaky: FakeProvider::start(),
            steady: FakeProvider::start(),
            spare: FakeProvider::start(),
            leaving: STALLS.iter().map(|_| FakeProvider::start()).collect(),
            silent: FakeProvider::start(),
        };
        fakes.steady.set_default(Script::default().tokens(25));
        fakes.spare.set_default(Script::default().tokens(30));
        fakes.silent.set_default(Script::default().stall_after(0));
        for (fake, words) in fakes.leaving.iter().zip(STALLS) {
            fake.set_default(Script::default().tokens(40).stall_after(words));
        }
        fakes
    }

    fn all(&self) -> Vec<&FakeProvider> {
        [&self.flaky, &self.steady, &self.spare, &self.silent].into_iter().chain(&self.leaving).collect()
    }

    fn config(&self) -> Value {
        let mut models = vec![
            deployment("m", &self.flaky, &json!({})),
            deployment("m", &self.steady, &json!({})),
            deployment("spare", &self.spare, &json!({})),
            deployment("leave-0", &self.silent, &json!({})),
        ];
        for (fake, words) in self.leaving.iter().zip(STALLS) {
            models.push(deployment(&format!("leave-{words}"), fake, &json!({})));
        }
        json!({
            "model_list": models,
            "router_settings": {"num_retries": 2, "retry_after": 0, "disable_cooldowns": true,
                "fallbacks": [{"m": ["spare"]}]},
        })
    }

    /// What the flaky one does next. Where it breaks off, both books know how far it came.
    fn be_flaky(&self, dice: &mut Dice) {
        self.flaky.forget_scripts();
        for _ in 0..400 {
            let tokens = Script::default().tokens(dice.between(5, 40));
            self.flaky.enqueue(match dice.below(8) {
                0 => Script::failing(500),
                1 => Script::failing(503),
                2 => Script::rate_limited("0"),
                3 => tokens.cut_before_headers(),
                4 => tokens.error_after(dice.between(1, 4)),
                5 => tokens.cut_at(dice.between(1, 100)),
                _ => tokens,
            });
        }
    }
}

#[derive(Default)]
struct Figures {
    calls: u64,
    attempts: usize,
    aborted: usize,
    failed: usize,
    most: Nanos,
    least: Option<Nanos>,
}

pub(crate) fn run(options: &Options, database: Database, table: &mut Table) -> Result<()> {
    let (fakes, begun, runs) = (Fakes::start(), Instant::now(), options.runs(100));
    let base = Base::new(database);
    let house = House::start(base.plan(&options.gateway, fakes.config()), base)?;
    let mut figures = Figures::default();
    for number in 0..runs {
        let seed = options.seed.wrapping_add(number);
        race(&house, &fakes, options.clients(200), seed, &mut figures)
            .with_context(|| format!("race {} (`--seed {seed} --runs 1`)", number + 1))?;
        if (number + 1) % VERIFY_EVERY == 0 || number + 1 == runs {
            house.verified()?;
            house.never_panicked()?;
            eprintln!("{}: {} of {runs} races, {:.0?}", database.name(), number + 1, begun.elapsed());
        }
    }
    table.push(
        Row::default()
            .with("database", database.name())
            .with("races", runs)
            .with("calls", figures.calls)
            .with("attempts", figures.attempts)
            .with("left by clients", figures.aborted)
            .with("failed", figures.failed)
            .with("most billed of 1 $", figures.most)
            .with("least used", figures.least.unwrap_or_default())
            .with("ledger − bill", "0")
            .with("time", format!("{:.0?}", begun.elapsed())),
    );
    Ok(())
}

fn race(house: &House, fakes: &Fakes, clients: u64, seed: u64, figures: &mut Figures) -> Result<()> {
    fakes.be_flaky(&mut Dice::of(seed, 0));
    let (before, calls_before) = billed(&fakes.all());
    let secret = house.key(&json!({"max_budget": 1.0}))?;
    storm(house, fakes, &secret, clients, seed)?;
    let spent_in_peace = spend_the_rest(house, &secret)?;
    let fakes = fakes.all();
    let bill = || billed(&fakes).0 - before;
    let rows = house.agreed(&secret, bill)?;
    let total = bill();
    ensure!(total <= DOLLAR, "{total} was billed for a budget of {DOLLAR}");
    ensure!(total.get() >= DOLLAR.get() / 1000 * USEFUL, "only {total} of {DOLLAR} was of use");
    let calls = billed(&fakes).1 - calls_before;
    ensure!(paid(&rows) == calls, "{} rows cost something, and {calls} calls were billed", paid(&rows));
    each_once(&rows)?;
    let of = |status: &str| rows.iter().filter(|row| row["status"] == status).count();
    figures.calls += clients * TURNS + spent_in_peace;
    figures.attempts += rows.len();
    figures.aborted += of("aborted");
    figures.failed += of("failure");
    figures.most = figures.most.max(total);
    figures.least = Some(figures.least.map_or(total, |least| least.min(total)));
    Ok(())
}

fn storm(house: &House, fakes: &Fakes, secret: &str, clients: u64, seed: u64) -> Result<()> {
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|number| {
                scope.spawn(move || {
                    let mut dice = Dice::of(seed, number + 1);
                    for turn in 0..TURNS {
                        let mark = format!("call {seed}-{number}-{turn}.");
                        let status = behave(house, fakes, secret, &mark, &mut dice)?;
                        // A flaky provider's own errors come through where no fallback is left.
                        let is_known = matches!(status, 0 | 200 | 422 | 429 | 500 | 502 | 503);
                        ensure!(is_known, "status {status} of {mark}");
                    }
                    Ok(())
                })
            })
            .collect();
        clients.into_iter().try_for_each(|client| match client.join() {
            Ok(done) => done,
            Err(_) => anyhow::bail!("a client panicked"),
        })
    })
}

/// One call of one client: whole, streamed, left in mid-stream or left before its answer.
fn behave(house: &House, fakes: &Fakes, secret: &str, mark: &str, dice: &mut Dice) -> Result<u16> {
    let mut body = chat("m", &format!("{mark} {}", "x".repeat(usize::try_from(dice.below(40))?)));
    if !dice.once_in(4) {
        body["max_tokens"] = json!(dice.between(20, 60));
    }
    let address = house.address;
    let done = match dice.below(8) {
        0..=2 => clients::whole(address, secret, &body)?,
        3 | 4 => clients::stream(address, secret, body, usize::MAX)?,
        5 | 6 => {
            let words = *dice.pick(&STALLS);
            body["model"] = json!(format!("leave-{words}"));
            clients::stream(address, secret, body, usize::try_from(words)?)?
        }
        _ => {
            body["model"] = json!("leave-0");
            (clients::leave_early(address, secret, &body, (&fakes.silent, mark))?, None)
        }
    };
    Ok(done.0)
}

/// What money is left after the storm is spent by one who asks for little; gives how many calls it took.
fn spend_the_rest(house: &House, secret: &str) -> Result<u64> {
    let mut body = chat("spare", "w");
    for (tokens, patience) in [(30, 500), (1, 500)] {
        body["max_tokens"] = json!(tokens);
        for call in 0..patience {
            let reply = house.chat(secret, &body)?;
            match reply.status() {
                200 => {}
                422 if tokens == 1 => return Ok(call + 1),
                422 => break,
                status => anyhow::bail!("status {status}: {}", reply.text()),
            }
        }
    }
    anyhow::bail!("a thousand calls did not use up a dollar")
}
