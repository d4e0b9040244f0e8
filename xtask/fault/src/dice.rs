//! Chance that can be had again: the same seed throws the same numbers.

/// SplitMix64: small, and good enough to choose what a client does next.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice of a part of a run, which do not depend on how often others were thrown.
    pub(crate) fn of(seed: u64, part: u64) -> Self {
        let mut mixed = Self(seed ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        Self(mixed.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One of `0..sides`; 0 of none.
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.next().checked_rem(sides).unwrap_or_default()
    }

    /// One of `from..=to`.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from) + 1)
    }

    /// True once in so many throws.
    pub(crate) fn once_in(&mut self, throws: u64) -> bool {
        self.below(throws) == 0
    }

    /// One of some things, which must be there.
    pub(crate) fn pick<'things, T>(&mut self, things: &'things [T]) -> &'things T {
        let place = usize::try_from(self.below(things.len() as u64)).unwrap_or_default();
        &things[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_throws_the_same_numbers_within_their_bounds() {
        let throws = |seed| {
            let mut dice = Dice::of(seed, 3);
            (0..100).map(|_| dice.between(2, 5)).collect::<Vec<_>>()
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
        assert!(throws(7).iter().all(|thrown| (2..=5).contains(thrown)));
        assert!(["a", "b"].contains(Dice::of(1, 0).pick(&["a", "b"])));
    }
}
