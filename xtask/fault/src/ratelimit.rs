//! An adversary chooses when to call; the providers count what arrives in every 60 seconds.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use weighhouse_testkit::fake_openai::{FakeProvider, Script, Visit};

use crate::clients::{self, chat};
use crate::dice::Dice;
use crate::house::{Base, House, deployment};
use crate::options::{Database, Options};
use crate::table::{Row, Table};
use crate::windows::{MINUTE, most_at_once, most_in_a_minute};

/// The part of a limit that a steady client must get, in thousandths.
const USEFUL: u64 = 980;

/// When a client calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// All it can at once, and again when a minute is about over: 59.x seconds, 60.x, or a bit more.
    Edges,
    /// All it can in the last milliseconds of a second of the house's, and again as soon as the first of these calls
    /// are free: no pause between two bursts can be shorter.
    Turn(u64),
    /// Whenever the last answer has come.
    Greedy,
    /// Evenly, at the limit's own pace and a little faster.
    Steady,
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Requests,
    Tokens,
    InputTokens,
    OutputTokens,
    Parallel,
}

/// One key with one limit, its own model and its own provider.
struct Case {
    name: &'static str,
    what: What,
    limit: u64,
    manner: Manner,
    clients: u64,
}

const CASES: &[Case] = &[
    Case { name: "rpm, edges", what: What::Requests, limit: 60, manner: Manner::Edges, clients: 2 },
    Case { name: "rpm, greedy", what: What::Requests, limit: 30, manner: Manner::Greedy, clients: 2 },
    Case { name: "rpm, steady", what: What::Requests, limit: 240, manner: Manner::Steady, clients: 1 },
    Case {
        name: "rpm, turn of the second 1",
        what: What::Requests,
        limit: 200,
        manner: Manner::Turn(15),
        clients: 1,
    },
    Case {
        name: "rpm, turn of the second 2",
        what: What::Requests,
        limit: 200,
        manner: Manner::Turn(40),
        clients: 1,
    },
    Case { name: "tpm, edges", what: What::Tokens, limit: 2_000, manner: Manner::Edges, clients: 2 },
    Case { name: "tpm, steady", what: What::Tokens, limit: 6_000, manner: Manner::Steady, clients: 1 },
    Case {
        name: "input tpm, edges",
        what: What::InputTokens,
        limit: 1_500,
        manner: Manner::Edges,
        clients: 2,
    },
    Case {
        name: "output tpm, edges",
        what: What::OutputTokens,
        limit: 1_000,
        manner: Manner::Edges,
        clients: 2,
    },
    Case { name: "parallel, greedy", what: What::Parallel, limit: 5, manner: Manner::Greedy, clients: 12 },
];

impl Case {
    /// Limits of tokens apart belong to deployments, all others to keys.
    fn of_key(&self) -> Value {
        match self.what {
            What::Requests => json!({"rpm_limit": self.limit}),
            What::Tokens => json!({"tpm_limit": self.limit}),
            What::Parallel => json!({"max_parallel_requests": self.limit}),
            What::InputTokens | What::OutputTokens => json!({}),
        }
    }

    fn of_deployment(&self) -> Value {
        match self.what {
            What::InputTokens => json!({"itpm": self.limit}),
            What::OutputTokens => json!({"otpm": self.limit}),
            What::Requests | What::Tokens | What::Parallel => json!({}),
        }
    }

    fn model(&self) -> String {
        self.name.replace([',', ' '], "-")
    }

    fn units(&self, visit: &Visit) -> u64 {
        match self.what {
            What::Requests | What::Parallel => 1,
            What::Tokens => visit.prompt_tokens + visit.completion_tokens,
            What::InputTokens => visit.prompt_tokens,
            What::OutputTokens => visit.completion_tokens,
        }
    }

    /// Time between two calls that together use the limit and a twentieth more, as one who takes all there is.
    fn pace(&self) -> Duration {
        let units = match self.what {
            What::Requests | What::Parallel => 1,
            // A short question and twenty words.
            What::Tokens | What::InputTokens | What::OutputTokens => 25,
        };
        MINUTE * units / u32::try_from(self.limit).unwrap_or(u32::MAX) * 100 / 105
    }

    /// The most that its provider saw.
    fn most(&self, visits: &[Visit]) -> u64 {
        match self.what {
            What::Parallel => most_at_once(visits),
            _ => most_in_a_minute(visits, |visit| self.units(visit)),
        }
    }
}

pub(crate) fn run(options: &Options, database: Database, table: &mut Table) -> Result<()> {
    let seconds = options.seconds(185);
    let fakes: Vec<FakeProvider> = CASES.iter().map(|_| FakeProvider::start()).collect();
    let mut models = Vec::new();
    for (case, fake) in CASES.iter().zip(&fakes) {
        let pause = if case.what == What::Parallel { 40 } else { 0 };
        fake.set_default(Script::default().tokens(20).latency(Duration::from_millis(pause)));
        models.push(deployment(&case.model(), fake, &case.of_deployment()));
    }
    let base = Base::new(database);
    let config = json!({"model_list": models,
        "router_settings": {"num_retries": 0, "disable_cooldowns": true,
            "optional_pre_call_checks": ["enforce_model_rate_limits"]}});
    let house = House::start(base.plan(&options.gateway, config), base)?;
    let ends = Instant::now() + Duration::from_secs(seconds);
    std::thread::scope(|scope| {
        let mut clients = Vec::new();
        for (place, case) in CASES.iter().enumerate() {
            let secret = house.key(&case.of_key())?;
            for number in 0..case.clients {
                let (house, secret) = (&house, secret.clone());
                let dice = Dice::of(options.seed, place as u64 * 100 + number);
                let client = move || {
                    call_until(house, case, &secret, ends, dice).with_context(|| case.name.to_owned())
                };
                clients.push(scope.spawn(client));
            }
        }
        clients.into_iter().try_for_each(|client| match client.join() {
            Ok(done) => done,
            Err(_) => bail!("a client panicked"),
        })
    })?;
    house.never_panicked()?;
    house.verified()?;
    let mut broken = Vec::new();
    for (case, fake) in CASES.iter().zip(&fakes) {
        table.push(judge(case, fake, (seconds, ends), database, &mut broken));
    }
    ensure!(broken.is_empty(), "{}", broken.join("; "));
    Ok(())
}

/// What a provider saw; what should not be goes to `broken`.
fn judge(
    case: &Case,
    fake: &FakeProvider,
    (seconds, ends): (u64, Instant),
    database: Database,
    broken: &mut Vec<String>,
) -> Row {
    let visits = fake.visits();
    let (most, limit) = (case.most(&visits), case.limit);
    let all: u64 = visits.iter().map(|visit| case.units(visit)).sum();
    // What the limit bears at its own pace, from the first call on.
    let first = visits.iter().map(|visit| visit.arrived).min().unwrap_or(ends);
    let span_ms = u64::try_from(ends.saturating_duration_since(first).as_millis()).unwrap_or(u64::MAX);
    let bearable = limit.saturating_mul(span_ms) / 60_000;
    let used = all * 1_000 / bearable.max(1);
    // Within the first minute a limit is no pace yet.
    let is_steady = case.manner == Manner::Steady && seconds > 60;
    if visits.is_empty() {
        broken.push(format!("{}: its provider saw no call", case.name));
    }
    if most > limit {
        broken.push(format!("{}: {most} within 60 s, the limit is {limit}", case.name));
    }
    if is_steady && used < USEFUL {
        broken.push(format!("{}: only {all} of {bearable} were let in", case.name));
    }
    if case.what == What::Parallel && most != limit {
        broken.push(format!("{}: only {most} of {limit} at once", case.name));
    }
    Row::default()
        .with("database", database.name())
        .with("key", case.name)
        .with("limit", limit)
        .with("most in any 60 s (or at once)", most)
        .with("let in", all)
        .with(
            "of what the limit bears",
            if is_steady { format!("{}.{} %", used / 10, used % 10) } else { "–".into() },
        )
        .with("seconds", seconds)
}

/// Calls in the case's manner until the time is over.
fn call_until(house: &House, case: &Case, secret: &str, ends: Instant, mut dice: Dice) -> Result<()> {
    let mut began = Instant::now();
    let (mut turn, mut bursts) = (0_u32, 0_u32);
    while Instant::now() < ends {
        let is_in = call(house, case, secret, &mut dice)?;
        turn += 1;
        match case.manner {
            Manner::Greedy | Manner::Edges if is_in => {}
            Manner::Greedy => std::thread::sleep(Duration::from_millis(dice.between(1, 20))),
            Manner::Steady => sleep_until(began + case.pace() * turn),
            Manner::Edges => {
                // The burst is over; the next one comes when the first calls of this one are about to be free.
                let next = began + MINUTE + Duration::from_millis(dice.below(2_400));
                sleep_until(ends.min(next - Duration::from_millis(1_200)));
                began = Instant::now();
            }
            Manner::Turn(_) if !is_in => std::thread::sleep(Duration::from_millis(2)),
            Manner::Turn(lead_ms) => {
                // Let in after refusals: a second of the house has just begun. Every other time the burst waits for
                // that second's end.
                if bursts % 2 == 1 {
                    sleep_until(ends.min(Instant::now() + Duration::from_millis(1_000 - lead_ms)));
                }
                burst(house, case, secret)?;
                bursts += 1;
            }
        }
    }
    Ok(())
}

/// One call; whether it was let in.
fn call(house: &House, case: &Case, secret: &str, dice: &mut Dice) -> Result<bool> {
    let mut body = chat(&case.model(), &"x".repeat(usize::try_from(dice.between(1, 120))?));
    body["max_tokens"] = json!(20);
    let (status, _) = clients::whole(house.address, secret, &body)?;
    ensure!(matches!(status, 200 | 429), "status {status}");
    Ok(status == 200)
}

/// As many calls as are let in, from several connections at once.
fn burst(house: &House, case: &Case, secret: &str) -> Result<()> {
    std::thread::scope(|scope| {
        let calls = |number| {
            let mut dice = Dice::of(number, 0);
            while call(house, case, secret, &mut dice)? {}
            Ok(())
        };
        let clients: Vec<_> = (0..8).map(|number| scope.spawn(move || calls(number))).collect();
        clients.into_iter().try_for_each(|client| match client.join() {
            Ok(done) => done,
            Err(_) => bail!("a client panicked"),
        })
    })
}

fn sleep_until(moment: Instant) {
    std::thread::sleep(moment.saturating_duration_since(Instant::now()));
}
