//! What calls of a kind have cost: a quantile for budgets of the mode `bounded`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use weighhouse_types::{Nanos, Operation};

/// Parts of each power of two: a quantile is at most a quarter too high.
const PARTS: usize = 4;
const BUCKETS: usize = 64 * PARTS;
/// Fewer calls say nothing of a quantile.
const ENOUGH: u32 = 50;
/// At so many calls all counts are halved, so that what is new outweighs what is old.
const MANY: u32 = 8_192;
/// Of so many calls one may cost more than is held for it.
const ONE_IN: u32 = 100;
/// Models whose costs are kept; further ones are held for as if the mode were strict.
const MOST_KINDS: usize = 4_096;

/// Costs of the calls of one model and operation, by size.
#[derive(Debug)]
pub(crate) struct Costs {
    counts: [AtomicU32; BUCKETS],
    total: AtomicU32,
}

impl Default for Costs {
    fn default() -> Self {
        Self { counts: [const { AtomicU32::new(0) }; BUCKETS], total: AtomicU32::new(0) }
    }
}

impl Costs {
    /// Takes note of what a call cost.
    pub(crate) fn note(&self, cost: Nanos) {
        if let Some(count) = self.counts.get(bucket(cost)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if self.total.fetch_add(1, Ordering::Relaxed) + 1 >= MANY {
            self.halve();
        }
    }

    /// What all but one in a hundred calls cost at most; none as long as too few are known.
    pub(crate) fn usual_most(&self) -> Option<Nanos> {
        let counts: Vec<u32> = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let total: u32 = counts.iter().sum();
        if total < ENOUGH {
            return None;
        }
        let mut above = total / ONE_IN;
        for (place, count) in counts.iter().enumerate().rev() {
            if *count > above {
                return Some(end_of(place));
            }
            above -= count;
        }
        None
    }

    /// Calls that end meanwhile may be counted in the wrong half: it is an estimate.
    fn halve(&self) {
        let mut left = 0;
        for count in &self.counts {
            let half = count.load(Ordering::Relaxed) / 2;
            count.store(half, Ordering::Relaxed);
            left += half;
        }
        self.total.store(left, Ordering::Relaxed);
    }
}

fn bucket(cost: Nanos) -> usize {
    let nanos = cost.get().max(1).cast_unsigned();
    let power = nanos.ilog2();
    // The two bits below the highest one.
    let part = if power >= 2 { (nanos >> (power - 2)) & 3 } else { 0 };
    power as usize * PARTS + usize::try_from(part).unwrap_or(0)
}

/// The first amount beyond a bucket.
fn end_of(place: usize) -> Nanos {
    let (power, part) = (place / PARTS, place % PARTS);
    let begin = 1_i128 << power;
    let end = begin + (begin * (part as i128 + 1) / PARTS as i128).max(1);
    Nanos::new(i64::try_from(end).unwrap_or(i64::MAX))
}

type Kind = (Arc<str>, Operation);

/// Costs by model and operation, as this node has seen them.
#[derive(Debug, Default)]
pub(crate) struct Learned(RwLock<HashMap<Kind, Arc<Costs>>>);

impl Learned {
    /// The costs of a model's calls; none where too many models are kept.
    pub(crate) fn of(&self, model: &Arc<str>, operation: Operation) -> Option<Arc<Costs>> {
        let kind = (Arc::clone(model), operation);
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&kind) {
            return Some(Arc::clone(known));
        }
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_KINDS && !all.contains_key(&kind) {
            return None;
        }
        Some(Arc::clone(all.entry(kind).or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_calls_say_nothing_and_many_say_what_is_usual() {
        let costs = Costs::default();
        (0..49).for_each(|_| costs.note(Nanos::new(1_000)));
        assert_eq!(costs.usual_most(), None);
        (0..151).for_each(|_| costs.note(Nanos::new(1_000)));
        // One in two hundred is dear: too few to count.
        costs.note(Nanos::new(1_000_000));
        let most = costs.usual_most().unwrap().get();
        assert!((1_001..=1_280).contains(&most), "{most}");
        (0..10).for_each(|_| costs.note(Nanos::new(1_000_000)));
        assert!(costs.usual_most().unwrap().get() > 1_000_000);
    }

    #[test]
    fn what_is_new_outweighs_what_is_old() {
        let costs = Costs::default();
        (0..8_000).for_each(|_| costs.note(Nanos::new(1_000_000)));
        (0..900_000).for_each(|_| costs.note(Nanos::new(10)));
        assert!(costs.usual_most().unwrap().get() < 20);
    }

    proptest::proptest! {
        #[test]
        fn an_amount_lies_below_the_end_of_its_bucket(nanos in 1_i64..i64::MAX) {
            let end = end_of(bucket(Nanos::new(nanos))).get();
            proptest::prop_assert!(end > nanos || end == i64::MAX);
            proptest::prop_assert!(i128::from(end) <= i128::from(nanos) * 5 / 4 + 2);
        }
    }
}
