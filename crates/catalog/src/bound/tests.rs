use proptest::prelude::*;
use weighhouse_types::{Usage, UsageClass as C};

use super::*;
use crate::book::tests::{books, moments, usages};

fn book(lines: &[&str]) -> PriceBook {
    PriceBook::new(lines.iter().map(|line| line.parse().unwrap()).collect(), None, Vec::new())
}

fn check(book: &PriceBook, sizes: (u64, u64, u64), terms: &Terms<'_>, expected: Option<i128>) {
    let (input_tokens, output_tokens, calls) = sizes;
    let bound = Bound { input_tokens, output_tokens, calls };
    assert_eq!(book.upper_bound_under(&bound, terms).map(Picos::get), expected, "{sizes:?} {terms:?}");
}

#[test]
fn every_token_is_at_its_dearest_until_more_is_known() {
    let some = book(&[
        "input_text 10",
        "input_text 20 priority",
        "input_text 15 >100",
        "input_cache_write_1h 25",
        "output_text 30",
        "output_text 60 priority",
        "output_text 40 to=2026-01-01",
        "request 7",
        "search 1000",
    ]);
    let any = Terms::default();
    check(&some, (1, 1, 1), &any, Some(25 + 60 + 7));
    check(&some, (0, 1, 2), &any, Some(60 + 14));
    let no_hour = Terms { without: &[C::InputCacheWrite1h], ..any };
    check(&some, (1, 0, 0), &no_hour, Some(20));
    let standard = Terms { tier: Some(Tier::Standard), ..no_hour };
    check(&some, (1, 1, 0), &standard, Some(10 + 40));
    check(&some, (101, 0, 0), &standard, Some(101 * 15));
    let now = Terms { unix_ms: Some(1_795_392_000_000), searches: 2, ..standard };
    check(&some, (1, 1, 0), &now, Some(10 + 30 + 2_000));
}

#[test]
fn nothing_is_bounded_where_a_price_is_missing() {
    let any = Terms::default();
    check(&PriceBook::default(), (0, 0, 1), &any, None);
    let input_only = book(&["input_text 10"]);
    check(&input_only, (5, 0, 1), &any, Some(50));
    check(&input_only, (5, 1, 1), &any, None);
    check(&input_only, (5, 0, 1), &Terms { searches: 1, ..any }, None);
    let batch_only = book(&["input_text 10 batch"]);
    check(&batch_only, (5, 0, 0), &any, None);
    check(&batch_only, (5, 0, 0), &Terms { tier: Some(Tier::Batch), ..any }, Some(50));
    let ended = book(&["input_text 10 to=2026-01-01"]);
    check(&ended, (5, 0, 0), &any, None);
}

/// A book whose lines hold for every call.
fn plain_books() -> impl Strategy<Value = PriceBook> {
    let line = (0..C::ALL.len(), 0_u32..500);
    proptest::collection::vec(line, 1..16).prop_map(|lines| {
        let lines: Vec<String> =
            lines.iter().map(|(class, price)| format!("{} {price}", C::ALL[*class].name())).collect();
        book(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    })
}

proptest! {
    /// What a plain book keeps is what its lines say.
    #[test]
    fn a_plain_book_bounds_as_its_lines_do(
        book in plain_books(), sizes in (0_u64..3, 0_u64..3, 0_u64..3, 0_u64..3), without in 0_usize..4,
        is_standard in any::<bool>(),
    ) {
        prop_assert!(book.plain().is_some());
        let without: &[C] = [&[][..], &[C::OutputAudio], &[C::InputAudio, C::InputImage, C::OutputAudio], &[C::Search]][without];
        let tier = is_standard.then_some(Tier::Standard);
        let terms = Terms { unix_ms: None, tier, without, searches: sizes.3 };
        let bound = Bound { input_tokens: sizes.0, output_tokens: sizes.1, calls: sizes.2 };
        prop_assert_eq!(book.upper_bound_under(&bound, &terms), book.by_lines().upper_bound_under(&bound, &terms));
    }

    #[test]
    fn no_usage_within_the_bound_costs_more(
        book in books(), usage in usages(), moment in moments(), spare in (0_u64..200, 0_u64..200),
    ) {
        let bound = Bound {
            input_tokens: usage.input() + spare.0,
            output_tokens: usage.output() + spare.1,
            calls: usage.get(C::Request),
        };
        let known = Terms {
            unix_ms: Some(moment.unix_ms),
            tier: Some(moment.tier),
            without: &[],
            searches: usage.get(C::Search),
        };
        let unknown = Terms { searches: known.searches, ..Terms::default() };
        let cost = book.cost(&usage, &moment);
        let loose = book.upper_bound_under(&bound, &unknown);
        let tight = book.upper_bound_under(&bound, &known);
        for most in [loose, tight].into_iter().flatten() {
            prop_assert!(most >= cost.total && !cost.unpriced, "{most:?} {cost:?}");
        }
        if let (Some(loose), Some(tight)) = (loose, tight) {
            prop_assert!(tight <= loose);
        }
    }

    #[test]
    fn what_a_call_cannot_use_does_not_count(book in books(), usage in usages(), moment in moments()) {
        let without = [C::InputAudio, C::InputCacheWrite1h, C::OutputAudio, C::OutputImage];
        let usage = without.into_iter().fold(usage, |usage: Usage, class| usage.with(class, 0));
        let bound = Bound { input_tokens: usage.input(), output_tokens: usage.output(), calls: usage.get(C::Request) };
        let terms = Terms { without: &without, searches: usage.get(C::Search), ..Terms::default() };
        if let Some(most) = book.upper_bound_under(&bound, &terms) {
            prop_assert!(most >= book.cost(&usage, &moment).total);
        }
    }

    #[test]
    fn a_larger_bound_is_never_cheaper(book in books(), sizes in (0_u64..400, 0_u64..400), more in (0_u64..99, 0_u64..99)) {
        let bound = Bound { input_tokens: sizes.0, output_tokens: sizes.1, calls: 1 };
        let larger = Bound { input_tokens: sizes.0 + more.0, output_tokens: sizes.1 + more.1, calls: 1 };
        if let (Some(small), Some(large)) = (book.upper_bound(&bound), book.upper_bound(&larger)) {
            prop_assert!(small <= large);
        }
    }
}
