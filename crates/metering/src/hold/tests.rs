//! Money in several accounts at once: all or nothing, in turn, and never beyond a limit.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use tokio::time::Instant;
use weighhouse_catalog::{PriceBook, Terms};
use weighhouse_storage::{BudgetMode, LedgerRow, Limits};
use weighhouse_types::{Error, Kind, Nanos, Operation, Scope, ScopeKind};

use super::hold;
use crate::bound::{OutputBound, Weight};
use crate::charge::{Charge, Now};
use crate::journal::tests::row;
use crate::meter::{Admission, Unpriced};
use crate::permit::Permit;
use crate::scope_meter::{ScopeMeter, ScopeSpec};

/// One micro-dollar a token, in and out.
fn book() -> PriceBook {
    let fields = [("input_cost_per_token", "0.000001"), ("output_cost_per_token", "0.000001")];
    PriceBook::from_litellm_fields(fields.into_iter()).unwrap()
}

fn scope(id: &str, limit: Option<i64>) -> Arc<ScopeMeter> {
    let limits = Limits { max_budget: limit.map(Nanos::new), ..Limits::default() };
    let spec = ScopeSpec {
        scope: Scope::new(ScopeKind::Team, id),
        shown: id.into(),
        limits: Arc::new(limits),
        spent_ever: None,
    };
    Arc::new(ScopeMeter::new(&spec, &[], (&TimeZone::UTC, BudgetMode::Strict), 0))
}

/// A call whose weight is exactly so many tokens, which cannot be lowered.
fn call<'call>(books: &'call [&'call PriceBook], tokens: u64) -> Admission<'call> {
    Admission {
        scopes: Vec::new(),
        books,
        input_bound: tokens,
        input_estimate: 0,
        output: OutputBound { asked: None, of_model: None, choices: 1, is_none: true },
        terms: Terms::default(),
        unix_ms: 0,
        second: 0,
        is_free: false,
        hold_wait: Duration::ZERO,
        group: group(),
        operation: Operation::Chat,
        unpriced: Unpriced::Refused,
        is_weighed: false,
    }
}

fn group() -> &'static Arc<str> {
    static GROUP: std::sync::LazyLock<Arc<str>> = std::sync::LazyLock::new(|| "fast".into());
    &GROUP
}

fn charged(scopes: &[Arc<ScopeMeter>]) -> Charge {
    let mut charge = Charge::new(scopes.to_vec(), Now::default());
    charge.take(None).unwrap();
    charge
}

async fn held(charge: &mut Charge, call: &Admission<'_>, patience: Duration) -> Result<Weight, Error> {
    hold(charge, call, None, patience).await
}

fn available(scope: &ScopeMeter) -> i64 {
    let mut accounts = Vec::new();
    scope.accounts_at(0, &mut accounts);
    accounts.iter().map(|account| account.account.available().get()).min().unwrap()
}

/// Settles a hold with what was used of it, in tokens.
fn settle(charge: &mut Charge, used: u64) {
    charge.settle(Nanos::new(i64::try_from(used).unwrap() * 1_000));
    charge.give_back(None);
}

#[tokio::test(start_paused = true)]
async fn what_one_account_refuses_no_account_holds() {
    let (book, scopes) =
        (book(), [scope("wide", Some(100_000)), scope("free", None), scope("narrow", Some(5_000))]);
    let mut accounts = charged(&scopes);
    let error = held(&mut accounts, &call(&[&book], 6), Duration::ZERO).await.unwrap_err();
    assert_eq!(error.kind, Kind::BudgetExceeded);
    assert!(error.message.contains("Team=narrow"), "{error}");
    assert_eq!((available(&scopes[0]), available(&scopes[2])), (100_000, 5_000));
    let weight = held(&mut accounts, &call(&[&book], 5), Duration::ZERO).await.unwrap();
    assert_eq!(weight.nanos, Nanos::new(5_000));
    assert_eq!((available(&scopes[0]), available(&scopes[2])), (95_000, 0));
    settle(&mut accounts, 2);
    assert_eq!((available(&scopes[0]), available(&scopes[2])), (98_000, 3_000));
}

#[tokio::test(start_paused = true)]
async fn money_that_others_hold_is_waited_for_in_turn() {
    let (book, scopes) = (Arc::new(book()), [scope("t", Some(10_000))]);
    let mut first = charged(&scopes);
    held(&mut first, &call(&[&book], 10), Duration::ZERO).await.unwrap();
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let waiting: Vec<_> = [6_u64, 4, 3]
        .into_iter()
        .map(|tokens| {
            let (book, scopes, order) = (Arc::clone(&book), scopes.clone(), Arc::clone(&order));
            tokio::spawn(async move {
                let mut accounts = charged(&scopes);
                held(&mut accounts, &call(&[&book], tokens), Duration::from_secs(2)).await.unwrap();
                order.lock().unwrap().push(tokens);
                // What is held stays held until the end of the test.
                accounts
            })
        })
        .collect();
    // Three stand in the queue; a fourth that asks for less does not pass them.
    tokio::time::sleep(Duration::from_millis(1)).await;
    settle(&mut first, 0);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(*order.lock().unwrap(), [6, 4]);
    let mut waiting = waiting.into_iter();
    let _six = waiting.next().unwrap().await.unwrap();
    let mut four = waiting.next().unwrap().await.unwrap();
    settle(&mut four, 0);
    let _three = waiting.next().unwrap().await.unwrap();
    assert_eq!(available(&scopes[0]), 1_000);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_raised_lets_in_who_waits() {
    let windowed = |limit: i64| Limits {
        max_budget: Some(Nanos::new(limit)),
        budget_duration: Some("1h".into()),
        ..Limits::default()
    };
    let of_life = |limit: i64| Limits { max_budget: Some(Nanos::new(limit)), ..Limits::default() };
    for limits in [&of_life as &dyn Fn(i64) -> Limits, &windowed] {
        let (book, scopes) = (Arc::new(book()), [scope("t", None)]);
        scopes[0].set_limits(&Arc::new(limits(10_000)), 0);
        let mut first = charged(&scopes);
        held(&mut first, &call(&[&book], 8), Duration::ZERO).await.unwrap();
        let waiting = {
            let (book, scopes) = (Arc::clone(&book), scopes.clone());
            tokio::spawn(async move {
                let began = Instant::now();
                held(&mut charged(&scopes), &call(&[&book], 6), Duration::from_secs(2)).await.unwrap();
                began.elapsed()
            })
        };
        tokio::time::sleep(Duration::from_millis(1)).await;
        scopes[0].set_limits(&Arc::new(limits(14_000)), 0);
        assert_eq!(waiting.await.unwrap(), Duration::from_millis(1));
    }
}

#[tokio::test]
async fn an_attempt_at_a_deployment_without_limits_is_not_charged_to_the_one_before() {
    let (sink, mut rows) = tokio::sync::mpsc::channel(4);
    let (team, limited) = (scope("t", None), scope("limited", Some(1_000_000)));
    let mut permit = Permit::new(charged(&[Arc::clone(&team)]), sink, None);
    permit.admitted();
    permit.reach(vec![Arc::clone(&limited)], 0, 0).unwrap();
    for call in [1, 2] {
        permit.begin(Box::new(row(call, 700))).await.unwrap();
        permit.finish();
    }
    // One that took of its deployment and never began gives that back before the next.
    permit.reach(vec![Arc::clone(&limited)], 0, 0).unwrap();
    permit.reach(Vec::new(), 0, 0).unwrap();
    assert_eq!(limited.used_slots(), 0);
    let named = |row: &LedgerRow| {
        row.accounts.iter().map(|account| account.scope.as_str().to_owned()).collect::<Vec<_>>()
    };
    let first = rows.recv().await.unwrap();
    let second = rows.recv().await.unwrap();
    assert_eq!(named(&first.row), ["team:t", "team:limited"]);
    assert_eq!(named(&second.row), ["team:t"]);
    assert_eq!((team.spent(0), limited.spent(0)), (Nanos::new(1_400), Nanos::new(700)));
}

#[tokio::test(start_paused = true)]
async fn patience_ends_and_says_what_is_held() {
    let (book, scopes) = (book(), [scope("t", Some(10_000))]);
    let mut first = charged(&scopes);
    held(&mut first, &call(&[&book], 8), Duration::ZERO).await.unwrap();
    let (began, patience) = (Instant::now(), Duration::from_secs(2));
    let error = held(&mut charged(&scopes), &call(&[&book], 3), patience).await.unwrap_err();
    assert_eq!(began.elapsed(), patience);
    assert!(error.message.contains("Held by calls in flight: 0.000008"), "{error}");
    // What no return of others could pay is refused at once.
    let began = Instant::now();
    held(&mut charged(&scopes), &call(&[&book], 11), patience).await.unwrap_err();
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(available(&scopes[0]), 2_000);
}

fn moded(id: &str, limit: i64, mode: BudgetMode) -> Arc<ScopeMeter> {
    let limits = Limits { max_budget: Some(Nanos::new(limit)), budget_mode: Some(mode), ..Limits::default() };
    let spec = ScopeSpec {
        scope: Scope::new(ScopeKind::Team, id),
        shown: id.into(),
        limits: Arc::new(limits),
        spent_ever: None,
    };
    Arc::new(ScopeMeter::new(&spec, &[], (&TimeZone::UTC, BudgetMode::Strict), 0))
}

#[tokio::test(start_paused = true)]
async fn each_budget_holds_as_strictly_as_its_mode_says() {
    let (book, scopes) = (
        book(),
        [
            moded("strict", 100_000, BudgetMode::Strict),
            moded("bounded", 100_000, BudgetMode::Bounded),
            moded("after", 100_000, BudgetMode::After),
        ],
    );
    let books = [&book];
    let (call, mut charge) = (call(&books, 10), charged(&scopes));
    let usual = Some(Nanos::new(3_000));
    let weight = hold(&mut charge, &call, usual, Duration::ZERO).await.unwrap();
    assert_eq!((weight.nanos, charge.held()), (Nanos::new(10_000), Nanos::new(10_000)));
    assert_eq!([0, 1, 2].map(|at| available(&scopes[at])), [90_000, 97_000, 100_000]);
    assert_eq!([0, 1, 2].map(|at: usize| scopes[at].unheld(0).get()), [0, 7_000, 10_000]);
    settle(&mut charge, 8);
    assert_eq!([0, 1, 2].map(|at| available(&scopes[at])), [92_000; 3]);
    assert_eq!([0, 1, 2].map(|at: usize| scopes[at].unheld(0).get()), [0; 3]);
}

#[tokio::test(start_paused = true)]
async fn after_admits_until_it_is_spent_and_strict_does_not() {
    let book = book();
    let books = [&book];
    let after = [moded("after", 5_000, BudgetMode::After)];
    let mut first = charged(&after);
    let weight = held(&mut first, &call(&books, 10), Duration::ZERO).await.unwrap();
    assert_eq!(weight.output_cap, None);
    settle(&mut first, 9);
    let error = held(&mut charged(&after), &call(&books, 1), Duration::ZERO).await.unwrap_err();
    assert_eq!(error.kind, Kind::BudgetExceeded);
    let strict = [moded("strict", 5_000, BudgetMode::Strict)];
    held(&mut charged(&strict), &call(&books, 10), Duration::ZERO).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn what_has_no_price_is_refused_held_at_an_amount_or_let_through() {
    let none = PriceBook::default();
    let books = [&none];
    let scopes = [scope("t", Some(5_000))];
    let of = |unpriced| Admission { unpriced, ..call(&books, 10) };
    let refused = held(&mut charged(&scopes), &of(Unpriced::Refused), Duration::ZERO).await.unwrap_err();
    assert!(refused.message.contains("has no price"), "{refused}");
    let mut charge = charged(&scopes);
    held(&mut charge, &of(Unpriced::Held(Nanos::new(4_000))), Duration::ZERO).await.unwrap();
    assert_eq!(available(&scopes[0]), 1_000);
    held(&mut charged(&scopes), &of(Unpriced::Held(Nanos::new(4_000))), Duration::ZERO).await.unwrap_err();
    held(&mut charged(&scopes), &of(Unpriced::Held(Nanos::ZERO)), Duration::ZERO).await.unwrap();
}

#[test]
fn threads_never_pass_any_limit_of_a_tree() {
    let (book, root) = (book(), scope("root", Some(400_000)));
    let leaves: Vec<_> = (0..4).map(|leaf| scope(&format!("leaf-{leaf}"), Some(150_000))).collect();
    let granted: Vec<usize> = std::thread::scope(|threads| {
        let workers: Vec<_> = (0..8)
            .map(|worker| {
                let scopes = [Arc::clone(&root), Arc::clone(&leaves[worker % 4])];
                let book = &book;
                threads.spawn(move || {
                    let runtime =
                        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                    runtime.block_on(async {
                        let mut granted = 0;
                        for _ in 0..200 {
                            let mut accounts = charged(&scopes);
                            let verdict = held(&mut accounts, &call(&[book], 3), Duration::ZERO).await;
                            granted += usize::from(verdict.is_ok());
                        }
                        granted
                    })
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    // Nothing was settled, so every grant is held: 400 tokens of the root in threes.
    assert_eq!(granted.iter().sum::<usize>(), 133);
    assert_eq!(available(&root), 1_000);
    assert!(leaves.iter().all(|leaf| available(leaf) >= 0));
}

proptest! {
    /// Invariants 1, 3 and 6 of money.md on a tree of accounts, against a plain model.
    #[test]
    fn a_tree_balances_after_any_course(
        limits in prop::collection::vec(prop::option::of(0_i64..200), 4),
        steps in prop::collection::vec((0_usize..3, 1_u64..40, 0_u64..=100), 1..120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let book = book();
        let all: Vec<_> =
            limits.iter().enumerate().map(|(at, limit)| scope(&at.to_string(), limit.map(|limit| limit * 1_000))).collect();
        // Every call stands under the first and one of the others.
        let (mut open, mut spent) = (Vec::new(), [0_i64; 4]);
        for (leaf, tokens, share) in steps {
            if share % 3 == 0 && !open.is_empty() {
                let (leaf, held, mut accounts): (usize, u64, Charge) = open.swap_remove(usize::try_from(tokens).unwrap() % open.len());
                let used = held * share / 100;
                settle(&mut accounts, used);
                for at in [0, leaf + 1] {
                    spent[at] += i64::try_from(used).unwrap();
                }
            } else {
                let scopes = [Arc::clone(&all[0]), Arc::clone(&all[leaf + 1])];
                let mut accounts = charged(&scopes);
                let held_in = |at: usize| open.iter().filter(|(leaf, ..)| at == 0 || leaf + 1 == at).map(|(_, held, _)| i64::try_from(*held).unwrap()).sum::<i64>();
                let fits = [0, leaf + 1].iter().all(|at| limits[*at].is_none_or(|limit| {
                    let committed = spent[*at] + held_in(*at);
                    committed + i64::try_from(tokens).unwrap() <= limit && committed < limit
                }));
                let verdict = runtime.block_on(held(&mut accounts, &call(&[&book], tokens), Duration::ZERO));
                prop_assert_eq!(verdict.is_ok(), fits);
                if fits {
                    open.push((leaf, tokens, accounts));
                }
            }
            for (at, limit) in limits.iter().enumerate() {
                let held: i64 = open.iter().filter(|(leaf, ..)| at == 0 || leaf + 1 == at).map(|(_, held, _)| i64::try_from(*held).unwrap()).sum();
                if let Some(limit) = limit {
                    prop_assert_eq!(available(&all[at]), (limit - spent[at] - held).max(0) * 1_000);
                }
                prop_assert_eq!(all[at].spent(0), Nanos::new(spent[at] * 1_000));
            }
        }
    }
}
