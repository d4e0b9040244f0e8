//! What one scope counts: calls at once, and calls and tokens in a minute and a day.

use weighhouse_storage::Limits;
use weighhouse_types::{Pace, RateKind, Usage};

use crate::pace::Reached;
use crate::slots::Slots;
use crate::window::Rate;

/// Tokens of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Units {
    pub(crate) input: u64,
    pub(crate) output: u64,
}

impl Units {
    /// Tokens that were used.
    pub(crate) fn of(usage: &Usage) -> Self {
        Self { input: usage.input(), output: usage.output() }
    }

    /// Both together.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
        }
    }

    const fn total(self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

/// What is limited in a minute or a day, in the order in which it is checked.
const KINDS: [RateKind; 6] = [
    RateKind::Requests,
    RateKind::RequestsPerDay,
    RateKind::Tokens,
    RateKind::TokensPerDay,
    RateKind::InputTokens,
    RateKind::OutputTokens,
];

const fn limit_of(kind: RateKind, limits: &Limits) -> Option<u64> {
    match kind {
        RateKind::Requests => limits.rpm_limit,
        RateKind::RequestsPerDay => limits.rpd_limit,
        RateKind::Tokens => limits.tpm_limit,
        RateKind::TokensPerDay => limits.tpd_limit,
        RateKind::InputTokens => limits.itpm_limit,
        RateKind::OutputTokens => limits.otpm_limit,
        RateKind::ParallelRequests => limits.max_parallel_requests,
    }
}

/// What a call with such tokens counts for.
const fn counted(kind: RateKind, units: Units) -> u64 {
    match kind {
        RateKind::Requests | RateKind::RequestsPerDay | RateKind::ParallelRequests => 1,
        RateKind::Tokens | RateKind::TokensPerDay => units.total(),
        RateKind::InputTokens => units.input,
        RateKind::OutputTokens => units.output,
    }
}

const fn counts_tokens(kind: RateKind) -> bool {
    !matches!(kind, RateKind::Requests | RateKind::RequestsPerDay | RateKind::ParallelRequests)
}

/// The counters of a scope. Whoever has them is alone: they stand behind the scope's lock, so that a call looks at all
/// of them and then charges all of them.
#[derive(Debug)]
pub(crate) struct Counters {
    slots: Slots,
    rates: [(RateKind, Rate); KINDS.len()],
}

impl Counters {
    pub(crate) fn new(limits: &Limits) -> Self {
        let rate = |kind| match kind {
            RateKind::RequestsPerDay | RateKind::TokensPerDay => Rate::per_day(limit_of(kind, limits)),
            _ => Rate::new(limit_of(kind, limits)),
        };
        Self { slots: Slots::new(limits.max_parallel_requests), rates: KINDS.map(|kind| (kind, rate(kind))) }
    }

    /// Takes other limits over; what was counted stays counted.
    pub(crate) fn set_limits(&mut self, limits: &Limits) {
        self.slots.set_limit(limits.max_parallel_requests);
        self.rates.iter_mut().for_each(|(kind, rate)| rate.set_limit(limit_of(*kind, limits)));
    }

    /// Takes a place, a call and, where they are given, tokens: all of it or nothing.
    ///
    /// # Errors
    /// The limit that is reached.
    pub(crate) fn take(&mut self, units: Option<Units>, second: u64) -> Result<(), Reached> {
        if !self.slots.has_room() {
            return Err(Reached::slots(&self.slots));
        }
        let tokens = units.unwrap_or_default();
        let charged = |kind: RateKind| units.is_some() || !counts_tokens(kind);
        for (kind, rate) in self.rates.iter_mut().filter(|(kind, _)| charged(*kind)) {
            rate.bears(counted(*kind, tokens), second)
                .map_err(|wait_s| Reached::of(rate, *kind, second, wait_s))?;
        }
        self.slots.take();
        for (kind, rate) in self.rates.iter_mut().filter(|(kind, _)| charged(*kind)) {
            rate.charge(counted(*kind, tokens));
        }
        Ok(())
    }

    /// Gives the place back, and puts the tokens that were used in the place of those that were taken at `second`.
    /// Nothing used is a call that was refused elsewhere, which never was.
    pub(crate) fn give_back(&mut self, taken: Option<Units>, used: Option<Units>, second: u64) {
        self.slots.give_back();
        for (kind, rate) in &mut self.rates {
            match (counts_tokens(*kind), taken, used) {
                (true, Some(taken), used) => {
                    let used = used.unwrap_or_default();
                    rate.correct(counted(*kind, taken), second, counted(*kind, used), second);
                }
                (false, _, None) => rate.correct(1, second, 0, second),
                (true, None, _) | (false, _, Some(_)) => {}
            }
        }
    }

    /// Places in use.
    pub(crate) const fn used_slots(&self) -> u64 {
        self.slots.used()
    }

    /// Whether calls at once are bounded.
    pub(crate) const fn bounds_slots(&self) -> bool {
        self.slots.limit().is_some()
    }

    /// Whether calls or tokens in a minute or a day are limited.
    pub(crate) fn is_paced(&self) -> bool {
        self.rates.iter().any(|(_, rate)| rate.limit().is_some())
    }

    /// The smallest limit that generated tokens count against.
    pub(crate) fn token_limit(&self) -> Option<u64> {
        let of_tokens = self.rates.iter().filter(|(kind, _)| counts_tokens(*kind));
        of_tokens.filter_map(|(_, rate)| rate.limit()).min()
    }

    /// The limits of calls and tokens, and how far each is used at a second.
    pub(crate) fn paces(&mut self, second: u64, told: &mut dyn FnMut(Pace)) {
        self.rates.iter_mut().filter_map(|(kind, rate)| rate.pace(*kind, second)).for_each(told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Units = Units { input: 30, output: 20 };

    fn left(counters: &mut Counters, second: u64) -> Vec<(RateKind, u64)> {
        let mut left = Vec::new();
        counters.paces(second, &mut |pace| left.push((pace.kind, pace.remaining)));
        left
    }

    #[test]
    fn a_call_takes_of_every_limit_or_of_none() {
        let limits = Limits {
            rpm_limit: Some(3),
            tpd_limit: Some(1_000),
            otpm_limit: Some(50),
            max_parallel_requests: Some(2),
            ..Limits::default()
        };
        let mut counters = Counters::new(&limits);
        let whole = [(RateKind::Requests, 3), (RateKind::TokensPerDay, 1_000), (RateKind::OutputTokens, 50)];
        assert_eq!(left(&mut counters, 0), whole);
        counters.take(Some(CALL), 0).unwrap();
        counters.take(Some(CALL), 0).unwrap();
        let taken = [(RateKind::Requests, 1), (RateKind::TokensPerDay, 900), (RateKind::OutputTokens, 10)];
        assert_eq!(left(&mut counters, 0), taken);
        // No place, and with a place no tokens: nothing changes.
        assert_eq!(counters.take(None, 0).unwrap_err().pace.kind, RateKind::ParallelRequests);
        counters.give_back(Some(CALL), Some(CALL), 0);
        assert_eq!(counters.take(Some(CALL), 0).unwrap_err().pace.kind, RateKind::OutputTokens);
        assert_eq!((left(&mut counters, 0).as_slice(), counters.used_slots()), (taken.as_slice(), 1));
        // What asks for no tokens is let in, and leaves as if it had never been.
        counters.take(None, 0).unwrap();
        counters.give_back(None, None, 0);
        assert_eq!(left(&mut counters, 0), taken);
        // A call that was refused elsewhere gives all back.
        counters.give_back(Some(CALL), None, 0);
        let one = [(RateKind::Requests, 2), (RateKind::TokensPerDay, 950), (RateKind::OutputTokens, 30)];
        assert_eq!((left(&mut counters, 0).as_slice(), counters.used_slots()), (one.as_slice(), 0));
    }

    #[test]
    fn what_was_counted_stays_counted_when_limits_change() {
        let of = |rpm| Limits { rpm_limit: rpm, ..Limits::default() };
        let mut counters = Counters::new(&of(Some(2)));
        counters.take(None, 0).unwrap();
        counters.set_limits(&of(Some(1)));
        assert_eq!(counters.take(None, 1).unwrap_err().pace.kind, RateKind::Requests);
        counters.set_limits(&of(None));
        assert!(counters.take(None, 1).is_ok() && !counters.is_paced());
        assert_eq!(counters.token_limit(), None);
    }

    /// Seconds of a sub-bucket, as `money.md` has them: a sixtieth of the window.
    const fn tick(kind: RateKind) -> u64 {
        match kind {
            RateKind::RequestsPerDay | RateKind::TokensPerDay => 86_400 / 60,
            _ => 1,
        }
    }

    /// What a call was charged: kind, when, units.
    type Charge = (RateKind, u64, u64);

    /// What a list of charges sums to at a second: the present sub-bucket and the sixty before it.
    fn summed(charges: &[Charge], kind: RateKind, second: u64) -> u64 {
        let now = second / tick(kind);
        let counts = |(of, at, _): &&Charge| *of == kind && at / tick(kind) + 60 >= now;
        charges.iter().filter(counts).map(|(.., units)| units).sum()
    }

    proptest::proptest! {
        /// Against a plain list: whatever comes and goes, exactly what every limit bears is let in.
        #[test]
        fn every_limit_bears_what_a_list_of_charges_says(
            most in proptest::array::uniform7(proptest::option::of(1_u64..60)),
            steps in proptest::collection::vec((0_u64..1_500, 0_u64..4, 0_u64..9, 0_u64..9, 0_u8..4), 1..150),
        ) {
            let [slots, rpm_limit, rpd_limit, tpm_limit, tpd_limit, itpm_limit, otpm_limit] = most;
            let limits = Limits {
                max_parallel_requests: slots, rpm_limit, rpd_limit, tpm_limit, tpd_limit, itpm_limit, otpm_limit,
                ..Limits::default()
            };
            let (mut counters, mut now) = (Counters::new(&limits), 0);
            let (mut open, mut charges): (Vec<(Option<Units>, u64)>, Vec<Charge>) = (Vec::new(), Vec::new());
            for (pause, is_long, input, output, manner) in steps {
                now += if is_long == 0 { pause } else { pause % 7 };
                if manner == 0 && !open.is_empty() {
                    // A call ends that used no more than it was taken for, or was refused elsewhere.
                    let (taken, at) = open.swap_remove(usize::try_from(pause).unwrap() % open.len());
                    let used = (is_long > 1).then(|| taken.unwrap_or_default())
                        .map(|taken| Units { input: taken.input.min(input), output: taken.output.min(output) });
                    counters.give_back(taken, used, at);
                    let kinds = KINDS.into_iter().filter(|kind| taken.is_some() || !counts_tokens(*kind));
                    for kind in kinds.filter(|kind| counts_tokens(*kind) || used.is_none()) {
                        let was = (kind, at, counted(kind, taken.unwrap_or_default()));
                        let place = charges.iter().position(|charge| *charge == was).unwrap();
                        charges[place].2 = used.map_or(0, |used| counted(kind, used));
                    }
                    continue;
                }
                let units = (manner != 1).then_some(Units { input, output });
                let asked: Vec<_> = KINDS.into_iter().filter(|kind| units.is_some() || !counts_tokens(*kind))
                    .map(|kind| (kind, now, counted(kind, units.unwrap_or_default()))).collect();
                let has_room = slots.is_none_or(|most| (open.len() as u64) < most);
                let fits = has_room && asked.iter().all(|(kind, _, units)| {
                    limit_of(*kind, &limits).is_none_or(|most| summed(&charges, *kind, now) + units <= most)
                });
                proptest::prop_assert_eq!(counters.take(units, now).is_ok(), fits);
                if fits {
                    open.push((units, now));
                    charges.extend(asked);
                }
                proptest::prop_assert_eq!(counters.used_slots(), open.len() as u64);
                let mut told = Vec::new();
                counters.paces(now, &mut |pace| told.push(pace));
                for pace in told {
                    let left = pace.limit.saturating_sub(summed(&charges, pace.kind, now));
                    proptest::prop_assert_eq!(pace.remaining, left, "{:?}", pace.kind);
                }
            }
        }
    }
}
