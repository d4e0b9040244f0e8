//! Many seeds, and what they must find.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::truth::Figures;
use super::{Plant, run};

/// Seeds that CI runs; `SEEDS` asks for more.
const SEEDS: u64 = 150;
/// Seeds among which each planted bug must be found.
const PATIENCE: u64 = 1_000;

#[expect(clippy::disallowed_methods, reason = "who runs the simulation says how much of it")]
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs seeds on all cores until one fails; gives what they came to, or the first failure that was seen.
fn run_all(seeds: std::ops::Range<u64>, plant: Option<Plant>) -> Result<Figures, String> {
    let (next, is_over) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let (sum, wrong) = (Mutex::new(Figures::default()), Mutex::new(None));
    let work = || {
        while !is_over.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            match run(seed, plant) {
                Ok(figures) => sum.lock().unwrap_or_else(PoisonError::into_inner).add(figures),
                Err(error) => {
                    is_over.store(true, Ordering::Relaxed);
                    *wrong.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    wrong.map_or(Ok(sum), Err)
}

impl Figures {
    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.sent += other.sent;
        self.over_budget += other.over_budget;
        self.too_fast += other.too_fast;
        self.left += other.left;
        self.unwritten += other.unwritten;
        self.crashes += other.crashes;
        self.recovered += other.recovered;
    }
}

#[test]
fn the_books_hold_whatever_happens() {
    if let Some(seed) = asked("SEED") {
        println!("{:#?}", run(seed, None).unwrap());
        return;
    }
    let seeds = asked("SEEDS").unwrap_or(SEEDS);
    let figures = run_all(0..seeds, None).unwrap();
    println!("{seeds} seeds: {figures:#?}");
    // Everything that may happen did happen.
    let Figures { calls, sent, over_budget, too_fast, left, unwritten, crashes, recovered } = figures;
    for count in [calls, sent, over_budget, too_fast, left, unwritten, crashes, recovered] {
        assert!(count > 0, "{figures:?}");
    }
}

#[test]
fn planted_bugs_are_found() {
    use Plant::{DiskForgets, ProviderIgnoresTheCap, StoreCountsTwice, StoreForgets};
    for plant in [StoreCountsTwice, StoreForgets, DiskForgets, ProviderIgnoresTheCap] {
        let wrong = run_all(0..PATIENCE, Some(plant)).expect_err(&format!("{plant:?} was not found"));
        println!("{plant:?}: {wrong}");
    }
}

#[test]
fn a_seed_is_one_course() {
    for seed in 0..8 {
        assert_eq!(run(seed, None), run(seed, None));
    }
}
