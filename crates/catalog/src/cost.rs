//! What an attempt cost, exactly, and how that was reckoned.

use std::fmt::Write;

use weighhouse_types::{Nanos, Picos, Usage, UsageClass};

/// Bytes that the arithmetic of two classes needs.
const USUAL_ARITHMETIC: usize = 96;

/// The cost of a usage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The sum over the priced classes, not yet rounded.
    pub total: Picos,
    /// Pico-dollars per unit by class, in the order of [`UsageClass::ALL`]; none for a class that has no
    /// units or no price.
    pub unit_prices: [Option<Picos>; UsageClass::ALL.len()],
    /// A class has units and no price, so that the total is too low.
    pub unpriced: bool,
}

impl Cost {
    /// The total, rounded half up: the one rounding of an attempt.
    #[must_use]
    pub fn nanos(&self) -> Nanos {
        self.total.to_nanos()
    }

    /// How the total comes about, for the ledger: `[["input_text",1000,"150000"],…]` with the units and the
    /// pico-dollars per unit of every class of the usage, `null` for one without a price.
    #[must_use]
    pub fn arithmetic_json(&self, usage: &Usage) -> String {
        let mut text = String::with_capacity(USUAL_ARITHMETIC);
        text.push('[');
        for (class, units) in usage.classes() {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str("[\"");
            text.push_str(class.name());
            let price = self.unit_prices[class as usize].map(Picos::get);
            // Nearly all prices are small, and to write a small number is quicker.
            let written = match (price, price.and_then(|price| i64::try_from(price).ok())) {
                (_, Some(price)) => write!(text, "\",{units},\"{price}\"]"),
                (Some(price), None) => write!(text, "\",{units},\"{price}\"]"),
                (None, None) => write!(text, "\",{units},null]"),
            };
            debug_assert!(written.is_ok(), "a String takes every text");
        }
        text.push(']');
        text
    }
}
