use proptest::prelude::*;
use weighhouse_types::UsageClass as C;

use super::*;
use crate::date;

fn book(lines: &[&str]) -> PriceBook {
    PriceBook::new(lines.iter().map(|line| line.parse().unwrap()).collect(), None, Vec::new())
}

fn tier(tier: Tier) -> PriceMoment {
    PriceMoment { unix_ms: 0, tier }
}

/// The price of a class in a call, or -1 where it has none.
fn check(book: &PriceBook, class: C, input: u64, at: Tier, expected: i128) {
    let price = book.price(class, input, &tier(at)).map_or(-1, Picos::get);
    assert_eq!(price, expected, "{class:?} {input} {at:?}");
}

#[test]
fn thresholds_come_before_tiers_but_in_batches() {
    let book = book(&[
        "input_text 10",
        "input_text 20 priority",
        "input_text 30 >200",
        "input_text 40 >200 priority",
        "input_text 50 >400",
        "input_text 5 batch",
        "output_text 1",
    ]);
    for (input, at, expected) in [
        (200, Tier::Standard, 10),
        (201, Tier::Standard, 30),
        (401, Tier::Standard, 50),
        (200, Tier::Priority, 20),
        (201, Tier::Priority, 40),
        (401, Tier::Priority, 50),
        (401, Tier::Batch, 5),
        (200, Tier::Flex, 10),
        (201, Tier::Flex, 30),
    ] {
        check(&book, C::InputText, input, at, expected);
    }
}

#[test]
fn classes_borrow_along_their_edges_only() {
    let some =
        book(&["input_text 10", "input_cache_write_5m 12", "output_text 20", "output_text 40 priority"]);
    let table = [
        (C::InputCacheRead, 10),
        (C::InputCacheWrite5m, 12),
        (C::InputCacheWrite1h, 12),
        (C::InputAudio, 10),
        (C::InputImage, 10),
        (C::OutputReasoning, 20),
        (C::OutputAudio, 20),
        (C::OutputImage, 20),
        (C::Request, 0),
        (C::Search, -1),
    ];
    for (class, expected) in table {
        check(&some, class, 1, Tier::Standard, expected);
    }
    let images = book(&["output_image 7", "input_cache_read 1"]);
    check(&images, C::OutputText, 1, Tier::Standard, 7);
    check(&images, C::InputText, 1, Tier::Standard, -1);
    check(&PriceBook::default(), C::Request, 1, Tier::Standard, -1);
}

#[test]
fn reasoning_follows_the_output_of_its_tier() {
    let some =
        book(&["output_text 20", "output_reasoning 30", "output_text 40 priority", "output_text 9 batch"]);
    check(&some, C::OutputReasoning, 1, Tier::Standard, 30);
    check(&some, C::OutputReasoning, 1, Tier::Priority, 40);
    check(&some, C::OutputReasoning, 1, Tier::Batch, 9);
    check(&some, C::OutputReasoning, 1, Tier::Flex, 30);
    let own = book(&[
        "output_text 20",
        "output_reasoning 30",
        "output_text 40 priority",
        "output_reasoning 60 priority",
    ]);
    check(&own, C::OutputReasoning, 1, Tier::Priority, 60);
}

#[test]
fn the_price_is_that_of_the_moment_of_admission() {
    let day = date::parse_date("2026-07-01").unwrap();
    let dated = book(&["input_text 10 to=2026-07-01", "input_text 4 from=2026-07-01"]);
    let usage = Usage::default().with(C::InputText, 3);
    let total = |unix_ms| dated.cost(&usage, &PriceMoment { unix_ms, ..PriceMoment::default() }).total.get();
    assert_eq!((total(day - 1), total(day)), (30, 12));
}

#[test]
fn off_peak_hours_come_first() {
    let lines = [
        "input_text 10",
        "input_text 30 >100",
        "input_text 20 priority",
        "input_text 5 off_peak",
        "output_text 1",
    ];
    let lines = lines.iter().map(|line| line.parse().unwrap()).collect();
    let book = PriceBook::new(lines, "+0 1234567@00:00-01:00".parse().ok(), Vec::new());
    for tier in Tier::ALL {
        let at = |unix_ms| book.price(C::InputText, 101, &PriceMoment { unix_ms, tier }).map(Picos::get);
        assert_eq!(at(0), Some(5));
        assert_eq!(at(3_600_000), Some(30));
    }
}

#[test]
fn what_has_no_price_is_said_and_not_free() {
    let some = book(&["input_text 150000", "output_text 600000"]);
    let usage = Usage::default().with(C::InputText, 1_000).with(C::OutputReasoning, 2).with(C::Search, 1);
    let cost = some.cost(&usage, &PriceMoment::default());
    assert!(cost.unpriced);
    assert_eq!(cost.total, Picos::new(151_200_000));
    assert_eq!(cost.nanos().get(), 151_200);
    let expected = r#"[["input_text",1000,"150000"],["output_reasoning",2,"600000"],["search",1,null]]"#;
    assert_eq!(cost.arithmetic_json(&usage), expected);
    assert_eq!(Cost::default().arithmetic_json(&Usage::default()), "[]");
}

/// Books as they are published: a class's price never falls as the prompt grows.
pub(crate) fn books() -> impl Strategy<Value = PriceBook> {
    let line = (0..C::ALL.len(), 0..6_usize, 0_u64..3, 0_u64..1_000, 0_i64..3, any::<bool>());
    proptest::collection::vec(line, 0..40).prop_map(|lines| {
        let lines = lines.into_iter().map(|(class, tier, step, price, day, is_off_peak)| {
            let mut line = PriceLine::new(C::ALL[class], Picos::new(i128::from(step * 1_000 + price)));
            line.tier = Tier::ALL[tier];
            line.above_input_tokens = step * 100;
            line.is_off_peak = is_off_peak && tier == 0 && step == 0;
            (line.from_ms, line.to_ms) =
                [(i64::MIN, i64::MAX), (i64::MIN, 5), (5, i64::MAX)][day as usize % 3];
            line
        });
        PriceBook::new(lines.collect(), "+0 4@00:00-01:00".parse().ok(), Vec::new())
    })
}

pub(crate) fn usages() -> impl Strategy<Value = Usage> {
    proptest::array::uniform12(0_u64..150).prop_map(|units| {
        C::ALL.into_iter().fold(Usage::default(), |usage, class| usage.with(class, units[class as usize]))
    })
}

pub(crate) fn moments() -> impl Strategy<Value = PriceMoment> {
    let times = prop_oneof![Just(0), Just(5), Just(86_400_000)];
    (times, 0..6_usize).prop_map(|(unix_ms, tier)| PriceMoment { unix_ms, tier: Tier::ALL[tier] })
}

proptest! {
    #[test]
    fn the_total_is_the_sum_of_the_classes(book in books(), usage in usages(), moment in moments()) {
        let cost = book.cost(&usage, &moment);
        let priced = usage.classes().filter_map(|(class, units)| Some(cost.unit_prices[class as usize]? * units));
        prop_assert_eq!(priced.sum::<Picos>(), cost.total);
        let missing = usage.classes().any(|(class, _)| cost.unit_prices[class as usize].is_none());
        prop_assert_eq!(missing, cost.unpriced);
    }

    #[test]
    fn more_of_a_class_never_costs_less(
        book in books(), usage in usages(), moment in moments(), class in 0..12_usize, more in 1_u64..300,
    ) {
        let class = C::ALL[class];
        let larger = usage.clone().with(class, usage.get(class) + more);
        let (cost, larger_cost) = (book.cost(&usage, &moment), book.cost(&larger, &moment));
        prop_assert!(larger_cost.unpriced || larger_cost.total >= cost.total);
    }
}
