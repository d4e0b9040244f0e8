//! The most that a call may cost, known before it is sent.

use weighhouse_types::{Picos, UsageClass};

use crate::book::{ClassPrices, PriceBook, edges};
use crate::line::{PriceLine, Tier};

/// What a call uses at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// Tokens of the prompt, of whatever class.
    pub input_tokens: u64,
    /// Generated tokens, of whatever class.
    pub output_tokens: u64,
    /// Calls, for fees per call.
    pub calls: u64,
}

/// What is known of a call beyond its size. The default knows nothing and so bounds everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms<'a> {
    /// The moment of admission in Unix milliseconds; none: whenever it may be.
    pub unix_ms: Option<i64>,
    /// The tier that the call will be served in (or standard); none: any.
    pub tier: Option<Tier>,
    /// Classes that the call cannot use, such as audio where it carries none.
    pub without: &'a [UsageClass],
    /// Web searches at most.
    pub searches: u64,
}

/// The dearest prices that could apply to a call; none where a class that it may use has no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dearest {
    input: Option<Picos>,
    output: Option<Picos>,
    call: Option<Picos>,
    search: Option<Picos>,
}

impl Dearest {
    /// The prices of a book whose lines depend on nothing but their class.
    fn of_plain(plain: &ClassPrices, terms: &Terms<'_>) -> Self {
        let (mut input, mut output) = (Some(Picos::ZERO), Some(Picos::ZERO));
        for (class, price) in UsageClass::ALL.into_iter().zip(plain) {
            let part = match (class.is_input(), class.is_output()) {
                (true, _) => &mut input,
                (_, true) => &mut output,
                _ => continue,
            };
            // No line is of another tier, so reasoning yields to none.
            if !terms.without.contains(&class) {
                *part = part.zip(*price).map(|(dearest, price)| dearest.max(price));
            }
        }
        let of = |class: UsageClass| match terms.without.contains(&class) {
            true => Some(Picos::ZERO),
            false => plain.get(class as usize).copied().flatten(),
        };
        Self { input, output, call: of(UsageClass::Request), search: of(UsageClass::Search) }
    }

    /// The most that a call within the bound can cost. None where something that it uses has no price.
    #[must_use]
    pub fn bound(&self, bound: &Bound, searches: u64) -> Option<Picos> {
        let of = |units: u64, price: Option<Picos>| match units {
            0 => Some(Picos::ZERO),
            _ => price.map(|price| price * units),
        };
        let (input, output) = (of(bound.input_tokens, self.input)?, of(bound.output_tokens, self.output)?);
        Some(input + output + of(bound.calls, self.call)? + of(searches, self.search)?)
    }
}

impl PriceBook {
    /// The most that a call within the bound can cost: every token at the dearest line that could apply,
    /// whatever its class, tier, threshold and moment. None where a class that the call may use has no price.
    #[must_use]
    pub fn upper_bound(&self, bound: &Bound) -> Option<Picos> {
        self.upper_bound_under(bound, &Terms::default())
    }

    /// The same for a call of which more is known, which is never higher.
    #[must_use]
    pub fn upper_bound_under(&self, bound: &Bound, terms: &Terms<'_>) -> Option<Picos> {
        self.dearest_under(bound.input_tokens, terms)?.bound(bound, terms.searches)
    }

    /// The dearest prices that could apply to a call with so many prompt tokens. None where nothing has a price.
    #[must_use]
    pub fn dearest_under(&self, input_tokens: u64, terms: &Terms<'_>) -> Option<Dearest> {
        if !self.is_priced() {
            return None;
        }
        if let Some(plain) = self.plain() {
            return Some(Dearest::of_plain(plain, terms));
        }
        let all = |of: fn(UsageClass) -> bool| {
            let may_occur = |class: &UsageClass| of(*class) && !terms.without.contains(class);
            let mut classes = UsageClass::ALL.into_iter().filter(may_occur);
            classes.try_fold(Picos::ZERO, |dearest, class| {
                Some(dearest.max(self.dearest(class, input_tokens, terms)?))
            })
        };
        let call = if self.prices(UsageClass::Request) {
            self.dearest(UsageClass::Request, input_tokens, terms)
        } else {
            Some(Picos::ZERO)
        };
        let (input, output) = (all(UsageClass::is_input), all(UsageClass::is_output));
        Some(Dearest { input, output, call, search: all(|class| class == UsageClass::Search) })
    }

    /// The dearest line that could price a unit of the class; none where none is sure to.
    pub(crate) fn dearest(&self, class: UsageClass, input_tokens: u64, terms: &Terms<'_>) -> Option<Picos> {
        let could_hold = |line: &&PriceLine| {
            line.takes(input_tokens)
                && terms.tier.is_none_or(|tier| line.tier == tier || line.tier == Tier::Standard)
                && terms.unix_ms.is_none_or(|now| {
                    line.is_valid_at(now) && (!line.is_off_peak || self.is_off_peak_at(now))
                })
        };
        let mut dearest = Picos::ZERO;
        for edge in edges(class) {
            let lines = self.of(*edge);
            dearest = lines.iter().filter(could_hold).fold(dearest, |dearest, line| dearest.max(line.price));
            // Reasoning may yield to the output's price of a tier, however sure its own line is.
            let may_yield = *edge == UsageClass::OutputReasoning && terms.tier != Some(Tier::Standard);
            if !may_yield && is_sure(lines, terms) {
                return Some(dearest);
            }
        }
        (class == UsageClass::Request).then_some(dearest)
    }
}

/// Whether some line of a class holds for every call under the terms: one without a threshold, of the
/// standard tier or of the only tier, at the moment or at every moment.
fn is_sure(lines: &[PriceLine], terms: &Terms<'_>) -> bool {
    let covers = |tier: Tier| {
        let plain =
            |line: &&PriceLine| line.tier == tier && line.above_input_tokens == 0 && !line.is_off_peak;
        let mut plain = lines.iter().filter(plain);
        match terms.unix_ms {
            Some(now) => plain.any(|line| line.is_valid_at(now)),
            // Lines stand by their first day, so the covered time grows from the beginning.
            None => {
                let end = plain
                    .fold(i64::MIN, |end, line| if line.from_ms <= end { end.max(line.to_ms) } else { end });
                end == i64::MAX
            }
        }
    };
    covers(Tier::Standard) || terms.tier.is_some_and(covers)
}

#[cfg(test)]
mod tests;
