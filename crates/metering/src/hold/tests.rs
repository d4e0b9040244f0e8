//! Money in several accounts at once: all or nothing, in turn, and never beyond a limit.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use tokio::time::Instant;
use weighhouse_catalog::{PriceBook, Terms};
use weighhouse_storage::Limits;
use weighhouse_types::{Kind, Nanos, Scope, ScopeKind};

use super::{Charged, hold};
use crate::bound::OutputBound;
use crate::meter::Admission;
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
    Arc::new(ScopeMeter::new(&spec, &[], &TimeZone::UTC, 0))
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
    }
}

fn charged(scopes: &[Arc<ScopeMeter>]) -> Vec<Charged> {
    let mut accounts = Vec::new();
    scopes.iter().for_each(|scope| scope.accounts_at(0, &mut accounts));
    accounts.into_iter().map(|account| Charged { account, is_held: false }).collect()
}

fn available(scope: &ScopeMeter) -> i64 {
    let mut accounts = Vec::new();
    scope.accounts_at(0, &mut accounts);
    accounts.iter().map(|account| account.account.available().get()).min().unwrap()
}

/// Settles a hold of so many tokens with what was used of it.
fn settle(accounts: &[Charged], held: u64, used: u64) {
    let nanos = |tokens: u64| Nanos::new(i64::try_from(tokens).unwrap() * 1_000);
    accounts.iter().for_each(|charged| charged.settle(nanos(held), nanos(used)));
}

#[tokio::test(start_paused = true)]
async fn what_one_account_refuses_no_account_holds() {
    let (book, scopes) =
        (book(), [scope("wide", Some(100_000)), scope("free", None), scope("narrow", Some(5_000))]);
    let mut accounts = charged(&scopes);
    let error = hold(&mut accounts, &scopes, &call(&[&book], 6), Duration::ZERO).await.unwrap_err();
    assert_eq!(error.kind, Kind::BudgetExceeded);
    assert!(error.message.contains("Team=narrow"), "{error}");
    assert_eq!((available(&scopes[0]), available(&scopes[2])), (100_000, 5_000));
    let weight = hold(&mut accounts, &scopes, &call(&[&book], 5), Duration::ZERO).await.unwrap();
    assert_eq!(weight.nanos, Nanos::new(5_000));
    assert_eq!((available(&scopes[0]), available(&scopes[2])), (95_000, 0));
    settle(&accounts, 5, 2);
    assert_eq!((available(&scopes[0]), available(&scopes[2])), (98_000, 3_000));
}

#[tokio::test(start_paused = true)]
async fn money_that_others_hold_is_waited_for_in_turn() {
    let (book, scopes) = (Arc::new(book()), [scope("t", Some(10_000))]);
    let mut first = charged(&scopes);
    hold(&mut first, &scopes, &call(&[&book], 10), Duration::ZERO).await.unwrap();
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let waiting: Vec<_> = [6_u64, 4, 3]
        .into_iter()
        .map(|tokens| {
            let (book, scopes, order) = (Arc::clone(&book), scopes.clone(), Arc::clone(&order));
            tokio::spawn(async move {
                let mut accounts = charged(&scopes);
                hold(&mut accounts, &scopes, &call(&[&book], tokens), Duration::from_secs(2)).await.unwrap();
                order.lock().unwrap().push(tokens);
                // What is held stays held until the end of the test.
                accounts
            })
        })
        .collect();
    // Three stand in the queue; a fourth that asks for less does not pass them.
    tokio::time::sleep(Duration::from_millis(1)).await;
    settle(&first, 10, 0);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(*order.lock().unwrap(), [6, 4]);
    let held: Vec<Charged> = {
        let mut waiting = waiting.into_iter();
        let six = waiting.next().unwrap().await.unwrap();
        let four = waiting.next().unwrap().await.unwrap();
        settle(&four, 4, 0);
        let three = waiting.next().unwrap().await.unwrap();
        [six, three].concat()
    };
    assert_eq!(held.len(), 2);
    assert_eq!(available(&scopes[0]), 1_000);
}

#[tokio::test(start_paused = true)]
async fn patience_ends_and_says_what_is_held() {
    let (book, scopes) = (book(), [scope("t", Some(10_000))]);
    let mut first = charged(&scopes);
    hold(&mut first, &scopes, &call(&[&book], 8), Duration::ZERO).await.unwrap();
    let (began, patience) = (Instant::now(), Duration::from_secs(2));
    let error = hold(&mut charged(&scopes), &scopes, &call(&[&book], 3), patience).await.unwrap_err();
    assert_eq!(began.elapsed(), patience);
    assert!(error.message.contains("Held by calls in flight: 0.000008"), "{error}");
    // What no return of others could pay is refused at once.
    let began = Instant::now();
    hold(&mut charged(&scopes), &scopes, &call(&[&book], 11), patience).await.unwrap_err();
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(available(&scopes[0]), 2_000);
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
                            let held = hold(&mut accounts, &scopes, &call(&[book], 3), Duration::ZERO).await;
                            granted += usize::from(held.is_ok());
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
                let (leaf, held, accounts): (usize, u64, Vec<Charged>) = open.swap_remove(usize::try_from(tokens).unwrap() % open.len());
                let used = held * share / 100;
                settle(&accounts, held, used);
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
                let held = runtime.block_on(hold(&mut accounts, &scopes, &call(&[&book], tokens), Duration::ZERO));
                prop_assert_eq!(held.is_ok(), fits);
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
