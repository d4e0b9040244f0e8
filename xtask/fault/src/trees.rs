//! Random trees of team > member or user > key > model of a key and end user, with a budget at every level.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use weighhouse_testkit::fake_openai::{FakeProvider, Script};
use weighhouse_types::Nanos;

use crate::clients::{self, chat};
use crate::dice::Dice;
use crate::house::{Base, House, billed, deployment, each_once, nanos};
use crate::options::{Database, Options};
use crate::table::{Row, Table};

const TURNS: u64 = 6;
const MODELS: [&str; 2] = ["m", "n"];
/// So many trees have accounts that are nearly spent, whatever the seed.
const MANY: u64 = 10;

/// A key of the tree, and the names of all accounts that its calls are charged to.
struct Leaf {
    secret: String,
    accounts: Vec<String>,
}

/// A tree: its keys, its end users, and what each account may spend.
#[derive(Default)]
struct Tree {
    leaves: Vec<Leaf>,
    readers: Vec<String>,
    limits: BTreeMap<String, Nanos>,
}

pub(crate) fn run(options: &Options, database: Database, table: &mut Table) -> Result<()> {
    let (fakes, begun, runs) =
        ([FakeProvider::start(), FakeProvider::start()], Instant::now(), options.runs(50));
    fakes[0].set_default(Script::default().tokens(30));
    fakes[1].set_default(Script::default().tokens(60));
    let models: Vec<Value> =
        MODELS.iter().zip(&fakes).map(|(name, fake)| deployment(name, fake, &json!({}))).collect();
    let base = Base::new(database);
    let config = json!({"model_list": models, "router_settings": {"num_retries": 0}});
    let house = House::start(base.plan(&options.gateway, config), base)?;
    let (mut accounts, mut full, mut calls, mut refused) = (0, 0, 0, 0);
    let mut fullest = 0;
    for number in 0..runs {
        let seed = options.seed.wrapping_add(number);
        let seen = grow_and_shake(&house, &fakes, options.clients(40), seed)
            .with_context(|| format!("tree {} (`--seed {seed} --seeds 1`)", number + 1))?;
        accounts += seen.accounts;
        full += seen.full;
        calls += seen.calls;
        refused += seen.refused;
        fullest = fullest.max(seen.fullest);
        house.verified()?;
        house.never_panicked()?;
    }
    // Limits that nobody comes to hold whatever the engine does.
    ensure!(refused > 0, "no call of any tree was refused for its budget");
    ensure!(runs < MANY || full > 0, "no account of {runs} trees was nearly spent");
    table.push(
        Row::default()
            .with("database", database.name())
            .with("trees", runs)
            .with("accounts with a limit", accounts)
            .with("of them nine tenths spent", full)
            .with("attempts", calls)
            .with("fullest account", format!("{}.{} %", fullest / 10, fullest % 10))
            .with("ledger − bill", "0")
            .with("time", format!("{:.0?}", begun.elapsed())),
    );
    Ok(())
}

struct Seen {
    accounts: usize,
    full: usize,
    calls: usize,
    /// Calls for which there was no money left.
    refused: u64,
    /// Thousandths of its limit that the fullest account has spent.
    fullest: i64,
}

fn grow_and_shake(house: &House, fakes: &[FakeProvider], clients: u64, seed: u64) -> Result<Seen> {
    let tree = grow(house, seed, &mut Dice::of(seed, 0))?;
    let fakes: Vec<&FakeProvider> = fakes.iter().collect();
    let (before, _) = billed(&fakes);
    let refused = shake(house, &tree, clients, seed)?;
    let rows = agreed(house, &tree, || billed(&fakes).0 - before)?;
    let mut spent: BTreeMap<String, Nanos> = BTreeMap::new();
    for (leaf, row) in &rows {
        let mut charged = leaf.accounts.clone();
        charged.push(of_model(&leaf.secret, row["model_group"].as_str().unwrap_or_default()));
        charged.extend(row["end_user"].as_str().map(of_reader));
        for account in charged {
            let sum = spent.entry(account).or_default();
            *sum += nanos(&row["spend"])?;
        }
    }
    let (mut full, mut fullest) = (0, 0);
    for (account, limit) in &tree.limits {
        let spent = spent.get(account).copied().unwrap_or_default();
        ensure!(spent <= *limit, "{account} spent {spent} of {limit}");
        let part = spent.get().saturating_mul(1_000) / limit.get().max(1);
        full += usize::from(part >= 900);
        fullest = fullest.max(part);
    }
    let all: Vec<Value> = rows.iter().map(|(_, row)| row.clone()).collect();
    each_once(&all)?;
    ensure!(!all.is_empty(), "no call of the tree was let in");
    Ok(Seen { accounts: tree.limits.len(), full, calls: all.len(), refused, fullest })
}

/// The rows of all keys, once they sum to what was billed.
fn agreed<'tree>(
    house: &House,
    tree: &'tree Tree,
    billed: impl Fn() -> Nanos,
) -> Result<Vec<(&'tree Leaf, Value)>> {
    crate::house::eventually("the ledger says what was billed", || {
        let (mut rows, mut sum) = (Vec::new(), Nanos::ZERO);
        for leaf in &tree.leaves {
            for row in house.rows(&leaf.secret)? {
                sum += nanos(&row["spend"])?;
                rows.push((leaf, row));
            }
        }
        Ok((sum == billed()).then_some(rows))
    })
}

fn grow(house: &House, seed: u64, dice: &mut Dice) -> Result<Tree> {
    let mut tree = Tree::default();
    // Between two cents and a dollar and a half: some hold a few calls, some all of the storm.
    let budget = |dice: &mut Dice, tree: &mut Tree, account: String| {
        let milli = dice.between(20, 1_500);
        let nanos = i64::try_from(milli).unwrap_or_default() * 1_000_000;
        tree.limits.insert(account, Nanos::new(nanos));
        json!(milli as f64 / 1_000.0)
    };
    let team = format!("team-{seed}");
    let of_team = budget(dice, &mut tree, team.clone());
    house.admin("/team/new", &json!({"team_id": team, "max_budget": of_team}))?;
    for number in 0..dice.between(1, 3) {
        let user = format!("member-{seed}-{number}");
        let member = format!("{user} of {team}");
        let of_member = budget(dice, &mut tree, member.clone());
        let added = json!({"team_id": team, "member": {"role": "user", "user_id": user},
            "max_budget_in_team": of_member});
        house.admin("/team/member_add", &added)?;
        for _ in 0..dice.between(1, 2) {
            let accounts = vec![team.clone(), member.clone()];
            leaf(house, dice, &mut tree, json!({"team_id": team, "user_id": user}), accounts)?;
        }
    }
    let user = format!("user-{seed}");
    let of_user = budget(dice, &mut tree, user.clone());
    house.admin("/user/new", &json!({"user_id": user, "max_budget": of_user, "auto_create_key": false}))?;
    for _ in 0..dice.between(1, 2) {
        leaf(house, dice, &mut tree, json!({"user_id": user}), vec![user.clone()])?;
    }
    for number in 0..dice.between(1, 2) {
        let reader = format!("reader-{seed}-{number}");
        let of_it = budget(dice, &mut tree, of_reader(&reader));
        house.admin("/customer/new", &json!({"user_id": reader, "max_budget": of_it}))?;
        tree.readers.push(reader);
    }
    Ok(tree)
}

/// Makes a key, with a budget of its own and perhaps ones for single models.
fn leaf(
    house: &House,
    dice: &mut Dice,
    tree: &mut Tree,
    mut settings: Value,
    mut accounts: Vec<String>,
) -> Result<()> {
    let cents = dice.between(2, 100);
    settings["max_budget"] = json!(cents as f64 / 100.0);
    let mut of_models = Vec::new();
    for model in MODELS {
        if dice.once_in(2) {
            let cents = dice.between(2, 50);
            settings["model_max_budget"][model] = json!({"budget_limit": cents as f64 / 100.0});
            of_models.push((model, cents));
        }
    }
    let secret = house.key(&settings)?;
    let limit = |cents: u64| Nanos::new(i64::try_from(cents).unwrap_or_default() * 10_000_000);
    tree.limits.insert(secret.clone(), limit(cents));
    for (model, cents) in of_models {
        tree.limits.insert(of_model(&secret, model), limit(cents));
    }
    accounts.push(secret.clone());
    tree.leaves.push(Leaf { secret, accounts });
    Ok(())
}

fn of_model(secret: &str, model: &str) -> String {
    format!("{model} of {secret}")
}

fn of_reader(reader: &str) -> String {
    format!("end user {reader}")
}

/// Calls by many clients at once; gives how many were refused.
fn shake(house: &House, tree: &Tree, clients: u64, seed: u64) -> Result<u64> {
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|number| {
                scope.spawn(move || {
                    let (mut dice, mut refused) = (Dice::of(seed, number + 1), 0);
                    for _ in 0..TURNS {
                        let text = "x".repeat(usize::try_from(dice.between(1, 60))?);
                        let model: &&str = dice.pick(&MODELS);
                        let mut body = chat(model, &text);
                        if !dice.once_in(4) {
                            body["max_tokens"] = json!(dice.between(10, 60));
                        }
                        if dice.once_in(2) {
                            body["user"] = json!(dice.pick(&tree.readers));
                        }
                        let secret = &dice.pick(&tree.leaves).secret;
                        let (status, _) = match dice.once_in(2) {
                            true => clients::whole(house.address, secret, &body)?,
                            false => clients::stream(house.address, secret, body, usize::MAX)?,
                        };
                        ensure!(matches!(status, 200 | 422), "status {status}");
                        refused += u64::from(status == 422);
                    }
                    Ok(refused)
                })
            })
            .collect();
        clients.into_iter().try_fold(0, |sum, client| {
            let refused: Result<u64> = client.join().map_err(|_| anyhow::anyhow!("a client panicked"))?;
            Ok(sum + refused?)
        })
    })
}
