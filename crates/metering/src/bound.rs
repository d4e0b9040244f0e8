//! How much an attempt may cost at most, and how much output a budget bears.

use weighhouse_catalog::{Bound, Dearest, PriceBook, Terms};
use weighhouse_types::{Nanos, Picos, UsageClass};

/// Output that a provider may generate where neither the caller nor the facts name a bound.
const UNKNOWN_MODEL_OUTPUT: u64 = 4_096;
/// An answer shorter than this is of no use: below it a call is refused rather than cut.
const USEFUL_OUTPUT: u64 = 16;

/// What bounds the generated tokens of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputBound {
    /// The caller's own bound, of one choice.
    pub asked: Option<u64>,
    /// The most that any model of the call generates.
    pub of_model: Option<u64>,
    /// Choices generated for one question.
    pub choices: u64,
    /// The operation generates nothing (embeddings).
    pub is_none: bool,
}

/// What is held for one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// The money.
    pub nanos: Nanos,
    /// The bound on one choice's output that the provider must be told; none where nothing is generated.
    pub output_cap: Option<u64>,
    /// The cap is below what the caller might have got.
    pub is_lowered: bool,
}

impl Weight {
    /// Nothing is held, and nothing is bounded.
    pub(crate) const NOTHING: Self = Self { nanos: Nanos::ZERO, output_cap: None, is_lowered: false };
}

/// The upper bound of an attempt at the dearest of `books`, the output lowered to what `available` pays for.
/// None where a book has no price for what the call needs, or where not even a useful answer fits.
#[must_use]
pub fn weigh(
    books: &[&PriceBook],
    input: u64,
    output: OutputBound,
    terms: &Terms<'_>,
    available: Nanos,
) -> Option<Weight> {
    let wanted = match (output.is_none, output.asked, output.of_model) {
        (true, ..) => 0,
        (_, Some(asked), Some(of_model)) => asked.min(of_model),
        (_, asked, of_model) => asked.or(of_model).unwrap_or(UNKNOWN_MODEL_OUTPUT),
    };
    // A book without a price of searches is one of a model that does not search.
    let searches = |book: &PriceBook| if book.prices(UsageClass::Search) { terms.searches } else { 0 };
    let dearest = |book: &&PriceBook| Some((book.dearest_under(input, terms)?, searches(book)));
    let dearer_of = |other: Picos, tokens: u64, (dearest, searches): (Dearest, u64)| {
        let output_tokens = tokens.saturating_mul(output.choices);
        let bound = Bound { input_tokens: input, output_tokens, calls: 1 };
        dearest.bound(&bound, searches).map(|picos| picos.max(other))
    };
    if books.is_empty() {
        return None;
    }
    let full = books.iter().try_fold(Picos::ZERO, |full, book| dearer_of(full, wanted, dearest(book)?))?;
    let weight = |tokens: u64, nanos: Nanos| Weight {
        nanos,
        output_cap: (!output.is_none).then_some(tokens),
        is_lowered: tokens < wanted,
    };
    let full = full.to_nanos_up();
    if full <= available || output.is_none {
        return (full <= available).then(|| weight(wanted, full));
    }
    let dearest: Vec<_> = books.iter().map(dearest).collect::<Option<_>>()?;
    let bound = |tokens: u64| {
        let all = dearest.iter().try_fold(Picos::ZERO, |all, book| dearer_of(all, tokens, *book));
        all.map(Picos::to_nanos_up)
    };
    // The bound grows with the tokens, so the largest that fits is found by halving.
    let (mut fits, mut too_much) = (USEFUL_OUTPUT.min(wanted), wanted);
    let least = bound(fits)?;
    if least > available {
        return None;
    }
    let mut nanos = least;
    while too_much - fits > 1 {
        let middle = fits + (too_much - fits) / 2;
        let cost = bound(middle)?;
        if cost <= available {
            (fits, nanos) = (middle, cost);
        } else {
            too_much = middle;
        }
    }
    Some(weight(fits, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> PriceBook {
        // A micro-dollar a token in, two a token out.
        let fields = [("input_cost_per_token", "0.000001"), ("output_cost_per_token", "0.000002")];
        PriceBook::from_litellm_fields(fields.into_iter()).unwrap()
    }

    fn check(asked: Option<u64>, available: i64, expected: Option<(i64, u64, bool)>) {
        let output = OutputBound { asked, of_model: Some(1_000), choices: 1, is_none: false };
        let weight = weigh(&[&book()], 100, output, &Terms::default(), Nanos::new(available));
        let found =
            weight.map(|weight| (weight.nanos.get(), weight.output_cap.unwrap_or(0), weight.is_lowered));
        assert_eq!(found, expected, "{asked:?} {available}");
    }

    #[test]
    fn output_is_lowered_to_what_the_budget_pays() {
        check(Some(50), 1_000_000, Some((200_000, 50, false)));
        check(None, 10_000_000, Some((2_100_000, 1_000, false)));
        check(Some(5_000), 10_000_000, Some((2_100_000, 1_000, false)));
        check(None, 300_000, Some((300_000, 100, true)));
        check(None, 131_999, None);
        check(Some(4), 108_000, Some((108_000, 4, false)));
    }

    #[test]
    fn what_has_no_price_has_no_weight() {
        let output = OutputBound { asked: Some(1), of_model: None, choices: 1, is_none: false };
        assert_eq!(weigh(&[&book(), &PriceBook::default()], 1, output, &Terms::default(), Nanos::MAX), None);
    }
}
