//! The wall clock jumps by hours and days, over midnights, month ends and the hours of summer time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use weighhouse_storage::LedgerRow;
use weighhouse_testkit::fake_openai::{FakeProvider, Script, Visit};
use weighhouse_types::{AccountId, KeyId, Nanos, Scope, ScopeKind};

use crate::clients::{self, chat};
use crate::dice::Dice;
use crate::house::{Base, House, SOON, billed, deployment, ledger};
use crate::options::{Database, Options};
use crate::table::{Row, Table};
use crate::windows::most_in_a_minute;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const RPM: u64 = 40;
/// How long the clock stays where it jumped: what happens two seconds later happens under load.
const STAY: Duration = Duration::from_millis(3_500);
/// Jumps after which the house is started anew.
const RESTART_EVERY: u64 = 5;

/// Moments that are told to the second, two seconds before something happens in Berlin: midnight at a month's end,
/// the hour that is left out, the hour that comes twice, midnight after each, the year's end.
const MOMENTS: [i64; 6] = [
    1_796_079_598, // 2026-11-30 22:59:58 UTC
    1_806_195_598, // 2027-03-28 00:59:58 UTC
    1_806_271_198, // 2027-03-28 21:59:58 UTC
    1_792_889_998, // 2026-10-25 00:59:58 UTC
    1_792_969_198, // 2026-10-25 22:59:58 UTC
    1_798_757_998, // 2026-12-31 22:59:58 UTC
];

/// A key: its budgets by the length of their windows, as ledger rows name them.
struct Payer {
    secret: String,
    /// By which its rows are known.
    hash: String,
    limits: BTreeMap<&'static str, Nanos>,
}

pub(crate) fn run(options: &Options, database: Database, table: &mut Table) -> Result<()> {
    let (fakes, begun, jumps) =
        ([FakeProvider::start(), FakeProvider::start()], Instant::now(), options.runs(20));
    for fake in &fakes {
        fake.set_default(Script::default().tokens(10));
    }
    let models = json!([deployment("m", &fakes[0], &json!({})), deployment("rated", &fakes[1], &json!({}))]);
    let base = Base::new(database);
    let config = json!({"model_list": models, "router_settings": {"num_retries": 0},
        "litellm_settings": {"timezone": "Europe/Berlin"}});
    let mut plan = base.plan(&options.gateway, config);
    let time = FakeTime::new(base.dir.path())?;
    plan.variables = time.variables()?;
    let begun_ms = unix_seconds() * 1_000;
    let mut house = House::start(plan, base)?;
    let payers = payers(&house)?;
    let rated = house.key(&json!({"rpm_limit": RPM}))?;
    let mut dice = Dice::of(options.seed, 0);
    let mut starts = vec![Instant::now()];
    let (mut farthest, mut seen) = (0, BTreeSet::new());
    let mut served = vec![0; payers.len()];
    for number in 0..jumps {
        let (offset, moment) = jump(&mut dice);
        farthest = farthest.max(offset.abs());
        time.set(offset)?;
        let context = || format!("jump {}, by {offset} s", number + 1);
        let calls = stay(&house, &payers, &rated).with_context(context)?;
        // The money of seconds that were there before may be spent; that of others is to be had.
        let is_new = moment.is_none_or(|moment| seen.insert(moment));
        ensure!(
            !is_new || calls.first() > Some(&0),
            "no budget of a second bore a call after jump {}",
            number + 1
        );
        served.iter_mut().zip(calls).for_each(|(sum, calls)| *sum += calls);
        house.never_panicked()?;
        if (number + 1) % RESTART_EVERY == 0 {
            house.process.terminate();
            let status = house.process.wait_for_exit(SOON);
            ensure!(status.success(), "it ended with {status}: {:?}", house.process.lines());
            house = house.again()?.0;
            starts.push(Instant::now());
        }
    }
    let fakes: Vec<&FakeProvider> = fakes.iter().collect();
    let bill = billed(&fakes).0;
    crate::house::eventually("the ledger has what was billed", || {
        let spent = house.get("/ledger/verify")?["total"].clone();
        Ok((crate::house::nanos(&spent)? == bill).then_some(()))
    })?;
    house.verified()?;
    ensure!(served.iter().all(|calls| *calls > 0), "calls of each key that were served: {served:?}");
    let rows = ledger(house.location())?;
    let has_jumped = rows.iter().any(|row| is_elsewhen(row, (begun_ms, unix_seconds() * 1_000)));
    ensure!(farthest == 0 || has_jumped, "the clock did not jump: does libfaketime work here?");
    moments_passed(&rows, &seen)?;
    let (windows, fullest) = judge(&rows, &payers)?;
    let most = most_of_a_process(&fakes[1].visits(), &starts);
    ensure!(most <= RPM, "{most} calls of a key with {RPM} a minute within 60 real seconds");
    table.push(
        Row::default()
            .with("database", database.name())
            .with("jumps", jumps)
            .with("farthest", format!("{} days", farthest / DAY))
            .with("restarts", starts.len() - 1)
            .with("attempts", rows.len())
            .with("windows with spending", windows)
            .with("above their budget", 0)
            .with("fullest window", format!("{}.{} %", fullest / 10, fullest % 10))
            .with("calls in 60 real seconds, of 40", most)
            .with("ledger − bill", "0")
            .with("time", format!("{:.0?}", begun.elapsed())),
    );
    Ok(())
}

/// Whether a row bears a time that no true clock showed during the run; the shortest jump is an hour.
fn is_elsewhen(row: &LedgerRow, (begun_ms, ended_ms): (i64, i64)) -> bool {
    let far_ms = HOUR / 2 * 1_000;
    row.started_ms < begun_ms - far_ms || row.started_ms > ended_ms + far_ms
}

/// What happens two seconds after each moment has happened under load: calls came before it and after it.
fn moments_passed(rows: &[LedgerRow], moments: &BTreeSet<i64>) -> Result<()> {
    for moment in moments {
        let (from, event, until) = (moment * 1_000, (moment + 2) * 1_000, (moment + 60) * 1_000);
        let is_between = |from: i64, until: i64| {
            rows.iter().any(|row| row.cost > Nanos::ZERO && (from..until).contains(&row.started_ms))
        };
        ensure!(is_between(from, event), "nothing was spent in the two seconds from {moment} on");
        ensure!(is_between(event, until), "nothing was spent after what happens two seconds after {moment}");
    }
    Ok(())
}

/// The most calls in a minute of one process: one that starts anew has forgotten the minute before.
fn most_of_a_process(visits: &[Visit], starts: &[Instant]) -> u64 {
    let process = |visit: &Visit| starts.iter().filter(|start| **start <= visit.arrived).count();
    let of = |number: usize| {
        let visits: Vec<Visit> = visits.iter().filter(|visit| process(visit) == number).copied().collect();
        most_in_a_minute(&visits, |_| 1)
    };
    (0..=starts.len()).map(of).max().unwrap_or_default()
}

/// Keys with windows of each kind. An attempt costs up to 2.5 cents in what is held, and two tenths of one in truth.
fn payers(house: &House) -> Result<Vec<Payer>> {
    let one = |duration: &str, length: &'static str, dollars: f64, cents: i64| {
        let settings = json!({"max_budget": dollars, "budget_duration": duration});
        payer(house, &settings, &[(length, cents)])
    };
    let both = json!({"budget_limits": [
        {"budget_duration": "1h", "max_budget": 0.06}, {"budget_duration": "7d", "max_budget": 0.2}]});
    Ok(vec![
        one("1s", "seconds:1", 0.04, 4)?,
        one("1h", "seconds:3600", 0.06, 6)?,
        one("1d", "days:1", 0.06, 6)?,
        one("30d", "months:1", 0.1, 10)?,
        payer(house, &both, &[("seconds:3600", 6), ("days:7", 20)])?,
    ])
}

/// Makes a key; its budgets are told again as ledger rows name their windows, in cents.
fn payer(house: &House, settings: &Value, limits: &[(&'static str, i64)]) -> Result<Payer> {
    let made = house.admin("/key/generate", settings)?;
    let text = |name: &str| {
        let text = made[name].as_str().map(str::to_owned);
        text.with_context(|| format!("/key/generate gave no {name}"))
    };
    let limits = limits.iter().map(|(length, cents)| (*length, Nanos::new(*cents * 10_000_000))).collect();
    Ok(Payer { secret: text("key")?, hash: text("token")?, limits })
}

fn unix_seconds() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(now).unwrap_or(i64::MAX)
}

/// Seconds from the true time to where the clock jumps, and the moment, where it is one of those.
fn jump(dice: &mut Dice) -> (i64, Option<i64>) {
    match dice.below(8) {
        0 => (0, None),
        1 => (HOUR, None),
        2 => (-HOUR, None),
        3 => (DAY, None),
        4 => (-DAY, None),
        _ => {
            let moment = *dice.pick(&MOMENTS);
            (moment - unix_seconds(), Some(moment))
        }
    }
}

/// Everybody spends what there is, for as long as the clock stays. How many calls of each payer were served.
fn stay(house: &House, payers: &[Payer], rated: &str) -> Result<Vec<u64>> {
    let is_over = AtomicBool::new(false);
    let served: Vec<AtomicU64> = (0..=payers.len()).map(|_| AtomicU64::new(0)).collect();
    std::thread::scope(|scope| {
        let mut clients = Vec::new();
        let secrets = payers.iter().map(|payer| ("m", payer.secret.as_str())).chain([("rated", rated)]);
        for ((model, secret), calls) in secrets.zip(&served).flat_map(|payer| [payer, payer]) {
            let is_over = &is_over;
            clients.push(scope.spawn(move || {
                let mut body = chat(model, "weigh me");
                body["max_tokens"] = json!(10);
                while !is_over.load(Ordering::Relaxed) {
                    let (status, _) = clients::whole(house.address, secret, &body)?;
                    match status {
                        200 => calls.fetch_add(1, Ordering::Relaxed),
                        422 | 429 => {
                            std::thread::sleep(Duration::from_millis(20));
                            0
                        }
                        status => bail!("status {status}"),
                    };
                }
                Ok(())
            }));
        }
        std::thread::sleep(STAY);
        is_over.store(true, Ordering::Relaxed);
        clients.into_iter().try_for_each(|client| match client.join() {
            Ok(done) => done,
            Err(_) => bail!("a client panicked"),
        })
    })?;
    Ok(served.iter().take(payers.len()).map(|calls| calls.load(Ordering::Relaxed)).collect())
}

/// Sums rows by the accounts that they name; gives how many windows were spent in, and thousandths of the fullest.
fn judge(rows: &[LedgerRow], payers: &[Payer]) -> Result<(usize, i64)> {
    let mut sums: BTreeMap<&AccountId, (Nanos, Nanos)> = BTreeMap::new();
    for row in rows {
        for account in row.accounts.iter().filter(|account| !account.window.is_life()) {
            let limit = limit_of(account, row, payers)?;
            let (sum, _) = sums.entry(account).or_insert((Nanos::ZERO, limit));
            *sum += row.cost;
        }
    }
    ensure!(!sums.is_empty(), "no row names a window");
    let mut fullest = 0;
    for (account, (sum, limit)) in &sums {
        ensure!(sum <= limit, "{account:?} spent {sum} of {limit}");
        fullest = fullest.max(sum.get() * 1_000 / limit.get());
    }
    Ok((sums.len(), fullest))
}

/// What the key of a row may spend in windows of an account's length. Every account of these rows is their key's.
fn limit_of(account: &AccountId, row: &LedgerRow, payers: &[Payer]) -> Result<Nanos> {
    let (length, _) = account.window.as_str().split_once('@').unwrap_or_default();
    let is_of = |id: &KeyId| account.scope == Scope::new(ScopeKind::Key, id.as_str());
    let payer = payers.iter().find(|payer| payer.hash == row.key_hash.as_str());
    let payer = payer.filter(|_| row.key_id.as_ref().is_some_and(is_of));
    let limit = payer.and_then(|payer| payer.limits.get(length)).copied();
    limit.with_context(|| format!("{account:?} belongs to no budget"))
}

/// A clock that is told what to say: libfaketime, which reads a file at each look.
struct FakeTime {
    file: PathBuf,
}

impl FakeTime {
    fn new(dir: &Path) -> Result<Self> {
        let time = Self { file: dir.join("time") };
        time.set(0)?;
        Ok(time)
    }

    fn set(&self, offset: i64) -> Result<()> {
        let fresh = self.file.with_extension("fresh");
        fs::write(&fresh, format!("{offset:+}\n"))?;
        Ok(fs::rename(fresh, &self.file)?)
    }

    /// What the program's environment needs. The clock that never goes back is left alone, as a real jump does.
    fn variables(&self) -> Result<Vec<(String, String)>> {
        let library = library().context(
            "libfaketime is not installed: `cargo xtask fault clock` does it, or as root: apt-get install faketime",
        )?;
        let (library, file) =
            (library.to_string_lossy().into_owned(), self.file.to_string_lossy().into_owned());
        let all = [
            ("LD_PRELOAD", library.as_str()),
            ("FAKETIME_TIMESTAMP_FILE", file.as_str()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("NO_FAKE_STAT", "1"),
        ];
        Ok(all.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }
}

/// Debian has it in a folder of its own below that of the machine's kind.
fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?;
    let folders =
        folders.flatten().map(|folder| folder.path()).chain(["/usr/lib64".into(), "/usr/local/lib".into()]);
    folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|file| file.is_file())
}
