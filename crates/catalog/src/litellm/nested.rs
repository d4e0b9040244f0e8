//! The fields whose values are JSON: ranges of prompt length, off-peak hours, prices by kind.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use weighhouse_types::UsageClass;

use super::{PriceFieldError, Reading, dollars, line_of};
use crate::line::PriceLine;
use crate::off_peak::OffPeak;

type Object<'a> = BTreeMap<&'a str, &'a RawValue>;

/// `{"search_context_size_low": 0.005, …}` is read as fields `search_context_cost_per_query.search_context_size_low`.
/// Values that are no numbers are no prices and are passed over.
pub(super) fn object(reading: &mut Reading, field: &str, value: &str) -> Result<(), PriceFieldError> {
    let expected = "an object of names and dollars";
    let shape = || PriceFieldError::Shape { field: "a nested price", expected };
    let object: Object<'_> = serde_json::from_str(value).map_err(|_| shape())?;
    let medium = object.get("search_context_size_medium").map(|price| price.get());
    for (name, value) in object {
        // A search that costs the same whatever its size is said once.
        let is_repeated = name != "search_context_size_medium" && Some(value.get()) == medium;
        if !is_repeated && value.get().starts_with(|first: char| first.is_ascii_digit()) {
            reading.price(&format!("{field}.{name}"), value.get())?;
        }
    }
    Ok(())
}

/// `[{"range": [0, 32000], "input_cost_per_token": …}, …]`: one range is chosen by the length of the prompt
/// and prices the whole call. What a range leaves out is priced as its own input text (reasoning: as its
/// output), never by another range.
pub(super) fn tiered_pricing(reading: &mut Reading, value: &str) -> Result<(), PriceFieldError> {
    let expected = "a list of objects with `range: [from, to]` and prices";
    let shape = || PriceFieldError::Shape { field: "tiered_pricing", expected };
    let mut tiers: Vec<Object<'_>> = serde_json::from_str(value).map_err(|_| shape())?;
    // Searches priced by the number of results: kept, because nothing counts results.
    for (place, tier) in tiers.iter().enumerate().filter(|(_, tier)| tier.contains_key("max_results_range")) {
        if let Some(price) = tier.get("input_cost_per_query") {
            reading.price(&format!("tiered_pricing.{place}.input_cost_per_query"), price.get())?;
        }
    }
    tiers.retain(|tier| !tier.contains_key("max_results_range"));

    let mut ranges = Vec::new();
    for tier in &tiers {
        let range = tier.get("range").ok_or_else(shape)?;
        let [start, _]: [f64; 2] = serde_json::from_str(range.get()).map_err(|_| shape())?;
        let mut lines = Vec::new();
        for (field, value) in tier.iter().filter(|(field, _)| **field != "range") {
            let price = dollars(field, value.get())?;
            let line = line_of(field, price)
                .ok_or_else(|| PriceFieldError::UnknownField { field: (*field).into() })?;
            lines.push(PriceLine { above_input_tokens: whole(start).ok_or_else(shape)?, ..line });
        }
        ranges.push(lines);
    }
    fill_gaps(&mut ranges);
    reading.ranged.extend(ranges.into_iter().flatten());
    Ok(())
}

/// A class that some range prices gets a line in every range, so that no range borrows from a lower one.
fn fill_gaps(ranges: &mut [Vec<PriceLine>]) {
    let has = |lines: &[PriceLine], class| lines.iter().any(|line: &PriceLine| line.class == class);
    for class in UsageClass::ALL {
        if !ranges.iter().any(|lines| has(lines, class)) {
            continue;
        }
        for lines in ranges.iter_mut().filter(|lines| !has(lines, class)) {
            let stand_in = if class.is_input() { UsageClass::InputText } else { UsageClass::OutputText };
            let line =
                lines.iter().find(|line| line.class == stand_in).map(|line| PriceLine { class, ..*line });
            lines.extend(line);
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and small")]
fn whole(number: f64) -> Option<u64> {
    (number.fract() == 0.0 && (0.0..1e12).contains(&number)).then_some(number as u64)
}

#[derive(Deserialize)]
struct Windows<'a> {
    #[serde(borrow)]
    hours_utc: Option<&'a RawValue>,
    #[serde(borrow)]
    windows: Option<Vec<Rule<'a>>>,
    weekday_timezone: Option<String>,
}

#[derive(Deserialize)]
struct Rule<'a> {
    #[serde(borrow)]
    hours_utc: &'a RawValue,
    #[serde(default)]
    weekdays: Vec<u8>,
}

/// `{"input_cost_per_token": …, "hours_utc": "16:30-00:30", "windows": [{"weekdays": [1], "hours_utc": […]}]}`.
pub(super) fn off_peak_pricing(reading: &mut Reading, value: &str) -> Result<(), PriceFieldError> {
    let expected = "an object of prices with `hours_utc` (`HH:MM-HH:MM`) or `windows` of weekdays (1 to 7) and \
                    hours, and a `weekday_timezone` of UTC or Asia/Shanghai";
    let shape = || PriceFieldError::Shape { field: "off_peak_pricing", expected };
    let said: Windows<'_> = serde_json::from_str(value).map_err(|_| shape())?;
    let ahead_minutes = match said.weekday_timezone.as_deref() {
        None | Some("" | "UTC") => 0,
        // China has had no summer time since 1991.
        Some("Asia/Shanghai") => 480,
        Some(_) => return Err(shape()),
    };
    let mut hours = OffPeak::new(ahead_minutes);
    let every_day = said.hours_utc.map(|hours_utc| Rule { hours_utc, weekdays: Vec::new() });
    for rule in every_day.into_iter().chain(said.windows.into_iter().flatten()) {
        for window in texts(rule.hours_utc).ok_or_else(shape)? {
            hours = hours.with(&rule.weekdays, &window).ok_or_else(shape)?;
        }
    }
    reading.off_peak = Some(hours);

    let fields: Object<'_> = serde_json::from_str(value).map_err(|_| shape())?;
    for (field, value) in fields.iter().filter(|(field, _)| super::looks_like_a_price(field)) {
        let line = line_of(field, dollars(field, value.get())?);
        let line = line.ok_or_else(|| PriceFieldError::UnknownField { field: (*field).into() })?;
        reading.lines.push(PriceLine { is_off_peak: true, ..line });
    }
    Ok(())
}

/// A string, or a list of strings.
fn texts(value: &RawValue) -> Option<Vec<String>> {
    match serde_json::from_str::<String>(value.get()) {
        Ok(text) => Some(vec![text]),
        Err(_) => serde_json::from_str(value.get()).ok(),
    }
}
