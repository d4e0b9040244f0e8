use weighhouse_types::UsageClass as C;

use super::*;

/// Reads fields and prints lines and extras, one a line.
fn check(fields: &[(&str, &str)], expected: &[&str]) {
    let book = PriceBook::from_litellm_fields(fields.iter().copied()).unwrap();
    let extras = book.extras().iter().map(|extra| format!("{}={}", extra.field, extra.price.get()));
    let found: Vec<String> = book.lines().iter().map(ToString::to_string).chain(extras).collect();
    assert_eq!(found, expected, "{fields:?}");
}

#[test]
fn fields_become_lines() {
    check(
        &[
            ("mode", "chat"),
            ("max_input_tokens", "272000"),
            ("input_cost_per_token", "2.5e-06"),
            ("input_cost_per_token_batches", "1.25e-06"),
            ("input_cost_per_token_above_272k_tokens_priority", "1e-05"),
            ("input_cost_per_token_priority_above_200k_tokens", "9e-06"),
            ("cache_read_input_token_cost_flex", "\"0.0000001\""),
            ("cache_creation_input_token_cost_above_1hr_above_200k_tokens", "12e-6"),
            ("output_cost_per_token", "null"),
            ("output_cost_per_reasoning_token", "4e-07"),
            ("input_cost_per_request", "0.005"),
        ],
        &[
            "input_text 2500000",
            "input_text 1250000 batch",
            "input_text 9000000 priority >200000",
            "input_text 10000000 priority >272000",
            "input_cache_read 100000 flex",
            "input_cache_write_1h 12000000 >200000",
            "output_reasoning 400000",
            "request 5000000000",
        ],
    );
}

#[test]
fn digits_below_a_pico_dollar_round_half_up() {
    check(&[("input_cost_per_token", "1.41953125e-07")], &["input_text 141953"]);
    check(&[("input_cost_per_token", "2.0000000000000002e-07")], &["input_text 200000"]);
    check(&[("input_cost_per_token", "1.42857142857e-07")], &["input_text 142857"]);
}

#[test]
fn what_no_class_counts_is_kept() {
    check(
        &[
            ("input_cost_per_second", "0.0001"),
            ("output_cost_per_image_2K", "0.12"),
            ("regional_endpoint_uplift_multiplier", "1.1"),
            ("input_cost_per_token_decisions", "1e-7"),
            ("guardrail_cost_per_unit", r#"{"wordPolicyUnits": 0.5}"#),
            ("provider_specific_entry", r#"{"us": 1.1, "schema": "titan_v2"}"#),
        ],
        &[
            "guardrail_cost_per_unit.wordPolicyUnits=500000000000",
            "input_cost_per_second=100000000",
            "input_cost_per_token_decisions=100000",
            "output_cost_per_image_2K=120000000000",
            "provider_specific_entry.us=1100000000000",
            "regional_endpoint_uplift_multiplier=1100000000000",
        ],
    );
}

#[test]
fn cache_hits_have_two_names_and_the_usual_one_wins() {
    for order in [[0, 1], [1, 0]] {
        let fields = [("input_cost_per_token_cache_hit", "3e-12"), ("cache_read_input_token_cost", "2e-12")];
        check(&order.map(|place| fields[place]), &["input_cache_read 2"]);
    }
    check(&[("input_cost_per_token_cache_hit", "3e-12")], &["input_cache_read 3"]);
}

#[test]
fn a_search_of_no_stated_size_is_a_medium_one() {
    let sizes = r#"{"search_context_size_low": 0.005, "search_context_size_medium": 0.008, "search_context_size_high": 0.012}"#;
    check(
        &[("search_context_cost_per_query", sizes)],
        &[
            "search 8000000000",
            "search_context_cost_per_query.search_context_size_high=12000000000",
            "search_context_cost_per_query.search_context_size_low=5000000000",
        ],
    );
}

#[test]
fn ranges_price_the_whole_call_and_borrow_nothing() {
    let ranges = r#"[
        {"range": [0, 32000.0], "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6, "cache_read_input_token_cost": 1e-7},
        {"range": [32000.0, 128000.0], "input_cost_per_token": 3e-6, "output_cost_per_token": 4e-6}]"#;
    check(
        &[("tiered_pricing", ranges), ("input_cost_per_token", "9"), ("output_cost_per_token", "9")],
        &[
            "input_text 1000000",
            "input_text 3000000 >32000",
            "input_cache_read 100000",
            "input_cache_read 3000000 >32000",
            "output_text 2000000",
            "output_text 4000000 >32000",
        ],
    );
}

#[test]
fn off_peak_prices_keep_their_hours() {
    let off_peak = r#"{"input_cost_per_token": 1e-6, "weekday_timezone": "Asia/Shanghai",
        "windows": [{"weekdays": [1, 2], "hours_utc": ["00:00-01:00"]}, {"hours_utc": "10:00-00:00"}]}"#;
    let fields = [("off_peak_pricing", off_peak), ("input_cost_per_token", "2e-6")];
    check(&fields, &["input_text 2000000", "input_text 1000000 off_peak"]);
    let book = PriceBook::from_litellm_fields(fields.into_iter()).unwrap();
    let hours = book.off_peak().map(ToString::to_string);
    assert_eq!(hours.as_deref(), Some("+480 12@00:00-01:00 1234567@10:00-00:00"));
}

#[test]
fn providers_with_rules_of_their_own() {
    let above = ("input_cost_per_token_above_200k_tokens", "6e-6");
    check(&[above, ("litellm_provider", "xai")], &["input_text 6000000 >199999"]);
    check(
        &[("litellm_provider", "fireworks_ai"), ("input_cost_per_token", "9e-7")],
        &["input_text 900000", "input_cache_read 450000"],
    );
    let own = ("cache_read_input_token_cost", "1e-7");
    check(
        &[("litellm_provider", "fireworks_ai"), ("input_cost_per_token", "9e-7"), own],
        &["input_text 900000", "input_cache_read 100000"],
    );
}

#[test]
fn what_cannot_be_read_is_named() {
    let check = |field: &str, value: &str, expected: &str| {
        let error = PriceBook::from_litellm_fields([(field, value)].into_iter()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    check("input_cost_per_token", "cheap", "`input_cost_per_token` is `cheap`, not a decimal number");
    check("input_cost_per_token", "-1e-6", "zero or more");
    check("input_cost_per_tokn", "1e-6", "`input_cost_per_tokn` is no price field");
    check("input_cost_per_token_above_9999999999999999999k_tokens", "1", "no price field");
    check("tiered_pricing", "{}", "`tiered_pricing` must be a list");
    check("off_peak_pricing", r#"{"hours_utc": "soon"}"#, "`off_peak_pricing` must be");
    check("off_peak_pricing", r#"{"weekday_timezone": "Mars"}"#, "weekday_timezone");
    check("guardrail_cost_per_unit", "[]", "must be an object");
}

#[test]
fn every_class_of_tokens_has_a_field() {
    for class in C::ALL {
        assert!(CLASSES.iter().any(|(_, priced)| *priced == class), "{class:?}");
    }
}
