//! What threads do with one budget.

use loom::sync::Arc;
use loom::thread;
use weighhouse_types::Nanos;

use crate::account::{Account, Balance, Verdict};

/// A budget's books, right or wrong.
pub trait Books: Send + Sync + 'static {
    /// Nothing spent of a limit.
    fn of(limit: i64) -> Self;
    /// Sets money aside, if it fits.
    fn hold(&self, weight: i64) -> bool;
    /// Turns a hold into what was spent.
    fn settle(&self, held: i64, actual: i64);
    /// Changes the limit.
    fn set_limit(&self, limit: i64);
    /// The books at this moment.
    fn balance(&self) -> Balance;
}

impl Books for Account {
    fn of(limit: i64) -> Self {
        Self::new(Some(Nanos::new(limit)), Nanos::ZERO)
    }

    fn hold(&self, weight: i64) -> bool {
        Self::hold(self, Nanos::new(weight)) == Verdict::Held
    }

    fn settle(&self, held: i64, actual: i64) {
        Self::settle(self, Nanos::new(held), Nanos::new(actual));
    }

    fn set_limit(&self, limit: i64) {
        Self::set_limit(self, Some(Nanos::new(limit)));
    }

    fn balance(&self) -> Balance {
        Self::balance(self)
    }
}

/// Spent and held, as a reader sees them.
#[track_caller]
fn within(balance: Balance, limit: i64) {
    let sum = balance.settled + balance.held;
    assert!(sum <= Nanos::new(limit), "{balance:?} is more than {limit}");
    assert!(balance.settled >= Nanos::ZERO && balance.held >= Nanos::ZERO, "{balance:?}");
}

#[track_caller]
fn ends(balance: Balance, settled: i64, held: i64) {
    assert_eq!((balance.settled, balance.held), (Nanos::new(settled), Nanos::new(held)));
}

/// Both acts, each in a thread of its own, while this one does `meanwhile`.
fn beside<B: Books>(books: &Arc<B>, acts: [fn(&B) -> bool; 2], meanwhile: impl FnOnce(&B)) -> [bool; 2] {
    let spawned = acts.map(|act| {
        let books = Arc::clone(books);
        thread::spawn(move || act(&books))
    });
    meanwhile(books);
    spawned.map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}

/// Three calls want four of ten: two get it.
pub fn no_more_is_held_than_there_is<B: Books>() {
    let books = Arc::new(B::of(10));
    let mut own = false;
    let others = beside(&books, [|books| books.hold(4); 2], |books| own = books.hold(4));
    let held = [own, others[0], others[1]].into_iter().filter(|held| *held).count();
    assert_eq!(held, 2, "the money is there for two");
    ends(books.balance(), 0, 8);
}

/// Two calls hold, settle for less and let go, and a reader looks on: what was settled is the sum of what they spent.
pub fn every_hold_is_settled_once<B: Books>() {
    let books = Arc::new(B::of(10));
    let call = |books: &B| {
        let is_held = books.hold(6);
        if is_held {
            books.settle(6, 3);
        }
        is_held
    };
    let served = beside(&books, [call; 2], |books| within(books.balance(), 10));
    match served.into_iter().filter(|held| *held).count() {
        0 => panic!("one of the two came first"),
        1 => ends(books.balance(), 3, 0),
        _ => ends(books.balance(), 6, 0),
    }
}

/// What one call gives back, another may hold: never what was spent of it.
pub fn what_is_given_back_is_held_by_one<B: Books>() {
    let books = Arc::new(B::of(10));
    assert!(books.hold(10));
    let [much, less] =
        beside(&books, [|books| books.hold(9), |books| books.hold(8)], |books| books.settle(10, 2));
    assert!(!much, "what is spent is held again");
    ends(books.balance(), 2, if less { 8 } else { 0 });
}

/// A limit is lowered while two calls come: what was held stays held, and nothing is beyond the higher limit.
pub fn a_limit_may_be_lowered_meanwhile<B: Books>() {
    let books = Arc::new(B::of(10));
    let held = beside(&books, [|books| books.hold(5); 2], |books| books.set_limit(5));
    let held = held.into_iter().filter(|held| *held).count();
    assert!((1..=2).contains(&held), "{held}");
    ends(books.balance(), 0, if held == 2 { 10 } else { 5 });
    assert!(!books.hold(1), "the lower limit is spent");
}
